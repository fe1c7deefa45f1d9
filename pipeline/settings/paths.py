"""Where each stage's files lie, relative to the repository's top folder."""

from pathlib import Path

RESULTS = Path("results")  # all that a run makes, and can make again
BUILD = RESULTS / "report"
CACHE = Path(".scratch/downloads")  # outside of DVC's outputs, so that a broken download can resume
RUNS = Path(".scratch/runs")  # times and memory of the last runs: true of one machine, so no part of any result
PACK_RECORDS = ("index.csv", "summary.json", "statistics.json")  # what says what a packed split holds


def listing(dataset: str) -> Path:
    """The photographs of a dataset: split, id, files and digests."""
    return RESULTS / "data" / dataset / "listing.csv"


def pack(dataset: str, split: str) -> Path:
    """The folder of one packed split."""
    return RESULTS / "data" / dataset / split


def trained(dataset: str, model: str) -> Path:
    """The folder with a model's `weights.safetensors` and `history.csv`."""
    return RESULTS / "models" / dataset / model


def converted(dataset: str, model: str) -> Path:
    """The folder with a published model's `weights.safetensors`, converted."""
    return RESULTS / "published" / dataset / model


def weights(dataset: str, model: str) -> Path:
    """A model's `weights.safetensors`: trained here, or published; no name is both."""
    folder = trained(dataset, model)
    return (folder if folder.exists() else converted(dataset, model)) / "weights.safetensors"


def segmenter(dataset: str, name: str) -> Path:
    """The folder with a segmenter's `weights.safetensors` and `history.csv`."""
    return RESULTS / "segmenters" / dataset / name


def segmented(dataset: str, segmenter: str, method: str) -> Path:
    """What a segmenter recognised in a method's pictures, one CSV row a photograph and class."""
    return RESULTS / "segmented" / dataset / segmenter / f"{method}.csv"


def segmentation(dataset: str, segmenter: str, method: str) -> Path:
    """What a reader must know of a segmenter to interpret its counts, and the mIoU that they give."""
    return RESULTS / "segmented" / dataset / segmenter / f"{method}.json"


def archive(dataset: str, method: str) -> Path:
    """The zip of a method's colorizations, one PNG a photograph, named by its id."""
    return RESULTS / "colorized" / dataset / f"{method}.zip"


def card(dataset: str, method: str) -> Path:
    """A method's card: what a reader must know to judge it fairly."""
    return RESULTS / "colorized" / dataset / f"{method}.json"


def left_out(dataset: str) -> Path:
    """What a dataset does without, where it has no masks."""
    return RESULTS / "colorized" / dataset / "left_out.json"


def segmenter_left_out(dataset: str, segmenter: str) -> Path:
    """Why a segmenter has not seen a dataset; in the place of what it recognised."""
    return RESULTS / "segmented" / dataset / segmenter / "left_out.json"


def unfinished(stage: str, dataset: str, method: str) -> Path:
    """The folder with what a killed run of a stage has left to resume from."""
    return Path(".scratch") / stage / dataset / method


def perceptual(dataset: str, method: str) -> Path:
    """Perceptual scores of a method, one CSV row a photograph; a JSON of the same name is of the set."""
    return RESULTS / "scores" / dataset / f"{method}.perceptual.csv"


def scores(dataset: str, method: str) -> Path:
    """A method's scores, one CSV row a photograph."""
    return RESULTS / "scores" / dataset / f"{method}.csv"


def defects(dataset: str, method: str) -> Path:
    """A method's edge bleeding, one CSV row a photograph."""
    return RESULTS / "scores" / dataset / f"{method}.defects.csv"


def objects(dataset: str, method: str) -> Path:
    """What a method's colours suggest each object to be, one CSV row for each class of each photograph."""
    return RESULTS / "scores" / dataset / f"{method}.objects.csv"


def object_colors(dataset: str, method: str) -> Path:
    """How often each colour occurs in each object, a method's and the original's (`pipeline.metrics.confusion`)."""
    return RESULTS / "scores" / dataset / f"{method}.colors.npy"


def sizes(dataset: str, model: str) -> Path:
    """The folder with what a network makes of photographs that it sees at several sizes."""
    return RESULTS / "sizes" / dataset / model
