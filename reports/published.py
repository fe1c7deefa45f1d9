"""The paper's printed numbers as typed records, read from `published.yaml`."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from pipeline.params import parse_record

PUBLISHED_FILE = Path(__file__).with_name("published.yaml")


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
class Published:
    """Everything that `published.yaml` holds."""

    paper: str
    table1: PublishedTable1


def load_published(path: Path = PUBLISHED_FILE) -> Published:
    """Read and check the published numbers."""
    return parse_record(Published, yaml.safe_load(path.read_text(encoding="utf-8")), str(path))
