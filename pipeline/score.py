"""Stage: measure every method's pictures of a dataset against the originals.

    python -m pipeline.score scenes
    python -m pipeline.score scenes semantics_jbu
    python -m pipeline.score --download
    torchrun --nproc-per-node 8 -m pipeline.score voc2012

Reads `results/data/<dataset>/{train,val}` and `results/colorized/<dataset>/<method>.zip`. Writes to
`results/scores/<dataset>/`, one row a photograph: `<method>.csv` (`pipeline.scoring.pixels`), `<method>.perceptual.csv`
and `.json` (`pipeline.scoring.perceptual`), `<method>.defects.csv`, `.objects.csv` and `.colors.npy`
(`pipeline.scoring.defects`). Means come later, from rows. Methods whose pictures have not changed are left alone,
unless they are named. A killed run resumes. Rows depend neither on the number of processes nor on that of threads,
which is PyTorch's (`OMP_NUM_THREADS`). `--download` gets the weights of the networks behind perceptual scores.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.metrics import backbones
from pipeline.packs.pack import Pack
from pipeline.records.archive import Archive
from pipeline.runtime import distributed
from pipeline.runtime.finished import Finished
from pipeline.runtime.resume import fingerprint
from pipeline.scoring import defects, perceptual, pixels
from pipeline.settings import paths
from pipeline.settings.errors import run_stage
from pipeline.settings.inputs import inputs_unchanged
from pipeline.settings.masks import left_out
from pipeline.settings.params import Params, load_params


def main() -> None:
    """Score methods of one dataset, or download weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", nargs="?", help="a block under `data` in params.yaml")
    parser.add_argument("methods", nargs="*", help="blocks under `methods`: these again; else all that have changed")
    parser.add_argument("--download", action="store_true", help="get the weights, about 800 MB, and do nothing else")
    parser.add_argument("--device", help="of perceptual networks: cpu, cuda, ...; by default a GPU if there is one")
    arguments = parser.parse_args()
    if arguments.download:
        return backbones.download()
    if arguments.dataset is None:
        parser.error("name a dataset, or --download")
    params = load_params()
    params.dataset(arguments.dataset)
    packs = [paths.pack(arguments.dataset, split) for split in ("train", "val")]
    pictures = paths.archive(arguments.dataset, "*").parent
    with inputs_unchanged(["pipeline.score"], ["weights"], [*packs, pictures]), distributed.together():
        run(params, arguments.dataset, arguments.methods, arguments.device)


def run(params: Params, dataset: str, named: Sequence[str], device: str | None) -> None:
    """Score the methods that are `named`, else all whose pictures have changed."""
    params = left_out(params, Pack(paths.pack(dataset, "val")).classes).removed_from(params)
    weights = perceptual.find_weights(params.weights)
    finished = Finished(paths.scores(dataset, "*").parent)
    if distributed.rank() == 0:
        finished.keep([*params.methods, *map(defects_in, params.methods)])
    keys = {method: key_of(dataset, method, weights) for method in named or params.methods}
    files = {method: files_of(dataset, method) for method in keys}
    changed = [name for name in keys if named or not finished.has(name, keys[name], files[name])]
    examine(dataset, {name: keys[name] for name in changed}, finished)
    for method in changed:
        pixels.run(dataset, method)
        perceptual.run(dataset, method, weights, device)
        if distributed.rank() == 0:
            finished.add(method, keys[method], files[method])
            print(f"{method} on {dataset}: scored")


def examine(dataset: str, keys: Mapping[str, str], finished: Finished) -> None:
    """Find the defects of the methods with `keys`, in all their pictures of one photograph after the other.

    They are noted by themselves, so that a run that is killed later need not find them again.
    """
    files = {method: defect_files(dataset, method) for method in keys}
    unknown = [method for method in keys if not finished.has(defects_in(method), keys[method], files[method])]
    if unknown:
        defects.run(dataset, unknown)
    if distributed.rank() == 0:
        for method in unknown:
            finished.add(defects_in(method), keys[method], files[method])


def defects_in(method: str) -> str:
    """The name under which a method's defects are noted as found."""
    return f"{method}.defects"


def key_of(dataset: str, method: str, weights: Mapping[str, Path]) -> str:
    """What a method's scores depend on: its pictures, the originals, the code, and the perceptual networks."""
    folders = [paths.pack(dataset, split) for split in ("train", "val")]
    archive = Archive(paths.archive(dataset, method))
    return fingerprint(["pipeline.score"], folders, archive, perceptual.describe(weights))


def files_of(dataset: str, method: str) -> list[Path]:
    """All files that scoring a method leaves."""
    rows = paths.perceptual(dataset, method)
    return [paths.scores(dataset, method), rows, rows.with_suffix(".json"), *defect_files(dataset, method)]


def defect_files(dataset: str, method: str) -> list[Path]:
    """Those of `pipeline.scoring.defects`."""
    return [path(dataset, method) for path in (paths.defects, paths.objects, paths.object_colors)]


if __name__ == "__main__":
    run_stage(main)
