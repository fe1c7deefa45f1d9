"""The measuring of GPUs on a processor: its arithmetic, and that every part of it runs."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from bench.gpu import speed
from pipeline.methods.colorizer import make_upsampling
from pipeline.upsampling.jbu import JointBilateralUpsample

CPU = torch.device("cpu")
LEAN = """
import sys
for name in ("cv2", "dvc", "kornia", "lpips", "numba", "pandas", "scipy", "skimage", "streamlit", "triton"):
    sys.modules[name] = None
import torch
torch.cuda.is_available = lambda: False
from bench.gpu import speed
sys.argv = ["speed"]
speed.main()
"""


def test_without_a_gpu_it_says_so_and_it_needs_no_heavy_package() -> None:
    run = subprocess.run([sys.executable, "-c", LEAN], capture_output=True, text=True)
    assert run.stderr == "error: bench.gpu.speed measures a GPU, and PyTorch sees none on this machine.\n"


def test_only_weights_inside_the_picture_count() -> None:
    module = JointBilateralUpsample(sigma_s_fullres_px=3, sigma_r_255=15, radius_lowres_px=1)
    assert speed.weights_of(module, (3, 4), (3, 4)) == (2 + 3 + 2) * (2 + 3 + 3 + 2)
    assert speed.weights_of(make_upsampling("jbu"), (1, 1), (2, 3)) == (2 * 2) * (3 * 3)


def test_every_part_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def once(work: Callable[[], object], calls: int = 1, repeats: int = 1) -> float:
        work()
        return 2.0

    monkeypatch.setattr(speed, "milliseconds", once)
    monkeypatch.setattr(speed, "multiprocessors", lambda device: 132)
    assert speed.ceilings(CPU, side=10)["matmul, TFLOP/s"] == pytest.approx(2000 / 2e-3 / 1e12)
    assert speed.colour(2, 32, CPU)["Lab, ms a photograph"] == 1
    upsampled = speed.upsampling(make_upsampling("jbu"), (4, 4), (9, 12), 2, CPU)
    assert upsampled["ms a picture"] == 1 and upsampled["largest difference of ab"] < 1e-3
    step = speed.training(2, 32, 0.05, speed.Variant("float32"), CPU)
    assert step["images/s"] == 1000
    assert step["TFLOP/s"] == pytest.approx(step["GFLOP a photograph"] * 2 / 2e-3 / 1e3)
    assert speed.colorizing(32, 0.05, 2, (40, 48), CPU)["images/s"] == 500


def test_what_is_measured_is_on_disk_before_the_rest_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> speed.Measures:
        raise RuntimeError("the GPU fell off the bus")

    parts = [("first", lambda: {"ms": 1.0}), ("second", broken)]
    monkeypatch.setattr(speed, "measurements", lambda *arguments: iter(parts))
    monkeypatch.setattr(sys, "argv", ["speed", "--device", "cpu", "--out", str(tmp_path / "speed.json")])
    with pytest.raises(RuntimeError, match="fell off"):
        speed.main()
    assert json.loads((tmp_path / "speed.json").read_text()) == {"first": {"ms": 1.0}}
