"""Writes the answers of a study. Nothing in them identifies a participant.

    python -m study_app.export [study.yaml] [--db sqlite:///study.sqlite3] [--simulated] [--to export] [--parquet]

Reads the database; writes `ratings.csv`, `participants.csv`, `log.csv`, `codebook.csv` and `study.json` below
`export/people` or, with --simulated, `export/simulated`: an export never holds both. If another version's answers lie
there, `export/people-2` (its own version) is taken. Answers that the database does not have are never overwritten. The
same database gives the same bytes. Days are exported, times of the day are not.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select

from pipeline.records.ratings import BestRating, PairRating, Participant, PreferenceRating, Rating
from pipeline.records.rows import write_json, write_rows
from pipeline.settings.errors import run_stage
from pipeline.settings.files import PRIVATE_FILE, private_folder
from study_app.design.places import SEPARATOR, in_places
from study_app.design.stops import Stops
from study_app.design.study import STUDY_FILE, Study, known_as, load_study, public_content
from study_app.export.codebook import Entry, LogLine, LookLine, codebook, rating_record
from study_app.export.places import check_kept, export_folder
from study_app.export.screening import Timing, conduct, median_pace, odd_timings
from study_app.export.showings import begun_showings, seen_at_most
from study_app.export.stopping import counting, look_lines, when_finished
from study_app.storage.database import DEFAULT_URL, Database
from study_app.storage.messages import is_contradictory, is_possible
from study_app.storage.opening import recognised, registered
from study_app.storage.schema import answers, events, log, sessions, trials

# Columns of ratings.csv and of participants.csv that the database has under the same names.
TIMING = ("onset_ms", "offset_ms", "shown_ms", "response_ms", "exposures", "hidden")
IN_TRIAL = (*TIMING, "picture_width", "picture_height", "zoom")
AS_STORED = ("study", "simulated", "trial", "kind", "photograph", "criterion", "value", *IN_TRIAL)
OF_SESSION = ("simulated", "language", "block", "row", "trials", "answered")


@dataclass(frozen=True)
class Export:
    """All rows of one study and one kind of raters, in their final order."""

    ratings: list[Rating]
    participants: list[Participant]
    log: list[LogLine]
    finished: tuple[int, ...] = ()  # participants in the order in which they finished; not exported


@dataclass(frozen=True)
class Person:
    """A session with its answers, by trial, and its row of participants.csv."""

    session: Row[Any]
    ratings: list[Rating]
    participant: Participant


def main() -> None:
    """Read the database, write the files."""
    parser = argparse.ArgumentParser(description="Export the answers of the human study.")
    parser.add_argument("study", nargs="?", type=Path, default=STUDY_FILE)
    parser.add_argument("--db", default=DEFAULT_URL, help="the database's address")
    parser.add_argument("--simulated", action="store_true", help="the answers of simulated raters instead of people's")
    parser.add_argument("--to", type=Path, default=Path("export"), help="folder")
    parser.add_argument("--parquet", action="store_true", help="Parquet files beside the CSV ones, too")
    arguments = parser.parse_args()
    database = Database.with_study(arguments.db)
    database.migrate()
    study = recognised(database, load_study(arguments.study))
    export = gather(database, study, arguments.simulated)
    folder = export_folder(arguments.to, study, arguments.simulated)
    write_export(folder, study, export)
    if arguments.parquet:
        from study_app.export.parquet import write_parquet  # a large library, for this only

        write_parquet(folder, study, export)
    print(f"{len(export.ratings)} answers of {len(export.participants)} participants in {folder}")


def gather(database: Database, study: Study, simulated: bool) -> Export:
    """Read one moment of the database; raises `UserError` if it does not know the study."""
    with database.reading() as connection:
        known = registered(connection, study)
        study = known_as(study, known.digest)
        found = people_of(connection, study, known.id, simulated)
        lines = connection.execute(
            select(log).where(log.c.study_id == known.id, log.c.simulated == simulated).order_by(log.c.id)
        ).all()
    journal = [LogLine(study.digest, simulated, _day(line.at), line.what, line.detail) for line in lines]
    finished = sorted((one.session for one in found if one.session.completed_at is not None), key=when_finished)
    return Export(
        [rating for one in found for rating in one.ratings],
        [one.participant for one in found],
        journal,
        tuple(session.number for session in finished),
    )


def people_of(
    connection: Connection, study: Study, study_id: int, simulated: bool, *which: ColumnElement[bool]
) -> list[Person]:
    """Everybody who has not withdrawn, by number; `which`: conditions on their sessions."""
    mine = (sessions.c.study_id == study_id, sessions.c.simulated == simulated, *which)
    rows = connection.execute(
        select(sessions).where(*mine, sessions.c.withdrawn_at.is_(None)).order_by(sessions.c.number)
    ).all()
    ratings = _ratings(connection, study, simulated, mine)
    checks, received = _checks(connection, mine), _received(connection, mine)
    people = []
    for row in rows:
        own = ratings.get(row.id, [])
        person = _participant(study, row, own, checks.get(row.id, {}), received.get(row.id, {}))
        people.append(Person(row, own, person))
    return people


def write_export(folder: Path, study: Study, export: Export) -> None:
    """Write all files; each is whole or absent, and its owner's alone.

    Raises `UserError` rather than overwrite answers that the export does not hold.
    """
    check_kept(folder, export.ratings, export.log)
    private_folder(folder)
    write_rows(folder / "ratings.csv", rating_record(study), export.ratings, PRIVATE_FILE)
    write_rows(folder / "participants.csv", Participant, export.participants, PRIVATE_FILE)
    write_rows(folder / "log.csv", LogLine, export.log, PRIVATE_FILE)
    if study.stops is not None:
        write_rows(folder / "stopping.csv", LookLine, looks_of(study, study.stops, export), PRIVATE_FILE)
    entries = codebook(rating_record(study), stops=study.stops is not None)
    write_rows(folder / "codebook.csv", Entry, entries, PRIVATE_FILE)
    write_json(folder / "study.json", {"digest": study.digest, **public_content(study)}, PRIVATE_FILE)


def looks_of(study: Study, stops: Stops, export: Export) -> list[LookLine]:
    """The rows of stopping.csv."""
    given = counting(stops, export.ratings, export.participants, export.finished)
    return look_lines(study, stops, any(one.simulated for one in export.participants), given)


def _ratings(connection: Connection, study: Study, simulated: bool, mine: Sequence[Any]) -> dict[int, list[Rating]]:
    """Every session's answers, by trial and by the criteria's order in study.yaml."""
    places = {criterion.name: place for place, criterion in enumerate(study.criteria)}
    query = (
        select(sessions.c.number, trials.c.kind, trials.c.photograph, trials.c.method, trials.c.fault, trials.c.first)
        .add_columns(trials.c.fake_place, trials.c.other, answers)
        .join_from(
            answers, trials, (trials.c.session_id == answers.c.session_id) & (trials.c.position == answers.c.trial)
        )
        .join(sessions, sessions.c.id == answers.c.session_id)
        .where(*mine, answers.c.simulated == simulated)
    )
    rows = sorted(connection.execute(query), key=lambda row: (row.number, row.trial, places[row.criterion]))
    ratings: dict[int, list[Rating]] = defaultdict(list)
    record, begun = rating_record(study), begun_showings(connection, mine)
    for row in rows:
        own: dict[str, Any] = {key: getattr(row, key) for key in AS_STORED}
        if record is PairRating:
            own["fake_place"] = row.fake_place
        elif record is PreferenceRating:
            own |= {"other": row.other, "method_place": row.fake_place}
        method = row.fault or row.method
        if record is BestRating:
            names = in_places(method, row.other, row.fake_place)
            method, own["shown_methods"] = names[row.value], SEPARATOR.join(names)
        counted = begun.get(row.session_id, {}).get(row.trial, ())
        own["showings"] = len(counted) or None  # an answer that an older version took has no count
        own["seen_at_most_ms"] = seen_at_most(counted, row.exposures, row.shown_ms, study.seen_ms)
        ratings[row.session_id].append(
            record(
                version=study.version,
                participant=row.number,
                repeat_of=row.first,
                method=method,
                maximum=study.maximum,
                **own,
            )
        )
    return ratings


def _checks(connection: Connection, mine: Sequence[Any]) -> dict[int, dict[str, dict[str, Any]]]:
    """The last `vision` and `screen` event of every session."""
    query = (
        select(events.c.session_id, events.c.name, events.c.detail)
        .join(sessions, sessions.c.id == events.c.session_id)
        .where(*mine, events.c.name.in_(("vision", "screen")))
        .order_by(events.c.id)
    )
    checks: dict[int, dict[str, dict[str, Any]]] = defaultdict(dict)
    for row in connection.execute(query):
        # What an older version of this program has stored unchecked is unknown.
        detail = {key: value for key, value in json.loads(row.detail).items() if is_possible(row.name, key, value)}
        checks[row.session_id][row.name] = {} if is_contradictory(detail) else detail
    return checks


def _received(connection: Connection, mine: Sequence[Any]) -> dict[int, dict[int, int]]:
    """When the answers of every session's trials arrived, in ms by the server's clock."""
    query = select(answers.c.session_id, answers.c.trial, answers.c.received_at).distinct()
    arrived: dict[int, dict[int, int]] = defaultdict(dict)
    for row in connection.execute(query.join(sessions, sessions.c.id == answers.c.session_id).where(*mine)):
        arrived[row.session_id][row.trial] = row.received_at
    return arrived


def _participant(
    study: Study,
    session: Row[Any],
    ratings: Sequence[Rating],
    checks: Mapping[str, dict[str, Any]],
    received: Mapping[int, int],
) -> Participant:
    screen, vision = checks.get("screen", {}), checks.get("vision", {})
    plates = _number(vision, "right"), _number(vision, "shown")
    read = None if None in plates else (int(plates[0] or 0), int(plates[1] or 0))
    odd = odd_timings(ratings, received, study.seen_ms, study.mask_ms)
    measures = conduct(ratings, read, study.screening, Timing(median_pace(received), study.shortest_ms, odd))
    flags = (*measures.flags, *(("set_aside",) if session.set_aside_at is not None else ()))
    minutes = None if session.completed_at is None else (session.completed_at - session.begun_at) / 60_000
    width, height = _number(screen, "width"), _number(screen, "height")
    step = screen.get("gray_step_seen")
    counts = {rating.trial: rating.showings for rating in ratings if rating.showings is not None}
    return Participant(
        study=study.digest,
        version=study.version,
        participant=session.number,
        begun_on=_day(session.begun_at),
        completed=session.completed_at is not None,
        minutes=minutes,
        window_width=None if width is None else round(width),
        window_height=None if height is None else round(height),
        zoom=_number(screen, "zoom"),
        gray_step_seen=step if isinstance(step, bool) else None,
        plates_right=None if plates[0] is None else int(plates[0]),
        plates_shown=None if plates[1] is None else int(plates[1]),
        **{key: getattr(session, key) for key in OF_SESSION},
        **{**vars(measures), "flags": ";".join(flags)},
        begun_again=sum(count > 1 for count in counts.values()) if counts else None,
        set_aside=session.set_aside or "",
        place_lost=session.lapsed,
    )


def _number(detail: Mapping[str, Any], key: str) -> float | None:
    value = detail.get(key)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _day(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).date().isoformat()


if __name__ == "__main__":
    run_stage(main)
