"""What the other stages left for the report, read and checked."""

from collections import Counter
from dataclasses import dataclass, field, fields, replace
from typing import Any
from zipfile import BadZipFile

import numpy as np
import pandas as pd

from pipeline.records.archive import Archive
from pipeline.records.rows import MethodCard, PerceptualRow, PerceptualSummary, ScoreRow, read_rows
from pipeline.settings import paths
from pipeline.settings.errors import UserError
from pipeline.settings.masks import LeftOut
from pipeline.settings.params import Params
from reports.inputs.files import damaged, missing, read_exact_record, read_record
from reports.inputs.judgements import Defects, Segmentation, read_defects, read_segmentation
from reports.plan.order import GRAY, ORIGINAL


@dataclass(frozen=True)
class Split:
    """A packed split's `summary.json`.

    `kind`: of its source; `synthetic`: painted, not photographed; `part_of`: the dataset that it is only a part of, ""
    if it is none. `size`: the side in pixels that networks see; `skipped`: id and reason.
    """

    title: str
    kind: str
    synthetic: bool
    part_of: str
    photographs: int
    skipped: list[dict[str, str]]
    colorless: int
    size: int
    classes: list[str]
    digest: str


@dataclass(frozen=True)
class Manifest:
    """A trained model's `manifest.json`: the options of its class, how it was trained, and with what.

    `val_color_loss`: of its colours on the validation photographs; `constant_color_loss`: of the best constant colours;
    None of networks that do not state it.
    """

    options: dict[str, Any]
    recipe: dict[str, Any]
    provenance: dict[str, Any]
    val_color_loss: float | None
    constant_color_loss: float | None

    @property
    def learned(self) -> bool:
        """Whether its colours are better than those of the best constant, as far as it is known."""
        own, constant = self.val_color_loss, self.constant_color_loss
        return own is None or constant is None or own < constant


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

    A method whose network was trained with several seeds is here by its first training, which pictures and numbers of
    single photographs show. `runs`: the names of all its trainings, its own first; `every`: the dataset with all of
    them as methods, None where there are no others. Estimates are over all trainings. `left_out`: what needs masks,
    where the dataset has none.
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
    runs: dict[str, tuple[str, ...]]
    every: "Dataset | None" = None
    left_out: LeftOut = field(default_factory=LeftOut)

    @property
    def repeated(self) -> "Dataset":
        """The dataset with every training as a method of its own."""
        return self.every or self

    def trained(self, method: str) -> tuple[str, ...]:
        """The trainings of a method's network, () of a method that was not trained here."""
        return self.runs[method] if self.models.get(method, "") in self.trainings else ()

    def not_learned(self, method: str) -> list[Manifest]:
        """The manifests of its trainings whose colours are no better than a constant's."""
        models = (self.repeated.models[run] for run in self.trained(method))
        manifests = [self.repeated.trainings[model].manifest for model in models]
        return [manifest for manifest in manifests if not manifest.learned]

    def trainings_apart(self, a: str, b: str) -> list[tuple[str, ...]]:
        """The trainings on each side of a comparison, where there are any; [] for two methods on the same weights."""
        if a in self.models and self.models[a] == self.models.get(b):
            return []
        return [self.trained(method) for method in (a, b) if self.trained(method)]

    def as_they_are(self, *methods: str) -> list[str]:
        """Those of the methods that were not trained here, grey and original aside: of each, one set of weights."""
        return [method for method in methods if method not in (GRAY, ORIGINAL) and not self.trained(method)]

    def of(self, method: str) -> pd.DataFrame:
        """One method's scores by id: the bootstrap's pairs must not depend on the order of rows in a file."""
        return self.scores[self.scores["method"] == method].sort_values("id")


def read_datasets(params: Params) -> list[Dataset]:
    """Read every dataset that params.yaml asks for; two with one title (say, at two sizes) also give their names."""
    datasets = [read_dataset(name, params) for name in params.datasets]
    titles = Counter(dataset.title for dataset in datasets)
    return [
        replace(dataset, title=f"{dataset.title}, {dataset.name}") if titles[dataset.title] > 1 else dataset
        for dataset in datasets
    ]


