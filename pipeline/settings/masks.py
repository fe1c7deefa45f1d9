"""What a dataset without class masks does without: networks and methods that need them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipeline.settings.classes import check_block
from pipeline.settings.errors import UserError
from pipeline.settings.params import REPEAT, Params


@dataclass(frozen=True)
class LeftOut:
    """The blocks of params.yaml that need masks, on a dataset that has none; all empty on one that has."""

    models: tuple[str, ...] = ()
    segmenters: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.models or self.segmenters or self.methods)

    def names(self) -> list[str]:
        """Each name once, without those of further trainings."""
        every = dict.fromkeys((*self.methods, *self.models, *self.segmenters))
        return [name for name in every if REPEAT not in name]

    def removed_from(self, params: Params) -> Params:
        """`params` without these blocks."""
        return replace(
            params,
            models={name: block for name, block in params.models.items() if name not in self.models},
            segmenters={name: block for name, block in params.segmenters.items() if name not in self.segmenters},
            methods={name: block for name, block in params.methods.items() if name not in self.methods},
            sizes=tuple(model for model in params.sizes if model not in self.models),
        )

    def refuse(self, named: Sequence[str], dataset: str) -> None:
        """Raise `UserError` for a method that is asked for by its name."""
        for name in named:
            if name in self.methods:
                raise UserError(f"{name} {reason(dataset)}.")


def left_out(params: Params, classes: Sequence[str]) -> LeftOut:
    """What needs masks, on a dataset of these `classes`; nothing where there are any."""
    if classes:
        return LeftOut()
    models, segmenters = (
        tuple(name for name in getattr(params, key) if needs_masks(params.network(name), f"{key}.{name}"))
        for key in ("models", "segmenters")
    )
    methods = tuple(
        name
        for name in params.methods
        if params.methods[name].get("model") in models or needs_masks(params.method(name), f"methods.{name}")
    )
    return LeftOut(models, segmenters, methods)


def needs_masks(block: Mapping[str, Any], where: str) -> bool:
    """Whether the class of a block needs class masks with the block's options; a class that does not say, does not."""
    made_of, options = check_block(block, where)
    asks = getattr(made_of, "needs_masks", None)
    return asks is not None and bool(asks(options))


def reason(dataset: str) -> str:
    """The end of the sentence about a block that is left out."""
    return f"needs class masks, which {dataset} does not have"
