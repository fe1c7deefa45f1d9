"""Small fabricated results of the other stages."""

import io
import json
import shutil
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pipeline.metrics.confusion import COLORS
from pipeline.records.rows import (
    BleedingRow,
    MethodCard,
    ObjectColorRow,
    PerceptualRow,
    PerceptualSummary,
    ScoreRow,
    SegmentationCard,
    SegmentationRow,
    write_json,
    write_rows,
)
from pipeline.settings import paths
from pipeline.settings.params import DatasetParams, PackParams, Params, TrainParams
from reports.build import build
from reports.inputs.scores import Dataset, read_datasets

PAPERS = ("no_semantics", "semantics", "semantics_jbu")  # methods whose network is trained here
METHODS = {
    "gray": {"class": "pipeline.methods.reference:Gray"},
    "no_semantics": {"class": "pipeline.methods.colorizer:Colorizer", "model": "no_semantics"},
    "semantics": {"class": "pipeline.methods.colorizer:Colorizer", "model": "semantics"},
    "semantics_jbu": {"class": "pipeline.methods.colorizer:Colorizer", "model": "semantics", "upsampling": "jbu"},
    "original": {"class": "pipeline.methods.reference:Original"},
}
IDS = [f"part_{number % 2}/scene_{number:03d}" for number in range(12)]
TRAINED = MethodCard(
    parameters=32_230_393, weights_megabytes=129.012345, weights="trained here", weights_sha256="0a" * 32,
    training_data="scenes (synthetic)", resolution="64 x 64, stretched",
    differences=("colder & <shorter>", "on fewer photographs"),
)  # fmt: skip
CARDS = {
    "gray": MethodCard(),
    "no_semantics": TRAINED,
    "semantics": replace(TRAINED, weights_sha256="0b" * 32, remarks=("An oracle.",)),
    "semantics_jbu": replace(TRAINED, weights_sha256="0b" * 32, remarks=("An oracle.",)),
    "original": MethodCard(),
}
ORIGIN = {"commit": "0123abc", "hardware": "a <small> machine", "python": "3.11"}


@pytest.fixture(scope="session")
def params() -> Params:
    """Params with one dataset and five methods."""
    block = DatasetParams(
        {"kind": "scenes"}, PackParams(64, "skip"), TrainParams(1.0, 2, 4, 1e-3, "float32", "pytorch", None)
    )
    models: dict[str, dict[str, object]] = {
        name: {"class": "pipeline.networks.proposed:Proposed", "semantics": name == "semantics"}
        for name in ("no_semantics", "semantics")
    }
    data = {"scenes": block, "voc2012": block}
    return Params(("scenes",), 0, (0,), data, models, METHODS, {"small": {}}, sizes=("no_semantics",))


@pytest.fixture(scope="session")
def fabricated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder in which all other stages have run; the first photograph is colourless. Tests only read it."""
    folder = tmp_path_factory.mktemp("fabricated")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        fabricate("scenes", "scenes (synthetic)")
    return folder


@pytest.fixture
def results(fabricated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that folder, which a test may change."""
    monkeypatch.chdir(tmp_path)
    return shutil.copytree(fabricated, tmp_path, dirs_exist_ok=True)


