"""What an export says of a study that stops by itself once a contrast is decided (`stops` in study.yaml)."""

import json
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


def stopped(ratings: Path) -> str:
    """The rule, how it ended, and the interval that holds although one has looked again and again; "" without a rule.

    `ratings`: ratings.csv of an export, beside which stopping.csv and study.json lie. Raises `UserError` if they are
    damaged.
    """
    path = ratings.with_name("stopping.csv")
    if not path.exists():
        return ""
    try:
        rule: dict[str, Any] = json.loads(path.with_name("study.json").read_text(encoding="utf-8-sig"))["stops"]
        looks = pd.read_csv(path, keep_default_na=False)
        decided = looks[looks["decision"] != ""]
        names = list(rule["between"])
        asked = f" ({rule['criterion']})" if rule["criterion"] else ""
        what = f"{names[1]} minus {names[0]}{asked}" if len(names) > 1 else f"the fooling rate of {names[0]} minus 50 %"
        begin = f"This study goes on until a contrast is decided, at most {rule['largest']} volunteers: {what}."
        if looks.empty:
            return f"{begin} Too few volunteers have finished for a first look."
        now = looks.iloc[-1]
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
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path} or study.json beside it is damaged ({error!r}); {ANEW}") from None