def read_dataset(name: str, params: Params) -> Dataset:
    """Read one dataset's summaries, scores, cards and trained models; raises `UserError` for what is missing.

    What needs masks is not there on a dataset without.
    """
    without = read_left_out(name)
    params = without.removed_from(params)
    every = replace(_read_every_training(name, params), left_out=without)
    first = [method for method in params.methods if not params.repeats(method)]
    if len(first) == len(params.methods):
        return every
    defects, shown = every.defects, {every.models.get(method) for method in first}
    return replace(
        every,
        scores=_only(every.scores, first),
        perceptual=_only(every.perceptual, first),
        perceptual_summaries={method: every.perceptual_summaries[method] for method in first},
        segmentations={
            segmenter: replace(
                found,
                intersections={method: found.intersections[method] for method in first},
                unions={method: found.unions[method] for method in first},
            )
            for segmenter, found in every.segmentations.items()
        },
        defects=replace(
            defects,
            bleeding=_only(defects.bleeding, first),
            objects=_only(defects.objects, first),
            colors={method: defects.colors[method] for method in first},
        ),
        cards={method: every.cards[method] for method in first},
        models={method: model for method, model in every.models.items() if method in first},
        trainings={model: found for model, found in every.trainings.items() if model in shown},
        runs={method: every.runs[method] for method in first},
        every=every,
    )


def read_left_out(dataset: str) -> LeftOut:
    """What `pipeline.colorize` has left out, for want of masks."""
    path = paths.left_out(dataset)
    return read_exact_record(path, LeftOut) if path.exists() else LeftOut()


def _only(rows: pd.DataFrame, methods: list[str]) -> pd.DataFrame:
    return rows[rows["method"].isin(methods)].reset_index(drop=True)


def _read_every_training(name: str, params: Params) -> Dataset:
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
        perceptual_summaries={
            method: read_record(paths.perceptual(name, method).with_suffix(".json"), PerceptualSummary)
            for method in methods
        },
        segmentations={segmenter: read_segmentation(name, segmenter, methods, ids) for segmenter in params.segmenters},
        defects=read_defects(name, methods, ids),
        cards={method: read_exact_record(paths.card(name, method), MethodCard) for method in methods},
        models=models,
        trainings={
            model: read_training(name, model) for model in dict.fromkeys(models.values()) if model in params.models
        },
        runs={method: tuple(params.trainings(method).values()) or (method,) for method in methods},
    )


def read_scores(dataset: str, methods: list[str]) -> pd.DataFrame:
    """All methods' scores; raises `UserError` unless every method scored the same photographs once."""
    files = [read_rows(paths.scores(dataset, method), ScoreRow) for method in methods]
    rows = [row for file in files for row in sorted(file, key=lambda row: row.id)]
    scores = pd.DataFrame(rows, columns=[field.name for field in fields(ScoreRow)])
    ids = {method: list(group["id"]) for method, group in scores.groupby("method")}
    for method in methods:
        own, first = ids.get(method, []), ids.get(methods[0], [])
        if not own or own != first or len(set(own)) != len(own):
            raise UserError(
                f"{paths.scores(dataset, method)} does not hold the same {len(first)} photographs as "
                f"{paths.scores(dataset, methods[0])}, each once; `dvc repro --force` makes both anew."
            )
    return scores


def read_perceptual(dataset: str, methods: list[str], scores: pd.DataFrame) -> pd.DataFrame:
    """What pretrained networks make of all methods; raises `UserError` unless about the photographs of `scores`."""
    rows = [row for method in methods for row in read_rows(paths.perceptual(dataset, method), PerceptualRow)]
    read = pd.DataFrame(rows, columns=[field.name for field in fields(PerceptualRow)])
    about, scored = (sorted(zip(frame["method"], frame["id"], strict=True)) for frame in (read, scores))
    if about != scored:
        raise UserError(
            f"{paths.perceptual(dataset, '*')} and {paths.scores(dataset, '*')} are not about the same photographs; "
            "`dvc repro --force` makes both anew."
        )
    return read


def read_training(dataset: str, model: str) -> Training:
    """A trained model's manifest and history."""
    folder = paths.trained(dataset, model)
    manifest = read_record(folder / "manifest.json", Manifest)
    try:
        return Training(manifest, pd.read_csv(folder / "history.csv"))
    except FileNotFoundError:
        raise missing(folder / "history.csv") from None


def read_pictures(dataset: str, method: str, ids: list[str]) -> dict[str, np.ndarray]:
    """A method's colorizations of some photographs: (H, W, 3) uint8 sRGB by id."""
    archive = Archive(paths.archive(dataset, method))
    try:
        return {id: archive[id] for id in ids}
    except BadZipFile as error:  # inside of the file, which opening it does not see
        raise damaged(archive.path, error) from None