@pytest.fixture(scope="module")
def loaded(fabricated: Path, params: Params) -> Dataset:
    """The fabricated results, read once for the tests of a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(fabricated)
        return read_datasets(params)[0]


@pytest.fixture
def repeated(results: Path, params: Params) -> Params:
    """The same with two more trainings of each network, whose values are others."""
    models, methods = dict(params.models), dict(METHODS)
    for seed in (1, 2):
        for place, method in enumerate(PAPERS, start=1):
            name, model = f"{method}@{seed}", METHODS[method]["model"]
            models[f"{model}@{seed}"] = {**params.models[model], "seed": seed}
            methods[name] = {**METHODS[method], "model": f"{model}@{seed}"}
            fabricate_method("scenes", name, place, CARDS[method], noise=10 * seed + place)
            write_segmented("scenes", name, place + seed)
            write_defects("scenes", name, min(4, place + seed))
            write_training("scenes", f"{model}@{seed}")
    return replace(params, models=models, methods=methods)


@pytest.fixture
def dataset(fabricated: Path, loaded: Dataset, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """The fabricated results, beside their files. Tests only read both."""
    monkeypatch.chdir(fabricated)
    return loaded


@pytest.fixture(scope="session")
def built(fabricated: Path, params: Params, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a report of the fabricated results. Tests only read it."""
    folder = shutil.copytree(fabricated, tmp_path_factory.mktemp("built"), dirs_exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        build(params, ORIGIN)
    return folder / paths.BUILD


def fabricate(dataset: str, title: str, kind: str = "voc") -> None:
    """Write everything that the report reads of one dataset."""
    for split in ("train", "val"):
        write_json(
            paths.pack(dataset, split) / "summary.json",
            summary(dataset, split, title, "scenes" if "synthetic" in title else kind),
        )
    for place, method in enumerate(METHODS):
        fabricate_method(dataset, method, place, CARDS[method])
    write_sizes(dataset, "no_semantics")
    for model in ("no_semantics", "semantics"):
        write_training(dataset, model)


def fabricate_method(dataset: str, method: str, place: int, card: MethodCard, noise: int | None = None) -> None:
    """Write everything that the report reads of one method; `noise`: the seed of its scores, by default its place."""
    write_rows(paths.scores(dataset, method), ScoreRow, score_rows(dataset, method, place if noise is None else noise))
    write_perceptual(dataset, method)
    write_segmented(dataset, method, place)
    write_defects(dataset, method, place)
    write_pictures(paths.archive(dataset, method), place)
    write_json(paths.card(dataset, method), asdict(card))


def summary(dataset: str, split: str, title: str, kind: str) -> dict[str, object]:
    skipped = [{"id": "broken <1>", "reason": "truncated & cut"}] if split == "val" else []
    names = {"dataset": dataset, "split": split, "title": title, "digest": "ab" * 32, "classes": ["sky", "tree"]}
    names |= {"kind": kind, "synthetic": kind == "scenes", "part_of": ""}
    return {**names, "photographs": len(IDS), "skipped": skipped, "colorless": 1, "size": 64}


def score_rows(dataset: str, method: str, place: int, ids: Sequence[str] = tuple(IDS)) -> list[ScoreRow]:
    """Scores that differ by method and photograph; the original and grey's copy of a colourless one are exact."""
    generator = np.random.default_rng(place)
    rows = []
    for id, noise in zip(ids, generator.uniform(0.5, 2, len(ids)), strict=True):
        colorless = id == IDS[0]
        exact = method == "original" or (method == "gray" and colorless)
        mse = 0.0 if exact else 300.0 * noise
        psnr = float("inf") if exact else 10 * np.log10(255**2 / mse)
        quality = 1.0 if exact else 1 - noise / 20
        scored = (mse, psnr, psnr + 3, 0.9, 20.0 + place, 5 * noise, 19.0 + place + noise, quality, quality / 2, noise)
        rows.append(ScoreRow(dataset, method, id, 30, 40, colorless, *scored))
    return rows


def write_perceptual(dataset: str, method: str) -> None:
    """As if AlexNet's and Inception's weights alone had been at hand."""
    rows = [PerceptualRow(dataset, method, id, 0.1 + 0.01 * place, None, None, None) for place, id in enumerate(IDS)]
    write_rows(paths.perceptual(dataset, method), PerceptualRow, rows)
    missing = dict.fromkeys(("lpips_vgg", "lpips_squeeze", "recognized"), "weights not available")
    summary = PerceptualSummary(len(IDS), 12.5, {"lpips_alex": "file", "fid": "file"}, missing)
    write_json(paths.perceptual(dataset, method).with_suffix(".json"), asdict(summary))


def write_segmented(dataset: str, method: str, place: int) -> None:
    """As if a segmenter recognised more of every next method's pictures; the last photograph is all void."""
    rows = [
        SegmentationRow(dataset, "small", method, id, label, 40 + 5 * place + number, 100)
        for number, id in enumerate(IDS[:-1])
        for label in (0, 1)
    ]
    write_rows(paths.segmented(dataset, "small", method), SegmentationRow, rows)
    card = SegmentationCard(
        dataset, "small", method, 0.5, len(IDS), 1, ("sky", "tree"), 1_234, "trained here", "0c" * 32,
        "scenes (synthetic)", "64 x 64", ("a <b>",),
    )  # fmt: skip
    write_json(paths.segmentation(dataset, "small", method), asdict(card))


def write_defects(dataset: str, method: str, place: int) -> None:
    """As if every next method bled less and was confused less; grey has no colours that could bleed."""
    nothing, none = float("nan"), method == "gray"
    rows, objects = [], []
    for number, id in enumerate(sorted(IDS)):
        flat, boundary = (nothing, nothing) if none else (0.5 - 0.05 * place + 0.01 * number, 0.4 - 0.05 * place)
        kept = (nothing,) * 6 if none else (0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
        rows.append(BleedingRow(dataset, method, id, number == 0, flat, 0.6, 9, boundary, 0.2 * place, *kept))
        objects += [
            ObjectColorRow(dataset, method, id, label, 600, label if number < 3 * place else 0, label)
            for label in (0, 1)
        ]
    write_rows(paths.defects(dataset, method), BleedingRow, rows)
    write_rows(paths.objects(dataset, method), ObjectColorRow, objects)
    colors = [
        line
        for number in range(len(IDS))
        for label in (0, 1)
        for line in ((number, label, 10, 0, 600, 150 * place), (number, label, 0, 0, 0, 600 - 150 * place))
    ]
    np.save(paths.object_colors(dataset, method), np.array(colors, COLORS))


def write_sizes(dataset: str, model: str) -> None:
    """As if a network bled more with a smaller input, and was confused more with a larger one."""
    folder = paths.sizes(dataset, model)
    for place, side in enumerate((52, 64, 84)):
        write_pictures(folder / f"{side}.zip", place + 1)
        kept = (0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
        rows = [
            BleedingRow(dataset, model, id, number == 0, 0.5 + 0.01 * number, 0.6, 9, 0.4 - 0.1 * place, 0.5, *kept)
            for number, id in enumerate(sorted(IDS))
        ]
        write_rows(folder / f"{side}.csv", BleedingRow, rows)
        lines = [
            (number, 0, 30 * moved * (place + 1), 0, 600 * (1 - moved), 600 * moved)
            for number in range(12)
            for moved in (0, 1)
        ]
        np.save(folder / f"{side}.colors.npy", np.array(lines, COLORS))


def write_pictures(path: Path, place: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for number, id in enumerate(IDS):
            content = io.BytesIO()
            Image.fromarray(np.full((30, 40, 3), (20 * place, 20 * number, 99), np.uint8)).save(content, "PNG")
            archive.writestr(f"{id}.png", content.getvalue())


def write_training(dataset: str, model: str) -> None:
    """A manifest and two epochs of history; only the model with semantics has a semantic part."""
    parts = ["loss", "loss_color"] + ["loss_semantic"] * (model == "semantics")
    history = {"epoch": [1, 2], "learning_rate": [0.1, 0.1]}
    history |= {prefix + part: [2.0, 1.0] for prefix in ("", "val_") for part in parts}
    folder = paths.trained(dataset, model)
    folder.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(history).to_csv(folder / "history.csv", index=False)
    options = {"rebalancing": "normalized", "lambda_color": 1.0}
    recipe = {"width": 1.0, "epochs": 2}
    manifest = {"model": model, "options": options, "recipe": recipe, "provenance": ORIGIN}
    manifest |= {"val_color_loss": 1.0, "constant_color_loss": 2.0}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def write_run(method: str, seconds: float | None) -> None:
    """What `pipeline.colorize` leaves of a run on this machine."""
    run = {"device": "a <small> machine", "method_seconds_per_image": seconds}
    write_json(paths.RUNS / f"colorize-scenes-{method}.json", run)
