"""What a mean answer is called in each protocol."""

from dataclasses import dataclass

from reports.study.export import NATURALNESS, Protocol


@dataclass(frozen=True)
class Wording:
    """`axis`: of a scale of answers in per cent. `mean`: the mean answer; `subject`: it begins a sentence."""

    axis: str
    mean: str
    subject: str


WORDS: dict[Protocol, Wording] = {
    "naturalness": Wording("natural, per cent", NATURALNESS, "Naturalness"),
    "pairs": Wording("fooled, per cent", "fooling rate", "Fooling rate"),
    "other": Wording("mean answer, per cent of the scale", "mean answer", "Mean answer"),
}
