"""PyTorch checkpoints of both kinds, and pickles that would run code."""

import os
import pickle
import zipfile
from pathlib import Path

import pytest
import torch

from pipeline.networks.pytorch_file import fill, read_pytorch
from pipeline.settings.errors import UserError
from tests.baselines.published.refusal import sentence

ZIP = pytest.mark.parametrize("zip", [True, False], ids=["zip", "legacy"])


class Malicious:
    def __reduce__(self):
        return os.mkdir, ("executed",)


@ZIP
def test_a_state_dict_is_read_back(tmp_path, zip):
    network = torch.nn.Sequential(torch.nn.Conv2d(4, 6, 3), torch.nn.BatchNorm2d(6), torch.nn.ConvTranspose2d(6, 2, 4))
    torch.save(network.state_dict(), tmp_path / "weights.pth", _use_new_zipfile_serialization=zip)
    assert zipfile.is_zipfile(tmp_path / "weights.pth") == zip
    state = read_pytorch(tmp_path / "weights.pth")
    assert list(state) == list(network.state_dict())
    assert all(torch.equal(state[name], value) for name, value in network.state_dict().items())


@ZIP
def test_a_pickle_that_would_run_code_is_refused_and_not_run(tmp_path, monkeypatch, zip):
    monkeypatch.chdir(tmp_path)
    torch.save({"a": Malicious()}, tmp_path / "weights.pth", _use_new_zipfile_serialization=zip)
    assert "could run code" in sentence(read_pytorch, tmp_path / "weights.pth")
    assert not (tmp_path / "executed").exists(), "the pickle was executed"


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_bare_pickle_is_refused_and_not_run(tmp_path, monkeypatch, protocol):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights.pth").write_bytes(pickle.dumps({"a": Malicious()}, protocol))
    sentence(read_pytorch, tmp_path / "weights.pth")
    assert not (tmp_path / "executed").exists(), "the pickle was executed"


@ZIP
def test_a_whole_network_is_refused(tmp_path, zip):
    torch.save(torch.nn.Linear(2, 2), tmp_path / "weights.pth", _use_new_zipfile_serialization=zip)
    assert "could run code" in sentence(read_pytorch, tmp_path / "weights.pth")


@pytest.mark.parametrize("saved", [[1, 2], {"epoch": 3}, {"state_dict": {"a": torch.ones(1)}}, {1: torch.ones(1)}])
def test_what_is_no_dictionary_of_tensors_is_refused(tmp_path, saved):
    torch.save(saved, tmp_path / "weights.pth")
    assert "no dictionary of tensors" in sentence(read_pytorch, tmp_path / "weights.pth")


def test_a_compressed_checkpoint_that_would_fill_the_memory_is_refused(tmp_path):
    torch.save({"a": torch.zeros(100_000)}, tmp_path / "whole.pth")
    with (
        zipfile.ZipFile(tmp_path / "whole.pth") as whole,
        zipfile.ZipFile(tmp_path / "bomb.pth", "w", zipfile.ZIP_DEFLATED) as bomb,
    ):
        for name in whole.namelist():
            bomb.writestr(name, whole.read(name))
    assert "is a compressed zip" in sentence(read_pytorch, tmp_path / "bomb.pth")


@pytest.mark.parametrize("stated", [2**31 - 1, -1])
def test_sizes_that_the_file_does_not_have_are_refused(tmp_path, stated):
    torch.save({"a": torch.zeros(300)}, tmp_path / "weights.pth", _use_new_zipfile_serialization=False)
    whole = (tmp_path / "weights.pth").read_bytes()
    size = pickle.BININT2 + (300).to_bytes(2, "little")
    assert whole.count(size) >= 2, "the tensor's and the storage's size"
    forged = whole.replace(size, pickle.BININT + stated.to_bytes(4, "little", signed=True))
    (tmp_path / "weights.pth").write_bytes(forged)
    assert "is not a whole PyTorch checkpoint" in sentence(read_pytorch, tmp_path / "weights.pth")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"bias": torch.zeros(3)}, r"a\.pth has bias of shape \(3,\), but Linear needs \(2,\)"),
        ({"scale": torch.zeros(3)}, r"a\.pth holds scale, which Linear does not have"),
        ({"bias": torch.tensor([0, torch.nan])}, r"a\.pth has numbers in bias that are not finite"),
        ({"weight": None}, r"a\.pth lacks weight, one of 1 missing parts of Linear"),
    ],
)
def test_a_state_of_another_network_is_refused_by_the_tensors_name(change, said):
    network = torch.nn.Linear(2, 2)
    state = {name: value for name, value in {**network.state_dict(), **change}.items() if value is not None}
    with pytest.raises(UserError, match=said):
        fill(network, state, Path("a.pth"))


def test_a_deeply_nested_pickle_is_refused(tmp_path):
    (tmp_path / "weights.pth").write_bytes(b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".")
    sentence(read_pytorch, tmp_path / "weights.pth")
