"""What is measured of each picture: by a protocol, and without one by our own conventions (`reports.plan.measures`)."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from huebench.protocols.protocol import OF_PICTURES, OF_SETS, OURS, Protocol, measures_of, protocol
from huebench.scoring.values import VALUES, Pair
from pipeline.metrics import backbones, edges, pixel
from pipeline.metrics.ciede2000 import ciede2000
from pipeline.packs.masks import VOID
from pipeline.scoring.pixels import Picture
from pipeline.settings.errors import UserError, suggestion
from reports.plan.measures import MEASURES, Measure

if TYPE_CHECKING:
    from pipeline.metrics.perceptual import Dists, Lpips

DIVERSITY = MEASURES["diversity"]
# Measure -> the backbone of its network.
BACKBONES = {"lpips_alex": "alexnet", "lpips_vgg": "vgg16", "lpips_squeeze": "squeezenet1_1", "dists": "vgg16"}
ALONE = ("colorfulness", "colorfulness_absolute", "chroma", "lightness_change")  # without true colours
BOUNDARIES = tuple(MEASURES[key] for key in ("bleeding_flat", "bleeding_boundary", "boundary_contrast"))


@dataclass(frozen=True)
class Photograph:
    """What is computed of a photograph once, for all methods: `rgb` (H, W, 3) uint8, and what metrics need of it.

    `flat`, `lines` and `contrast` as in `pipeline.metrics.edges`, with a mask alone.
    """

    rgb: np.ndarray
    picture: Picture
    colorfulness: float
    flat: np.ndarray | None = None
    lines: edges.Transects | None = None
    contrast: np.ndarray | None = None

    @classmethod
    def of(cls, rgb: np.ndarray, mask: np.ndarray | None) -> "Photograph":
        """Of (H, W, 3) uint8 sRGB and its (H, W) uint8 mask, if there is one."""
        picture, colorfulness = Picture.of(rgb), pixel.colorfulness(rgb)
        if mask is None:
            return cls(rgb, picture, colorfulness)
        lab = picture.lab.numpy()
        lines = edges.transects(mask, lab[1:], VOID)
        return cls(rgb, picture, colorfulness, edges.flat_region(lab), lines, lines.contrast(lab[1:]))


@dataclass(frozen=True)
class Evaluator:
    """Measures pictures. `reference`: photographs have their true colours; `boundaries`: they have masks.

    `networks`: of measures that have one. `sets`: the file of Inception's weights; None, too, where FID's photographs
    are missing.
    """

    protocol: Protocol
    reference: bool
    boundaries: bool
    networks: "Mapping[str, Lpips | Dists]"
    sets: Path | None

    @classmethod
    def load(
        cls,
        reference: bool,
        boundaries: bool,
        weights: Mapping[str, str],
        name: str = OURS,
        real: bool = False,
        also: Sequence[str] = (),
    ) -> "Evaluator":
        """By the protocol of this name, with the networks whose weights are found.

        `weights`: backbone -> file (`pipeline.metrics.backbones`). `real`: there are other photographs for FID. `also`:
        measures that our own protocol leaves out because they take long.
        """
        found = with_measures(protocol(name), also)
        if name != OURS and not (reference and not boundaries):
            raise UserError(f"protocol {name} has neither masks nor grey photographs; leave out --protocol.")
        networks = networks_of(found) if reference else {}
        files = {key: backbones.find(network, weights) for key, network in networks.items()}
        there = {key: file for key, file in files.items() if file}
        loaded = {key: load(key, file) for key, file in there.items() if key not in OF_SETS}
        sets = next((there[key] for key in OF_SETS if key in there), None)
        if found.fid and found.fid.real == "other" and not real:
            sets = None
        return cls(found, reference, boundaries and reference, loaded, sets)

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Those that it gives of every picture, in the order of tables."""
        found = [replace(MEASURES[key], convention=convention) for key, convention in self.conventions().items()]
        if not self.boundaries:
            return tuple(found)
        first = [measure for measure in found if measure.key not in ALONE]
        return (*first, *BOUNDARIES, *(measure for measure in found if measure.key in ALONE))

    @property
    def of_sets(self) -> tuple[str, ...]:
        """The keys of the measures of whole sets that can be had."""
        return tuple(key for key in self.protocol.measures if key in OF_SETS and self.sets)

    def conventions(self) -> dict[str, str]:
        """Key -> convention of the protocol's measures that can be had, without those of masks."""
        every = measures_of(self.protocol)
        if not self.reference:
            return {key: every[key] for key in ALONE}
        return {key: convention for key, convention in every.items() if key not in self.lacking}

    @property
    def lacking(self) -> dict[str, str]:
        """Measure -> backbone, of those that are not measured for want of weights or of photographs."""
        if not self.reference:
            return {}
        there = {*self.networks, *self.of_sets}
        return {key: network for key, network in networks_of(self.protocol).items() if key not in there}

    def values(self, photograph: "Photograph", rgb: np.ndarray, own: Picture) -> dict[str, float]:
        """Every measure of one picture, (H, W, 3) uint8 sRGB of the photograph's size; none for what is NaN."""
        pair = Pair(self.protocol, photograph.picture, photograph.colorfulness, rgb, own, self.networks)
        found = {key: VALUES[key](pair) for key in self.conventions() if key in VALUES}
        if self.boundaries:
            found |= bleeding(photograph, own.lab[1:].numpy())
        return {key: value for key, value in found.items() if not math.isnan(value)}


