"""What the other stages left for the report, read and checked."""

from collections import Counter
from dataclasses import dataclass, fields, replace
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np
import pandas as pd
from PIL import Image

from pipeline.records.rows import MethodCard, PerceptualRow, PerceptualSummary, ScoreRow, read_rows
from pipeline.settings import paths
from pipeline.settings.errors import UserError
from pipeline.settings.params import Params, parse_record
from reports.inputs.json_files import read_json, read_record
from reports.inputs.judgements import Defects, Segmentation, read_defects, read_segmentation


@dataclass(frozen=True)
class Split:
    """A packed split's `summary.json`. `size`: the side in pixels that networks see; `skipped`: id and reason."""

    title: str
    photographs: int
    skipped: list[dict[str, str]]
    colorless: int
    size: int
    classes: list[str]
    digest: str


@dataclass(frozen=True)
class Manifest:
    """A trained model's `manifest.json`: the settings of its losses, how it was trained, and with what."""

    losses: dict[str, Any]
    recipe: dict[str, Any]
    provenance: dict[str, Any]


@dataclass(frozen=True)
class Training:
    """A trained model: its manifest and its history, one row an epoch."""

    manifest: Manifest
    history: pd.DataFrame


@dataclass(frozen=True)
class Dataset:
    """All that is known of one dataset.

    `title`: how tables must name it; says so where it is synthetic or only a part. `scores`: rows as `ScoreRow`,
    method after method, sorted by id within each; `perceptual`: the same as `PerceptualRow`, with a summary of every
    method. `segmentations`: by segmenter. `cards`: of every method. `models`: the model of every method that has one;
    `trainings` holds those that were trained here, not those whose weights somebody published.
    """

    name: str
    title: str
    train: Split
    val: Split
    on_bad_image: str
    scores: pd.DataFrame
    perceptual: pd.DataFrame
    perceptual_summaries: dict[str, PerceptualSummary]
    segmentations: dict[str, Segmentation]
    defects: Defects
    cards: dict[str, MethodCard]
    models: dict[str, str]
    trainings: dict[str, Training]


def read_datasets(params: Params) -> list[Dataset]:
    """Read every dataset that params.yaml asks for; two with one title (say, at two sizes) also give their names."""
    datasets = [read_dataset(name, params) for name in params.datasets]
    titles = Counter(dataset.title for dataset in datasets)
    return [
        replace(dataset, title=f"{dataset.title}, {dataset.name}") if titles[dataset.title] > 1 else dataset
        for dataset in datasets
    ]


def read_dataset(name: str, params: Params) -> Dataset:
    """Read one dataset's summaries, scores, cards and trained models; raises `UserError` for what is missing."""
    models = {method: block["model"] for method, block in params.methods.items() if "model" in block}
    train, val = (read_record(paths.pack(name, split) / "summary.json", Split) for split in ("train", "val"))
    methods = list(params.methods)
    scores = read_scores(name, methods)
    ids = list(scores["id"][scores["method"] == methods[0]])
    return Dataset(
        name=name,
        title=val.title,
        train=train,
        val=val,
        on_bad_image=params.dataset(name).pack.on_bad_image,
        scores=scores,
        perceptual=read_perceptual(name, methods, scores),
        perceptual_summaries={method: read_perceptual_summary(name, method) for method in methods},
        segmentations={one: read_segmentation(name, one, methods, ids) for one in params.segmenters},
        defects=read_defects(name, methods, ids),
        cards={method: read_card(name, method) for method in params.methods},
        models=models,
        trainings={
            model: read_training(name, model) for model in dict.fromkeys(models.values()) if model in params.models
        },
    )


def read_scores(dataset: str, methods: list[str]) -> pd.DataFrame:
    """All methods' scores; raises `UserError` unless every method scored the same photographs once."""
    rows = [row for method in methods for row in _sorted_rows(dataset, method)]
    scores = pd.DataFrame(rows, columns=[field.name for field in fields(ScoreRow)])
    ids = {method: list(group["id"]) for method, group in scores.groupby("method")}
    for method in methods:
        mine, first = ids.get(method, []), ids.get(methods[0], [])
        if not mine or mine != first or len(set(mine)) != len(mine):
            raise UserError(
                f"{paths.scores(dataset, method)} does not hold the same {len(first)} photographs as "
                f"{paths.scores(dataset, methods[0])}, each once; `dvc repro --force` makes both anew."
            )
    return scores


def read_perceptual(dataset: str, methods: list[str], scores: pd.DataFrame) -> pd.DataFrame:
    """What pretrained networks make of all methods; raises `UserError` unless about the photographs of `scores`."""
    rows = [row for method in methods for row in read_rows(paths.perceptual(dataset, method), PerceptualRow)]
    read = pd.DataFrame(rows, columns=[field.name for field in fields(PerceptualRow)])
    mine, theirs = (sorted(zip(frame["method"], frame["id"], strict=True)) for frame in (read, scores))
    if mine != theirs:
        raise UserError(
            f"{paths.perceptual(dataset, '*')} and {paths.scores(dataset, '*')} are not about the same photographs; "
            "`dvc repro --force` makes both anew."
        )
    return read


def read_perceptual_summary(dataset: str, method: str) -> PerceptualSummary:
    """A method's FID, and what its perceptual scores were made with or lack."""
    return read_record(paths.perceptual(dataset, method).with_suffix(".json"), PerceptualSummary)


def read_card(dataset: str, method: str) -> MethodCard:
    """What a method says of itself; raises `UserError` unless every field has its type."""
    path = paths.card(dataset, method)
    content = read_json(path)
    try:
        return parse_record(MethodCard, content, str(path))
    except UserError as error:
        raise UserError(f"{error} Delete it, `dvc repro` makes it.") from None


def read_training(dataset: str, model: str) -> Training:
    """A trained model's manifest and history."""
    folder = paths.trained(dataset, model)
    manifest = read_record(folder / "manifest.json", Manifest)
    try:
        return Training(manifest, pd.read_csv(folder / "history.csv"))
    except FileNotFoundError:
        raise UserError(f"{folder / 'history.csv'} is missing; `dvc repro` makes it.") from None


def read_pictures(dataset: str, method: str, ids: list[str]) -> dict[str, np.ndarray]:
    """A method's colorizations of some photographs: (H, W, 3) uint8 sRGB by id."""
    return read_zip(paths.archive(dataset, method), ids)


def read_zip(path: Path, ids: list[str]) -> dict[str, np.ndarray]:
    """Some photographs of an archive: (H, W, 3) uint8 sRGB by id."""
    try:
        with ZipFile(path) as archive:
            return {id: np.asarray(Image.open(BytesIO(archive.read(f"{id}.png"))).convert("RGB")) for id in ids}
    except FileNotFoundError:
        raise UserError(f"{path} is missing; `dvc repro` makes it.") from None
    except (BadZipFile, KeyError) as error:
        raise UserError(f"{path} is damaged or not complete ({error}); delete it, `dvc repro` makes it.") from None


def _sorted_rows(dataset: str, method: str) -> list[ScoreRow]:
    return sorted(read_rows(paths.scores(dataset, method), ScoreRow), key=lambda row: row.id)
