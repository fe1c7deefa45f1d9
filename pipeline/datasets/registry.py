"""The kinds of dataset that `params.yaml` can name, and how each is opened."""

import inspect
from pathlib import Path
from typing import Any

from pipeline.datasets.coco_stuff import CocoStuff
from pipeline.datasets.folder import Folder
from pipeline.datasets.official import obtain_cocostuff, obtain_voc2012
from pipeline.datasets.scenes import Scenes
from pipeline.datasets.source import Source
from pipeline.datasets.voc import Voc
from pipeline.settings import paths
from pipeline.settings.errors import UserError, suggestion
from pipeline.settings.options import checked_options
from pipeline.settings.params import typed_value

KINDS: dict[str, type] = {"scenes": Scenes, "voc": Voc, "coco_stuff": CocoStuff, "folder": Folder}
# The paper's datasets with their numbers of training and validation photographs (section 3.1).
FULL = {"voc": ("VOC2012", (10582, 1449)), "coco_stuff": ("COCO-Stuff 10k", (9000, 1000))}
DOWNLOADS = {"voc": obtain_voc2012, "coco_stuff": obtain_cocostuff}


def open_source(block: dict[str, Any], where: str) -> Source:
    """Open the dataset that a `source` block describes; where its `root` is null, download it first.

    Raises `UserError`, beginning with `where`, for an unknown kind, a wrong option, and a root that is not there.
    """
    kind, options = check_source(block, where)
    if "root" in options:
        options["root"] = _root(options["root"], kind, where)
    return KINDS[kind](**options)


def check_source(block: dict[str, Any], where: str) -> tuple[str, dict[str, Any]]:
    """The kind and the options of a `source` block; errors as in `open_source`, without opening anything."""
    options = dict(block)
    kind = options.pop("kind", None)
    if kind not in KINDS:
        raise UserError(f"{where}: unknown kind {kind!r}; {suggestion(str(kind), list(KINDS))}")
    if "root" in inspect.signature(KINDS[kind]).parameters:
        options["root"] = typed_value(str | None, options.get("root"), f"{where}: root")
        if options["root"] is None and kind not in DOWNLOADS:
            raise UserError(f"{where}: give `root`, the folder of your photographs.")
    return kind, checked_options(KINDS[kind], options, where, skip=0)


def _root(root: str | None, kind: str, where: str) -> Path:
    """Where the dataset's files are, downloaded if no root is given."""
    if root is not None:
        path = Path(root).expanduser()
        if not path.is_dir():
            raise UserError(f"{where}: the root {root} is not a folder.")
        return path
    return DOWNLOADS[kind](paths.CACHE)


def describe(kind: str, dataset: str, train: int, val: int) -> dict[str, object]:
    """The data's kind, whether they are synthetic, the dataset that they are a part of ("" if whole), and their title.

    Tables show the title, so it says if data are synthetic or only a part of a dataset.
    """
    synthetic, part_of, title = kind == "scenes", "", dataset
    if synthetic:
        title = f"{dataset} (synthetic)"
    elif kind in FULL:
        title, counts = FULL[kind]
        if (train, val) != counts:
            part_of, title = title, f"{title} part ({train}/{val})"
    return {"kind": kind, "synthetic": synthetic, "part_of": part_of, "title": title}
