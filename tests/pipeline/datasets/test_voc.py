"""VOC2012 as its folders are, and joined with SBD."""

import io
import tarfile
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat
from scipy.sparse import csc_matrix

from pipeline.datasets import official, voc
from pipeline.datasets.voc import CLASSES, Voc, build_train_aug, sbd_mask
from pipeline.packs.decode import decode_image
from pipeline.packs.masks import VOID
from pipeline.settings.errors import UserError

REAL = Path(voc.__file__).parents[3] / "shared" / "data" / "voc2012"


def picture(value: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (4, 3), (value, 0, 0)).save(file, "JPEG")
    return file.getvalue()


def mask(value: int) -> bytes:
    image = Image.frombytes("P", (4, 3), bytes([value] * 11 + [VOID]))
    image.putpalette(sum(voc.official_colors(), ()))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def sbd_file(value: int) -> bytes:
    """An annotation as SBD nests it: a 1 x 1 struct with the boundaries of 20 classes, the mask, the classes."""
    boundaries = np.empty((20, 1), object)
    for index in range(20):
        boundaries[index, 0] = csc_matrix((3, 4))
    segmentation = np.full((3, 4), value, np.uint8)
    segmentation[0, 3] = 0
    file = io.BytesIO()
    contents = {
        "Boundaries": boundaries,
        "Segmentation": segmentation,
        "CategoriesPresent": np.array([[value]], np.uint8),
    }
    savemat(file, {"GTcls": contents}, do_compression=True)
    return file.getvalue()


def write(root: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


VOC_FILES = {
    "ImageSets/Segmentation/train.txt": b"2007_1\n2007_2\n",
    "ImageSets/Segmentation/val.txt": b"2007_3\n",
    **{f"JPEGImages/{id}.jpg": picture(index) for index, id in enumerate(("2007_1", "2007_2", "2007_3", "2008_4"))},
    **{f"SegmentationClass/2007_{index}.png": mask(index) for index in (1, 2, 3)},
}
SBD_FILES = {  # the lists overlap with VOC's training and validation lists, as SBD's do
    "train.txt": b"2007_2\n2008_4\n",
    "val.txt": b"2007_3\n2008_5\n",
    **{
        f"cls/{id}.mat": sbd_file(value) for id, value in (("2007_2", 9), ("2007_3", 9), ("2008_4", 14), ("2008_5", 15))
    },
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path / "VOCdevkit" / "VOC2012", VOC_FILES)


@pytest.fixture
def sbd(tmp_path: Path) -> Path:
    return write(tmp_path / "sbd" / "benchmark_RELEASE" / "dataset", SBD_FILES)


@pytest.fixture
def joined(root: Path, sbd: Path) -> Path:
    """VOC2012 with SBD's masks."""
    with pytest.warns(UserWarning, match="4 training photographs here where the paper has 10,582"):
        assert build_train_aug(root, sbd.parent) == root / voc.TRAIN_AUG
    return root


@pytest.mark.parametrize("below", ["..", "../..", "."])
def test_the_root_may_be_the_devkit_or_the_year(root: Path, below: str) -> None:
    photographs = Voc((root / below).resolve()).photographs("val")
    assert [photograph.id for photograph in photographs] == ["2007_3"]


def test_a_folder_that_is_not_voc_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"no VOC2012 in {tmp_path}"):
        Voc(tmp_path)


def test_a_missing_training_list_is_named_with_the_way_to_make_it(root: Path) -> None:
    with pytest.raises(UserError, match=r"train_aug\.txt is missing.*root: null"):
        Voc(root).photographs("train")


def test_pictures_come_byte_for_byte_and_masks_as_indices_with_void(root: Path) -> None:
    dataset = Voc(root)
    (photograph,) = dataset.photographs("val")
    assert dataset.image_bytes(photograph) == picture(2)
    assert dataset.mask(photograph).tolist() == [[3] * 4, [3] * 4, [3, 3, 3, VOID]]
    assert len(dataset.classes) == 21


def test_a_missing_file_and_a_foreign_mask_value_are_refused_by_the_files_name(root: Path) -> None:
    dataset = Voc(root)
    (photograph,) = dataset.photographs("val")
    (root / "JPEGImages/2007_3.jpg").unlink()
    with pytest.raises(UserError, match=r"2007_3\.jpg is missing"):
        dataset.image_bytes(photograph)
    (root / "SegmentationClass/2007_3.png").write_bytes(mask(21))
    with pytest.raises(UserError, match=r"2007_3\.png holds the value 21"):
        dataset.mask(photograph)


def test_names_match_in_either_form_of_unicode(root: Path) -> None:
    composed, apart = "\u017elu\u0165", "z\u030clut\u030c"
    write(root, {"ImageSets/Segmentation/val.txt": apart.encode()})
    for image, annotation in ((apart, composed), (composed, apart)):
        write(root, {f"JPEGImages/{image}.jpg": picture(2), f"SegmentationClass/{annotation}.png": mask(3)})
        (photograph,) = Voc(root).photographs("val")
        assert photograph.id == composed and Voc(root).image_bytes(photograph) == picture(2)
        assert Voc(root).mask(photograph)[0, 0] == 3
        (root / f"JPEGImages/{image}.jpg").unlink()
        (root / f"SegmentationClass/{annotation}.png").unlink()


