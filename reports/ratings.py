"""What people say: from the ratings of a study to tables, figures, tests, agreement and a screening report.

    python -m reports.ratings ratings.csv [--to results/report/naturalness] [--seed 0]
    python -m reports.ratings theirs.csv [--mapping theirs.yaml] [--rater NAME] [--value NAME] [--scale WORST BEST] ...

Of an export of `python -m study_app.export`, of single pictures or of pairs, it reads the file and, beside it,
participants.csv and study.json where they are. Any other CSV with a row for each answer is somebody else's ratings:
its columns are found by common names, or named by flags or in a YAML file (docs/ratings.md).
Writes below --to: tables/ (CSV, Markdown, LaTeX) and figures/ (PNG, PDF). Prints the means and the primary differences.
What lies in ratings/<study>/ is part of the report (`reports.build`) without being named, if it is an export.
"""

import argparse
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.settings.errors import run_stage
from pipeline.settings.paths import BUILD
from reports.figures.theme import method_styles
from reports.plan.published import load_published
from reports.preference.results import analyse_preferences
from reports.study.export import Ratings, is_export, read_ratings
from reports.study.others.answers import read_others
from reports.study.others.columns import ROLES, Columns, load_columns
from reports.study.results import StudyPage, study_page, titles_of, write
from reports.study.spreadsheet import is_preference
from reports.study.votes import EXPLORATORY, analyse

WIDTH = 100  # of the notes, in letters
FLAGS = (*ROLES, "pattern", "asked", "reference", "name")  # each the key of the YAML file with this name


def main() -> None:
    """Analyse one file."""
    arguments = _arguments()
    if is_preference(arguments.ratings):
        print(analyse_preferences(arguments.ratings, arguments.to))
        return
    ratings = read(arguments)
    if ratings is None:
        print(f"{arguments.ratings}: nobody has rated a method yet")
        return
    study = analyse(ratings, titles_of([ratings]), arguments.seed)
    page = study_page(study, load_published(), method_styles(ratings.methods), arguments.seed)
    write(page, arguments.to)
    print(in_words(page))
    print(f"\ntables and figures: {arguments.to}")


def read(arguments: argparse.Namespace) -> Ratings | None:
    """The ratings of the file: an export of ours, unless a mapping or a flag says that it is somebody else's."""
    flags: dict[str, Any] = {name: getattr(arguments, name) for name in FLAGS if getattr(arguments, name)}
    if arguments.scale:
        flags["scale"] = tuple(arguments.scale)
    if not flags and not arguments.mapping and is_export(arguments.ratings):
        return read_ratings(arguments.ratings)
    columns = load_columns(arguments.mapping) if arguments.mapping else Columns()
    return read_others(arguments.ratings, replace(columns, **flags))


def in_words(page: StudyPage) -> str:
    """The means and the differences of the primary family as plain text; without these, means with flagged raters."""
    means, contrasts = page.means, page.differences
    parts = [means.shown.to_string(index=False), means.caption, *means.notes]
    if contrasts:
        primary = contrasts.shown[(contrasts.rows["family"] != EXPLORATORY).to_numpy()]
        parts += [primary.to_string(index=False), contrasts.caption, *contrasts.notes]
    else:
        parts += [page.tables["sensitivity"].shown.to_string(index=False), page.tables["sensitivity"].caption]
        parts += [page.study.ratings.stopping.told] if page.study.ratings.stopping else []
    return "\n\n".join(part if "\n" in part else textwrap.fill(part, WIDTH) for part in parts)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Analyse the ratings of a study, ours or somebody else's.")
    parser.add_argument("ratings", type=Path, help="ratings.csv of an export, or any CSV with a row for each answer")
    parser.add_argument("--to", type=Path, default=BUILD / "naturalness", help="folder")
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap")
    theirs = parser.add_argument_group("somebody else's ratings", "what is not named is looked for by common names")
    theirs.add_argument("--mapping", type=Path, help="a YAML file with these names and more; flags go before it")
    for role in ROLES:
        theirs.add_argument(f"--{role.replace('_', '-')}", metavar="COLUMN", help=f"column of the {role}")
    theirs.add_argument(
        "--pattern", help="regular expression with (?P<photograph>...) and (?P<method>...) of a picture"
    )
    theirs.add_argument("--asked", metavar="NAME", help="the criterion, where no column names it")
    theirs.add_argument("--scale", nargs=2, type=float, metavar=("WORST", "BEST"), help="by default that of the values")
    theirs.add_argument("--reference", metavar="METHOD", help="what all other methods are compared with")
    theirs.add_argument("--name", help="of the study")
    return parser.parse_args()


if __name__ == "__main__":
    run_stage(main)
