"""What an export says of a study that stops by itself once a contrast is decided (`stops` in study.yaml)."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.settings.errors import UserError
from reports.study.spreadsheet import ANEW

OUTCOMES = {
    "above": "was decided after {0} volunteers to be above zero",
    "below": "was decided after {0} volunteers to be below zero",
    "within": "was decided after {0} volunteers to be smaller than {1:g} points either way",
}


@dataclass(frozen=True)
class Stopping:
    """A stopping rule and how it ended.

    `between`: two methods, the second minus the first, or one alone, minus 50 %. `criterion`: "" for the mean of all.
    `low`, `high`: in points, the interval after the last look, which holds with 1 - `alpha` although one has looked
    again and again; NaN before the first look. `told`: all of it in words.
    """

    between: tuple[str, ...]
    criterion: str
    alpha: float
    low: float
    high: float
    told: str

    def interval(self, a: str, b: str) -> tuple[float, float] | None:
        """The ends for `a` minus `b`, None where the rule is about something else."""
        if self.between == (b, a):
            return self.low, self.high
        return (-self.high, -self.low) if self.between == (a, b) else None


def stopped(ratings: Path) -> Stopping | None:
    """The rule of a study and how it ended, None without a rule.

    `ratings`: ratings.csv of an export, beside which stopping.csv and study.json lie. Raises `UserError` if they are
    damaged.
    """
    path = ratings.with_name("stopping.csv")
    if not path.exists():
        return None
    try:
        rule: dict[str, Any] = json.loads(path.with_name("study.json").read_text(encoding="utf-8-sig"))["stops"]
        looks = pd.read_csv(path, keep_default_na=False)
        low, high = map(float, looks[["low", "high"]].iloc[-1]) if len(looks) else (float("nan"), float("nan"))
        return Stopping(
            tuple(rule["between"]), rule["criterion"], float(rule["alpha"]), low, high, _in_words(rule, looks)
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path} or study.json beside it is damaged ({error!r}); {ANEW}") from None


def _in_words(rule: dict[str, Any], looks: pd.DataFrame) -> str:
    """The rule, how it ended, and the interval that holds; `looks`: the rows of stopping.csv."""
    names = list(rule["between"])
    asked = f" ({rule['criterion']})" if rule["criterion"] else ""
    what = f"{names[1]} minus {names[0]}{asked}" if len(names) > 1 else f"the fooling rate of {names[0]} minus 50 %"
    begin = f"This study goes on until a contrast is decided, at most {rule['largest']} volunteers: {what}."
    if looks.empty:
        return f"{begin} Too few volunteers have finished for a first look."
    now, decided = looks.iloc[-1], looks[looks["decision"] != ""]
    end = "It is not decided"
    if len(decided):
        first = decided.iloc[0]
        end = f"It {OUTCOMES[first['decision']].format(first['volunteers'], rule['margin'])}"
    return (
        f"{begin} {end}. After {now['volunteers']} volunteers without those who were flagged it is "
        f"{float(now['contrast']):+.1f} points, {100 * (1 - rule['alpha']):g} % interval "
        f"{float(now['low']):+.1f} to {float(now['high']):+.1f}. "
        "This interval holds although one looked after every volunteer; the other intervals and p values of this "
        "contrast are those of a study whose size was fixed, and too good if it stopped early."
    )
