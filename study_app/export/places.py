"""Where an export goes. It never takes the place of answers that it does not hold."""

import csv
import json
from collections.abc import Iterable
from pathlib import Path

from pipeline.records.ratings import Rating
from pipeline.settings.errors import UserError
from study_app.design.study import Study
from study_app.export.codebook import LogLine

KINDS = {False: "people", True: "simulated"}  # by whether programs answered
Given = dict[tuple[int, int, str], int]  # (participant, trial, criterion) -> answer


def export_folder(root: Path, study: Study, simulated: bool) -> Path:
    """`people` or `simulated` below `root`; if another study lies there, the same with the version, say `people-2`.

    Raises `UserError` if that is another study's, too.
    """
    plain = root / KINDS[simulated]
    numbered = plain.with_name(f"{plain.name}-{study.version}")
    free = [folder for folder in (numbered, plain) if _digest(folder) == study.digest]
    free += [folder for folder in (plain, numbered) if _digest(folder) is None]
    if not free:
        raise UserError(f"{plain} and {numbered} hold the answers of other studies; name another folder with --to.")
    return free[0]


def check_kept(folder: Path, ratings: Iterable[Rating], log: Iterable[LogLine]) -> None:
    """Raise `UserError` if `folder` holds answers that are not among `ratings`, and that nobody has withdrawn."""
    before = _given(folder / "ratings.csv")
    now = {(one.participant, one.trial, one.criterion): one.value for one in ratings}
    withdrawn = {json.loads(line.detail)["participant"] for line in log if line.what == "withdrawal"}
    lost = [key for key, value in before.items() if now.get(key) != value and key[0] not in withdrawn]
    if lost:
        raise UserError(
            f"{folder} holds {len(lost)} answers that this database does not have; is it the right --db? "
            "To keep both, name another folder with --to."
        )


def _digest(folder: Path) -> str | None:
    """The digest of the study whose answers lie in `folder`; "" if nobody can tell, None if there are none."""
    if not (folder / "ratings.csv").exists():
        return None
    try:
        return str(json.loads((folder / "study.json").read_text(encoding="utf-8"))["digest"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _given(path: Path) -> Given:
    if not path.exists():
        return {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        return {(int(row["participant"]), int(row["trial"]), row["criterion"]): int(row["value"]) for row in rows}
    except (KeyError, TypeError, ValueError):
        raise UserError(f"{path} is no export of this program; name another folder with --to.") from None
