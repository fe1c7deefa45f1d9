"""Score folders of pictures against the folder of their photographs."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from huebench.scoring.measures import Evaluator
from huebench.scoring.photographs import OnWrongSize, Task, check
from huebench.scoring.rows import Journal, Row, key_of
from huebench.scoring.sources import Matched, Source, match, open_source
from huebench.scoring.tables import scores_table
from pipeline.metrics.ms_ssim import SMALLEST
from pipeline.runtime import distributed
from pipeline.runtime.threads import cores, single_threaded
from pipeline.settings.errors import UserError
from reports.plan.measures import MEASURES, Measure

BATCH = 64  # photographs between two notes in the journal


@dataclass(frozen=True)
class Scored:
    """What came out: a row for each picture, sorted by method, photograph and answer, and sentences for people."""

    task: Task
    rows: list[Row]
    problems: list[str]

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Those that any picture has a value of, in the order of tables."""
        found = {key for row in self.rows for key in row.values}
        return tuple(measure for measure in self.task.evaluator.measures if measure.key in found)


def score(
    originals: str | os.PathLike[str],
    *pictures: str | os.PathLike[str],
    reference: bool = True,
    masks: str | os.PathLike[str] | None = None,
    on_wrong_size: OnWrongSize = "leave-out",
    weights: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Means over photographs with 95 % intervals: a row for each folder of `pictures` and measure.

    `originals` and `pictures` are folders or zips. With `reference=False` the originals are truly grey photographs, and
    nothing is compared with their colours. `masks`: a folder of class masks. `weights`: backbone -> file, for LPIPS.
    Columns: method, measure, value, ci_low, ci_high, n. Raises `UserError` for a mistake in what was given.
    """
    task = prepare(
        Path(originals),
        [Path(path) for path in pictures],
        Evaluator.load(reference, masks is not None, weights or {}),
        Path(masks) if masks is not None else None,
        on_wrong_size,
    )
    scored = work(task, Journal(None, ""))
    return scores_table(scored.rows, scored.measures).rows


def prepare(
    originals: Path, pictures: Sequence[Path], evaluator: Evaluator, masks: Path | None, on_wrong_size: OnWrongSize
) -> Task:
    """Look through all folders and match their pictures; raises `UserError` where nothing can be scored."""
    if not pictures:
        raise UserError("there is nothing to score; name a folder of pictures after that of the photographs.")
    photographs = open_source(originals)
    found = [match(photographs, open_source(path)) for path in pictures]
    task = Task(photographs, named(found), open_source(masks) if masks is not None else None, evaluator, on_wrong_size)
    check(task)
    return task


def named(found: Sequence[Matched]) -> dict[str, Matched]:
    """Each method by its folder's name; with the folder around it where two have the same."""
    counts = Counter(matched.source.name for matched in found)
    names = [
        matched.source.name
        if counts[matched.source.name] == 1
        else f"{matched.source.path.resolve().parent.name}/{matched.source.name}"
        for matched in found
    ]
    for name, count in Counter(names).items():
        if count > 1:
            raise UserError(f"{count} folders are called {name}; each needs a name of its own in the tables.")
    return dict(zip(names, found, strict=True))


def work(task: Task, journal: Journal, threads: int | None = None) -> Scored:
    """Measure every picture, on all processes and cores; in the first process all rows, in the others none.

    `threads`: of this process; by default as many as it has cores. Values do not depend on it.
    """
    there = journal.read() if distributed.rank() == 0 else {}
    done = distributed.broadcast(set(there))
    ids = [id for id in task.originals.files if any(id in matched.pictures for matched in task.methods.values())]
    mine = distributed.share([id for id in ids if id not in done])
    made: list[tuple[str, list[Row]]] = []
    bar = tqdm(total=len(mine), desc="scoring", unit="photo", delay=2, disable=distributed.rank() > 0)
    with bar, workers(task.evaluator, threads) as pool:
        for start in range(0, len(mine), BATCH):
            batch = mine[start : start + BATCH]
            finished = []
            for id, rows in zip(batch, pool.map(task.rows, batch), strict=True):
                finished.append((id, rows))
                bar.update()
            journal.add(distributed.rank(), finished)
            made += finished
    everyones = [*there.items(), *distributed.gather(made)]
    order = {name: number for number, name in enumerate(task.methods)}
    rows = sorted(
        (row for _, rows in everyones for row in rows), key=lambda row: (order[row.method], row.id, row.answer)
    )
    return Scored(task, rows, problems(task, rows))


def workers(evaluator: Evaluator, threads: int | None) -> ThreadPoolExecutor:
    """A thread a core; a network takes all cores by itself, and then one picture is measured at a time."""
    if evaluator.lpips:
        return ThreadPoolExecutor(1)
    return single_threaded(threads or cores())


def problems(task: Task, rows: Sequence[Row]) -> list[str]:
    """All that a reader must know of the pictures, a sentence each."""
    found = [*source_problems(task.originals), *(one for matched in task.methods.values() for one in matched.problems)]
    for name in task.methods:
        own = [row for row in rows if row.method == name]
        wrong = [row.problem for row in own if row.problem]
        if wrong:
            more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
            found.append(f"{name}: {len(wrong)} of {len(own)} pictures could not be scored: {wrong[0]}{more}")
        for remark, count in Counter(row.remark for row in own if row.remark).items():
            found.append(f"{name}: {count} of {len(own)} pictures: {remark}")
    measured = [row for row in rows if not row.problem]
    small = sum("ms_ssim_ab" not in row.values for row in measured) if task.evaluator.reference else 0
    if small:
        name = MEASURES["ms_ssim_ab"].name
        found.append(f"{small} of {len(measured)} pictures have a side under {SMALLEST} pixels, and so no {name}.")
    return [*found, *task.evaluator.missing()]


def source_problems(originals: Source) -> list[str]:
    """What is odd about the photographs' own folder."""
    doubled = [" and ".join(files) for files in originals.doubled.values()]
    found = [f"photographs: {len(doubled)} names that several files have, left out: {doubled[0]}"] if doubled else []
    return [*found, *(f"photographs: {remark}" for remark in originals.remarks)]


def journal_of(task: Task, out: Path | None) -> Journal:
    """Where finished rows are kept until everything is written: below `out`."""
    if out is None:
        return Journal(None, "")
    sources = [task.originals, *(matched.source for matched in task.methods.values()), task.masks]
    evaluator = task.evaluator
    settings = (evaluator.reference, evaluator.boundaries, evaluator.lpips is not None, task.on_wrong_size)
    return Journal(out / "unfinished", key_of(sources, *task.methods, *settings))
