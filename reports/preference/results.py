"""An export of preferences analysed: its tables and its figure written, and said in words."""

import textwrap
from pathlib import Path

from pipeline.settings.files import whole_folder
from reports.figures.drawing import save
from reports.figures.theme import method_styles
from reports.preference.estimates import estimate
from reports.preference.figure import preference_plot
from reports.preference.reading import read_preferences
from reports.preference.tables import documents
from reports.tables.writers import write_table

WIDTH = 100  # of the notes, in letters
SAID = ("preference_methods", "preference_pairs", "preference_checks")


def analyse_preferences(ratings: Path, to: Path) -> str:
    """Read `ratings.csv`, write tables/ and figures/ below `to`, and return what is printed."""
    study = read_preferences(ratings)
    if study is None:
        return f"{ratings}: nobody has compared two methods yet"
    everyone = estimate(study.comparisons())
    kept = estimate(study.comparisons(study.flagged)) if study.flagged else everyone
    tables = documents(study, kept, everyone)
    with whole_folder(to / "tables") as whole:
        for table in tables.values():
            write_table(table, whole)
    with whole_folder(to / "figures") as whole:
        save(preference_plot(study, kept, method_styles(study.methods)), whole)
    parts = []
    for name in SAID:
        table = tables[name]
        parts += [table.shown.to_string(index=False), textwrap.fill(table.caption, WIDTH), *table.notes]
    return "\n\n".join([*parts, f"tables and figures: {to}"])
