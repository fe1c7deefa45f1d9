"""What lies beside the ratings of an export: who took part, and the study itself."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.records.ratings import FLAGS, Participant
from pipeline.settings.errors import UserError
from reports.study.spreadsheet import ANEW, NOTHING, read_sheet


def participants_of(path: Path, answers: pd.DataFrame) -> pd.DataFrame:
    """The rows of participants.csv, as `Participant`; raises `UserError` unless they are of the same export."""
    participants = read_sheet(path, Participant)
    participants["flags"] = [_flags(cell, path, line) for line, cell in participants["flags"].items()]
    first = answers.iloc[0]
    same = (participants["study"] == first["study"]) & (participants["simulated"] == first["simulated"])
    strangers = set(answers["participant"]) - set(participants["participant"])
    if not same.all() or strangers or participants["participant"].duplicated().any():
        raise UserError(f"{path} and {path.with_name('ratings.csv')} are not of one export; {ANEW}")
    return participants.reset_index(drop=True)


def _flags(cell: str, path: Path, line: Any) -> str:
    """The broken rules, joined by `;`."""
    if cell.casefold() in NOTHING:
        return ""
    flags = [flag.strip().casefold() for flag in cell.split(";")]
    if unknown := [flag for flag in flags if flag not in FLAGS]:
        raise UserError(
            f"{path}, line {line}, column flags: found {unknown[0]!r}, but the rules are {', '.join(FLAGS)}; {ANEW}"
        )
    return ";".join(flags)


def settings_of(path: Path, answers: pd.DataFrame) -> dict[str, Any]:
    """What study.json says: `dataset`, `criteria`, `methods` and `rules`, empty without the file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig")) if path.exists() else {}
        if path.exists() and content.get("digest") != answers["study"].iloc[0]:
            raise UserError(f"{path} is of another study than the ratings beside it; {ANEW}")
        return {
            "dataset": content.get("dataset", ""),
            "criteria": [criterion["name"] for criterion in content.get("criteria", [])],
            "methods": list(content.get("methods", [])),
            "rules": dict(content.get("screening", {})),
        }
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path} is damaged ({error!r}); {ANEW}") from None
