"""Segmenting colorizations: what is learned, counted and written, and that it depends on the pictures alone."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline import segment
from pipeline.metrics.segmentation import intersection_and_union, miou
from pipeline.networks.weights import load_segmenter, load_weights
from pipeline.packs.pack import Pack
from pipeline.records.archive import Archive, write_archive
from pipeline.records.rows import PackedPhotograph, SegmentationCard, SegmentationRow, read_rows, write_rows
from pipeline.runtime import resume
from pipeline.segment import count
from pipeline.settings import paths
from pipeline.settings.errors import UserError
from tests.conftest import stage_in, write_params

SEGMENT = ("pipeline.segment", "scenes", "small")
WEIGHTS = paths.segmenter("scenes", "small") / "weights.safetensors"
ROWS = paths.segmented("scenes", "small", "original")
CARD = paths.segmentation("scenes", "small", "original")


@pytest.fixture(scope="module")
def trained(packed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packed workspace with a segmenter, and originals and greys segmented; tests must not write to it."""
    folder = tmp_path_factory.mktemp("segmented")
    shutil.copytree(packed, folder, dirs_exist_ok=True)
    longer = {"data__scenes__train__epochs": 15, "data__scenes__train__learning_rate": 0.005}
    write_params(folder, data__scenes__train__width=0.25, **longer)
    stage_in(folder, "pipeline.train", "scenes", "small", "--device", "cpu")
    for method in ("gray", "original"):
        stage_in(folder, "pipeline.colorize", "scenes", method, "--device", "cpu")
        stage_in(folder, *SEGMENT, method, "--device", "cpu")
    return folder


