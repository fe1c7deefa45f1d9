"""What people say: from an export of the human study to Table 2, Figure 5, tests, agreement and a screening report.

    python -m reports.ratings ratings.csv [--to results/report/naturalness] [--seed 0]

Reads the file and, beside it, participants.csv and study.json where they are (`python -m study_app.export` writes all
three). Writes below --to: tables/ (CSV, Markdown, LaTeX) and figures/ (PNG, PDF). Prints Table 2 and the primary
differences. What lies in ratings/<study>/ is part of the report (`reports.build`) without being named.
"""

import argparse
import textwrap
from pathlib import Path

from pipeline.settings.errors import run_stage
from pipeline.settings.paths import BUILD
from reports.figures.theme import method_styles
from reports.plan.published import load_published
from reports.study.export import read_ratings
from reports.study.results import StudyPage, study_page, titles_of, write
from reports.study.votes import EXPLORATORY, analyse

WIDTH = 100  # of the notes, in letters


def main() -> None:
    """Analyse one export."""
    parser = argparse.ArgumentParser(description="Analyse the answers of the human study.")
    parser.add_argument("ratings", type=Path, help="ratings.csv of an export")
    parser.add_argument("--to", type=Path, default=BUILD / "naturalness", help="folder")
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap")
    arguments = parser.parse_args()
    ratings = read_ratings(arguments.ratings)
    if ratings is None:
        print(f"{arguments.ratings}: nobody has rated a method yet")
        return
    study = analyse(ratings, titles_of([ratings]), arguments.seed)
    page = study_page(study, load_published(), method_styles(ratings.methods), arguments.seed)
    write(page, arguments.to)
    print(in_words(page))
    print(f"\ntables and figures: {arguments.to}")


def in_words(page: StudyPage) -> str:
    """The means and the differences of the primary family as plain text; without these, means with flagged raters."""
    means, contrasts = page.means, page.differences
    parts = [means.shown.to_string(index=False), means.caption, *means.notes]
    if contrasts:
        primary = contrasts.shown[(contrasts.rows["family"] != EXPLORATORY).to_numpy()]
        parts += [primary.to_string(index=False), contrasts.caption, *contrasts.notes]
    else:
        parts += [page.tables["sensitivity"].shown.to_string(index=False), page.tables["sensitivity"].caption]
    return "\n\n".join(part if "\n" in part else textwrap.fill(part, WIDTH) for part in parts)


if __name__ == "__main__":
    run_stage(main)