def test_masks_are_read_by_vocs_colours_whatever_an_editor_made_of_their_values(root: Path) -> None:
    file, dataset = root / "SegmentationClass/2007_3.png", Voc(root)
    (photograph,) = dataset.photographs("val")
    right = dataset.mask(photograph).tolist()
    shuffled = np.random.default_rng(0).permutation(256)
    places = np.argsort(shuffled)
    by_hand = Image.fromarray(places[np.array(right)].astype(np.uint8))
    by_hand.putpalette([channel for index in shuffled for channel in voc.official_colors()[index]])
    for image in (Image.open(file).convert("RGB").quantize(256, dither=Image.Dither.NONE), by_hand):
        assert np.asarray(image).tolist() != right
        image.save(file)
        assert dataset.mask(photograph).tolist() == right
    for image in (Image.fromarray(np.uint8(right)), Image.fromarray(np.uint8(right)).convert("P")):  # values, as greys
        image.save(file)
        assert dataset.mask(photograph).tolist() == right


def test_a_mask_of_other_colours_than_vocs_is_refused(root: Path) -> None:
    image = Image.frombytes("P", (4, 3), bytes([3] * 12))
    image.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255])
    image.save(root / "SegmentationClass/2007_3.png")
    dataset = Voc(root)
    with pytest.raises(UserError, match=r"2007_3\.png gives the value 3 the colour #0000ff, which is not one of VOC's"):
        dataset.mask(dataset.photographs("val")[0])


def test_sbd_is_joined_in_without_vocs_validation_photographs_and_vocs_own_masks_stay(joined: Path) -> None:
    assert (joined / voc.TRAIN_AUG).read_text() == "2007_1\n2007_2\n2008_4\n2008_5\n"
    assert sorted(file.name for file in (joined / "SegmentationClassAug").iterdir()) == ["2008_4.png", "2008_5.png"]
    dataset = Voc(joined)
    values = {photograph.id: dataset.mask(photograph)[0, 0] for photograph in dataset.photographs("train")}
    assert values == {"2007_1": 1, "2007_2": 2, "2008_4": 14, "2008_5": 15}


def test_a_mask_in_the_extended_folder_goes_before_the_official_one(root: Path) -> None:
    write(root, {"SegmentationClassAug/2007_3.png": mask(7)})
    dataset = Voc(root)
    assert dataset.mask(dataset.photographs("val")[0])[0, 0] == 7


def test_converted_masks_carry_vocs_colours(joined: Path) -> None:
    image = Image.open(joined / "SegmentationClassAug/2008_5.png")
    assert image.mode == "P" and image.convert("RGB").getpixel((0, 0)) == (192, 128, 128)  # VOC's pink for a person
    assert np.asarray(image).tolist() == [[15, 15, 15, 0], [15] * 4, [15] * 4]


def test_a_broken_conversion_goes_on_where_it_stopped(root: Path, sbd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    converted: list[str] = []

    def breaking(path: Path) -> np.ndarray:
        converted.append(path.stem)
        if len(converted) == 2:
            raise KeyboardInterrupt
        return sbd_mask(path)

    monkeypatch.setattr(voc, "sbd_mask", breaking)
    with pytest.raises(KeyboardInterrupt):
        build_train_aug(root, sbd)
    assert not (root / voc.TRAIN_AUG).exists()
    with pytest.warns(UserWarning):
        build_train_aug(root, sbd)
    assert converted == ["2008_4", "2008_5", "2008_5"]


def test_no_warning_when_the_count_is_the_papers(root: Path, sbd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voc, "TRAIN_AUG_COUNT", 4)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        build_train_aug(root, sbd)


def test_a_matlab_file_that_is_not_sbds_is_refused_by_its_name(tmp_path: Path) -> None:
    savemat(tmp_path / "a.mat", {"GTcls": {"Boundaries": 1}})
    with pytest.raises(UserError, match=r"a\.mat has no field GTcls\.Segmentation"):
        sbd_mask(tmp_path / "a.mat")
    (tmp_path / "b.mat").write_bytes(sbd_file(21))
    with pytest.raises(UserError, match=r"b\.mat holds the value 21"):
        sbd_mask(tmp_path / "b.mat")


def test_the_downloads_become_a_ready_dataset(
    root: Path, sbd: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With archives as the servers have them, put into the cache by hand, and deleted once they are unpacked."""
    cache = tmp_path / "cache"
    archives = (("VOC2012", root.parents[1], "VOCdevkit"), ("SBD", tmp_path / "sbd", "benchmark_RELEASE"))
    for name, folder, top in archives:
        download = getattr(official, name)
        write(cache, {download.name: _tar(folder, top)})
        monkeypatch.setattr(official, name, official.Download(download.name, ()))
    with pytest.warns(UserWarning):
        ready = official.obtain_voc2012(cache)
    dataset = Voc(ready)
    assert len(dataset.photographs("train")) == 4 and len(dataset.photographs("val")) == 1
    for name, _, _ in archives:
        (cache / getattr(official, name).name).unlink()
    assert official.obtain_voc2012(cache) == ready


def _tar(folder: Path, top: str) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        tar.add(folder / top, top)
    return file.getvalue()


def test_the_real_photographs_are_read() -> None:
    if not REAL.is_dir():
        pytest.skip(f"{REAL} is not here: the reader was NOT tried on real VOC2012 photographs")
    dataset = Voc(REAL)
    train, val = dataset.photographs("train"), dataset.photographs("val")
    assert (len(train), len(val)) == (3131, 325)
    decoded = dataset.mask(val[0])
    assert set(np.unique(decoded)) <= {*range(len(CLASSES)), VOID}
    assert decode_image(dataset.image_bytes(val[0]), val[0].id).shape[:2] == decoded.shape
