"""One protocol: what its file says, read strictly; see docs/protocols.md. Imports no torch."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pipeline.settings.errors import UserError, suggestion
from pipeline.settings.params import parse_record
from pipeline.settings.ranges import Range
from pipeline.settings.yaml_file import read_yaml
from reports.plan.measures import MEASURES

HERE = Path(__file__).parent
OURS = "huebench"  # the protocol that is taken where none is named
# What a protocol can measure: keys of `reports.plan.measures`, each with a function in `huebench.scoring.values`, and
# those of whole sets in `huebench.scoring.sets`.
OF_PICTURES = (
    "psnr_rgb", "psnr_ab", "ssim_rgb", "ms_ssim_ab", "color_structure_error", "ciede2000", "auc", "colorfulness_gap",
    "lpips_alex", "lpips_vgg", "lpips_squeeze", "dists", "colorfulness", "colorfulness_absolute", "chroma",
    "lightness_change",
)  # fmt: skip
OF_SETS = ("fid", "kid")


@dataclass(frozen=True)
class Code:
    """The public code that a protocol was checked against."""

    repository: str
    commit: str
    files: tuple[str, ...]


@dataclass(frozen=True)
class Ssim:
    """`window`: Gaussian of 11 x 11 and sigma 1.5, or uniform of 7 x 7 with sample covariance.

    `range`: of values, in SSIM's constants; with a Gaussian window it is 255.
    """

    window: Literal["gaussian", "uniform"] = "gaussian"
    range: Annotated[int, Range(1, 255)] = 255


@dataclass(frozen=True)
class Fid:
    """`network`: TensorFlow's Inception of 2015, as torch-fidelity has it, or torchvision's.

    `features`: how many, 64 of the first pooling layer or 2048 of the last. `real`: the photographs that were colorized
    (same) or others. `lowest`: what the level 0 becomes before the network, 255 being 1; of torchvision's alone.
    """

    network: Literal["tensorflow", "torchvision"]
    features: Literal[64, 2048]
    real: Literal["same", "other"]
    lowest: Literal[-1, 0]


@dataclass(frozen=True)
class Protocol:
    """How one paper measures.

    `difference`: from other protocols, a sentence. `source`: the paper. `code`: None for our own. `measures`: a key of
    the registry -> its convention here, "" where it is the registry's. `photographs`: the list of those that it is
    about (`huebench.protocols.listed`), `real_photographs` of FID's other photographs; "" where none is named.

    Pictures and photographs are fitted alike (`huebench.protocols.fitting`): `size`: the side in pixels of a square, or
    None for their own size; `crop`: the largest square in the middle (half a pixel is cut off, or rounded to even, as
    torchvision does), or stretched; `filter`: of resizing.
    `jpeg_quality`: of the files that the authors' pictures are kept in; None for lossless ones. `psnr_border`: pixels
    at each border that PSNR leaves out. `remarks`: what differs or is not known, a sentence each.
    """

    difference: str
    source: str
    measures: dict[str, str]
    code: Code | None = None
    photographs: str = ""
    real_photographs: str = ""
    size: Annotated[int, Range(32, 4096)] | None = None
    crop: Literal["centre", "centre_rounded", "none"] = "none"
    filter: Literal["bicubic", "bilinear", "linear", "area"] = "bicubic"
    jpeg_quality: Annotated[int, Range(1, 100)] | None = None
    ssim: Ssim = Ssim()
    psnr_border: Annotated[int, Range(0, 64)] = 0
    fid: Fid | None = None
    remarks: tuple[str, ...] = ()
    name: str = ""

    @property
    def geometry(self) -> tuple[object, ...]:
        """What decides how pictures are fitted; equal where two protocols fit them alike."""
        return () if self.size is None else (self.size, self.crop, self.filter)


def names() -> list[str]:
    """All protocols, ours first."""
    found = sorted(path.stem for path in HERE.glob("*.yaml"))
    return [OURS, *(name for name in found if name != OURS)]


@cache
def protocol(name: str) -> Protocol:
    """The protocol of this name; raises `UserError` for one that is not there."""
    if name not in names():
        raise UserError(f"there is no protocol {name!r}; {suggestion(name, names())}")
    return read(HERE / f"{name}.yaml")


def read(path: Path) -> Protocol:
    """The protocol of a file; raises `UserError` for anything in it that has no meaning."""
    content = read_yaml(path, "a protocol is a YAML file (docs/protocols.md).")
    if isinstance(content, dict):
        content = {**content, "name": path.stem}
    found = parse_record(Protocol, content, str(path))
    for key in found.measures:
        if key not in (*OF_PICTURES, *OF_SETS):
            raise UserError(f"{path}: measures: {key!r}; {suggestion(key, [*OF_PICTURES, *OF_SETS])}")
    if set(OF_SETS) & set(found.measures) and found.fid is None:
        raise UserError(f"{path}: it measures a distance of sets, so `fid` must say by which network.")
    if found.fid and found.fid.network == "torchvision" and found.fid.features != 2048:
        raise UserError(f"{path}: fid: torchvision's Inception is read for 2048 features alone.")
    if found.ssim.window == "gaussian" and found.ssim.range != 255:
        raise UserError(f"{path}: ssim: with a Gaussian window the range is 255, not {found.ssim.range}.")
    if found.name != OURS and not all(found.measures.values()):
        raise UserError(f"{path}: measures: each needs its convention, a sentence.")
    return found


def measures_of(protocol: Protocol) -> dict[str, str]:
    """Every measure of a protocol with its convention."""
    return {key: convention or MEASURES[key].convention for key, convention in protocol.measures.items()}
