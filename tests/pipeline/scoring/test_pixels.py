"""Scoring: the same rows for any batch, order and number of threads, and a killed stage goes on where it stopped."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.metrics import auc
from pipeline.packs.pack import Pack
from pipeline.records.archive import Archive, write_archive
from pipeline.records.rows import PackedPhotograph, ScoreRow, read_rows
from pipeline.runtime import resume
from pipeline.runtime.resume import Unfinished, each_once, fingerprint
from pipeline.runtime.threads import single_threaded
from pipeline.scoring.pixels import Scorer
from pipeline.settings import paths
from pipeline.settings.errors import UserError
from tests.conftest import stage_in


@pytest.fixture
def pack(workspace: Path) -> Pack:
    """Packed photographs, and a method that has shifted all hues."""
    pack = Pack(paths.pack("scenes", "val"))
    pictures = [(entry.id, np.roll(pack.original(entry), 1, axis=2)) for entry in pack.index]
    write_archive(paths.archive("scenes", "shifted"), pictures)
    return pack


@pytest.fixture
def scorer(pack: Pack) -> Scorer:
    colors = torch.tensor(Pack(paths.pack("scenes", "train")).statistics["colors"])
    archive = Archive(paths.archive("scenes", "shifted"))
    return Scorer("scenes", "shifted", pack, archive, auc.class_weights(colors))


def rows_of(scorer: Callable[[PackedPhotograph], ScoreRow], entries: list[PackedPhotograph], workers: int = 1) -> list:
    unfinished = Unfinished(Path(".scratch/test"), "key", ScoreRow)
    with single_threaded(workers) as pool:
        rows = unfinished.work_through(entries, scorer, pool)
    unfinished.discard()
    return rows


@pytest.mark.parametrize("workers", [2, 5])
@pytest.mark.parametrize("batch", [1, 4, 64])
def test_rows_do_not_depend_on_threads_batches_or_order(pack, scorer, workers, batch, monkeypatch):
    expected = [scorer(entry) for entry in pack.index]
    monkeypatch.setattr(resume, "BATCH", batch)
    assert rows_of(scorer, pack.index[::-1], workers) == expected


def test_a_killed_stage_scores_only_what_is_left_and_ends_with_the_same_bytes(pack, monkeypatch):
    stage_in(Path.cwd(), "pipeline.score", "scenes", "shifted")
    whole = paths.scores("scenes", "shifted").read_bytes()
    assert not paths.unfinished("score", "scenes", "shifted").exists()

    monkeypatch.setattr(resume, "BATCH", 2)
    call, scored = Scorer.__call__, []

    def killed_at_the_fifth(self, entry):
        scored.append(entry.id)
        if len(scored) == 5:
            raise KeyboardInterrupt
        return call(self, entry)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Scorer, "__call__", killed_at_the_fifth)
        stage_in(Path.cwd(), "pipeline.score", "scenes", "shifted")
    (left,) = paths.unfinished("score", "scenes", "shifted").iterdir()
    assert len(left.read_text().splitlines()) == 4
    left.write_text(left.read_text() + "scenes,shifted,val-0000")  # a line that the kill cut off
    left.rename(left.with_suffix("").with_suffix(".1.csv"))  # as the second of two processes leaves it

    later = []
    monkeypatch.setattr(Scorer, "__call__", lambda self, entry: later.append(entry.id) or call(self, entry))
    stage_in(Path.cwd(), "pipeline.score", "scenes", "shifted")
    assert len(later) == len(pack.index) - 4
    assert paths.scores("scenes", "shifted").read_bytes() == whole


def test_what_was_left_of_other_pictures_is_not_gone_on_with(pack, scorer):
    archive = paths.archive("scenes", "shifted")
    first = fingerprint(["pipeline.scoring.pixels"], [pack.folder], Archive(archive))
    assert fingerprint(["pipeline.scoring.pixels"], [pack.folder], Archive(archive)) == first
    assert fingerprint(["pipeline.scoring.pixels"], [pack.folder], Archive(archive), "setting") != first
    write_archive(archive, [(entry.id, pack.original(entry)) for entry in pack.index])
    second = fingerprint(["pipeline.scoring.pixels"], [pack.folder], Archive(archive))
    assert second != first

    folder = Path(".scratch/test")
    with single_threaded(1) as pool:
        Unfinished(folder, first, ScoreRow).work_through(pack.index, scorer, pool)
        counted = []
        Unfinished(folder, second, ScoreRow).work_through(
            pack.index, lambda entry: counted.append(entry) or scorer(entry), pool
        )
    assert len(counted) == len(pack.index)
    assert [path.name for path in folder.iterdir()] == [f"{second}.0.csv"]


@pytest.mark.parametrize(
    "change", [lambda rows: rows[1:], lambda rows: [*rows, rows[0]]], ids=["one less", "one twice"]
)
def test_every_photograph_is_scored_exactly_once_or_it_says_so(pack, scorer, change):
    rows = [scorer(entry) for entry in pack.index]
    with pytest.raises(UserError, match="not one of each"):
        each_once([entry.id for entry in pack.index], change(rows))


def test_the_rows_hold_what_an_exact_copy_must_score(pack):
    write_archive(paths.archive("scenes", "copy"), [(entry.id, pack.original(entry)) for entry in pack.index])
    stage_in(Path.cwd(), "pipeline.score", "scenes", "copy")
    for row in read_rows(paths.scores("scenes", "copy"), ScoreRow):
        scores = asdict(row)
        assert (scores["ciede2000"], scores["auc"], scores["auc_balanced"]) == (0, 1, 1)
        assert scores["auc_weight"] > 0
