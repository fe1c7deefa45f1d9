"""`params.yaml` as frozen, typed records; an unknown or misspelt key is an error with a suggestion."""

import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml

from pipeline.settings.errors import UserError, suggestion

PARAMS_FILE = Path("params.yaml")
Record = TypeVar("Record")


@dataclass(frozen=True)
class PackParams:
    """How photographs are packed. `size`: side in pixels of the square that networks see."""

    size: int
    on_bad_image: Literal["stop", "skip"]


@dataclass(frozen=True)
class TrainParams:
    """How long and how wide networks train. `batch_size` counts all processes together.

    `first_weights` of the proposed network, whose paper does not name any: PyTorch's own, or "he", which learn faster
    in a short training (He et al. 2015).
    """

    width: float
    epochs: int
    batch_size: int
    learning_rate: float
    precision: Literal["auto", "float32", "bfloat16"]
    first_weights: Literal["pytorch", "he"] = "pytorch"


@dataclass(frozen=True)
class DatasetParams:
    """One block under `data`. `source` holds `kind` and that kind's own options (`pipeline.datasets.registry`)."""

    source: dict[str, Any]
    pack: PackParams
    train: TrainParams


@dataclass(frozen=True)
class Params:
    """The whole of `params.yaml`.

    The blocks of `models`, `segmenters` and `methods` hold `class`, or a `kind` that `kinds` gives the class of, and
    that class's options; those of `models` and `segmenters` also a `seed`, where it is not that of everything; those of
    `published` also where the weights are (`baselines.convert`). `weights`: files of the networks that perceptual
    scores need (`pipeline.metrics.backbones`).
    """

    datasets: tuple[str, ...]
    seed: int
    data: dict[str, DatasetParams]
    models: dict[str, dict[str, Any]]
    methods: dict[str, dict[str, Any]]
    segmenters: dict[str, dict[str, Any]] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    published: dict[str, dict[str, Any]] = field(default_factory=dict)
    weights: dict[str, str] = field(default_factory=dict)
    sizes: tuple[str, ...] = ()

    def dataset(self, name: str) -> DatasetParams:
        """The block `data.<name>`."""
        return _lookup(self.data, name, "data")

    def network(self, name: str) -> dict[str, Any]:
        """The block `models.<name>` or `segmenters.<name>`, no name is in both; without its `seed`.

        That is about one training and not about the network.
        """
        return {key: value for key, value in self._network(name).items() if key != "seed"}

    def seed_of(self, name: str) -> int:
        """The seed that a network is trained with: its own, or that of everything."""
        seed = self._network(name).get("seed", self.seed)
        if not isinstance(seed, int) or isinstance(seed, bool):
            raise UserError(f"{PARAMS_FILE}: models.{name}.seed is {seed!r}, but should be a whole number.")
        return seed

    def trainings(self, method: str) -> dict[int, str]:
        """By seed the methods that differ from this one in the seed of their network alone, itself among them.

        None for a method without a network that is trained here. Of others with one seed the first counts.
        """
        found: dict[int, str] = {}
        if self.methods[method].get("model") not in self.models:
            return found
        own = self.seed_of(self.methods[method]["model"])
        for name, block in self.methods.items():
            if block.get("model") in self.models and self._but_for_the_seed(name) == self._but_for_the_seed(method):
                seed = self.seed_of(block["model"])
                found.setdefault(seed, method if seed == own else name)
        return found

    def repeats(self, method: str) -> bool:
        """Whether a method is another training of one that stands before it in params.yaml."""
        return method != next(iter(self.trainings(method).values()), method)

    def _but_for_the_seed(self, method: str) -> dict[str, Any]:
        block = self.methods[method]
        return {**block, "model": self.network(block["model"])} if block.get("model") in self.models else block

    def segmenter(self, name: str) -> dict[str, Any]:
        """The block `segmenters.<name>`."""
        return _lookup(self.segmenters, name, "segmenters")

    def _network(self, name: str) -> dict[str, Any]:
        return _lookup({**self.models, **self.segmenters}, name, "models")

    def published_model(self, name: str) -> dict[str, Any]:
        """The block `published.<name>`."""
        return _lookup(self.published, name, "published")

    def chosen(self, named: Sequence[str]) -> list[str]:
        """The methods that are `named`, else all; raises `UserError` for one that is no block."""
        for name in named:
            self.method(name)
        return list(named or self.methods)

    def method(self, name: str) -> dict[str, Any]:
        """The block `methods.<name>`, with its `kind` resolved to a `class`."""
        block = dict(_lookup(self.methods, name, "methods"))
        if "kind" in block:
            block["class"] = _lookup(self.kinds, str(block.pop("kind")), "kinds")
        return block


