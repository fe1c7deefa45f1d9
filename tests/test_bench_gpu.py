"""The measuring of GPUs on a processor: its arithmetic, and that every part of it runs."""

import subprocess
import sys
from collections.abc import Callable

import pytest
import torch

from pipeline.model.colorizer import make_upsampling
from pipeline.model.jbu import JointBilateralUpsample
from tests import bench_gpu

CPU = torch.device("cpu")
LEAN = """
import sys
for name in ("cv2", "dvc", "kornia", "lpips", "numba", "pandas", "scipy", "skimage", "streamlit", "triton"):
    sys.modules[name] = None
import torch
torch.cuda.is_available = lambda: False
from tests import bench_gpu
sys.argv = ["bench_gpu"]
bench_gpu.main()
"""


def test_without_a_gpu_it_says_so_and_it_needs_no_heavy_package() -> None:
    run = subprocess.run([sys.executable, "-c", LEAN], capture_output=True, text=True)
    assert run.stderr == "error: tests.bench_gpu measures a GPU, and PyTorch sees none on this machine.\n"


def test_only_weights_inside_the_picture_count() -> None:
    module = JointBilateralUpsample(sigma_s_fullres_px=3, sigma_r_255=15, radius_lowres_px=1)
    assert bench_gpu.weights_of(module, (3, 4), (3, 4)) == (2 + 3 + 2) * (2 + 3 + 3 + 2)
    assert bench_gpu.weights_of(make_upsampling("jbu"), (1, 1), (2, 3)) == (2 * 2) * (3 * 3)


def test_every_part_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def once(work: Callable[[], object], calls: int = 1) -> float:
        work()
        return 2.0

    monkeypatch.setattr(bench_gpu, "milliseconds", once)
    monkeypatch.setattr(bench_gpu, "multiprocessors", lambda device: 132)
    assert bench_gpu.ceilings(CPU, side=10)["matmul, TFLOP/s"] == pytest.approx(2000 / 2e-3 / 1e12)
    upsampled = bench_gpu.upsampling(make_upsampling("jbu"), (4, 4), (9, 12), 2, CPU)
    assert upsampled["ms a picture"] == 1 and upsampled["largest difference of ab"] < 1e-3
    step = bench_gpu.training(2, 32, 0.05, 1.0, CPU)
    assert step["images/s"] == 1000 and step["share outside of these"] == 0
    assert step["TFLOP/s"] == pytest.approx(step["GFLOP an image"] * 2 / 2e-3 / 1e3)
    assert bench_gpu.colorizing(32, 0.05, 2, (40, 48), CPU)["images/s"] == 500
