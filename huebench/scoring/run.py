"""Score folders of pictures against the folder of their photographs."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from huebench.protocols.listed import sentence
from huebench.protocols.protocol import OURS
from huebench.scoring.confused import CONFUSION, confused
from huebench.scoring.measures import Evaluator, left_out
from huebench.scoring.photographs import OnWrongSize, Task, check
from huebench.scoring.rows import Journal, Row, key_of
from huebench.scoring.segmented import check_segmenter, recognised
from huebench.scoring.sets import SetValues, set_values
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
    """What came out: a row for each picture, sorted by method, photograph and answer, and sentences for people.

    `sets`: the values of whole methods, as `huebench.scoring.sets` gives them.
    """

    task: Task
    rows: list[Row]
    problems: list[str]
    sets: SetValues

    @property
    def measures(self) -> tuple[Measure, ...]:
        """Those that there is any value of, in the order of tables; all where no picture could be scored."""
        found = {key for row in self.rows for key in row.values} | set(self.sets)
        of_masks = CONFUSION if self.task.evaluator.boundaries else ()
        of_segmenter = (MEASURES["miou"],) if self.task.segmenter else ()
        every = (*self.task.evaluator.measures, *of_masks, *of_segmenter)
        return tuple(measure for measure in every if measure.key in found) or every

    @property
    def of_pictures(self) -> tuple[Measure, ...]:
        """Those that single pictures have a value of."""
        return tuple(measure for measure in self.measures if measure.key not in self.sets)


def score(
    originals: str | os.PathLike[str],
    *pictures: str | os.PathLike[str],
    reference: bool = True,
    masks: str | os.PathLike[str] | None = None,
    on_wrong_size: OnWrongSize = "leave-out",
    weights: Mapping[str, str] | None = None,
    protocol: str = OURS,
    real: str | os.PathLike[str] | None = None,
    segmenter: str | os.PathLike[str] | None = None,
    also: Sequence[str] = (),
) -> pd.DataFrame:
    """Means over photographs with 95 % intervals: a row for each folder of `pictures` and measure.

    `originals` and `pictures` are folders or zips. With `reference=False` the originals are truly grey photographs, and
    nothing is compared with their colours. `masks`: a folder of class masks. `weights`: backbone -> file, for
    LPIPS, FID and KID. `protocol`: whose conventions (docs/protocols.md); `real`: other photographs, for its FID.
    `segmenter`: weights that `pipeline.train` wrote, for mIoU on the masks. `also`: further measures.
    Columns: method, measure, value, ci_low, ci_high, n. Raises `UserError` for a mistake in what was given.
    """
    task = prepare(
        Path(originals),
        [Path(path) for path in pictures],
        Evaluator.load(reference, masks is not None, weights or {}, protocol, real is not None, also),
        Path(masks) if masks is not None else None,
        on_wrong_size,
        real=Path(real) if real is not None else None,
        segmenter=Path(segmenter) if segmenter is not None else None,
    )
    scored = work(task, Journal(None, ""))
    return scores_table(scored.rows, scored.measures, scored.sets).rows


def prepare(
    originals: Path,
    pictures: Sequence[Path],
    evaluator: Evaluator,
    masks: Path | None,
    on_wrong_size: OnWrongSize,
    others: Sequence[Evaluator] = (),
    real: Path | None = None,
    segmenter: Path | None = None,
) -> Task:
    """Look through all folders and match their pictures; raises `UserError` where nothing can be scored.

    `others`, `real` and `segmenter` as in `Task`.
    """
    if not pictures:
        raise UserError("there is nothing to score; name a folder of pictures after that of the photographs.")
    if segmenter is not None:
        if masks is None:
            raise UserError("a segmenter is compared with class masks; name their folder after --masks.")
        check_segmenter(segmenter)
    if not evaluator.measures:
        reasons = " ".join(left_out([evaluator], real is not None))
        raise UserError(f"nothing is measured by {evaluator.protocol.name}. {reasons}")
    photographs = open_source(originals)
    found = [match(photographs, open_source(path)) for path in pictures]
    more = [open_source(path) if path is not None else None for path in (masks, real)]
    task = Task(photographs, named(found), more[0], evaluator, on_wrong_size, tuple(others), more[1], segmenter)
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
    with bar, workers(task, threads) as pool:
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
    found, said = dict(set_values(task, rows)), problems(task, rows)
    if task.evaluator.boundaries:
        of_masks, about_masks = confused(task, rows)
        found |= of_masks
        said += about_masks
    if task.segmenter is not None:
        found["miou"], about = recognised(task, task.segmenter, rows)
        said.append(about)
    return Scored(task, rows, said, found)


def workers(task: Task, threads: int | None) -> ThreadPoolExecutor:
    """A thread a core; a network takes all cores by itself, and then one picture is measured at a time."""
    if any(one.networks for one in task.evaluators):
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
    return [*found, *conventions(task, [row for row in rows if not row.problem])]


def conventions(task: Task, rows: Sequence[Row]) -> Iterator[str]:
    """What the protocol cannot measure of the pictures that were scored, and which photographs it wants."""
    protocol = task.evaluator.protocol
    small = sum("ms_ssim_ab" not in row.values for row in rows)
    if small and task.evaluator.reference and "ms_ssim_ab" in protocol.measures:
        name = MEASURES["ms_ssim_ab"].name
        yield f"{small} of {len(rows)} pictures have a side under {SMALLEST} pixels, and so no {name}."
    lists = ((protocol.photographs, task.originals), (protocol.real_photographs, task.real))
    for listed, source in lists:
        if listed and source and (said := sentence(protocol.name, listed, source.files)):
            yield said
    yield from left_out(task.evaluators, task.real is not None)


def source_problems(originals: Source) -> list[str]:
    """What is odd about the photographs' own folder."""
    doubled = [" and ".join(files) for files in originals.doubled.values()]
    found = [f"photographs: {len(doubled)} names that several files have, left out: {doubled[0]}"] if doubled else []
    return [*found, *(f"photographs: {remark}" for remark in originals.remarks)]


def journal_of(task: Task, out: Path | None) -> Journal:
    """Where finished rows are kept until everything is written: below `out`."""
    if out is None:
        return Journal(None, "")
    sources = [task.originals, *(matched.source for matched in task.methods.values()), task.masks, task.real]
    evaluator = task.evaluator
    protocols = [(one.protocol, *one.networks) for one in task.evaluators]
    settings = (evaluator.reference, evaluator.boundaries, protocols, task.on_wrong_size)
    return Journal(out / "unfinished", key_of(sources, *task.methods, *settings))