def load_params(path: Path = PARAMS_FILE) -> Params:
    """Read and check a params file; raises `UserError` naming the key that is wrong."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} is not here; run from the repository's top folder.") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path} is not valid YAML: {' '.join(str(error).split())}.") from None
    params = parse_record(Params, content, str(path))
    for name in params.datasets:
        params.dataset(name)
    for name in (*params.models, *params.segmenters):
        params.seed_of(name)
    for other, names in (("published", params.published), ("segmenters", params.segmenters)):
        twice = sorted(set(params.models) & set(names))
        if twice:
            raise UserError(f"{path}: {twice[0]!r} is both under models and under {other}; give one another name.")
    for name in params.sizes:
        if name not in (*params.models, *params.published):
            known = suggestion(name, [*params.models, *params.published])
            raise UserError(f"{path}: sizes names the model {name!r}, which does not exist; {known}")
    for name, method in params.methods.items():
        if "model" in method and method["model"] not in (*params.models, *params.published):
            known = suggestion(str(method["model"]), [*params.models, *params.published])
            raise UserError(
                f"{path}: methods.{name} wants the model {method['model']!r}, which does not exist; {known}"
            )
    return params


def parse_record(record: type[Record], content: object, where: str) -> Record:
    """Make the dataclass `record` from a mapping, checking every key and every value's type."""
    if not isinstance(content, Mapping):
        raise UserError(f"{where} should hold keys and values, but is {content!r}.")
    known = {one.name: one for one in fields(typing.cast(Any, record))}
    for key in content:
        if key not in known:
            raise UserError(f"{where}: unknown parameter {key!r}; {suggestion(str(key), list(known))}")
    for name, one in known.items():
        if name not in content and one.default is MISSING and one.default_factory is MISSING:
            raise UserError(f"{where}: the parameter {name!r} is missing.")
    hints = typing.get_type_hints(record)
    return record(**{key: _value(hints[key], value, f"{where}: {key}") for key, value in content.items()})


def _value(hint: Any, value: Any, where: str) -> Any:
    """Check `value` against the type `hint` and convert lists to tuples and whole numbers to floats."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if is_dataclass(hint):
        return parse_record(typing.cast(type, hint), value, where)
    if origin is Literal:
        if value not in arguments:
            raise UserError(f"{where} is {value!r}; {suggestion(str(value), [str(choice) for choice in arguments])}")
        return value
    if origin is tuple and isinstance(value, list):
        return tuple(_value(arguments[0], item, where) for item in value)
    if origin is dict and isinstance(value, Mapping):
        return {str(key): _value(arguments[1], item, f"{where}.{key}") for key, item in value.items()}
    if origin is types.UnionType:
        return None if value is None and type(None) in arguments else _value(arguments[0], value, where)
    if hint is Any:
        return value
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    wanted = origin or hint
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        raise UserError(f"{where} is {value!r}, but should be of type {wanted.__name__}.")
    return value


def _lookup(blocks: Mapping[str, Record], name: str, where: str) -> Record:
    if name not in blocks:
        raise UserError(f"{PARAMS_FILE} has no {where}.{name}; {suggestion(name, list(blocks))}")
    return blocks[name]
