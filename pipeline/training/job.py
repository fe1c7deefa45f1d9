"""One training of one network: what decides its weights, and whether weights on disk are of it."""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from pipeline.networks.contract import Network
from pipeline.networks.weights import WEIGHTS, key_of
from pipeline.packs.pack import Pack
from pipeline.settings import paths, provenance
from pipeline.settings.classes import load_class
from pipeline.settings.errors import UserError
from pipeline.settings.inputs import flat
from pipeline.settings.params import PARAMS_FILE, Params, TrainParams

CODE = "pipeline.training.train_one"  # decides weights, with the module of the network's class


@dataclass(frozen=True)
class Job:
    """What is trained: the network `name` of params.yaml, on `data.<dataset>`."""

    params: Params
    dataset: str
    name: str

    @property
    def colorizes(self) -> bool:
        """Whether it is one of `models`, else it is one of `segmenters`."""
        return self.name in self.params.models

    @property
    def where(self) -> str:
        """The block of params.yaml that describes it."""
        return f"{'models' if self.colorizes else 'segmenters'}.{self.name}"

    @property
    def block(self) -> dict[str, Any]:
        """The network's class and options."""
        return self.params.network(self.name)

    @property
    def seed(self) -> int:
        """Of its first weights, the order of examples and their augmentation."""
        return self.params.seed_of(self.name)

    @property
    def module(self) -> str:
        """Where the network's class stands."""
        return load_class(self.block["class"], self.where).__module__

    @property
    def folder(self) -> Path:
        """Where its weights, history and manifest lie."""
        return (paths.trained if self.colorizes else paths.segmenter)(self.dataset, self.name)

    def recipe(self, model: Network) -> TrainParams:
        """How long and how wide it trains; weights that are used as published do not."""
        recipe = self.params.dataset(self.dataset).train
        return recipe if model.published is None else replace(recipe, epochs=0)

    def pack(self, split: str) -> Pack:
        """The photographs of a split."""
        return Pack(paths.pack(self.dataset, split))

    def used_params(self) -> dict[str, Any]:
        """The part of params.yaml that decides the weights."""
        return {
            "seed": self.seed,
            f"data.{self.dataset}.train": asdict(self.params.dataset(self.dataset).train),
            self.where: self.block,
        }

    def identity(self) -> dict[str, Any]:
        """All that decides the weights, but for rounding: params, data, code and PyTorch."""
        initial = [self.block["initial_weights"]] if self.block.get("initial_weights") else []
        return {
            "params": self.used_params(),
            "data": [self.pack(split).summary["digest"] for split in ("train", "val")],
            "code": provenance.code_digest([CODE, self.module]),
            "initial": [hashlib.sha256(Path(value).read_bytes()).hexdigest() for value in initial],
            "torch": torch.__version__,
        }

    def finished(self) -> bool:
        """Whether weights of this identity are there, whole."""
        file = self.folder / WEIGHTS
        return (self.folder / "manifest.json").exists() and file.exists() and key_of(file) == digest(self.identity())

    def check_weights(self) -> None:
        """Raise `UserError` where weights were trained with other params than params.yaml has now."""
        file = self.folder / "manifest.json"
        try:
            used = json.loads(file.read_text(encoding="utf-8"))["params"]
        except (OSError, ValueError, KeyError):
            raise UserError(f"{file} is missing or damaged; `dvc repro` trains {self.name}.") from None
        before, now = (flat("", params) for params in (used, self.used_params()))
        for where in {**before, **now}:
            if before.get(where) != now.get(where):
                raise UserError(
                    f"{self.folder} was trained with {where} {before.get(where)!r}, but {PARAMS_FILE} says "
                    f"{now.get(where)!r}; `python -m pipeline.train {self.dataset} {self.name}` trains it anew."
                )


def digest(identity: dict[str, Any]) -> str:
    """A short hash of `Job.identity`; what a network or dataset is called is no part of it."""
    nameless = {**identity, "params": list(identity["params"].values())}
    return hashlib.sha256(json.dumps(nameless, sort_keys=True).encode()).hexdigest()[:16]
