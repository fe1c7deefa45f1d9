"""Finished pictures as a method: found by name, taken as they are, and what was seen of them is said."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from pipeline.color import cielab
from pipeline.methods.folder import Folder
from pipeline.methods.method import Context, Photo
from pipeline.settings.classes import make
from pipeline.settings.errors import UserError
from pipeline.settings.params import Params
from tests.baselines.photos import SIZE, FewPhotos, colorized_all, save

PHOTOS = FewPhotos("cats/001", "cats/002", "Dog.v2")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """One picture a photograph: the photograph itself."""
    folder = tmp_path / "theirs"
    for index, id in enumerate(PHOTOS.ids):
        save(folder / f"{id}.png", PHOTOS[index].rgb)
    return folder


def folder(path: Path, **options) -> Folder:
    return Folder(Context("scenes"), str(path), **options)


def lightness(picture: np.ndarray) -> torch.Tensor:
    return cielab.lightness(torch.from_numpy(picture.copy()).permute(2, 0, 1))


def test_pictures_are_found_by_name_in_subfolders_and_taken_as_they_are(pictures, capsys):
    method = folder(pictures)
    for index, picture in enumerate(colorized_all(method, PHOTOS)):
        assert np.array_equal(picture, PHOTOS[index].rgb)
    assert capsys.readouterr().out == ""
    assert (method.card().weights, method.card().remarks, method.seconds(3.0)) == ("made elsewhere", (), None)


def test_the_path_may_hold_the_datasets_name(pictures):
    pictures.rename(pictures.parent / "scenes")
    assert len(colorized_all(folder(pictures.parent / "{dataset}"), PHOTOS)) == 3


def test_params_name_the_kind_alone(pictures):
    theirs, kinds = {"theirs": {"kind": "folder", "path": str(pictures)}}, {"folder": "pipeline.methods.folder:Folder"}
    params = Params((), 0, (0,), {}, {}, methods=theirs, kinds=kinds)
    assert len(colorized_all(make(params.method("theirs"), "methods.theirs", Context("scenes")), PHOTOS)) == 3


@pytest.mark.parametrize("suffix", [".PNG", ".tif", ".Bmp", ".webp"])
def test_any_suffix_of_a_picture_will_do_in_any_case(pictures, suffix):
    (pictures / "Dog.v2.png").unlink()
    save(pictures / f"Dog.v2{suffix}", PHOTOS[2].rgb, **({"lossless": True} if suffix == ".webp" else {}))
    assert np.array_equal(colorized_all(folder(pictures), PHOTOS)[2], PHOTOS[2].rgb)


def test_two_pictures_of_one_photograph_are_refused_by_both_names(pictures):
    save(pictures / "cats" / "002.jpg", PHOTOS[1].rgb)
    with pytest.raises(UserError, match=r"cats/002\.jpg and .*cats/002\.png are both pictures of 'cats/002'"):
        folder(pictures).prepare(PHOTOS)


def test_missing_pictures_are_counted_and_named_with_those_of_no_photograph(pictures):
    (pictures / "cats" / "001.png").rename(pictures / "001.png")
    (pictures / "Dog.v2.png").rename(pictures / "dog.v2.png")  # another case is another id
    with pytest.raises(UserError) as error:
        folder(pictures).prepare(PHOTOS)
    assert "lacks pictures of 2 of the 3 photographs: cats/001, Dog.v2." in str(error.value)
    assert "2 of no photograph: 001.png, dog.v2.png." in str(error.value)


def test_many_missing_pictures_are_named_by_the_first_few(pictures):
    with pytest.raises(UserError, match=r"7 of the 10 photographs: p0, p1, p2 and 4 more\.$"):
        folder(pictures).prepare(FewPhotos(*PHOTOS.ids, *[f"p{i}" for i in range(7)]))


def test_pictures_of_no_photograph_are_left_out_and_printed(pictures, capsys):
    for name in ("x.png", "x.jpg", "cats/y.png", ".hidden/z.png", "cats/._001.png"):
        save(pictures / name, PHOTOS[0].rgb)
    (pictures / "notes.txt").write_text("a log")
    assert len(colorized_all(folder(pictures), PHOTOS)) == 3
    assert capsys.readouterr().out.endswith(": 2 pictures of no photograph are left out: cats/y.png, x.jpg\n")


def test_where_no_name_fits_the_sentence_shows_one_that_would(pictures):
    with pytest.raises(
        UserError, match=r"none of the 3 pictures .*\(Dog\.v2\.png, cats/001\.png, .*'one' should be one\.png"
    ):
        folder(pictures).prepare(FewPhotos("one", "two"))


@pytest.mark.parametrize(
    ("make_it", "sentence"),
    [
        (lambda path: None, "is missing; it should be a folder"),
        (lambda path: path.write_bytes(b"zip"), "is no folder; it should be"),
        (lambda path: path.mkdir(), "there are no pictures in"),
        (lambda path: save(path / ".git" / "a.png", PHOTOS[0].rgb), "there are no pictures in"),
    ],
)
def test_a_path_that_holds_no_pictures_is_refused(tmp_path, make_it, sentence):
    make_it(tmp_path / "given")
    with pytest.raises(UserError, match=sentence):
        folder(tmp_path / "given").prepare(PHOTOS)


def shrunk(pictures: Path) -> np.ndarray:
    """Make Dog.v2 16 x 12 pixels, of one colour."""
    small = np.broadcast_to(np.uint8([150, 100, 60]), (12, 16, 3))
    save(pictures / "Dog.v2.png", small)
    return small


def test_another_size_stops_with_both_sizes(pictures):
    shrunk(pictures)
    with pytest.raises(
        UserError, match=r"Dog\.v2\.png is 16 x 12 pixels, but its photograph is 32 x 24; .*on_wrong_size"
    ):
        colorized_all(folder(pictures), PHOTOS)


def test_another_size_is_resized_if_wanted_and_the_card_says_how_many(pictures):
    small = shrunk(pictures)
    method = folder(pictures, on_wrong_size="resize")
    last = colorized_all(method, PHOTOS)[2]
    assert last.shape == (*SIZE, 3) and (last == small[0, 0]).all()
    size, light = method.card().remarks
    assert size == "1 of 3 pictures had another size than their photograph and were resized (bicubic)."
    assert "lightness is not the photographs' own" in light


def test_colours_alone_can_be_resized_under_the_photographs_own_lightness(pictures):
    small = shrunk(pictures)
    method = folder(pictures, on_wrong_size="resize_colors")
    last = colorized_all(method, PHOTOS)[2]
    assert (lightness(last) - PHOTOS[2].lightness).abs().max() < 0.35
    wanted = cielab.rgb_to_lab(torch.from_numpy(small.copy()).permute(2, 0, 1))[1:, 0, 0]
    got = cielab.rgb_to_lab(torch.from_numpy(last.copy()).permute(2, 0, 1))[1:]
    middle = (lightness(last)[0] > 40) & (lightness(last)[0] < 70)  # where sRGB has this colour
    assert middle.any() and (got[:, middle] - wanted[:, None]).abs().max() < 1.5
    (size,) = method.card().remarks
    assert "under the photographs' own lightness" in size


def test_the_card_tells_of_jpegs_by_their_content_and_of_a_lightness_that_differs(pictures):
    (pictures / "cats" / "001.png").unlink()
    save(pictures / "cats" / "001.jpg", PHOTOS[0].rgb, quality=75)
    Image.fromarray(PHOTOS[1].rgb).save(pictures / "cats" / "002.png", "JPEG", quality=75)  # a suffix that lies
    brighter = np.clip(PHOTOS[2].rgb.astype(int) + 20, 0, 255).astype(np.uint8)
    save(pictures / "Dog.v2.png", brighter)
    method = folder(pictures, card={"training_data": "ImageNet", "parameters": 7, "remarks": ["Mine."]})
    shown = colorized_all(method, PHOTOS)
    errors = [(lightness(shown[i]) - PHOTOS[i].lightness).abs().mean().item() for i in range(3)]
    card = method.card()
    assert (card.training_data, card.parameters) == ("ImageNet", 7)
    mine, lossy, light = card.remarks
    assert mine == "Mine." and lossy.startswith("2 of 3 pictures came as JPEG, which can cost PSNR")
    assert f"|dL| is {np.mean(errors):.2f} of 100" in light and np.mean(errors) > 2


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"path": None}, "m: path is None"),
        ({"path": {"dataset": None}}, "m: path is"),
        ({"on_wrong_size": "rezise"}, "did you mean 'resize'"),
        ({"card": {"trained_on": "x"}}, "card: unknown parameter 'trained_on'"),
        ({"card": {"parameters": "many"}}, "parameters is 'many'"),
        ({"card": "good"}, "card is 'good', but should be of type dict"),
        ({"size": 3}, "unknown option 'size'"),
    ],
)
def test_wrong_options_are_refused_in_a_sentence(options, sentence):
    with pytest.raises(UserError, match=sentence):
        make({"class": "pipeline.methods.folder:Folder", "path": "p", **options}, "m", Context("scenes"))


def test_a_photograph_keeps_its_pixels(pictures):
    method = folder(pictures)
    method.prepare(PHOTOS)
    photo = Photo("cats/001", PHOTOS[0].rgb.copy())
    method.colorize([photo])[0][:] = 0
    assert np.array_equal(photo.rgb, PHOTOS[0].rgb)
