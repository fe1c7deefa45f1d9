"""One photograph and all pictures of it: read, looked at, and measured."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from huebench.protocols.fitting import fitted, saved
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
class Seen:
    """A photograph that was read: `rgb` (H, W, 3) uint8, and as protocols see it, by their geometry."""

    rgb: np.ndarray
    views: dict[tuple[object, ...], Photograph]


@dataclass(frozen=True)
class Task:
    """What is to be done: which pictures are of which photograph, and how they are measured.

    `masks`: of photographs, by their ids. `on_wrong_size`: leave such pictures out, or resize them (bicubic).
    `others`: further protocols, by which the same pictures are measured; its values are called `protocol:measure`.
    `real`: other photographs, for the FID of protocols that want them. `segmenter`: the weights of one, for mIoU.
    """

    originals: Source
    methods: Mapping[str, Matched]
    masks: Source | None
    evaluator: Evaluator
    on_wrong_size: OnWrongSize
    others: tuple[Evaluator, ...] = ()
    real: Source | None = None
    segmenter: Path | None = None

    @property
    def evaluators(self) -> tuple[Evaluator, ...]:
        """All of them, the one of the tables first."""
        return (self.evaluator, *self.others)

    def key_of(self, evaluator: Evaluator, measure: str) -> str:
        """What a measure is called in rows."""
        return measure if evaluator is self.evaluator else f"{evaluator.protocol.name}:{measure}"

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

    def photograph(self, id: str) -> Seen:
        """Read a photograph, and its mask if there is one."""
        rgb = decode_image(self.originals.read(id), self.originals.where(id))
        mask = None
        if self.masks is not None and id in self.masks.files:
            mask = decode_mask(self.masks.read(id), self.masks.where(id))
            if mask.shape != rgb.shape[:2]:
                raise UserError(f"the mask {self.masks.where(id)} is not of its photograph's size.")
        views: dict[tuple[object, ...], Photograph] = {}
        for evaluator in self.evaluators:
            if evaluator.protocol.geometry not in views:
                views[evaluator.protocol.geometry] = Photograph.of(fitted(evaluator.protocol, rgb), mask)
        return Seen(rgb, views)

    def of_method(self, name: str, id: str, photograph: Seen) -> list[Row]:
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

    def measured(self, name: str, id: str, photograph: Seen, answer: int, picture: str) -> tuple[Row, Picture]:
        """The row of one picture; raises `UserError` for one that cannot be scored."""
        source, remarks = self.methods[name].source, []
        content, where = source.read(picture), source.where(picture)
        rgb, kind = decode_image(content, where), format_of(content)
        if kind in LOSSY:
            remarks.append(f"{kind}, which loses colour")
        if self.wrong_size(self.evaluator, rgb, photograph.rgb):
            remarks.append(f"{rgb.shape[1]} x {rgb.shape[0]} pixels, another size than the photograph's")
        seen = self.seen(self.evaluator, rgb, photograph.rgb, where)
        view = photograph.views[self.evaluator.protocol.geometry]
        if seen.shape != view.rgb.shape:
            view = Photograph.of(resized(view.rgb, *seen.shape[:2]), None)
        own = Picture.of(seen)
        if likeness.is_unlike(seen, own.lab[0], view.picture.lab[0], where):
            remarks.append("does not look like its photograph")
        values = self.values(self.evaluator, view, seen, own, kind)
        fits = {self.evaluator.protocol.geometry: (seen, own)}
        for other in self.others:
            geometry = other.protocol.geometry
            with suppress(UserError):  # a picture of a size that this protocol does not know has no value of it
                if geometry not in fits:
                    seen = self.seen(other, rgb, photograph.rgb, where)
                    fits[geometry] = (seen, Picture.of(seen))
                values |= self.values(other, photograph.views[geometry], *fits[geometry], kind)
        return Row(name, id, answer, kind, "", "; ".join(remarks), values), own

    def values(
        self, evaluator: Evaluator, view: Photograph, seen: np.ndarray, own: Picture, kind: str
    ) -> dict[str, float]:
        """One protocol's values of a picture, of the file format `kind`, that it sees as `seen`."""
        kept = saved(evaluator.protocol, seen, kind in LOSSY)
        found = evaluator.values(view, kept, own if kept is seen else Picture.of(kept))
        return {self.key_of(evaluator, key): value for key, value in found.items()}

    def wrong_size(self, evaluator: Evaluator, rgb: np.ndarray, photograph: np.ndarray) -> bool:
        """Whether a picture has neither its photograph's size nor that of the protocol."""
        return rgb.shape != photograph.shape and rgb.shape[:2] != (evaluator.protocol.size,) * 2

    def seen(self, evaluator: Evaluator, rgb: np.ndarray, photograph: np.ndarray, where: str) -> np.ndarray:
        """A picture as a protocol sees it; at its own size where nothing of it is compared by pixels.

        Raises `UserError` for a picture that would have to be resized, unless that is wanted.
        """
        height, width = photograph.shape[:2]
        if rgb.shape == photograph.shape:
            return fitted(evaluator.protocol, rgb)
        if not self.wrong_size(evaluator, rgb, photograph):
            return rgb
        if self.on_wrong_size == "resize":
            return fitted(evaluator.protocol, resized(rgb, height, width))
        if not evaluator.reference:
            return rgb
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
    picture, protocol = next(iter(matched.pictures[ids[place]].values())), task.evaluator.protocol
    try:
        own = decode_image(matched.source.read(picture), matched.source.where(picture))
        photographs = [decode_image(task.originals.read(id), "") if id is not None else None for id in near]
        if photographs[0] is not None and own.shape == photographs[0].shape:
            own = fitted(protocol, own)
        photograph, *beside = (
            None if rgb is None else likeness.lightness(fitted(protocol, rgb)) for rgb in photographs
        )
    except UserError:
        return
    assert photograph is not None
    yield likeness.Pair.of(own, photograph, *(None if one is None else likeness.small(one) for one in beside))
