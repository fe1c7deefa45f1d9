"""The command `huebench score`: measure, print, and write."""

import argparse
import shutil
from pathlib import Path

from huebench.scoring.measures import Evaluator
from huebench.scoring.page import write_page
from huebench.scoring.results import per_image, result_json
from huebench.scoring.run import Scored, journal_of, prepare, work
from huebench.scoring.tables import answers_table, differences_table, scores_table
from pipeline.records.rows import write_json
from pipeline.runtime import distributed
from pipeline.settings.errors import UserError
from pipeline.settings.files import write_whole
from reports.tables.documents import Table
from reports.tables.wording import count
from reports.tables.writers import csv_text, write_table

LONG = 30  # rows of differences that are still printed


def run(arguments: argparse.Namespace) -> None:
    """Everything, on all processes."""
    with distributed.together():
        score(arguments)


def score(arguments: argparse.Namespace) -> None:
    """Measure, print, and write."""
    out: Path | None = arguments.out
    if out is not None and out.exists() and not out.is_dir():
        raise UserError(f"{out} is no folder; name another one after --out.")
    weights = {"alexnet": arguments.alexnet} if arguments.alexnet else {}
    evaluator = Evaluator.load(not arguments.no_reference, arguments.masks is not None, weights)
    task = prepare(arguments.originals, arguments.pictures, evaluator, arguments.masks, arguments.on_wrong_size)
    journal = journal_of(task, out)
    scored = work(task, journal)
    if distributed.rank() > 0:
        return
    tables = tables_of(scored)
    print(text_of(scored, tables))
    if out is not None:
        write(out, scored, tables)
        journal.discard()
        print(f"\nwritten to {out}: per_image.csv, scores.json, index.html and {count(len(tables), 'table')}")


def tables_of(scored: Scored) -> list[Table]:
    """Means, differences and answers, those that there are."""
    made = (scores_table, differences_table, answers_table)
    return [table for make in made if (table := make(scored.rows, scored.measures)) is not None]


def text_of(scored: Scored, tables: list[Table]) -> str:
    """What is printed: tables as wide as the terminal, and what a reader must know of the pictures."""
    width = shutil.get_terminal_size((120, 24)).columns
    parts = ["Means over photographs; in brackets 95 % intervals. Files of --out state each measure's convention."]
    for table in tables:
        if len(table.shown) > LONG:
            parts.append(f"{len(table.shown)} {table.name} are in {table.name}.csv of --out.")
        else:
            parts.append(columns_of(table, width))
        parts += table.notes
    if scored.problems:
        parts.append("\n".join(["About the pictures:", *(f"- {problem}" for problem in scored.problems)]))
    return "\n\n".join(parts)


def columns_of(table: Table, width: int) -> str:
    """A table as text; where it is too wide, its columns in blocks that each begin with the first one."""
    cells = {str(name): [str(name), *table.shown[name]] for name in table.shown}
    widths = {name: max(map(len, column)) for name, column in cells.items()}
    first, *others = cells
    blocks: list[list[str]] = [[first]]
    for name in others:
        if len(blocks[-1]) > 1 and sum(widths[one] + 2 for one in blocks[-1]) + widths[name] > width:
            blocks.append([first])
        blocks[-1].append(name)

    def line(number: int, names: list[str]) -> str:
        shown = (
            cells[name][number].ljust(widths[name]) if name in table.words else cells[name][number].rjust(widths[name])
            for name in names
        )
        return "  ".join(shown).rstrip()

    return "\n\n".join("\n".join(line(number, names) for number in range(len(table.shown) + 1)) for names in blocks)


def write(out: Path, scored: Scored, tables: list[Table]) -> None:
    """Write all files."""
    out.mkdir(parents=True, exist_ok=True)
    write_whole(out / "per_image.csv", csv_text(per_image(scored)))
    for table in tables:
        write_table(table, out)
    write_json(out / "scores.json", result_json(scored, tables))
    write_page(out / "index.html", scored, tables)
