"""Measure finished pictures: folders or zips of colorizations beside the folder of their photographs.

    huebench score originals/ mine/ theirs/
    huebench score originals/ mine.zip theirs/ --out scores/
    huebench score gray/ mine/ theirs/ --no-reference
    torchrun --nproc-per-node 8 -m huebench.score_folders originals/ mine/ theirs/ --out scores/

Each folder is one method and is called by its name. A picture is its photograph's if it has the same name, whatever its
suffix and however deep it lies; name@1.png, name@2.png ... are several answers for one photograph. What is missing,
damaged, turned, of another size or of no photograph is named and left out. Prints one table: the mean over photographs
of every measure with its 95 % interval; and for two or more methods their differences on the same photographs.

--out writes per_image.csv (a row a picture), the tables as CSV, Markdown and LaTeX, scores.json, and index.html, a page
with the pictures. A run that is killed goes on where it was when the same command is given again.
"""

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
from pipeline.settings.errors import UserError, run_stage
from pipeline.settings.files import write_whole
from reports.tables.documents import Table
from reports.tables.wording import count
from reports.tables.writers import csv_text, write_table

LONG = 30  # rows of differences that are still printed


def main() -> None:
    """Score folders."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("originals", type=Path, help="the photographs: a folder or zip")
    parser.add_argument("pictures", type=Path, nargs="+", help="what methods made of them: a folder or zip for each")
    parser.add_argument(
        "--no-reference", action="store_true", help="the photographs are grey: nothing has true colours"
    )
    parser.add_argument("--masks", type=Path, help="class masks as PNG, of the photographs' names: adds edge bleeding")
    parser.add_argument(
        "--on-wrong-size", choices=("leave-out", "resize"), default="leave-out", help="pictures of another size"
    )
    parser.add_argument("--alexnet", metavar="FILE", help="AlexNet's weights, for LPIPS; else those of PyTorch's cache")
    parser.add_argument("--out", type=Path, help="the folder to write everything to")
    arguments = parser.parse_args()
    with distributed.together():
        run(arguments)


def run(arguments: argparse.Namespace) -> None:
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
    measures = scored.task.evaluator.measures
    made = (scores_table, differences_table, answers_table)
    return [table for make in made if (table := make(scored.rows, measures)) is not None]


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
    cells = {name: [name, *table.shown[name]] for name in table.shown}
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


if __name__ == "__main__":
    run_stage(main)
