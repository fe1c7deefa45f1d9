"""One photograph and all pictures of it: read, looked at, and measured."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from huebench.scoring.measures import Evaluator, Photograph, diversity, resized
from huebench.scoring.rows import Row
from huebench.scoring.sources import Matched, Source
from pipeline.methods import likeness
from pipeline.methods.folder import LOSSY, format_of
from pipeline.metrics.lab_cpu import rgb_to_lab
from pipeline.packs.decode import decode_image, decode_mask
from pipeline.settings.errors import UserError

OnWrongSize = Literal["leave-out", "resize"]


@dataclass(frozen=True)
class Task:
    """What is to be done: which pictures are of which photograph, and how they are measured.

    `masks`: of photographs, by their ids. `on_wrong_size`: leave such pictures out, or resize them (bicubic).
    """

    originals: Source
    methods: Mapping[str, Matched]
    masks: Source | None
    evaluator: Evaluator
    on_wrong_size: OnWrongSize

    def rows(self, id: str) -> list[Row]:
        """The row of every picture of one photograph, in the order of methods and of answers."""
        pictures = [
            (name, answer, picture)
            for name, matched in self.methods.items()
            for answer, picture in sorted(matched.pictures.get(id, {}).items())
        ]
        try:
            photograph = self.photograph(id)
        except UserError as error:
            return [Row(name, id, answer, problem=str(error)) for name, answer, _ in pictures]
        found: list[Row] = []
        for name in dict.fromkeys(name for name, _, _ in pictures):
            own = [(answer, picture) for other, answer, picture in pictures if other == name]
            found += self.of_method(name, id, photograph, own)
        return found

    def photograph(self, id: str) -> Photograph:
        """Read a photograph, and its mask if there is one."""
        rgb = decode_image(self.originals.read(id), self.originals.where(id))
        mask = None
        if self.masks is not None and id in self.masks.files:
            mask = decode_mask(self.masks.read(id), self.masks.where(id))
            if mask.shape != rgb.shape[:2]:
                raise UserError(f"the mask {self.masks.where(id)} is not of its photograph's size.")
        return Photograph.of(rgb, mask)

    def of_method(self, name: str, id: str, photograph: Photograph, pictures: Sequence[tuple[int, str]]) -> list[Row]:
        """The rows of one method's answers for a photograph; the first says how much they differ."""
        rows, labs = [], []
        for answer, picture in pictures:
            try:
                row, lab = self.measured(name, id, photograph, answer, picture)
            except UserError as error:
                row, lab = Row(name, id, answer, problem=str(error)), None
            rows.append(row)
            labs += [] if lab is None else [lab]
        shapes = {lab.shape for lab in labs}
        if len(labs) > 1 and len(shapes) == 1:
            rows[0].values["diversity"] = diversity(labs)
        return rows

    def measured(self, name: str, id: str, photograph: Photograph, answer: int, picture: str) -> tuple[Row, np.ndarray]:
        """The row of one picture and its Lab; raises `UserError` for one that cannot be scored."""
        source = self.methods[name].source
        content, where = source.read(picture), source.where(picture)
        rgb, kind = decode_image(content, where), format_of(content)
        remark = f"{kind}, which loses colour" if kind in LOSSY else ""
        if rgb.shape != photograph.rgb.shape:
            size = f"{rgb.shape[1]} x {rgb.shape[0]}"
            rgb, photograph = self.fitted(rgb, photograph, where)
            remark = "; ".join(filter(None, (remark, f"{size} pixels, another size than the photograph's")))
        lab = rgb_to_lab(rgb)
        unlike = look(rgb, lab[0], photograph.lab[0], where)
        remark = "; ".join(filter(None, (remark, unlike)))
        return Row(name, id, answer, kind, "", remark, self.evaluator.values(photograph, rgb, lab)), lab

    def fitted(self, rgb: np.ndarray, photograph: Photograph, where: str) -> tuple[np.ndarray, Photograph]:
        """A picture and its photograph at one size: the picture's own where nothing of it is compared by pixels.

        Raises `UserError` for a picture that would have to be resized, unless that is wanted.
        """
        height, width = photograph.rgb.shape[:2]
        if self.on_wrong_size == "resize":
            return resized(rgb, height, width), photograph
        if not self.evaluator.reference:
            return rgb, photograph.of_size(*rgb.shape[:2])
        raise UserError(
            f"{where} is {rgb.shape[1]} x {rgb.shape[0]} pixels, but its photograph is {width} x {height}; "
            "`--on-wrong-size resize` resizes it."
        )


def look(rgb: np.ndarray, own: np.ndarray, photograph: np.ndarray, where: str) -> str:
    """A remark on a picture that does not look like its photograph by its lightness, (H, W) L each.

    Raises `UserError` for one that is turned, mirrored or negative.
    """
    true = torch.from_numpy(photograph)
    if likeness.correlation(torch.from_numpy(own), true) >= likeness.ALIKE:
        return ""
    if not likeness.has_pattern(torch.from_numpy(own)) or not likeness.has_pattern(true):
        return ""
    if how := likeness.turned(rgb, true):
        raise UserError(f"{where} looks as if it were {how}; make it anew.")
    alike = likeness.correlation(torch.from_numpy(own), true) >= likeness.UNLIKE
    return "" if alike else "does not look like its photograph"


def check(task: Task) -> None:
    """Raise `UserError` where a method's pictures are not of these photographs, by a few of them (`likeness`)."""
    for matched in task.methods.values():
        ids = sorted(matched.pictures)
        pairs = [pair for place in spread(len(ids)) for pair in readable_pair(task, matched, ids, place)]
        likeness.check(pairs, str(matched.source.path))


FEW = 8  # pictures of a method that are looked at before all are measured


def spread(count: int) -> list[int]:
    """At most `FEW` of `count` numbers, evenly spread."""
    return sorted({round(place) for place in np.linspace(0, count - 1, min(count, FEW)).tolist()})


def readable_pair(task: Task, matched: Matched, ids: Sequence[str], place: int) -> Iterator[likeness.Pair]:
    """A picture beside its photograph and the photographs next to it; none where one of them cannot be read."""
    near = [ids[place], *(ids[other] for other in (place - 1, place + 1) if 0 <= other < len(ids))]
    picture = next(iter(matched.pictures[ids[place]].values()))
    try:
        own = decode_image(matched.source.read(picture), matched.source.where(picture))
        photographs = [decode_image(task.originals.read(id), "") for id in near]
    except UserError:
        return
    photograph, *beside = (likeness.lightness(rgb) for rgb in photographs)
    yield likeness.Pair.of(own, photograph, *map(likeness.small, beside))
