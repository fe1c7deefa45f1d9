"""PASCAL VOC2012 in the VOCdevkit layout, and its training list and masks extended by SBD."""

import warnings
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from pipeline.datasets.listing import as_on_disk, check_classes, read_file, read_split_list
from pipeline.datasets.source import Orientation, Photograph, check_orientation
from pipeline.packs.decode import decode_mask, decode_matlab, mask_header
from pipeline.packs.masks import VOID, Color, MaskHeader, hexadecimal
from pipeline.settings.errors import UserError
from pipeline.settings.files import whole_file, write_whole

CLASSES = (
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable",
    "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip
IMAGES, MASKS, MASKS_AUG = Path("JPEGImages"), Path("SegmentationClass"), Path("SegmentationClassAug")
LISTS = Path("ImageSets/Segmentation")
TRAIN_AUG = LISTS / "train_aug.txt"
SPLIT_LISTS = {"train": TRAIN_AUG, "val": LISTS / "val.txt"}
TRAIN_AUG_COUNT = 10_582  # the paper's section 4, and everybody's since DeepLab


class Voc:
    """VOC2012: 20 classes and background, void along the outlines. `root` may be a VOCdevkit or its VOC2012 folder."""

    classes = CLASSES

    def __init__(self, root: Path, mask_orientation: Orientation = "unknown") -> None:
        check_orientation(mask_orientation)
        self.mask_orientation = mask_orientation
        folders = (root, root / "VOC2012", root / "VOCdevkit" / "VOC2012")
        self.root = _first_with((IMAGES, LISTS), folders, "VOC2012")

    def photographs(self, split: str) -> list[Photograph]:
        """The 10,582 of VOC's training list and SBD together ("train"), or VOC's own 1,449 ("val")."""
        path = self.root / SPLIT_LISTS[split]
        if split == "train" and not path.exists():
            raise UserError(
                f"{path} is missing: the joint list of VOC's and SBD's training photographs. Add it with the masks "
                f"in {MASKS_AUG}/, or set `root: null` in params.yaml to have both made from the downloads."
            )
        return [
            Photograph(id, as_on_disk(self.root, IMAGES / f"{id}.jpg"), self._mask_file(id))
            for id in read_split_list(path)
        ]

    def image_bytes(self, photograph: Photograph) -> bytes:
        """The JPEG as it is in the dataset."""
        return read_file(self.root / str(photograph.image))

    def mask(self, photograph: Photograph) -> np.ndarray:
        """(H, W) uint8: 0 background, 1 to 20 the classes, 255 void; by the palette's colours, which VOC defines."""
        path = self.root / str(photograph.mask)
        content = read_file(path)
        values = by_official_colors(decode_mask(content, str(path)), mask_header(content, str(path)).colors, str(path))
        return check_classes(values, CLASSES, str(path))

    def mask_header(self, photograph: Photograph) -> MaskHeader:
        """The mask's orientation; its palette has been used up by `mask`."""
        path = self.root / str(photograph.mask)
        return MaskHeader(orientation=mask_header(read_file(path), str(path)).orientation)

    def left_out(self) -> list[str]:
        """Nothing, as lists name the photographs."""
        return []

    def _mask_file(self, id: str) -> Path:
        extended = as_on_disk(self.root, MASKS_AUG / f"{id}.png")
        return extended if (self.root / extended).exists() else as_on_disk(self.root, MASKS / f"{id}.png")


def by_official_colors(values: np.ndarray, colors: Mapping[int, Color], name: str) -> np.ndarray:
    """VOC's indices of a mask's (H, W) `values`, whose `colors` are those of its palette, if it has one.

    Image editors and optimizers re-order palettes: all looks as before, but the values are others. A palette of greys
    that are the values themselves is none. Raises `UserError` for a colour that is not VOC's.
    """
    found = np.unique(values).tolist()
    shown = {value: colors[value] for value in found if value in colors}
    if all(color == (value, value, value) for value, color in shown.items()):
        return values
    official = {color: index for index, color in enumerate(official_colors())}
    table = np.arange(VOID + 1, dtype=np.uint8)
    for value in found:
        if shown.get(value) not in official:
            has = "no colour" if value not in shown else f"the colour {hexadecimal(shown[value])}"
            raise UserError(
                f"the mask {name} gives the value {value} {has}, which is not one of VOC's. Use the original file, or "
                "an 8-bit grey PNG whose values are VOC's class indices."
            )
        table[value] = official[shown[value]]
    return table[values]


def build_train_aug(voc_root: Path, sbd_root: Path) -> Path:
    """Add SBD's masks (`SegmentationClassAug/`) and the list of all training photographs to a VOC2012 folder.

    The list is that of DeepLab's authors: VOC's training list and both of SBD's, without VOC's validation list. VOC's
    own masks are more exact, so SBD's are converted for the other photographs only. A broken run resumes where it
    stopped, as the list is written last. `sbd_root` is the unpacked benchmark.tgz.
    """
    folders = (sbd_root, sbd_root / "dataset", sbd_root / "benchmark_RELEASE" / "dataset")
    sbd = _first_with((Path("cls"),), folders, "SBD")
    official = set(read_split_list(voc_root / LISTS / "train.txt"))
    extended = {id for name in ("train.txt", "val.txt") for id in read_split_list(sbd / name)}
    extra = extended - official - set(read_split_list(voc_root / SPLIT_LISTS["val"]))
    for id in tqdm(sorted(extra), "converting SBD masks", unit=" masks", disable=None):
        target = voc_root / MASKS_AUG / f"{id}.png"
        if not target.exists():
            _write_mask(target, sbd_mask(sbd / "cls" / f"{id}.mat"))
    if len(official | extra) != TRAIN_AUG_COUNT:
        count = f"VOC and SBD together have {len(official | extra):,} training photographs here"
        warnings.warn(f"{count} where the paper has {TRAIN_AUG_COUNT:,}: the lists are incomplete.", stacklevel=2)
    write_whole(voc_root / TRAIN_AUG, "".join(f"{id}\n" for id in sorted(official | extra)))
    return voc_root / TRAIN_AUG


def sbd_mask(path: Path) -> np.ndarray:
    """(H, W) uint8 class indices of one of SBD's `cls/*.mat` files; they have no void."""
    annotation = decode_matlab(read_file(path), "GTcls", str(path))
    if "Segmentation" not in (annotation.dtype.names or ()):
        raise UserError(f"{path} has no field GTcls.Segmentation; it is not an annotation of SBD.")
    mask = np.asarray(annotation["Segmentation"].flat[0])
    return check_classes(mask, CLASSES, str(path)).astype(np.uint8)


def _write_mask(path: Path, mask: np.ndarray) -> None:
    image = Image.frombytes("P", (mask.shape[1], mask.shape[0]), mask.tobytes())
    image.putpalette(bytes(channel for color in official_colors() for channel in color))
    with whole_file(path) as temporary:
        image.save(temporary, "PNG")


@cache
def official_colors() -> tuple[Color, ...]:
    """VOC's 256 colours: an index's bits go to R, G and B in turn, highest bits first, so that neighbours differ."""
    bits = np.arange(256)[:, None] >> np.arange(3)
    palette = sum(((bits >> 3 * place & 1) << 7 - place for place in range(8)), np.zeros((256, 3), int))
    return tuple((red, green, blue) for red, green, blue in palette.tolist())


def _first_with(needed: tuple[Path, ...], folders: tuple[Path, ...], dataset: str) -> Path:
    for folder in folders:
        if all((folder / path).is_dir() for path in needed):
            return folder
    names = " and ".join(f"{path}/" for path in needed)
    raise UserError(f"there is no {dataset} in {folders[0]}: neither it nor its usual subfolders hold {names}.")
