"""What holds for every reader: a bad file of any kind ends in one sentence that names it, soon and in little memory."""

import resource
import sys

import numpy as np
import pytest
import torch

from baselines.published.torch7 import TorchObject
from pipeline.settings.errors import UserError
from tests.baselines.published.conftest import FORMATS
from tests.baselines.published.refusal import sentence

MEGABYTE = 1 << 20 if sys.platform == "darwin" else 1 << 10  # in the unit of `ru_maxrss`


def touch(value):
    """Read all that was read once more to its last number; a damaged file's tables may lie in one another."""
    waiting, seen = [value], set()
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        match part:
            case dict():
                waiting += part.values()
            case list():
                waiting += part
            case TorchObject():
                waiting.append(part.fields)
            case np.ndarray() | torch.Tensor():
                part.sum()


def test_a_missing_file_a_directory_and_an_empty_file_are_named(format, tmp_path):
    read, _ = format
    assert "are missing" in sentence(read, tmp_path / "weights")
    assert "is not a file" in sentence(read, tmp_path)
    (tmp_path / "weights").touch()
    assert "is empty" in sentence(read, tmp_path / "weights")


@pytest.mark.parametrize("kept", [0.001, 0.01, 0.1, 0.3, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(format, tmp_path, kept):
    read, write = format
    path = tmp_path / "weights"
    write(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: max(int(len(whole) * kept), 1)])
    sentence(read, path)


RANDOM = [np.random.default_rng(seed).bytes(2000) for seed in range(20)]


@pytest.mark.parametrize(
    "content", [b"<!DOCTYPE html>\n<html>404</html>\n" * 9, bytes(999), b"\xff" * 999, b"\n", *RANDOM]
)
def test_a_file_that_is_no_weights_is_refused(format, tmp_path, content):
    (tmp_path / "weights").write_bytes(content)
    sentence(format[0], tmp_path / "weights")


def test_another_format_is_refused(format, tmp_path):
    read, _ = format
    for other, write in FORMATS.values():
        if other is not read:
            write(tmp_path / "weights")
            sentence(read, tmp_path / "weights")


@pytest.mark.filterwarnings("ignore")  # sums of damaged floats overflow; PyTorch wonders about damaged pickles
def test_flipped_bytes_end_in_numbers_or_in_a_sentence(format, tmp_path):
    read, write = format
    path = tmp_path / "weights"
    write(path)
    whole = path.read_bytes()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for seed in range(100):
        random = np.random.default_rng(seed)
        damaged = bytearray(whole)
        for place in random.integers(min(len(whole), 400), size=2):
            damaged[place] = random.integers(256)
        path.write_bytes(damaged)
        try:
            touch(read(path))
        except UserError as error:
            assert str(path) in str(error) and "\n" not in str(error)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 100 * MEGABYTE, "more than 100 MB for a tiny file"
