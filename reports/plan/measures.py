"""The one registry of measures: what is measured, how people read it, and which way is better.

A new measure needs its computation in `pipeline/metrics/`, its column in a record of `pipeline/records/rows.py`, and an
entry here. Tables, figures, comparisons, the image browser and the claims take everything else from this file.
"""

from dataclasses import dataclass, replace
from typing import Literal

# `folders`: `huebench score` alone measures it (`huebench.scoring`); no stage of the pipeline writes it.
Source = Literal["scores", "perceptual", "defects", "objects", "segmented", "cards", "times", "ratings", "folders"]
# How photographs' values become the dataset's (`reports.tables.metrics`). `set`: the stage gives the dataset's value;
# `table`: a table of its own computes it; `photograph`: there is none, it is a number of single photographs.
Summary = Literal[
    "mean", "pooled_psnr", "weighted_mean", "difference_of_means", "mean_difference", "set", "table", "photograph"
]
COLORFULNESS = {"signed": "colorfulness", "absolute": "colorfulness_absolute"}  # opponent channels -> column


@dataclass(frozen=True)
class Measure:
    """One measure.

    `key`: its name in files. `name`: for people, `short`: the same for narrow places, "" where `name` is short enough.
    `better`: "" where neither more nor less is better. `source`: which files hold it (`pipeline.settings.paths`).
    `column`: of these files, where it is not called `key`. `difference_digits`: where they differ from `digits`;
    `browser_digits`: None where the image browser does not sort by it. `compared`: a member of the family of paired
    comparisons, `tested`: with a test, not with an interval alone. `headline`: for `dvc metrics show`.
    """

    key: str
    name: str
    digits: int
    better: Literal["higher", "lower", ""]
    source: Source
    convention: str
    short: str = ""
    unit: str = ""
    column: str = ""
    summary: Summary = "mean"
    difference_digits: int | None = None
    browser_digits: int | None = None
    compared: bool = False
    tested: bool = False
    headline: bool = False

    @property
    def label(self) -> str:
        """`PSNR, dB`."""
        return self._with_unit(self.name)

    @property
    def short_label(self) -> str:
        """The same for narrow places."""
        return self._with_unit(self.short or self.name)

    @property
    def of_rows(self) -> str:
        """The column of the row files that it is computed from."""
        return self.column or self.key

    @property
    def digits_of_difference(self) -> int:
        """The decimals that a difference of two values needs."""
        return self.digits if self.difference_digits is None else self.difference_digits

    def _with_unit(self, name: str) -> str:
        return f"{name}, {self.unit}" if self.unit else name


def criterion(key: str) -> Measure:
    """A criterion of the human study, which may ask for others than the paper's."""
    name = key.replace("_", " ").capitalize()
    return Measure(key, name, 1, "higher", "ratings", "mean answer in per cent of the scale", unit="%")


def miou_of(segmenter: str) -> Measure:
    """mIoU as one segmenter measures it."""
    miou = MEASURES["miou"]
    return replace(miou, key=f"miou_{segmenter}", name=f"{miou.name} ({segmenter})")


