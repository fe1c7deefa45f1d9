"""Measures of all pictures of a method together: FID and KID, from the features of an Inception network."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from huebench.protocols.fitting import fitted, saved
from huebench.scoring.measures import Evaluator
from huebench.scoring.photographs import Task
from huebench.scoring.rows import Row
from huebench.scoring.sources import Source
from pipeline.methods.folder import LOSSY, format_of
from pipeline.packs.decode import decode_image
from pipeline.runtime import distributed
from pipeline.scoring.perceptual import features

if TYPE_CHECKING:
    from torch import Tensor

    Network = Callable[[Tensor], np.ndarray]

FEWEST = 2  # pictures that have a covariance


@dataclass(frozen=True)
class SetValue:
    """A value of `n` pictures together, with the ends of its 95 % interval, NaN where it has none."""

    value: float
    n: int
    low: float = math.nan
    high: float = math.nan


SetValues = Mapping[str, Mapping[str, SetValue]]  # key of the rows -> method -> value


def set_values(task: Task, rows: Sequence[Row]) -> SetValues:
    """FID and KID of every method by every protocol that has them, in the first process; in the others none."""
    scored = distributed.broadcast(first_answers(rows))
    found: dict[str, dict[str, SetValue]] = {}
    for evaluator in task.evaluators:
        if evaluator.of_sets:
            found |= by_protocol(task, evaluator, scored)
    return found


def first_answers(rows: Iterable[Row]) -> dict[str, dict[str, int]]:
    """Method -> photograph -> the number of the first of its answers that was scored."""
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        if not row.problem:
            found.setdefault(row.method, {}).setdefault(row.id, row.answer)
    return found


def by_protocol(
    task: Task, evaluator: Evaluator, scored: Mapping[str, Mapping[str, int]]
) -> dict[str, dict[str, SetValue]]:
    """One protocol's values of the pictures in `scored`, which `first_answers` gives."""
    network, same = network_of(evaluator), evaluator.protocol.fid is None or evaluator.protocol.fid.real == "same"
    source = task.originals if same or task.real is None else task.real
    wanted = sorted({id for answers in scored.values() for id in answers} if same else source.files)
    read = partial(photograph, evaluator, source)
    real = shared(f"photographs ({evaluator.protocol.name})", wanted, read, network)
    values: dict[str, dict[str, SetValue]] = {}
    for method, answers in scored.items():
        read = partial(picture, task, evaluator, method, answers)
        own = shared(f"{method} ({evaluator.protocol.name})", sorted(answers), read, network)
        compared = [real[id] for id in own] if same else list(real.values())
        if min(len(own), len(compared)) < FEWEST:
            continue
        for key, value in distances(evaluator, np.stack(compared), np.stack(list(own.values()))).items():
            values.setdefault(task.key_of(evaluator, key), {})[method] = SetValue(value, len(own))
    return values


def distances(evaluator: Evaluator, real: np.ndarray, own: np.ndarray) -> dict[str, float]:
    """What the protocol measures of two (N, features)."""
    from pipeline.metrics.perceptual import frechet_distance, kernel_distance

    of = {"fid": frechet_distance, "kid": kernel_distance}
    return {key: of[key](real, own) for key in evaluator.of_sets}


def shared(
    name: str, ids: Sequence[str], read: Callable[[str], np.ndarray], network: "Network"
) -> dict[str, np.ndarray]:
    """Features by id, computed on all processes; in the first process all, in the others none."""
    mine = distributed.share(ids)
    found = features(name, map(read, mine), network) if mine else ()
    return dict(sorted(distributed.gather(list(zip(mine, found, strict=True)))))


def photograph(evaluator: Evaluator, source: Source, id: str) -> np.ndarray:
    """A photograph as the protocol sees it, (H, W, 3) uint8."""
    return fitted(evaluator.protocol, decode_image(source.read(id), source.where(id)))


def picture(task: Task, evaluator: Evaluator, method: str, answers: Mapping[str, int], id: str) -> np.ndarray:
    """A method's picture of a photograph as the protocol sees it, (H, W, 3) uint8."""
    matched = task.methods[method]
    name = matched.pictures[id][answers[id]]
    content, where = matched.source.read(name), matched.source.where(name)
    original = decode_image(task.originals.read(id), task.originals.where(id), known_whole=True)
    seen = task.seen(evaluator, decode_image(content, where, known_whole=True), original, where)
    return saved(evaluator.protocol, seen, format_of(content) in LOSSY)


def network_of(evaluator: Evaluator) -> "Network":
    """The network of the protocol's features."""
    from pipeline.metrics.perceptual import Inception, TorchvisionInception
    from pipeline.runtime.device import choose_device

    fid = evaluator.protocol.fid
    assert fid is not None and evaluator.sets is not None
    if fid.network == "torchvision":
        return TorchvisionInception(evaluator.sets, choose_device(), fid.lowest)
    return Inception(evaluator.sets, choose_device(), fid.features)