def networks_of(protocol: Protocol) -> dict[str, str]:
    """Measure -> the backbone that it needs (`pipeline.metrics.backbones`), for those of a protocol that need one."""
    torchvision = protocol.fid is not None and protocol.fid.network == "torchvision"
    inception = "inception_torchvision" if torchvision else "inception"
    every = {**BACKBONES, **dict.fromkeys(OF_SETS, inception)}
    return {key: every[key] for key in protocol.measures if key in every}


def left_out(evaluators: Sequence[Evaluator], real: bool) -> Iterator[str]:
    """What is not measured and how to get it; `real`: there are other photographs for FID."""
    lacking: dict[str, str] = {}
    for evaluator in evaluators:
        fid = evaluator.protocol.fid
        if fid and fid.real == "other" and not real and evaluator.reference:
            yield f"FID of {evaluator.protocol.name} is against other photographs: name their folder after --real."
        else:
            lacking |= {network: MEASURES[key].name for key, network in evaluator.lacking.items()}
    if lacking:
        names = ", ".join(dict.fromkeys(lacking.values()))
        files = ", ".join(backbones.BACKBONES[network].file for network in lacking)
        yield f"Left out for want of weights: {names}; `python -m pipeline.score --download` gets {files}."


def bleeding(photograph: Photograph, ab: np.ndarray) -> dict[str, float]:
    """How colours, (2, H, W) ab, keep to the photograph's edges and to the boundaries of its mask."""
    if photograph.flat is None or photograph.lines is None or photograph.contrast is None:
        return {}
    crossed = edges.crossing(photograph.lines, photograph.contrast, ab)
    return {
        "bleeding_flat": edges.flat_share(ab, photograph.flat),
        "bleeding_boundary": crossed.bleeding,
        "boundary_contrast": crossed.contrast,
    }


def diversity(answers: list[Picture]) -> float:
    """How far a photograph's answers, all of one size, differ: the mean CIEDE2000 from each to the next."""
    steps = [ciede2000(one.lab, other.lab).mean() for one, other in pairwise(answers)]
    return float(np.mean(steps))


def with_measures(protocol: Protocol, also: Sequence[str]) -> Protocol:
    """Our own protocol with further measures of the registry; raises `UserError` for others."""
    for key in also:
        if key not in OF_PICTURES:
            raise UserError(f"there is no measure {key!r}; {suggestion(key, list(OF_PICTURES))}")
    if also and protocol.name != OURS:
        raise UserError(f"protocol {protocol.name} measures what its paper prints; leave out --also or --protocol.")
    return replace(protocol, measures={**protocol.measures, **dict.fromkeys(also, "")}) if also else protocol


@cache
def load(key: str, file: Path) -> "Lpips | Dists":
    """The network of a measure, on a GPU if there is one."""
    from pipeline.metrics.perceptual import Dists, Lpips
    from pipeline.runtime.device import choose_device

    return Dists(file, choose_device()) if key == "dists" else Lpips(key.removeprefix("lpips_"), file, choose_device())