# fmt: off
_ALL = (
    # The only one that is tested: it is the measure of the paper's Table 1, which prints no other for these methods.
    Measure("psnr_rgb", "PSNR", 2, "higher", "scores",
            "mean over photographs of the PSNR in dB, over the sRGB channels with peak 255, at the photograph's own "
            "size",
            unit="dB", browser_digits=1, compared=True, tested=True, headline=True),
    Measure("psnr_rgb_pooled", "PSNR, pooled", 2, "higher", "scores",
            "PSNR in dB of the mean squared error over all photographs; the worst photographs weigh most",
            unit="dB", column="mse_rgb", summary="pooled_psnr"),
    Measure("psnr_ab", "PSNR ab", 2, "higher", "scores",
            "mean over photographs of the PSNR in dB, over the a and b channels of CIE Lab with peak 255",
            unit="dB", compared=True),
    Measure("ssim_rgb", "SSIM", 3, "higher", "scores",
            "mean over photographs and sRGB channels of SSIM on 0..255, Gaussian window of 11 x 11 with sigma 1.5",
            difference_digits=4, browser_digits=3, compared=True, headline=True),
    Measure("ciede2000", "CIEDE2000", 2, "lower", "scores",
            "mean over photographs of the mean CIEDE2000 of their pixels, kL = kC = kH = 1",
            browser_digits=1, compared=True),
    # Not compared: it says much the same as CIEDE2000, as mean squared errors do as PSNR.
    Measure("auc", "AuC", 4, "higher", "scores",
            "area under the curve of the share of pixels whose ab is within t of the original's, t = 0..150, by "
            "trapezoids, over 150; mean over photographs (Zhang et al. 2016, section 3.1, who print per cent)"),
    Measure("auc_balanced", "AuC, balanced", 4, "higher", "scores",
            "AuC with pixels weighted by 1 / p of their original colour's bin (their eq. 4, lambda = 0), p the "
            "smoothed prior of this dataset's training split; photographs weigh as much as their mean pixel",
            summary="weighted_mean"),
    *(
        Measure(f"lpips_{net}", f"LPIPS ({backbone})", 4, "lower", "perceptual",
                f"mean over photographs of LPIPS 0.1 (lpips package, {backbone}) at the photograph's own size, sRGB on "
                "[-1, 1]",
                short=f"LPIPS ({net})", compared=net == "alex")
        for net, backbone in {"alex": "AlexNet", "vgg": "VGG-16", "squeeze": "SqueezeNet 1.1"}.items()
    ),
    Measure("recognized", "Same class recognised", 3, "higher", "perceptual",
            "share of photographs for which torchvision's VGG-16 (IMAGENET1K_V1 and its own transform) gives the "
            "colorization the same top-1 class as the original"),
    Measure("fid", "FID", 2, "lower", "perceptual",
            "Frechet distance of Inception features (torch-fidelity's copy of the original network) from the "
            "originals of the same photographs (identical set), resized to 299 x 299 as TensorFlow 1 does",
            summary="set"),
    Measure("colorfulness", "Colorfulness", 1, "", "scores",
            "mean over photographs of Hasler and Suesstrunk's M3 of the colorization, with signed opponent channels; "
            "closer to the original's value is better, not higher",
            browser_digits=0, headline=True),
    Measure("colorfulness_absolute", "Colorfulness, absolute", 1, "", "scores",
            "the same with the absolute values of the opponent channels"),
    # More colorfulness is not better, so methods are compared by this gap.
    Measure("colorfulness_gap", "Colorfulness gap", 2, "lower", "scores",
            "absolute difference of a photograph's colorfulness from the original's",
            column="colorfulness", summary="photograph", compared=True),
    *(
        Measure(f"delta_cf_of_means_{kind}", f"Colorfulness minus the originals' ({kind})", 2, "", "scores",
                f"mean {column} minus the originals' mean; often published without its sign; 0 is best",
                column=column, summary="difference_of_means")
        for kind, column in COLORFULNESS.items()
    ),
    *(
        Measure(f"delta_cf_per_image_{kind}", f"Mean colorfulness gap ({kind})", 2, "lower", "scores",
                f"mean over photographs of the absolute difference in {column} from the original",
                column=column, summary="mean_difference")
        for kind, column in COLORFULNESS.items()
    ),
    Measure("bleeding_flat", "Bleeding, flat", 3, "lower", "defects",
            "share of a colorization's colour change that lies away from all edges of the photograph; mean over "
            "photographs whose colours change at all; the original's own shading is above 0",
            browser_digits=2, compared=True),
    Measure("bleeding_boundary", "Bleeding, boundary", 3, "lower", "defects",
            "share of a colorization's own contrast across true object boundaries that is missing 3 to 9 units (1/625 "
            "of the diagonal) from them; mean over photographs that have contrast there; see contrast, too",
            browser_digits=2, compared=True),
    Measure("boundary_contrast", "Contrast", 3, "", "defects",
            "colour contrast across true object boundaries as a multiple of the original's; 1 is the original, 0 is "
            "grey"),
    Measure("color_distance", "Colour distance", 2, "lower", "objects",
            "sliced Wasserstein distance in Lab units of each class's colours in the dataset from the true ones, mean "
            "over classes",
            browser_digits=1, summary="table"),
    Measure("balanced_accuracy", "Class accuracy by colour", 3, "higher", "objects",
            "share of objects whose class a naive Bayes classifier predicts correctly from their colours alone, mean "
            "over classes; it has learned from originals: those of the training split, or, of folders, all others than "
            "the photograph that it judges; the originals' own value is the ceiling",
            summary="table"),
    Measure("object_accuracy", "Objects recognised by colour", 0, "higher", "objects",
            "share of one photograph's objects whose class that classifier predicts correctly",
            short="Objects recognised", unit="%", browser_digits=0, summary="photograph"),
    Measure("miou", "mIoU", 1, "higher", "segmented",
            "mean over classes of intersection over union, in per cent, from sums over all labelled pixels of the "
            "dataset at the photographs' own size; classes that are neither present nor predicted do not count",
            unit="%", summary="table", headline=True),
    Measure("parameters", "Parameters", 2, "lower", "cards",
            "how many numbers a network has",
            summary="table"),
    Measure("milliseconds", "Time", 2, "lower", "times",
            "milliseconds an image",
            summary="table"),
    Measure("ms_ssim_ab", "MS-SSIM ab", 3, "higher", "folders",
            "MS-SSIM of a times that of b of CIE Lab, each plus 128 on 0..255, five scales, Gaussian window of 11 x 11 "
            "with sigma 1.5, a negative scale counts as 0; mean over photographs, of which those with a side under 176 "
            "pixels have none, as the window does not fit in the fifth scale (Mullery and Whelan 2022 round "
            "a and b to 8 bits first)",
            difference_digits=4),
    Measure("dists", "DISTS", 4, "lower", "folders",
            "mean over photographs of DISTS (torchmetrics, VGG-16) at the photograph's own size, sRGB on [0, 1]"),
    Measure("kid", "KID", 4, "lower", "folders",
            "kernel Inception distance (torch-fidelity's copy of the original network) from the originals of the same "
            "photographs, polynomial kernel of degree 3, mean of 100 random subsets of 1,000 pictures or of all where "
            "there are fewer; no bias by their number, so it can be below 0",
            summary="set"),
    Measure("color_structure_error", "Colour structure error", 3, "lower", "folders",
            "variance of the ab difference within windows of 1/16 of the diagonal, over the picture's own variance "
            "there plus 100, log(1 + x), mean over windows, after a cast that is linear in lightness is taken off "
            "(which counts 0.005 log(1 + its mean square / 100)); mean over photographs; its parts were chosen on "
            "ratings of HECD",
            short="Colour structure", difference_digits=4),
    Measure("chroma", "Chroma", 2, "", "folders",
            "mean chroma in CIE Lab, the distance from grey; more is not better"),
    Measure("lightness_change", "Lightness change", 2, "lower", "folders",
            "mean |dL| of 100 between the picture and the photograph (resized to it where sizes differ); rounding to 8 "
            "bits makes 0.35 at most, what is more has changed the photograph itself"),
    Measure("diversity", "Diversity", 2, "", "folders",
            "mean CIEDE2000 between each of a photograph's answers and the next; 0 where all are the same"),
    *map(criterion, ("saturability", "semantic_correctness", "edge_keeping", "naturalness")),
)
# fmt: on
MEASURES = {measure.key: measure for measure in _ALL}
COMPARED = {key: measure for key, measure in MEASURES.items() if measure.compared}
SORTABLE = {key: measure for key, measure in MEASURES.items() if measure.browser_digits is not None}


def measured_in(*sources: Source) -> list[Measure]:
    """The measures of these files that have a value for a whole dataset, in the registry's order."""
    return [measure for measure in _ALL if measure.source in sources and measure.summary != "photograph"]


def sentence(measure: Measure) -> str:
    """`SSIM: mean over photographs of ...; higher is better.`"""
    better = f"; {measure.better} is better" if measure.better else ""
    return f"{measure.name}: {measure.convention}{better}."
