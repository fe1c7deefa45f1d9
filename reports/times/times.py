"""How long every method takes on this machine, as a table outside of the report.

DVC records the digest of every file that a stage writes: the same code and data must give the same bytes. No two runs
take equally long, so times are no output of a stage. `colorize` leaves them in .scratch/runs, and `reports.summary`
gathers them after `dvc repro`. The report only links to their page.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from pipeline.records.rows import write_rows
from pipeline.settings import paths
from pipeline.settings.files import write_whole
from reports.plan.published import PublishedSizes
from reports.tables.wording import integer, number

HEADINGS = ("method", "ms an image", "published", "parameters", "MB")
CONVENTION = (
    "ms an image: the method alone, all validation photographs together, without reading photographs and writing "
    "pictures; a dash: not measured here, or made elsewhere. MB: the file of weights, decimal."
)
NOWHERE = "not measured here"
STYLE = Path(__file__).parents[1] / "page" / "report.css"
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Huebench times</title>
<style>
{style}
</style>
</head>
<body>
<header>
  <p class="brand">Huebench</p>
  <h1>How long does it take?</h1>
  <p class="lead">Measured on one machine, and no part of <a href="index.html">the report</a>.</p>
</header>
<main>
{sections}
<p class="caption">{notes}</p>
</main>
</body>
</html>
"""


@dataclass(frozen=True)
class Time:
    """One method's time on one dataset; None where it was not measured. `dataset`: its title."""

    dataset: str
    method: str
    device: str
    milliseconds: float | None
    published_milliseconds: float | None
    parameters: int | None
    weights_megabytes: float | None

    @property
    def cells(self) -> tuple[str, ...]:
        """As people read it, under `HEADINGS`."""
        return (
            self.method,
            number(self.milliseconds, 1),
            "-" if self.published_milliseconds is None else f"{self.published_milliseconds:g}",
            integer(self.parameters),
            number(self.weights_megabytes, 1),
        )


def read_times(methods: Iterable[Mapping[str, str]], published: PublishedSizes) -> list[Time]:
    """The times of a report's methods, given as the rows of its `methods.csv`, in their order."""
    return [read_time(row, published) for row in methods]


def read_time(row: Mapping[str, str], published: PublishedSizes) -> Time:
    """One method's time; None without a whole record of its run, as where the pictures come from DVC's cache."""
    path = paths.RUNS / f"colorize-{row['dataset_name']}-{row['method']}.json"
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
        seconds, device = run["method_seconds_per_image"], run["device"]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        seconds, device = None, NOWHERE
    size = published.rows.get(row["method"])
    return Time(
        dataset=row["dataset"],
        method=row["method"],
        device=device,
        milliseconds=None if seconds is None else 1000 * seconds,
        published_milliseconds=None if size is None else size.milliseconds,
        parameters=int(row["parameters"]) if row["parameters"] else None,
        weights_megabytes=float(row["weights_megabytes"]) if row["weights_megabytes"] else None,
    )


def blocks(times: Iterable[Time]) -> dict[str, list[Time]]:
    """The times by dataset and hardware; only times of one block may be compared."""
    found: dict[str, list[Time]] = {}
    for time in times:
        found.setdefault(f"{time.dataset}: {time.device}", []).append(time)
    return found


def notes(published: PublishedSizes) -> str:
    """How to read the table."""
    return f"{CONVENTION} Published: ms an image in the paper, {published.where}; {published.holds_for}."


def write_times(times: Sequence[Time], published: PublishedSizes, verdicts: Sequence[str], folder: Path) -> None:
    """Write times.csv with raw numbers, times.md and times.html as people read them.

    `verdicts`: a sentence for each of the paper's claims about time (`reports.times.verdicts`).
    """
    write_rows(folder / "times.csv", Time, times)
    write_whole(folder / "times.md", markdown(times, published, verdicts))
    write_whole(folder / "times.html", page(times, published, verdicts))


def markdown(times: Sequence[Time], published: PublishedSizes, verdicts: Sequence[str]) -> str:
    """A pipe table for each block, and the verdicts."""
    rules = "| --- |" + " ---: |" * (len(HEADINGS) - 1)
    tables = [
        "\n".join([f"{title}\n", _pipes(HEADINGS), rules, *(_pipes(time.cells).replace("_", "\\_") for time in block)])
        for title, block in blocks(times).items()
    ]
    return "\n\n".join([*tables, notes(published), *verdicts]) + "\n"


def page(times: Sequence[Time], published: PublishedSizes, verdicts: Sequence[str]) -> str:
    """A page with a table for each block, in the report's own style."""
    sections = "\n".join(_section(title, block) for title, block in blocks(times).items())
    if verdicts:
        items = "\n".join(f"<li>{escape(verdict)}</li>" for verdict in verdicts)
        sections += f"\n<section>\n<h2>The paper's claims about time</h2>\n<ul>\n{items}\n</ul>\n</section>"
    return PAGE.format(style=STYLE.read_text(encoding="utf-8"), sections=sections, notes=escape(notes(published)))


def _section(title: str, times: Sequence[Time]) -> str:
    heading = "".join(f'<th scope="col">{escape(name)}</th>' for name in HEADINGS)
    rows = "\n".join(
        f'<tr><th scope="row">{escape(name)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in cells)}</tr>'
        for name, *cells in (time.cells for time in times)
    )
    table = f'<table class="sticky"><thead><tr>{heading}</tr></thead>\n<tbody>\n{rows}\n</tbody></table>'
    return f'<section>\n<h2>{escape(title)}</h2>\n<div class="scroll">{table}</div>\n</section>'


def _pipes(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
