"""Says for each row of a recruitment platform's own export what has become of that volunteer.

    python -m study_app.payments prolific_export.csv [--study study.yaml] [--db ...] [--stimuli stimuli] [--column NAME]

Writes the file's rows with four columns more: `huebench_state` (finished, flagged, set aside, unfinished, withdrawn, or
not here), how many pictures are answered, of how many, and which rules of study.yaml were broken. The database knows
digests of the ids only; nothing else of an answer leaves it.
"""

import argparse
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import Row, select

from pipeline.settings.errors import UserError, run_stage
from pipeline.settings.files import PRIVATE_FILE
from study_app.design.recruitment import recruited_digest
from study_app.design.study import STUDY_FILE, Study, load_study
from study_app.export.tables import gather
from study_app.stimuli.manifest import STIMULI, load_secret
from study_app.storage.database import DEFAULT_URL, Database
from study_app.storage.opening import recognised, registered
from study_app.storage.schema import sessions

# What the platforms call the column of ids in their exports; spaces, dashes and case make no difference.
COLUMNS = ("participantid", "prolificpid", "workerid", "invitation")
STATES = ("finished", "flagged", "set aside", "unfinished", "withdrawn", "not here")


@dataclass(frozen=True)
class Outcome:
    """What has become of a volunteer. `rules`: those of study.yaml that were broken, or why it was set aside."""

    state: str = "not here"
    answered: int = 0
    trials: int = 0
    rules: str = ""


def main() -> None:
    """Read the platform's file, write it again with what is known."""
    parser = argparse.ArgumentParser(description="Say for each row of a platform's export who has finished the study.")
    parser.add_argument("file", type=Path, help="CSV, as the platform exports it")
    parser.add_argument("--study", type=Path, default=STUDY_FILE)
    parser.add_argument("--db", default=DEFAULT_URL, help="the database's address")
    parser.add_argument("--stimuli", type=Path, default=STIMULI, help="folder that `study_app.stimuli` has written")
    parser.add_argument("--column", help="the column of ids; by default it is found by the platforms' names for it")
    parser.add_argument(
        "--to", type=Path, help="file to write; by default beside the first, with -payments in its name"
    )
    parser.add_argument("--simulated", action="store_true", help="simulated raters instead of people")
    arguments = parser.parse_args()
    table = read_table(arguments.file)
    column = id_column(table, arguments.column, arguments.file)
    target = arguments.to or arguments.file.with_name(f"{arguments.file.stem}-payments.csv")
    if target.resolve() == arguments.file.resolve():
        raise UserError(f"--to {target} would overwrite the platform's own file; name another.")
    database = Database.with_study(arguments.db)
    database.migrate()
    study = recognised(database, load_study(arguments.study))
    if study.recruitment is None:
        raise UserError(f"{arguments.study} has no recruitment, so the database knows nobody by an id.")
    secret = load_secret(arguments.stimuli)
    known = outcomes(database, study, arguments.simulated)
    database.close()
    digests = [recruited_digest(secret, text.strip()) for text in table[column]]
    found = [known.get(one, Outcome()) for one in digests]
    write_table(table, found, target)
    counts = Counter(one.state for one in found)
    print(", ".join(f"{counts[state]} {state}" for state in STATES if counts[state]) or "no rows")
    print(f"{len(set(known) - set(digests))} who have begun are not in the file; {target} is written")


def read_table(file: Path) -> pd.DataFrame:
    """All columns as text; raises `UserError` for what is no CSV with a header."""
    try:
        return pd.read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except FileNotFoundError:
        raise UserError(f"there is no file {file}.") from None
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise UserError(f"{file} cannot be read as CSV ({' '.join(str(error).split())}).") from None


def id_column(table: pd.DataFrame, wanted: str | None, file: Path) -> str:
    """The name of the column of ids; raises `UserError` if there is none."""
    columns = ", ".join(map(repr, table.columns))
    if wanted is not None:
        if wanted not in table.columns:
            raise UserError(f"{file} has no column {wanted!r}; it has {columns}.")
        return wanted
    plain = {"".join(filter(str.isalnum, str(name))).lower(): str(name) for name in table.columns}
    found = [plain[name] for name in COLUMNS if name in plain]
    if not found:
        raise UserError(f"{file} has no column of ids that is known by name; give --column, one of {columns}.")
    return found[0]


def outcomes(database: Database, study: Study, simulated: bool) -> dict[str, Outcome]:
    """What has become of everybody who came with an id, by the digest of it."""
    flags = {one.participant: one.flags for one in gather(database, study, simulated).participants}
    with database.reading() as connection:
        mine = (sessions.c.study_id == registered(connection, study).id, sessions.c.simulated == simulated)
        rows = connection.execute(select(sessions).where(*mine, sessions.c.recruited.is_not(None))).all()
    return {row.recruited: _outcome(row, flags) for row in rows}


def _outcome(session: Row[Any], flags: Mapping[int, str]) -> Outcome:
    count = (session.answered, session.trials)
    if session.withdrawn_at is not None:
        return Outcome("withdrawn")
    if session.set_aside_at is not None:
        return Outcome("set aside", *count, session.set_aside)
    if session.completed_at is None:
        return Outcome("unfinished", *count)
    rules = flags.get(session.number, "")
    return Outcome("flagged" if rules else "finished", *count, rules)


def write_table(table: pd.DataFrame, found: list[Outcome], target: Path) -> None:
    """The platform's rows and what is known of each, in a file that is its owner's alone."""
    target.touch(PRIVATE_FILE)
    target.chmod(PRIVATE_FILE)
    own = pd.DataFrame(found, columns=["state", "answered", "trials", "rules"]).add_prefix("huebench_")
    pd.concat([table.reset_index(drop=True), own], axis=1).to_csv(target, index=False)


if __name__ == "__main__":
    run_stage(main)
