"""Where each stage's files lie, relative to the repository's top folder."""

from pathlib import Path

BUILD = Path("reports/build")
CACHE = Path(".scratch/downloads")  # outside of DVC's outputs, so that a broken download can go on
RUNS = Path(".scratch/runs")  # times and memory of the last runs: true of one machine, so no part of any result


def listing(dataset: str) -> Path:
    """The photographs of a dataset: split, id, files and digests."""
    return Path("data") / dataset / "listing.csv"


def pack(dataset: str, split: str) -> Path:
    """The folder of one packed split."""
    return Path("data") / dataset / split


def trained(dataset: str, model: str) -> Path:
    """The folder with a model's `weights.safetensors` and `history.csv`."""
    return Path("models") / dataset / model


def archive(dataset: str, method: str) -> Path:
    """The zip of a method's colorizations, one PNG a photograph, named by its id."""
    return Path("colorized") / dataset / f"{method}.zip"


def card(dataset: str, method: str) -> Path:
    """A method's card: what a reader must know to judge it fairly."""
    return Path("colorized") / dataset / f"{method}.json"


def scores(dataset: str, method: str) -> Path:
    """A method's scores, one CSV row a photograph."""
    return Path("scores") / dataset / f"{method}.csv"


def diseases(dataset: str, method: str) -> Path:
    """A method's edge bleeding, one CSV row a photograph."""
    return Path("diseases") / dataset / f"{method}.csv"


def objects(dataset: str, method: str) -> Path:
    """What a method's colours suggest each object to be, one CSV row for each class of each photograph."""
    return Path("diseases") / dataset / f"{method}.objects.csv"


def object_colors(dataset: str, method: str) -> Path:
    """How often each colour occurs in each object, a method's and the original's (`pipeline.metrics.confusion`)."""
    return Path("diseases") / dataset / f"{method}.colors.npy"