@pytest.fixture
def copied(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of `trained` that is the current folder."""
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def card(folder: Path, method: str) -> SegmentationCard:
    return SegmentationCard(**json.loads((folder / paths.segmentation("scenes", "small", method)).read_text()))


def vectors(rows: list[SegmentationRow], classes: int) -> tuple[np.ndarray, np.ndarray]:
    """(photographs, classes) intersections and unions, as a reader of the CSV makes them."""
    ids = sorted({row.id for row in rows})
    counts = np.zeros((2, len(ids), classes), np.int64)
    for row in rows:
        counts[:, ids.index(row.id), row.label] = row.intersection, row.union
    return counts[0], counts[1]


def test_the_segmenter_learns_and_beats_the_best_constant_answer(trained):
    pack = Pack(trained / paths.pack("scenes", "val"))
    masks = [pack.original_mask(entry) for entry in pack.index]
    constant = []
    for label in range(len(pack.classes)):
        answers = [intersection_and_union(np.full_like(mask, label), mask, len(pack.classes)) for mask in masks]
        constant.append(miou(*np.stack(answers, axis=1)))
    assert card(trained, "original").miou > 3 * max(constant)


def test_the_original_is_recognised_better_than_grey(trained):
    assert card(trained, "original").miou > 1.5 * card(trained, "gray").miou


def test_rows_hold_every_photograph_and_give_the_cards_miou(trained):
    pack = Pack(trained / paths.pack("scenes", "val"))
    rows = read_rows(trained / ROWS, SegmentationRow)
    assert sorted({row.id for row in rows}) == sorted(entry.id for entry in pack.index)
    assert len({(row.id, row.label) for row in rows}) == len(rows)
    assert all(0 <= row.intersection <= row.union and row.union > 0 for row in rows)
    told = card(trained, "original")
    assert told.miou == pytest.approx(miou(*vectors(rows, len(told.classes))), abs=1e-6)
    intersections, unions = vectors(rows, len(told.classes))
    for at, entry in enumerate(sorted(pack.index, key=lambda entry: entry.id)):
        mask = pack.original_mask(entry)
        assert (unions[at].sum() + intersections[at].sum()) == 2 * (mask != 255).sum()  # found + there, at own size


def test_the_card_says_what_the_segmenter_is_and_has_learned_from(trained):
    told = card(trained, "gray")
    assert (told.dataset, told.segmenter, told.method) == ("scenes", "small", "gray")
    assert (told.photographs, told.unlabelled, len(told.classes)) == (6, 0, 16)
    assert (told.weights, told.training_data) == ("trained here", "scenes (synthetic)")
    assert told.resolution == "32 x 32, stretched" and told.differences


def test_the_order_of_photographs_and_a_second_run_change_no_byte(copied):
    before = ROWS.read_bytes(), CARD.read_bytes()
    index = paths.pack("scenes", "val") / "index.csv"
    write_rows(index, PackedPhotograph, read_rows(index, PackedPhotograph)[::-1])
    stage_in(copied, *SEGMENT, "original", "--device", "cpu")
    assert (ROWS.read_bytes(), CARD.read_bytes()) == before


def test_a_killed_run_is_gone_on_with(copied, monkeypatch):
    before = ROWS.read_bytes(), CARD.read_bytes()
    monkeypatch.setattr(resume, "BATCH", 2)
    seen: list[str] = []

    def until(most: int) -> None:
        def counting(network, pack, entry, picture):
            if len(seen) == most:
                raise KeyboardInterrupt
            seen.append(entry.id)
            return count(network, pack, entry, picture)

        monkeypatch.setattr(segment, "count", counting)

    until(5)
    with pytest.raises(KeyboardInterrupt):
        segment.run("scenes", "original", segment.Trained.load("scenes", "small", torch.device("cpu")))
    until(99)
    segment.run("scenes", "original", segment.Trained.load("scenes", "small", torch.device("cpu")))
    assert len(seen) == 5 + 2 and len(set(seen)) == 6  # one batch of two was begun and not finished
    assert (ROWS.read_bytes(), CARD.read_bytes()) == before
    assert not list(Path(".scratch/segment").rglob("*.csv"))


def test_photographs_without_a_labelled_pixel_have_no_row_and_are_counted(copied, monkeypatch):
    first = Pack(paths.pack("scenes", "val")).index[0].id
    original = Pack.original_mask

    def void(self: Pack, entry: PackedPhotograph) -> np.ndarray | None:
        mask = original(self, entry)
        return np.full_like(mask, 255) if entry.id == first else mask

    monkeypatch.setattr(Pack, "original_mask", void)
    stage_in(copied, *SEGMENT, "original", "--device", "cpu")
    assert first not in {row.id for row in read_rows(ROWS, SegmentationRow)}
    assert (card(copied, "original").photographs, card(copied, "original").unlabelled) == (6, 1)


def test_colorizers_and_segmenters_are_not_taken_for_each_other(workspace, trained):
    with pytest.raises(UserError, match="SmallDeepLab, which is no network that colorizes"):
        load_weights(trained / WEIGHTS, torch.device("cpu"))
    stage_in(workspace, "pipeline.train", "scenes", "no_semantics", "--device", "cpu")
    with pytest.raises(UserError, match="Proposed, which is no network that segments"):
        load_segmenter(paths.trained("scenes", "no_semantics") / "weights.safetensors", torch.device("cpu"))


def test_pictures_that_are_missing_or_of_another_size_are_refused(copied):
    archive = Archive(paths.archive("scenes", "original"))
    pictures = {id: archive[id] for id in archive.ids}
    first = archive.ids[0]
    for changed, sentence in (
        ({**pictures, first: pictures[first][:-1]}, f"the picture of {first}"),
        ({id: picture for id, picture in pictures.items() if id != first}, "should hold each of 6 photographs once"),
    ):
        write_archive(paths.archive("scenes", "original"), changed.items())
        with pytest.raises(UserError, match=sentence):
            stage_in(copied, *SEGMENT, "original", "--device", "cpu")


def test_a_segmenter_of_other_classes_is_refused(copied):
    path = paths.pack("scenes", "val") / "summary.json"
    path.write_text(path.read_text().replace('"sky"', '"heaven"'))
    with pytest.raises(UserError, match="knows other classes than scenes has"):
        stage_in(copied, *SEGMENT, "original", "--device", "cpu")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("pipeline.segment", "scene", "small", "gray"), "did you mean 'scenes'?"),
        (("pipeline.segment", "scenes", "smal", "gray"), "did you mean 'small'?"),
        (("pipeline.segment", "scenes", "small", "grey"), "did you mean 'gray'?"),
        ((*SEGMENT, "gray", "--device", "cpu"), "weights.safetensors are missing; `dvc repro` trains them"),
    ],
)
def test_what_is_wrong_or_missing_ends_in_one_sentence(workspace, arguments, sentence):
    with pytest.raises(UserError) as caught:
        stage_in(workspace, *arguments)
    assert sentence in str(caught.value)
