"""Which methods are compared with which, and by what: stated here, before any result is seen."""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Pair:
    """A comparison of method `a` with method `b`, and the question that it answers."""

    a: str
    b: str
    asks: str

    @property
    def title(self) -> str:
        """How plots and tables name the difference."""
        return f"{self.a} - {self.b}"


@dataclass(frozen=True)
class Measure:
    """A score that is compared: its name for people, the decimals they need, and which way is better."""

    name: str
    digits: int
    higher_is_better: bool


# Each question that the paper asks of its own method, once: the fewer the pairs, the less Holm's adjustment takes.
# Pairs of baselines, and methods that somebody adds, are not part of the paper's claims.
PAIRS = (
    Pair("semantics", "no_semantics", "what the semantic branch adds (Table 1)"),
    Pair("semantics_jbu", "semantics", "what JBU adds to it (Table 1)"),
    Pair("no_semantics_jbu", "no_semantics", "what JBU adds alone"),
    Pair("semantics_jbu", "zhang", "the whole method beside Zhang et al. 2016 (Table 2)"),
    Pair("semantics_jbu", "iizuka", "the same beside Iizuka et al. 2016 (Table 2)"),
    Pair("semantics_jbu", "larsson", "the same beside Larsson et al. 2016 (Table 2)"),
    Pair("semantics_jbu", "siggraph17", "the same beside Zhang et al. 2017"),
)

# PSNR alone is tested: it is the measure of the paper's Table 1, and the only one that it reports for these methods.
PRIMARY = ("psnr_rgb",)

# What is compared; all but the primary ones are described with intervals, not tested. Colorfulness counts by its
# distance from the original's, for more of it is not better; MSE says on every photograph the same as its PSNR, and
# AuC much the same as CIEDE2000.
COLORFULNESS_GAP = "colorfulness_gap"
MEASURES = {
    "psnr_rgb": Measure("PSNR, dB", 2, True),
    "psnr_ab": Measure("PSNR ab, dB", 2, True),
    "ssim_rgb": Measure("SSIM", 4, True),
    "ciede2000": Measure("CIEDE2000", 2, False),
    "lpips_alex": Measure("LPIPS (alex)", 4, False),
    COLORFULNESS_GAP: Measure("Colorfulness gap", 2, False),
    "bleeding_flat": Measure("Bleeding, flat", 3, False),
    "bleeding_boundary": Measure("Bleeding, boundary", 3, False),
}


def miou_measure(segmenter: str) -> Measure:
    """mIoU as one segmenter sees it."""
    return Measure(f"mIoU, % ({segmenter})", 1, True)


def pairs_of(methods: Collection[str]) -> list[Pair]:
    """The pairs of which both methods are there."""
    return [pair for pair in PAIRS if pair.a in methods and pair.b in methods]
