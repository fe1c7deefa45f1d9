"""What a mean answer is called in each protocol."""

from dataclasses import dataclass

from reports.study.export import NATURALNESS, Protocol


@dataclass(frozen=True)
class Wording:
    """`axis`: of a scale of answers in per cent. `mean`: the mean answer."""

    axis: str
    mean: str


WORDS: dict[Protocol, Wording] = {
    "naturalness": Wording("natural, per cent", NATURALNESS),
    "pairs": Wording("fooled, per cent", "fooling rate"),
    "other": Wording("mean answer, per cent of the scale", "mean answer"),
}
