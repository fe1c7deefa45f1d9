"""References for every method: no colour, the mean colour, the mean colour of the true class, the original."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pipeline.color.compose import compose
from pipeline.methods.method import Context, Method, Photo
from pipeline.packs.masks import VOID
from pipeline.packs.pack import Pack
from pipeline.records.rows import MethodCard
from pipeline.settings import paths
from pipeline.settings.errors import UserError


class Gray(Method):
    """The grey photograph itself: its lightness without any colour."""

    def identity(self) -> str:
        return ""

    def colorize(self, photos: Sequence[Photo]) -> list[np.ndarray]:
        return [gray(photo.lightness) for photo in photos]


def gray(lightness: Tensor) -> np.ndarray:
    """(1, H, W) L in [0, 100] -> (H, W, 3) uint8 sRGB of three equal channels.

    Lab's white differs by 7e-5 from that of sRGB, so channels could round differently; green carries most of the light.
    """
    return compose(lightness, torch.zeros(2, *lightness.shape[1:]))[..., 1:2].repeat(3, axis=2)


class MeanAb(Method):
    """One colour for everything: the mean of the training split, which a regression without input would learn."""

    def __init__(self, context: Context) -> None:
        pack = Pack(paths.pack(context.dataset, "train"))
        self.ab, self.training_data = torch.tensor(pack.statistics["ab_mean"]), pack.summary["title"]

    def identity(self) -> str:
        return repr(self.ab.tolist())

    def colorize(self, photos: Sequence[Photo]) -> list[np.ndarray]:
        return [compose(photo.lightness, self.ab[:, None, None].expand(2, *photo.rgb.shape[:2])) for photo in photos]

    def card(self) -> MethodCard:
        return MethodCard(parameters=2, training_data=self.training_data, resolution="nothing of it")


class ClassMean(MeanAb):
    """The mean colour of every pixel's true class, or of all pixels for void: an oracle, as it sees the masks.

    It bounds what semantics alone can give: the classes of all pixels without error, and nothing else.
    """

    @classmethod
    def needs_masks(cls, options: Mapping[str, Any]) -> bool:
        return True

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        pack = Pack(paths.pack(context.dataset, "train"))
        if not pack.classes:
            raise UserError(f"class_mean needs class masks, which {context.dataset} does not have.")
        self.parameters = 2 * (len(pack.classes) + 1)
        self.ab = self.ab.repeat(VOID + 1, 1)
        self.ab[: len(pack.classes)] = torch.tensor(pack.statistics["class_ab_mean"])

    def colorize(self, photos: Sequence[Photo]) -> list[np.ndarray]:
        return [compose(photo.lightness, self._colors(photo)) for photo in photos]

    def _colors(self, photo: Photo) -> Tensor:
        """(2, H, W) ab."""
        if photo.mask is None:
            raise UserError(f"class_mean needs the mask of {photo.id}, which has none.")
        return self.ab[torch.from_numpy(photo.mask.astype(np.int64))].permute(2, 0, 1)

    def card(self) -> MethodCard:
        remark = "An oracle: it sees the true masks of the photographs that it colorizes."
        return MethodCard(
            parameters=self.parameters, training_data=self.training_data, resolution="its true mask", remarks=(remark,)
        )


class Original(Method):
    """The colour photograph, untouched."""

    def identity(self) -> str:
        return ""

    def colorize(self, photos: Sequence[Photo]) -> list[np.ndarray]:
        return [photo.rgb for photo in photos]
