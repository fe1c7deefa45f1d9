"""One photograph and all pictures of it: read, looked at, and measured."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from huebench.scoring.measures import Evaluator, Photograph, diversity
from huebench.scoring.rows import Row
from huebench.scoring.sources import Matched, Source
from pipeline.methods import likeness
from pipeline.methods.folder import LOSSY, format_of, resized
from pipeline.packs.decode import decode_image, decode_mask
from pipeline.scoring.pixels import Picture
from pipeline.settings.errors import UserError

OnWrongSize = Literal["leave-out", "resize"]
FEW = 8  # pictures of a method that are looked at before all are measured


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
        try:
            photograph = self.photograph(id)
        except UserError as error:
            return [
                Row(name, id, answer, problem=str(error))
                for name, matched in self.methods.items()
                for answer in sorted(matched.pictures.get(id, {}))
            ]
        return [row for name in self.methods for row in self.of_method(name, id, photograph)]

    def photograph(self, id: str) -> Photograph:
        """Read a photograph, and its mask if there is one."""
        rgb = decode_image(self.originals.read(id), self.originals.where(id))
        mask = None
        if self.masks is not None and id in self.masks.files:
            mask = decode_mask(self.masks.read(id), self.masks.where(id))
            if mask.shape != rgb.shape[:2]:
                raise UserError(f"the mask {self.masks.where(id)} is not of its photograph's size.")
        return Photograph.of(rgb, mask)

    def of_method(self, name: str, id: str, photograph: Photograph) -> list[Row]:
        """The rows of one method's answers for a photograph; the first says how much they differ."""
        rows: list[Row] = []
        measured: list[Picture] = []
        for answer, picture in sorted(self.methods[name].pictures.get(id, {}).items()):
            try:
                row, own = self.measured(name, id, photograph, answer, picture)
                measured.append(own)
            except UserError as error:
                row = Row(name, id, answer, problem=str(error))
            rows.append(row)
        if len(measured) > 1 and len({one.lab.shape for one in measured}) == 1:
            rows[0].values["diversity"] = diversity(measured)
        return rows

    def measured(self, name: str, id: str, photograph: Photograph, answer: int, picture: str) -> tuple[Row, Picture]:
        """The row of one picture; raises `UserError` for one that cannot be scored."""
        source, remarks = self.methods[name].source, []
        content, where = source.read(picture), source.where(picture)
        rgb, kind = decode_image(content, where), format_of(content)
        if kind in LOSSY:
            remarks.append(f"{kind}, which loses colour")
        if rgb.shape != photograph.rgb.shape:
            remarks.append(f"{rgb.shape[1]} x {rgb.shape[0]} pixels, another size than the photograph's")
            rgb, photograph = self.fitted(rgb, photograph, where)
        own = Picture.of(rgb)
        if likeness.is_unlike(rgb, own.lab[0], photograph.picture.lab[0], where):
            remarks.append("does not look like its photograph")
        values = self.evaluator.values(photograph, rgb, own)
        return Row(name, id, answer, kind, "", "; ".join(remarks), values), own

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


def check(task: Task) -> None:
    """Raise `UserError` where a method's pictures are not of these photographs, by a few of them (`likeness`)."""
    for matched in task.methods.values():
        ids = sorted(matched.pictures)
        pairs = [pair for place in likeness.spread(len(ids), FEW) for pair in readable_pair(task, matched, ids, place)]
        likeness.check(pairs, str(matched.source.path))


def readable_pair(task: Task, matched: Matched, ids: Sequence[str], place: int) -> Iterator[likeness.Pair]:
    """A picture beside its photograph and the photographs next to it; none where one of them cannot be read."""
    near = [ids[other] if 0 <= other < len(ids) else None for other in (place, place - 1, place + 1)]
    picture = next(iter(matched.pictures[ids[place]].values()))
    try:
        own = decode_image(matched.source.read(picture), matched.source.where(picture))
        photograph, *beside = (
            likeness.lightness(decode_image(task.originals.read(id), "")) if id is not None else None for id in near
        )
    except UserError:
        return
    assert photograph is not None
    yield likeness.Pair.of(own, photograph, *(None if one is None else likeness.small(one) for one in beside))
