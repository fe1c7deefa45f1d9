"""The paper's printed numbers as typed records, read from `published.yaml`."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import yaml

from pipeline.settings.params import Params, parse_record

PUBLISHED_FILE = Path(__file__).with_name("published.yaml")
UNITS = {"MB": 1e6, "MiB": 2.0**20}  # bytes
NATURALNESS = "naturalness"  # the mean of the criteria
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
    data: str
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
    data: str
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

    def percent(self, criterion: str, asked: Collection[str]) -> float | None:
        """The mean of a criterion by its name; None beside a study that `asked` other questions than the paper's.

        Naturalness is the mean of the three criteria, and so another number where others were asked.
        """
        values = {name: value for name, value in vars(self).items() if isinstance(value, float)}
        return values.get(criterion) if set(asked) | {NATURALNESS} == values.keys() else None


@dataclass(frozen=True)
class PublishedTable2:
    """The paper's Table 2, keyed by our method names."""

    where: str
    data: str
    holds_for: str
    rows: dict[str, PublishedNaturalness]


@dataclass(frozen=True)
class PublishedRate:
    """One method's fooling rate: its name in that paper, per cent of pairs, and the standard error in points."""

    printed_as: str
    percent: float
    standard_error: float


@dataclass(frozen=True)
class PublishedFooling:
    """The fooling rates that `paper` prints, keyed by our method names."""

    paper: str
    where: str
    data: str
    holds_for: str
    rows: dict[str, PublishedRate]


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
    """Everything that `published.yaml` holds. `methods`: what the paper's methods are made of here."""

    paper: str
    methods: dict[str, dict[str, Any]]
    table1: PublishedTable1
    figure3: PublishedFigure3
    table2: PublishedTable2
    size_and_time: PublishedSizes
    fooling: PublishedFooling

    def beside(self, params: Params) -> "Published":
        """The same without the values of names that in `params` stand for other methods than the paper's."""
        others = {name for name in params.methods if not self._is_papers(name, params)}
        kept: dict[str, Any] = {}
        for key in ("table1", "figure3", "table2", "size_and_time", "fooling"):
            table = getattr(self, key)
            rows = {name: row for name, row in table.rows.items() if name not in others}
            kept[key] = replace(table, rows=rows)
        return replace(self, **kept)

    def _is_papers(self, name: str, params: Params) -> bool:
        """Whether a method is made of what the paper's is; one that the paper has not needs nothing."""
        block = params.method(name)
        if "model" in block:  # the class is that of the network; published weights are networks, too
            block = {**block, **{**params.published, **params.models}[block["model"]]}
        made_of = {"upsampling": "bilinear", **block}
        wanted = self.methods.get(name, {})
        return all(made_of.get(option) == value for option, value in wanted.items())


def load_published(path: Path = PUBLISHED_FILE) -> Published:
    """Read and check the published numbers."""
    return parse_record(Published, yaml.safe_load(path.read_text(encoding="utf-8")), str(path))
