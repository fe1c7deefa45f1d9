"""The result as one page: tables, remarks, and the pictures side by side. Nothing is loaded from elsewhere."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

from huebench.scoring.photographs import Task
from huebench.scoring.rows import Row
from huebench.scoring.run import Scored
from huebench.scoring.spread import SPREAD
from pipeline.packs.decode import decode_image
from pipeline.settings.files import write_whole
from reports.inputs.examples import evenly_spaced
from reports.page.browser import BUDGET, MOST, Browser, Shown, thumbnail
from reports.page.environment import environment
from reports.plan.measures import Measure
from reports.tables.documents import Table
from reports.tables.wording import number

HERE = Path(__file__).parent
PHOTOGRAPH = "photograph"  # how the browser calls the photographs themselves


def write_page(path: Path, scored: Scored, tables: Sequence[Table]) -> None:
    """Write the page."""
    task = scored.task
    html = (
        environment(HERE)
        .get_template("page.html")
        .render(
            originals=task.originals.path,
            photographs=len(task.originals.files),
            methods=task.methods,
            reference=task.evaluator.reference,
            tables=[table for table in tables if table.name not in SPREAD],
            at_the_end=[table for table in tables if table.name in SPREAD],
            problems=scored.problems,
            browser=browser(scored),
            measures=names(scored.of_pictures),
        )
    )
    write_whole(path, html)


def browser(scored: Scored) -> Browser | None:
    """Photographs of which every method has a picture, as many as the page can hold; None without any."""
    task, first = scored.task, first_answers(scored.rows)
    everywhere = [id for id in task.originals.files if all((name, id) in first for name in task.methods)]
    ids = evenly_spaced(everywhere, MOST)
    if not ids:
        return None
    found = {id: row_of(scored, id, first) for id in ids}
    letters = sum(len(shown.uri) for row in found.values() for shown in row)
    if letters > BUDGET:
        found = {id: found[id] for id in evenly_spaced(ids, max(1, int(len(ids) * BUDGET / letters)))}
    methods = [PHOTOGRAPH, *task.methods]
    return Browser("folders", found, len(task.originals.files), left=methods[1], right=methods[0])


def first_answers(rows: Sequence[Row]) -> dict[tuple[str, str], Row]:
    """By method and photograph the first of its answers that was scored."""
    found: dict[tuple[str, str], Row] = {}
    for row in rows:
        if not row.problem:
            found.setdefault((row.method, row.id), row)
    return found


def row_of(scored: Scored, id: str, first: dict[tuple[str, str], Row]) -> list[Shown]:
    """The photograph and every method's picture of it."""
    task, measures = scored.task, scored.of_pictures
    nothing = json.dumps({measure.key: None for measure in measures})
    shown = [Shown(PHOTOGRAPH, picture(task, task.originals.read(id)), nothing, "as it was given")]
    for name, matched in task.methods.items():
        row = first[name, id]
        own = matched.source.read(matched.pictures[id][row.answer])
        shown.append(Shown(name, picture(task, own), values(row, measures), words(row, measures)))
    return shown


def picture(task: Task, content: bytes) -> str:
    """A small copy of an encoded picture that has been decoded before."""
    return thumbnail(decode_image(content, "", known_whole=True))


def names(measures: Sequence[Measure]) -> str:
    """JSON of the measures: name for people and decimals."""
    return json.dumps({measure.key: [measure.label, measure.digits] for measure in measures})


def values(row: Row, measures: Sequence[Measure]) -> str:
    """JSON of a picture's values; null where there is none."""
    found = {measure.key: row.values.get(measure.key, math.nan) for measure in measures}
    return json.dumps({key: round(value, 4) if math.isfinite(value) else None for key, value in found.items()})


def words(row: Row, measures: Sequence[Measure]) -> str:
    """The same for people."""
    return ", ".join(f"{one.label} {number(row.values.get(one.key), one.digits)}" for one in measures)
