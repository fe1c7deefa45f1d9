"""How well a segmenter recognises the pictures: mIoU, as the stage `pipeline.segment` counts it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from huebench.scoring.photographs import Task
from huebench.scoring.rows import Row
from huebench.scoring.sets import SetValue, first_answers, photograph, picture
from pipeline.metrics.segmentation import intersection_and_union
from pipeline.networks.contract import Segmenter
from pipeline.networks.weights import load_segmenter
from pipeline.packs.decode import decode_mask
from pipeline.runtime import distributed
from pipeline.runtime.device import choose_device
from pipeline.segment import predict
from pipeline.settings.errors import UserError
from reports.plan.measures import MEASURES
from reports.statistics.miou import class_ratios
from reports.tables.wording import with_interval

MIOU = MEASURES["miou"]
SEED = 0  # of the bootstrap


@dataclass(frozen=True)
class Counter:
    """Counts what a segmenter recognises; `classes`: how many it knows."""

    task: Task
    network: Segmenter
    classes: int

    @classmethod
    def load(cls, task: Task, file: Path) -> "Counter":
        """With the weights in `file`, which `pipeline.train` wrote; raises `UserError` for another file."""
        loaded = load_segmenter(file, choose_device())
        return cls(task, loaded.network, len(loaded.about.classes))

    def __call__(self, read: Callable[[str], np.ndarray], id: str) -> np.ndarray:
        """(2, classes) intersections and unions of the picture that `read` gives of a photograph."""
        masks = self.task.masks
        assert masks is not None
        mask = decode_mask(masks.read(id), masks.where(id))
        try:
            return np.stack(intersection_and_union(predict(self.network, read(id)), mask, self.classes))
        except ValueError as error:
            raise UserError(
                f"{masks.where(id)} does not fit the segmenter ({error}); it must hold its classes, in their order."
            ) from None

    def miou(self, read: Callable[[str], np.ndarray], ids: Sequence[str]) -> SetValue | None:
        """mIoU in per cent over photographs, counted on all processes; None without any, and in all but the first."""
        mine = [(id, self(read, id)) for id in distributed.share(ids)]
        counts = [found for _, found in sorted(distributed.gather(mine), key=lambda pair: pair[0])]
        if not counts:
            return None
        intersections, unions = np.stack(counts, axis=1)
        interval = class_ratios(intersections, unions, SEED).interval
        return SetValue(100 * interval.mean, len(counts), 100 * interval.low, 100 * interval.high)


def check_segmenter(file: Path) -> None:
    """Raise `UserError` for a file that holds no segmenter, before anything is measured."""
    load_segmenter(file, torch.device("cpu"))


def recognised(task: Task, file: Path, rows: Sequence[Row]) -> tuple[dict[str, SetValue], str]:
    """Every method's mIoU, and a sentence on that of the photographs, in the first process.

    `file`: a segmenter's weights. Of several answers the first that was scored counts.
    """
    counter, masks = Counter.load(task, file), task.masks.files if task.masks is not None else {}
    scored = {
        method: {id: answer for id, answer in answers.items() if id in masks}
        for method, answers in distributed.broadcast(first_answers(rows)).items()
    }
    found = {}
    for method, answers in scored.items():
        value = counter.miou(partial(picture, task, task.evaluator, method, answers), sorted(answers))
        if value is not None:
            found[method] = value
    everything = sorted({id for answers in scored.values() for id in answers})
    own = counter.miou(partial(photograph, task.evaluator, task.originals), everything)
    if own is None:
        return found, ""
    shown = with_interval(own.value, own.low, own.high, MIOU.digits)
    return found, f"{MIOU.name} of the photographs themselves, as {file} sees them: {shown} %, n = {own.n:,}."
