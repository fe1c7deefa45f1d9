"""Several processes: they write what one writes, and when one is killed all end, and the same command goes on."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import yaml
from torch import nn

from pipeline.records.archive import Archive
from pipeline.runtime.distributed import SharedBatchNorm2d, synchronize_batchnorm
from pipeline.settings import paths
from tests.conftest import environment, stage_in, write_params
from tests.processes import together_in

TRAIN = ("pipeline.train", "scenes", "semantics", "--device", "cpu")
COLORIZE = ("pipeline.colorize", "scenes", "semantics_jbu", "--device", "cpu")
SCORE = ("pipeline.score", "scenes", "semantics_jbu")
SEGMENT = ("pipeline.segment", "scenes", "small", "semantics_jbu", "--device", "cpu")
WRITES = {
    TRAIN: paths.trained("scenes", "semantics") / "weights.safetensors",
    COLORIZE: paths.archive("scenes", "semantics_jbu"),
    SCORE: paths.scores("scenes", "semantics_jbu"),
    SEGMENT: paths.segmented("scenes", "small", "semantics_jbu"),
}
CARDS = {
    COLORIZE: paths.card("scenes", "semantics_jbu"),
    SEGMENT: paths.segmentation("scenes", "small", "semantics_jbu"),
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with 70 photographs, which one process has colorized, scored and segmented; not to be written to."""
    folder = tmp_path_factory.mktemp("finished")
    write_params(folder, data__scenes__source__val=70, data__scenes__train__epochs=1)
    for stage in ("fetch", "pack"):
        stage_in(folder, f"pipeline.{stage}", "scenes")
    stage_in(folder, *TRAIN)
    stage_in(folder, "pipeline.train", "scenes", "small", "--device", "cpu")
    for stage in (COLORIZE, SCORE, SEGMENT):
        stage_in(folder, *stage)
    return folder


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Path:
    """A copy of `finished`."""
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.mark.parametrize("processes", [2, 4])
@pytest.mark.parametrize("stage", [COLORIZE, SCORE, SEGMENT], ids=lambda stage: stage[0])
def test_several_processes_write_the_bytes_of_one(copied, stage, processes):
    files = [copied / places[stage] for places in (WRITES, CARDS) if stage in places]
    before = [file.read_bytes() for file in files]
    for file in files:
        file.unlink()
    together_in(copied, processes, *stage)
    assert [file.read_bytes() for file in files] == before
    assert not list(copied.glob(f".scratch/{stage[0].removeprefix('pipeline.')}/**/*.*"))


def test_processes_without_a_photograph_of_their_own_do_no_harm(packed, tmp_path):
    shutil.copytree(packed, tmp_path, dirs_exist_ok=True)
    together_in(tmp_path, 2, "pipeline.colorize", "scenes", "gray", "--device", "cpu")  # 6 photographs: one batch
    alone = (tmp_path / paths.archive("scenes", "gray")).read_bytes()
    stage_in(tmp_path, "pipeline.colorize", "scenes", "gray", "--device", "cpu")
    assert (tmp_path / paths.archive("scenes", "gray")).read_bytes() == alone


@pytest.mark.parametrize("kind", ["folder", "command"])
def test_programs_and_folders_are_asked_once_for_all_photographs(copied, kind):
    file = copied / "params.yaml"
    params = yaml.safe_load(file.read_text())
    with Archive(copied / paths.archive("scenes", "semantics_jbu")).zip as pictures:
        pictures.extractall(copied / "pictures")
    params["methods"]["mine"] = {
        "folder": {"kind": "folder", "path": "pictures"},
        "command": {"kind": "command", "run": "sh -c 'echo once >> runs; cp $1/* $2' sh {gray_dir} {out_dir}"},
    }[kind]
    file.write_text(yaml.safe_dump(params))
    colorize = ("pipeline.colorize", "scenes", "mine", "--device", "cpu")
    stage_in(copied, *colorize)
    files = [copied / place("scenes", "mine") for place in (paths.archive, paths.card)]
    before = [file.read_bytes() for file in files]
    together_in(copied, 2, *colorize)
    assert [file.read_bytes() for file in files] == before
    if kind == "command":
        assert (copied / "runs").read_text() == "once\n" * 2  # by one process, then by two


def kill_one_of_two(folder: Path, stage: tuple[str, ...], ready: Callable[[], bool]) -> str:
    """Start two processes by `torchrun`, kill one without a warning when it is time; what was said when all ended."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", *stage]
    launcher = subprocess.Popen(command, cwd=folder, env=environment(), stderr=subprocess.PIPE, text=True)
    try:
        while not ready():
            assert launcher.poll() is None, "all ended before one could be killed"
            time.sleep(0.01)
        children = Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children").read_text().split()
        workers = [int(child) for child in children if stage[0] in Path(f"/proc/{child}/cmdline").read_text()]
        os.kill(workers[1], signal.SIGKILL)
        said = launcher.communicate(timeout=60)[1]
    finally:
        launcher.kill()
    assert launcher.returncode != 0 and len(workers) == 2
    assert not [worker for worker in workers if Path(f"/proc/{worker}").exists()]
    return said


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="finds the processes in /proc")
@pytest.mark.parametrize("stage", [TRAIN, COLORIZE], ids=lambda stage: stage[0])
def test_when_one_process_is_killed_all_end_and_the_same_command_goes_on(copied, stage):
    name, result = stage[0].removeprefix("pipeline."), copied / WRITES[stage]
    if stage == TRAIN:
        write_params(copied, data__scenes__source__val=70, data__scenes__train__epochs=4)
        together_in(copied, 2, *stage)
    before = result.read_bytes()
    result.unlink()
    shutil.rmtree(copied / ".scratch" / name, ignore_errors=True)
    begun = {"train": "*/checkpoint.pt", "colorize": "**/*.zip*"}[name]
    said = kill_one_of_two(copied, stage, lambda: bool(list(copied.glob(f".scratch/{name}/{begun}"))))
    assert "SIGKILL" in said and not result.exists()
    assert said.count("Traceback") == 1 >= said.count("error: another process has ended")  # torchrun has one of its own
    together_in(copied, 2, *stage)
    assert result.read_bytes() == before


@pytest.mark.parametrize(("backend", "layer"), [("nccl", nn.SyncBatchNorm), ("gloo", SharedBatchNorm2d)])
def test_batch_normalisation_of_several_processes_keeps_names_values_and_settings(monkeypatch, backend, layer):
    monkeypatch.setattr(dist, "get_backend", lambda: backend)
    layers = [nn.BatchNorm2d(4, eps=1e-3, momentum=0.3), nn.BatchNorm2d(4, affine=False)]
    network = nn.Sequential(nn.Sequential(nn.Conv2d(3, 4, 3), layers[0], nn.ReLU()), layers[1])
    nn.init.normal_(layers[0].weight)
    inputs = torch.randn(2, 3, 8, 8)
    network(inputs)  # statistics are no longer the initial ones
    before = {name: value.clone() for name, value in network.state_dict().items()}
    seen = network.eval()(inputs)
    assert synchronize_batchnorm(network) is network
    shared = [network[0][1], network[1]]
    assert [type(module) for module in shared] == [layer, layer]
    assert [(module.eps, module.momentum) for module in shared] == [(1e-3, 0.3), (1e-5, 0.1)]
    assert list(network.state_dict()) == list(before)
    assert all(value.equal(before[name]) for name, value in network.state_dict().items())
    assert network.eval()(inputs).equal(seen)
