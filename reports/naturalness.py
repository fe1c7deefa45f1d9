"""What people say: from an export of the human study to Table 2, Figure 5, tests, agreement and a screening report.

    python -m reports.naturalness ratings.csv [--to reports/build/naturalness] [--seed 0]

Reads the file and, beside it, participants.csv and study.json where they are (`python -m study_app.export` writes all
three). Writes below --to: tables/ (CSV, Markdown, LaTeX) and figures/ (PNG, PDF). Prints Table 2 and the primary
differences. What lies in ratings/<study>/ is part of the report (`reports.build`) without being named.
"""

import argparse
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipeline import layout
from pipeline.errors import run_stage
from pipeline.files import whole_folder, write_whole
from pipeline.layout import BUILD
from reports.documents import Table
from reports.figures import Plot, save
from reports.inputs import Split
from reports.naturalness_plots import plots
from reports.naturalness_tables import NONE_YET, placed
from reports.published import PublishedTable2, load_published
from reports.rater_tables import documents
from reports.ratings import Ratings, read_ratings, read_studies
from reports.results import read_record
from reports.theme import Look, method_looks
from reports.votes import EXPLORATORY, Naturalness, analyse, per_image
from reports.writers import csv_text, write_table

FOLDER = Path("ratings")
WIDTH = 100  # of the notes, in letters


@dataclass(frozen=True)
class StudyPage:
    """What the report shows of one study. `plots`: Figure 5, differences, how raters behaved."""

    study: Naturalness
    tables: dict[str, Table]
    plots: list[Plot]


def main() -> None:
    """Analyse one export."""
    parser = argparse.ArgumentParser(description="Analyse the answers of the human study.")
    parser.add_argument("ratings", type=Path, help="ratings.csv of an export")
    parser.add_argument("--to", type=Path, default=BUILD / "naturalness", help="folder")
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap")
    arguments = parser.parse_args()
    ratings = read_ratings(arguments.ratings)
    if ratings is None:
        print(NONE_YET)
        return
    study = analyse(ratings, titles_of([ratings]), arguments.seed)
    page = study_page(study, load_published().table2, method_looks(ratings.methods), arguments.seed)
    write(page, arguments.to)
    print(told(page.tables))
    print(f"\ntables and figures: {arguments.to}")


def read(titles: Mapping[str, str], seed: int, folder: Path = FOLDER) -> list[Naturalness]:
    """The analyses of all exports below `folder`; [] while nobody has answered. `titles`: of datasets, for tables."""
    found = read_studies(folder)
    return [analyse(ratings, titles_of(found) | dict(titles), seed) for ratings in found]


def titles_of(found: Sequence[Ratings]) -> dict[str, str]:
    """How tables name the datasets of some studies, as far as these are packed here."""
    summaries = {one.dataset: layout.pack(one.dataset, "val") / "summary.json" for one in found if one.dataset}
    return {dataset: read_record(path, Split).title for dataset, path in summaries.items() if path.exists()}


def study_page(study: Naturalness, published: PublishedTable2, looks: Mapping[str, Look], seed: int) -> StudyPage:
    """All tables and figures of one study."""
    return StudyPage(study, documents([study], published, seed), plots(study, published, looks))


def write(page: StudyPage, folder: Path) -> None:
    """Write all tables and figures of one study; each folder is whole or as it was."""
    with whole_folder(folder / "tables") as whole:
        for table in page.tables.values():
            write_table(table, whole)
        write_whole(whole / "naturalness_images.csv", images_text([page.study]))
    with whole_folder(folder / "figures") as whole:
        for plot in page.plots:
            save(plot, whole)


def images_text(studies: Sequence[Naturalness]) -> str:
    """The percentages of every photograph, method and criterion as CSV."""
    tables = []
    for study in studies:
        table = per_image(study.kept)
        criteria = list(study.kept.criteria)
        tables.append(placed(study, table.assign(**{name: 100 * table[name] for name in criteria})))
    return csv_text(pd.concat(tables))


def told(tables: Mapping[str, Table]) -> str:
    """Table 2 and the differences of the primary family as plain text."""
    table2, contrasts = tables["table2"], tables["naturalness_contrasts"]
    primary = contrasts.shown[(contrasts.rows["family"] != EXPLORATORY).to_numpy()]
    parts = [table2.shown.to_string(index=False), table2.caption, *table2.notes]
    parts += [primary.to_string(index=False), contrasts.caption, *contrasts.notes]
    return "\n\n".join(part if "\n" in part else textwrap.fill(part, WIDTH) for part in parts)


if __name__ == "__main__":
    run_stage(main)
