"""The paper's printed numbers as typed records, read from `published.yaml`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml

from pipeline.settings.params import parse_record

PUBLISHED_FILE = Path(__file__).with_name("published.yaml")
UNITS = {"MB": 1e6, "MiB": 2.0**20}  # bytes
FLOAT32 = 4  # bytes a parameter


@dataclass(frozen=True)
class PublishedPsnr:
    """One row of the paper's Table 1: its name there and its mean PSNR in dB."""

    printed_as: str
    psnr: float


@dataclass(frozen=True)
class PublishedTable1:
    """The paper's Table 1, keyed by our method names."""

    where: str
    holds_for: str
    rows: dict[str, PublishedPsnr]


@dataclass(frozen=True)
class PublishedMiou:
    """One bar of the paper's Figure 3: its name there and its mIoU in per cent."""

    printed_as: str
    miou: float


@dataclass(frozen=True)
class PublishedFigure3:
    """The paper's Figure 3, keyed by our method names."""

    where: str
    holds_for: str
    rows: dict[str, PublishedMiou]


@dataclass(frozen=True)
class PublishedNaturalness:
    """One row of the paper's Table 2: its name there and the mean of each criterion in per cent."""

    printed_as: str
    saturability: float
    semantic_correctness: float
    edge_keeping: float
    naturalness: float

    def percent(self, criterion: str) -> float | None:
        """The mean of a criterion by its name; None where the paper has no such criterion."""
        values = {name: value for name, value in vars(self).items() if isinstance(value, float)}
        return values.get(criterion)


@dataclass(frozen=True)
class PublishedTable2:
    """The paper's Table 2, keyed by our method names."""

    where: str
    holds_for: str
    rows: dict[str, PublishedNaturalness]


@dataclass(frozen=True)
class PublishedSize:
    """A method's size and time in the text. `size` is the printed number, `unit` what it counts in truth."""

    size: float
    unit: Literal["MB", "MiB"]
    bytes: int | None
    parameters: int | None
    milliseconds: float
    means: str

    @property
    def megabytes(self) -> float:
        """The size in decimal MB: of the file where that is known, else of the printed number."""
        return (self.bytes or self.size * UNITS[self.unit]) / 1e6

    @property
    def network_megabytes(self) -> float | None:
        """The size of the network alone as float32, in decimal MB."""
        return None if self.parameters is None else self.parameters * FLOAT32 / 1e6


@dataclass(frozen=True)
class PublishedSizes:
    """The paper's sizes and times, keyed by our method names."""

    where: str
    holds_for: str
    rows: dict[str, PublishedSize]


@dataclass(frozen=True)
class Published:
    """Everything that `published.yaml` holds."""

    paper: str
    table1: PublishedTable1
    figure3: PublishedFigure3
    table2: PublishedTable2
    size_and_time: PublishedSizes


def load_published(path: Path = PUBLISHED_FILE) -> Published:
    """Read and check the published numbers."""
    return parse_record(Published, yaml.safe_load(path.read_text(encoding="utf-8")), str(path))
