"""A session's figures as Markdown: each beside its goal, and a line for every step that did not do what it should."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.gpu.journal import Step

SPEED, TRAIN, EVALUATE = "speed", "train: ", "evaluate: "
FIGURES = ("psnr_rgb", "ciede2000", "colorfulness", "auc", "bleeding_flat", "bleeding_boundary", "miou")
DEFAULT = "training, bfloat16, compiled"  # the variant of a step that `pipeline.train` takes on a GPU


@dataclass(frozen=True)
class Goal:
    """What a GPU should reach. `at_least`: more is better."""

    what: str
    value: float | None
    goal: float
    unit: str
    at_least: bool

    @property
    def met(self) -> str:
        """In one word."""
        if self.value is None:
            return "not measured"
        return "yes" if (self.value >= self.goal) == self.at_least or self.value == self.goal else "no"


def goals(steps: Mapping[str, Step]) -> list[Goal]:
    """The goals of issue and docs, with what was measured."""
    speed = steps[SPEED].result if SPEED in steps else {}
    idle = [
        step.result["idle"]
        for name, step in steps.items()
        if name.startswith(TRAIN) and step.result.get("idle") is not None
    ]
    rate = _of(speed, DEFAULT, "images/s")
    outside = _percent(_of(speed, "colorizing", "share outside of the network"))
    return [
        Goal("training step, `semantics`", rate, 1400, "images/s", True),
        Goal("JBU, 375 x 500, radius 9", _of(speed, "JBU, radius 9", "ms a picture"), 0.1, "ms", False),
        Goal("colorizing outside of the network", outside, 5, "%", False),
        Goal("GPU idle while training, at most", _percent(max(idle, default=None)), 20, "%", False),
    ]


def markdown(about: Mapping[str, Any], steps: Mapping[str, Step]) -> str:
    """The whole table."""
    parts = [
        "# GPU session",
        " ".join(f"{name}: {value}." for name, value in about.items()),
        "## Goals",
        _table(
            ("what", "measured", "goal", "met"),
            ((one.what, _number(one.value), f"{one.goal:g} {one.unit}", one.met) for one in goals(steps)),
        ),
        "## Machine",
        _table(("what", "value"), steps["machine"].result.items() if "machine" in steps else ()),
        "## Speed",
        _table(
            ("what", "figure", "value"),
            (
                (what, name, _number(value))
                for what, found in (steps[SPEED].result if SPEED in steps else {}).items()
                for name, value in found.items()
            ),
        ),
        "## Trainings",
        _table(
            ("training", "epochs", "images/s", "seconds", "with its start", "GPU idle", "peak GB", "how"),
            (_training_row(name, step) for name, step in steps.items() if name.startswith(TRAIN) and step.result),
        ),
        "## Validation photographs",
        _table(
            ("method", "epochs", "photographs", *FIGURES, "colorized a second"),
            (row for name, step in steps.items() if name.startswith(EVALUATE) for row in _figure_rows(step)),
        ),
        "## Steps",
        _table(
            ("step", "status", "seconds", "reason"),
            ((name, step.status, f"{step.seconds:.1f}", _cell(step.reason)) for name, step in steps.items()),
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _training_row(name: str, step: Step) -> Sequence[str]:
    result = step.result
    return (
        name.removeprefix(TRAIN),
        _epochs(result),
        _number(result.get("images_per_second")),
        _number(result.get("seconds")),
        f"{step.seconds:.1f}",
        "-" if result.get("idle") is None else f"{100 * result['idle']:.0f} %",
        _number(result.get("peak_memory_bytes", 0) / 1e9),
        result.get("how", ""),
    )


def _figure_rows(step: Step) -> Iterable[Sequence[str]]:
    for method, found in step.result.get("methods", {}).items():
        figures = (_number(found.get(name)) for name in FIGURES)
        shown = (str(found.get("photographs", "-")), *figures, _number(found.get("colorized a second")))
        yield (method, _epochs(step.result), *shown)


def _epochs(result: Mapping[str, Any]) -> str:
    """Shortened trainings say so in every row."""
    epochs, whole = result.get("epochs"), result.get("of_epochs")
    if epochs is None:
        return "-"
    return f"{epochs}" if epochs == whole else f"**{epochs} of {whole}**"


def _of(found: Mapping[str, Mapping[str, float]], what: str, name: str) -> float | None:
    return found.get(what, {}).get(name)


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _cell(text: str) -> str:
    return text.replace("|", "/")[:300]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [list(map(str, row)) for row in rows]
    if not lines:
        return "None."
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *lines))
