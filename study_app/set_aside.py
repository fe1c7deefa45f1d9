"""Sets sessions of the study aside, say those of a program, and opens their places again.

    python -m study_app.set_aside 7 12-31 --reason "answers of a program" [--study study.yaml] [--db ...] [--simulated]
    python -m study_app.set_aside --flagged --reason "broke a screening rule"
    python -m study_app.set_aside 7 --back

Their answers are kept. An export marks them in `participants.csv` and names the reason in `log.csv`; the report leaves
them out, as it does all who are flagged.
"""

import argparse
from pathlib import Path

from pipeline.settings.errors import UserError, run_stage
from study_app.design.study import STUDY_FILE, Study, load_study
from study_app.export.tables import gather
from study_app.storage.database import DEFAULT_URL, Database
from study_app.storage.opening import registered
from study_app.storage.set_aside import bring_back, parse_numbers, set_aside
from study_app.storage.store import wall_clock


def main() -> None:
    """Set aside, or bring back."""
    parser = argparse.ArgumentParser(description="Set sessions of the human study aside, and open their places again.")
    parser.add_argument("participants", nargs="*", help="their numbers in participants.csv, say 7 or 12-31")
    parser.add_argument("--flagged", action="store_true", help="all who have finished and broken a screening rule")
    parser.add_argument("--reason", default="", help="why; part of every export")
    parser.add_argument("--back", action="store_true", help="bring them back instead")
    parser.add_argument("--study", type=Path, default=STUDY_FILE)
    parser.add_argument("--db", default=DEFAULT_URL, help="the database's address")
    parser.add_argument("--simulated", action="store_true", help="simulated raters instead of people")
    arguments = parser.parse_args()
    if arguments.flagged == bool(arguments.participants):
        raise UserError("name participants, say 7 or 12-31, or give --flagged for all that break a screening rule.")
    numbers = parse_numbers(arguments.participants)
    if arguments.back == bool(arguments.reason.strip()):
        raise UserError("give --reason TEXT to set participants aside, or --back to bring them back.")
    study, database = load_study(arguments.study), Database.with_study(arguments.db)
    database.migrate()
    with database.reading() as connection:
        study_id = registered(connection, study).id
    mine = (arguments.simulated, wall_clock())
    if arguments.flagged:
        numbers = flagged(database, study, arguments.simulated)
    if arguments.back:
        done = bring_back(database, study_id, numbers, *mine)
    else:
        done = set_aside(database, study_id, numbers, arguments.reason, *mine)
    database.close()
    words = "brought back" if arguments.back else "set aside"
    print(f"{words}: {', '.join(map(str, done)) or 'nobody, that was so already'}")


def flagged(database: Database, study: Study, simulated: bool) -> list[int]:
    """The participants who have finished and broken a rule of study.yaml."""
    people = gather(database, study, simulated).participants
    return [one.participant for one in people if one.completed and set(one.flags.split(";")) - {"", "set_aside"}]


if __name__ == "__main__":
    run_stage(main)
