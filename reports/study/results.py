"""The results of the human study: every export below ratings/ analysed, its tables and figures written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipeline.settings import paths
from pipeline.settings.files import whole_folder, write_whole
from reports.figures.drawing import Plot, save
from reports.figures.theme import MethodStyle
from reports.inputs.files import read_record
from reports.inputs.scores import Split
from reports.plan.published import Published
from reports.study.export import Protocol, Ratings, answer_to, read_studies
from reports.study.plots import plots
from reports.study.rater_tables import documents
from reports.study.tables import COMMON, CONTRASTS, placed
from reports.study.votes import Analysis, analyse, per_image
from reports.tables.documents import Table
from reports.tables.writers import csv_text, write_table

FOLDER = Path("ratings")


@dataclass(frozen=True)
class StudyPage:
    """What the report shows of one study. `drawn`: its figures by name, as far as there are votes for them."""

    study: Analysis
    tables: dict[str, Table]
    drawn: dict[str, Plot]

    @property
    def means(self) -> Table:
        """The first table: what each method got."""
        return next(self.tables[name] for name in ("table2", "fooling", "means") if name in self.tables)

    @property
    def differences(self) -> Table | None:
        """The table of differences between methods, None where there are fewer than two."""
        return self.tables.get(CONTRASTS[self.study.ratings.protocol])

    @property
    def plots(self) -> list[Plot]:
        """The figures to save as files."""
        return list(self.drawn.values())


def read(titles: Mapping[str, str], seed: int, folder: Path = FOLDER) -> list[Analysis]:
    """The analyses of all exports below `folder`; [] while nobody has answered. `titles`: of datasets, for tables."""
    found = read_studies(folder)
    return [analyse(ratings, titles_of(found) | dict(titles), seed) for ratings in found]


def titles_of(found: Sequence[Ratings]) -> dict[str, str]:
    """The titles of the datasets of some studies, as far as they are packed here."""
    datasets = {ratings.dataset for ratings in found} - {""}
    summaries = {dataset: paths.pack(dataset, "val") / "summary.json" for dataset in sorted(datasets)}
    return {dataset: read_record(path, Split).title for dataset, path in summaries.items() if path.exists()}


def study_page(study: Analysis, published: Published, styles: Mapping[str, MethodStyle], seed: int) -> StudyPage:
    """All tables and figures of one study."""
    return StudyPage(study, documents([study], published, seed), plots(study, published, styles))


def write(page: StudyPage, folder: Path) -> None:
    """Write all tables and figures of one study; each folder is whole or as it was."""
    with whole_folder(folder / "tables") as whole:
        for table in page.tables.values():
            write_table(table, whole)
        for name, text in images_texts([page.study]).items():
            write_whole(whole / name, text)
    with whole_folder(folder / "figures") as whole:
        for plot in page.plots:
            save(plot, whole)


def images_texts(studies: Sequence[Analysis]) -> dict[str, str]:
    """The files with the mean answers to single pictures, one for each protocol, and what is in them."""
    names: dict[Protocol, str] = {"naturalness": "naturalness_images.csv", "pairs": "fooling_images.csv"}
    names["other"] = "images.csv"
    files = {name: [study for study in studies if study.ratings.protocol == one] for one, name in names.items()}
    return {name: images_text(of) for name, of in files.items() if of}


def images_text(studies: Sequence[Analysis]) -> str:
    """The mean answers in per cent of every photograph, method and criterion, as CSV."""
    tables = []
    for study in studies:
        table = per_image(study.kept)
        taken = {*table, *COMMON, "simulated"}
        names = {answer_to(name): f"{name} (criterion)" if name in taken else name for name in study.kept.criteria}
        percent = table.assign(**{column: 100 * table[column] for column in names})
        tables.append(placed(study, percent).rename(columns=names))
    return csv_text(pd.concat(tables))
