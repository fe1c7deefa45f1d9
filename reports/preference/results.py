"""An export of preferences analysed: its tables and its figure, for the report, or written and said in words."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.settings.errors import UserError
from pipeline.settings.files import whole_folder
from reports.figures.drawing import Plot, save
from reports.figures.theme import MethodStyle, method_styles
from reports.preference.estimates import estimate
from reports.preference.figure import preference_plot
from reports.preference.reading import Preferences, read_preferences
from reports.preference.tables import documents
from reports.study.results import FOLDER
from reports.study.spreadsheet import is_preference
from reports.tables.documents import Table
from reports.tables.writers import write_table

WIDTH = 100  # of the notes, in letters
WINS = "preference_wins"  # its columns are methods
SAID = ("preference_methods", "preference_pairs", "preference_checks")


@dataclass(frozen=True)
class PreferencePage:
    """What the report shows of one study. `title`: of its dataset, "" where that is not known.

    `tables`: by the names that `preference.tables` gives them; without tables and figure `lacks` says why.
    """

    study: Preferences
    title: str
    tables: dict[str, Table]
    plot: Plot | None
    lacks: str = ""

    @property
    def files(self) -> dict[str, Table]:
        """The tables under names that no other study's have."""
        named = {name: f"{name}_{self.study.name}" for name in self.tables}
        return {new: replace(self.tables[name], name=new) for name, new in named.items()}


def read(folder: Path = FOLDER) -> list[Preferences]:
    """Every export of preferences with comparisons below `folder`, by name."""
    found = [read_preferences(path) for path in sorted(folder.glob("*/ratings.csv")) if is_preference(path)]
    return [study for study in found if study]


def preference_page(study: Preferences, titles: Mapping[str, str], styles: Mapping[str, MethodStyle]) -> PreferencePage:
    """All tables and the figure of one study. `titles`: of datasets."""
    title = titles.get(study.dataset, study.dataset)
    if lacks := study.lacks(study.flagged):
        return PreferencePage(study, title, {}, None, lacks)
    everyone = estimate(study.comparisons())
    kept = estimate(study.comparisons(study.flagged)) if study.flagged else everyone
    tables = documents(study, kept, everyone)
    placed = {name: table if name == WINS else _placed(study, title, table) for name, table in tables.items()}
    return PreferencePage(study, title, placed, preference_plot(study, kept, styles))


def _placed(study: Preferences, title: str, table: Table) -> Table:
    """A table whose rows say which study they are of, as those of the other protocols do."""
    about = {"study": study.name, "dataset": title}
    rows = table.rows.assign(**about, simulated=int(study.simulated))
    return replace(table, rows=rows[[*about, *table.rows, "simulated"]])


def analyse_preferences(ratings: Path, to: Path) -> str:
    """Read `ratings.csv`, write tables/ and figures/ below `to`, and return what is printed."""
    study = read_preferences(ratings)
    if study is None:
        return f"{ratings}: nobody has compared two methods yet"
    page = preference_page(study, {}, method_styles(study.methods))
    if page.plot is None:
        raise UserError(f"{ratings}: {page.lacks}")
    with whole_folder(to / "tables") as whole:
        for table in page.tables.values():
            write_table(table, whole)
    with whole_folder(to / "figures") as whole:
        save(page.plot, whole)
    said = _said([page.tables[name] for name in SAID])
    said += [textwrap.fill(study.stopping.told, WIDTH)] if study.stopping else []
    return "\n\n".join([*said, f"tables and figures: {to}"])


def _said(tables: Sequence[Table]) -> list[str]:
    """Tables as text, each with its caption and its notes."""
    parts = []
    for table in tables:
        parts += [table.shown.to_string(index=False), textwrap.fill(table.caption, WIDTH), *table.notes]
    return parts
