"""How far measures agree with people, as it was found before and is printed beside them; read from `agreement.yaml`."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

FILE = Path(__file__).with_name("agreement.yaml")


@dataclass(frozen=True)
class Agreements:
    """Spearman's correlation within photographs with its interval by measure, and whose ratings they are of."""

    source: str
    measures: dict[str, tuple[float, float, float]]


@cache
def load_agreements() -> Agreements:
    """The file that belongs to this code."""
    content = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return Agreements(content["from"], {key: tuple(ends) for key, ends in content["measures"].items()})
