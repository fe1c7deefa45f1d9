"""`params.yaml` as frozen, typed records; an unknown or misspelt key is an error with a suggestion."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pipeline.settings.errors import UserError, suggestion
from pipeline.settings.names import check_names
from pipeline.settings.options import parse_record, typed_value
from pipeline.settings.ranges import Range, Seed, Seeds
from pipeline.settings.recipes import with_recipe
from pipeline.settings.yaml_file import read_yaml

PARAMS_FILE = Path("params.yaml")
REPEAT = "@"  # between a name and the seed of a training that is not the first
Record = TypeVar("Record")


@dataclass(frozen=True)
class PackParams:
    """How photographs are packed. `size`: side in pixels of the square that networks see."""

    size: Annotated[int, Range(16, 2048, multiple_of=8)]  # networks halve it three times
    on_bad_image: Literal["stop", "skip"]


@dataclass(frozen=True)
class TrainParams:
    """How long and how wide networks train. `batch_size` counts all processes together.

    `first_weights` of the proposed network, whose paper does not name any: PyTorch's own, or "he", which learn faster
    in a short training (He et al. 2015).

    `schedule` of the learning rate: `pipeline.training.loop.schedule`.

    `threads`: of a CPU, for each network; with None one network at a time has them all, and weights then depend on
    how many a machine has.
    """

    width: Annotated[float, Range(0.01, 4)]
    epochs: Annotated[int, Range(1, 100_000)]
    batch_size: Annotated[int, Range(2, 65_536)]  # batch normalisation needs two
    learning_rate: Annotated[float, Range(1e-8, 1)]
    precision: Literal["auto", "float32", "bfloat16"]
    first_weights: Literal["pytorch", "he"]
    threads: Annotated[int, Range(1, 4096)] | None
    schedule: Literal["cosine", "trapezoid"] = "cosine"


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
    that class's options; those of `published` also where the weights are (`baselines.convert`). `weights`: files of the
    networks that perceptual scores need (`pipeline.metrics.backbones`).

    `load_params` fills in what a method's `recipe` says (`pipeline.settings.recipes`). It repeats each model for each
    of its seeds: the first training has the model's name, another is `<model>@<seed>`, and so are the methods that use
    it. Here every block of `models` has its one `seed`.
    """

    datasets: tuple[str, ...]
    seed: Seed
    seeds: Seeds
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
        """The seed that a network is trained with: a model's own, a segmenter's that of everything."""
        seed: int = self._network(name).get("seed", self.seed)
        return seed

    def chosen_networks(self, named: Sequence[str]) -> list[str]:
        """The models and segmenters that are `named`, else all; raises `UserError` for one that is no block."""
        for name in named:
            self._network(name)
        return list(named or (*self.models, *self.segmenters))

    def trainings(self, method: str) -> dict[int, str]:
        """By seed the method with each training of its network; none for a method without one that is trained here."""
        first = method.partition(REPEAT)[0]
        runs = [name for name in self.methods if name.partition(REPEAT)[0] == first]
        return {self.seed_of(self.methods[run]["model"]): run for run in runs if self.trained_here(run)}

    def trained_here(self, method: str) -> bool:
        """Whether a method is a network of `models`."""
        return self.methods[method].get("model") in self.models

    def repeats(self, method: str) -> bool:
        """Whether a method is another training of the one without its seed in the name."""
        return REPEAT in method

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
    content = read_yaml(path, "run from the repository's top folder.")
    check_names(content, str(path))
    params = parse_record(Params, content, str(path))
    methods = {name: with_recipe(block, f"{path}: methods.{name}") for name, block in params.methods.items()}
    params = replace(params, methods=methods)
    for name in params.datasets:
        params.dataset(name)
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
    return with_every_training(params, str(path))


def with_every_training(params: Params, where: str) -> Params:
    """The same with a model for each seed, and with each of its methods for each of its trainings."""
    models: dict[str, dict[str, Any]] = {}
    methods: dict[str, dict[str, Any]] = {}
    suffixes: dict[str, list[str]] = {}
    for name, block in params.models.items():
        seeds = seeds_of(block, params.seeds, f"{where}: models.{name}")
        suffixes[name] = ["", *(f"{REPEAT}{seed}" for seed in seeds[1:])]
        options = {key: value for key, value in block.items() if key != "seeds"}
        models |= {name + suffix: {**options, "seed": seed} for suffix, seed in zip(suffixes[name], seeds, strict=True)}
    for name, block in params.methods.items():
        model = block.get("model")
        for suffix in suffixes.get(str(model), [""]):
            methods[name + suffix] = {**block, "model": f"{model}{suffix}"} if model else block
    return replace(params, models=models, methods=methods)


def seeds_of(block: dict[str, Any], everyones: tuple[int, ...], where: str) -> tuple[int, ...]:
    """A model's own `seeds`, else those of all models."""
    if "seed" in block:
        raise UserError(f"{where}.seed: write `seeds: [{block['seed']}]`; each is another training.")
    seeds: tuple[int, ...] = typed_value(Seeds, block.get("seeds", everyones), f"{where}.seeds")
    if not seeds:
        raise UserError(f"{where}.seeds is empty, but should name one seed or more, such as [0, 1, 2].")
    return seeds


def _lookup(blocks: Mapping[str, Record], name: str, where: str) -> Record:
    if name not in blocks:
        raise UserError(f"{PARAMS_FILE} has no {where}.{name}; {suggestion(name, list(blocks))}")
    return blocks[name]
