"""How often does a verdict on the paper's claims change with the seeds of the trainings?

    dvc exp run -S 'seeds=[0,1,2,3,4,5]'        # or edit params.yaml, and `dvc repro`
    python -m bench.verdicts --of 3
    python -m bench.verdicts --sets 0,1,2 3,4,5

Reads the results of a run with more trainings than `--of`. Gives each set of so many of them the verdicts that a run
with these alone would have had, and prints a table: for each claim, how many sets have which verdict, and the range of
the estimates. With `--sets` these sets alone, a column each. Networks with fewer trainings keep those that they have.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations

from tqdm import tqdm

from pipeline.settings.errors import UserError, run_stage
from pipeline.settings.params import Params, load_params
from reports.build import make_tables
from reports.claims.ledger import Entry, ledger
from reports.inputs.scores import Dataset, read_datasets
from reports.plan.claims import load_claims
from reports.plan.published import load_published
from reports.tables.input_sizes import read_input_sizes
from reports.tables.segmentation import score_segmenters


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--of", type=int, default=3, help="trainings of each network in a set")
    parser.add_argument("--sets", nargs="+", type=seeds_of, metavar="SEEDS", help="sets such as 0,1,2 and 3,4,5")
    arguments, params = parser.parse_args(), load_params()
    sets = arguments.sets or sets_of(arguments.of, params.seeds)
    for seed in {seed for seeds in sets for seed in seeds} - set(params.seeds):
        raise UserError(f"--sets has the seed {seed}, but params.yaml has seeds: {list(params.seeds)}.")
    datasets = read_datasets(params)
    first = replace(params, methods={name: params.methods[name] for name in datasets[0].runs})
    found: dict[str, list[Entry]] = defaultdict(list)
    for seeds in tqdm(sets, unit="set"):
        for entry in verdicts([with_seeds(dataset, params, seeds) for dataset in datasets], first):
            found[f"{entry.id}{f' ({entry.segmenter})' * bool(entry.segmenter)}"].append(entry)
    if arguments.sets:
        print("\n".join(side_by_side(found, sets)))
        return
    print(f"{len(sets)} sets of {arguments.of} of the seeds {', '.join(map(str, params.seeds))}\n")
    print("\n".join(table(found)))


def seeds_of(text: str) -> tuple[int, ...]:
    """`0,1,2` as numbers."""
    return tuple(int(seed) for seed in text.split(","))


def sets_of(size: int, seeds: Sequence[int]) -> list[tuple[int, ...]]:
    """All sets of so many of the seeds; raises `UserError` unless there are several."""
    if not 1 <= size < len(seeds):
        raise UserError(
            f"--of is {size}, but params.yaml has seeds: {list(seeds)}; give 1 or more, and fewer than these."
        )
    return list(combinations(seeds, size))


def with_seeds(dataset: Dataset, params: Params, seeds: tuple[int, ...]) -> Dataset:
    """The dataset with the trainings of these seeds alone; of a method that has none of them, with all."""
    runs = {}
    for method, every in dataset.runs.items():
        chosen = tuple(run for seed, run in params.trainings(method).items() if seed in seeds)
        runs[method] = chosen or every
    return replace(dataset, runs=runs)


def verdicts(datasets: list[Dataset], params: Params) -> list[Entry]:
    """The ledger of these datasets."""
    segmented, sizes = score_segmenters(datasets, params.seed), read_input_sizes(datasets, params)
    tables = make_tables(datasets, segmented, sizes, load_published().beside(params), params)
    return ledger(load_claims(), datasets, tables, params)


def table(found: dict[str, list[Entry]]) -> Iterator[str]:
    """Markdown: a line for each claim that was tested."""
    yield "| claim | verdicts | smallest and largest estimate |"
    yield "| --- | --- | ---: |"
    for name, entries in found.items():
        counts = Counter(entry.verdict for entry in entries)
        if set(counts) == {"not tested"}:
            continue
        estimates = [entry.decided.measured.estimate for entry in entries if entry.decided.measured]
        shown = ", ".join(f"{verdict} {count}" for verdict, count in counts.most_common())
        yield f"| {name} | {shown} | {min(estimates):.3g} to {max(estimates):.3g} |"


def side_by_side(found: dict[str, list[Entry]], sets: Sequence[tuple[int, ...]]) -> Iterator[str]:
    """Markdown: a line for each claim that was tested, a column for each set."""
    names = ["claim", *(f"seeds {', '.join(map(str, seeds))}" for seeds in sets)]
    yield f"| {' | '.join(names)} |"
    yield f"|{' --- |' * len(names)}"
    for name, entries in found.items():
        if {entry.verdict for entry in entries} != {"not tested"}:
            yield f"| {' | '.join([name, *map(in_words, entries)])} |"


def in_words(entry: Entry) -> str:
    """`undecided, 0.38 [-0.46, 1.22]`."""
    measured = entry.decided.measured
    shown = f", {measured.estimate:.3g} [{measured.low:.3g}, {measured.high:.3g}]" if measured else ""
    return f"{entry.verdict}{shown}"


if __name__ == "__main__":
    run_stage(main)
