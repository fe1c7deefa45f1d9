"""Order and augmentation depend on seed, epoch and image id, on nothing else."""

import numpy as np
import pytest
import torch

from pipeline.packs.loader import Draw, Examples, mixed
from pipeline.packs.pack import IMAGES, INDEX, SUMMARY, Pack
from pipeline.records.rows import PackedPhotograph, write_json, write_rows
from pipeline.settings import paths
from pipeline.settings.errors import UserError

CPU = torch.device("cpu")


@pytest.fixture
def examples(workspace) -> Examples:
    return Examples(Pack(paths.pack("scenes", "train")), CPU)


def drawn(examples: Examples, **options) -> dict[str, bool]:
    """Which photographs an epoch shows, in order, and which of them mirrored."""
    draws = list(examples.epoch(options.pop("seed", 0), options.pop("epoch", 0), 8, **options))
    return {
        examples.ids[position]: bool(flag)
        for draw in draws
        for position, flag in zip(draw.positions, draw.mirrored, strict=True)
    }


def test_an_epoch_shows_every_photograph_once_and_about_half_of_them_mirrored(examples):
    shown = drawn(examples)
    assert sorted(shown) == sorted(examples.ids)
    assert 4 <= sum(shown.values()) <= 20


def test_the_same_seed_and_epoch_draw_alike_and_others_do_not(examples):
    assert list(drawn(examples).items()) == list(drawn(examples).items())
    assert list(drawn(examples)) != list(drawn(examples, epoch=1))
    assert list(drawn(examples)) != list(drawn(examples, seed=1))


def test_two_processes_share_each_batch_and_repeat_nothing(examples):
    whole = list(examples.epoch(0, 0, 8))
    parts = [list(examples.epoch(0, 0, 8, rank, 2)) for rank in range(2)]
    for batch, *halves in zip(whole, *parts, strict=True):
        assert sorted(batch.positions) == sorted(np.concatenate([half.positions for half in halves]))


def test_a_photograph_more_changes_no_other_photographs_place_or_mirroring(examples):
    full = mixed(examples.keys, 0, 3)
    without = mixed(np.delete(examples.keys, 5), 0, 3)
    assert np.array_equal(np.delete(full, 5), without)


def test_a_pack_may_be_larger_than_memory(tmp_path):
    """A file of 2 TB, of which only the second and the last photograph take any disk."""
    count, side = 20_000, 5_774
    rows = [PackedPhotograph(f"photograph{n}", side, side, False, "", -1, -1, -1, -1) for n in range(count)]
    write_rows(tmp_path / INDEX, PackedPhotograph, rows)
    write_json(tmp_path / SUMMARY, {"classes": []})
    shape = (count, side, side, 3)
    with (tmp_path / IMAGES).open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
        begin, row = file.tell(), side * side * 3
        file.truncate(begin + count * row)
        for position, value in (1, 17), (count - 1, 23):
            file.seek(begin + position * row)
            file.write(bytes([value]))
    taken = Examples(Pack(tmp_path), CPU).take(Draw(np.array([count - 1, 1]), np.array([False, True])))
    assert taken.images[:, 0, 0, 0].tolist() == [23, 17]
    assert taken.images.shape == (2, *shape[1:])


def test_draws_are_even(examples):
    keys = mixed(np.arange(20_000, dtype="u8"), 1, 2)
    drawn = mixed(keys, 3, 4)
    assert abs((drawn % 2 == 0).mean() - 0.5) < 0.02
    counts = np.bincount((drawn >> np.uint64(60)).astype(int), minlength=16)
    assert counts.min() > 1100 and counts.max() < 1400


def test_mirroring_mirrors_photograph_and_mask_alike(examples):
    positions = np.array([3])
    plain, mirrored = (examples.batch(Draw(positions, np.array([flag]))) for flag in (False, True))
    assert torch.equal(plain.lightness.flip(3), mirrored.lightness)
    assert torch.equal(plain.ab.flip(3), mirrored.ab)
    assert plain.labels is not None and mirrored.labels is not None
    assert torch.equal(plain.labels.flip(2), mirrored.labels)


def test_a_batch_that_cannot_be_filled_or_shared_is_refused(examples):
    with pytest.raises(UserError, match="do not fill one batch of 64"):
        examples.steps(64)
    with pytest.raises(UserError, match="does not divide among 3 processes"):
        next(examples.epoch(0, 0, 8, 0, 3))
