"""The Triton kernel of joint bilateral upsampling: interpreted, it agrees with the plain path; it compiles for Hopper.

Triton decides when it is imported whether to interpret, so that happens in a process of its own.
"""

from functools import cache
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from pipeline.upsampling import jbu
from pipeline.upsampling.jbu import JointBilateralUpsample
from tests.pipeline import interpreter
from tests.pipeline.upsampling.test_jbu import SCALES, SIGMAS, smooth_inputs

pytest.importorskip("triton")
TOLERANCE = 1e-4  # of chroma up to 150
CASES = {
    **{f"{scale}, {sigmas}": (SCALES[scale], SIGMAS[sigmas], "smooth") for scale in SCALES for sigmas in SIGMAS},
    "several tiles": (((9, 40), (21, 150)), SIGMAS["one low-resolution pixel"], "smooth"),
    "several tiles, equal size": (((6, 131), (6, 131)), SIGMAS["a radius of one"], "smooth"),
    "a wide window": (((2, 45), (3, 50)), {"sigma_s_lowres_px": 7.0, "sigma_r_255": 15.0}, "smooth"),
    "edges everywhere": (((5, 6), (17, 23)), SIGMAS["one low-resolution pixel"], "noise"),
    "edges everywhere, equal size": (((7, 9), (7, 9)), SIGMAS["three full-resolution pixels"], "noise"),
    "every weight underflows": (((5, 6), (13, 17)), {"sigma_s_lowres_px": 1, "sigma_r_lightness": 0.2}, "noise"),
    "one weight, and it underflows": (((1, 1), (3, 2)), {"sigma_s_lowres_px": 1, "sigma_r_lightness": 0.1}, "noise"),
}
INTERPRETED = """
import json
from tests.pipeline.upsampling import test_jbu_triton as test
print(json.dumps({case: test.error(case, "cpu") for case in test.CASES}))
"""


def error(case: str, device: str) -> float:
    """The largest difference of any pixel between the kernel and the plain path in float64, given the same float32."""
    from pipeline.upsampling import jbu_triton

    (low, full), options, kind = CASES[case]
    chroma, light = (x.float().to(device) for x in smooth_inputs(low, full, batch=2))
    if kind == "noise":
        light = 100 * torch.rand(light.shape, generator=torch.Generator().manual_seed(1)).to(device)
    light_low = F.interpolate(light, low, mode="bilinear", align_corners=False)
    module = JointBilateralUpsample(**options)
    axes = [module._axis(full[axis], low[axis]) for axis in (0, 1)]
    ours = jbu_triton.upsample(chroma, light, light_low, *axes, module.sigma_r)
    exact = jbu.plain_upsample(chroma.double(), light.double(), light_low.double(), *axes, module.sigma_r)
    return (ours - exact).abs().max().item()


@cache
def interpreted() -> dict[str, float]:
    return interpreter.interpreted(INTERPRETED)


@pytest.mark.parametrize("case", CASES)
def test_the_interpreted_kernel_agrees_with_the_plain_path(case: str) -> None:
    assert interpreted()[case] < TOLERANCE


def test_it_compiles_for_hopper_to_one_exponential_a_weight_and_no_waiting_between_threads(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from pipeline.upsampling import jbu_triton

    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    taps, kernel = 5, jbu_triton.upsample_tile
    constants = {"KX": taps, "ROWS": jbu_triton.ROWS, "COLUMNS": jbu_triton.COLUMNS}
    kinds = {"scale": "fp32", **dict.fromkeys("HWhw", "i32"), "KY": "i32", "first_y": "*i32", "first_x": "*i32"}
    compiled = interpreter.compiled_for_hopper(kernel, kinds, constants, jbu_triton.COLUMNS // 32)
    assert compiled.asm["cubin"]
    fast = compiled.asm["ptx"].partition(".f64")[0]  # before exponents in float64 begin
    assert fast.count("ex2.approx.ftz.f32") == jbu_triton.ROWS * (taps + 1)  # f_y is the one more
    assert fast.count("bar.sync") < taps  # or the layouts of loads and sums differ, and every load goes around


@pytest.mark.parametrize("lacking", ["triton", "compiler"])
def test_without_triton_or_a_compiler_a_gpu_takes_the_plain_path(monkeypatch: pytest.MonkeyPatch, lacking: str) -> None:
    module = "pipeline.upsampling.jbu_triton"
    interpreter.check_plain_without(lacking, module, jbu.compiled_upsample, monkeypatch)


@pytest.mark.gpu
@pytest.mark.parametrize("case", CASES)
def test_the_compiled_kernel_agrees_with_the_plain_path(case: str) -> None:
    assert error(case, "cuda") < TOLERANCE


@pytest.mark.gpu
def test_on_a_gpu_it_is_chosen_without_gradients_and_only_then(monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.upsampling import jbu_triton

    calls: list[Tensor] = []
    ours = jbu_triton.upsample
    monkeypatch.setattr(jbu_triton, "upsample", lambda chroma, *rest: (calls.append(chroma), ours(chroma, *rest))[1])
    jbu.compiled_upsample.cache_clear()
    chroma, lightness = (x.float().cuda() for x in smooth_inputs((4, 5), (12, 13)))
    module = JointBilateralUpsample(sigma_s_lowres_px=1, sigma_r_255=15)
    module(chroma, lightness)
    assert len(calls) == 1
    module(chroma.requires_grad_(), lightness).sum().backward()
    module(chroma.double(), lightness.double())
    jbu.compiled_upsample.cache_clear()
    assert len(calls) == 1 and chroma.grad is not None


@pytest.mark.gpu
def test_a_second_picture_of_a_shape_never_makes_the_processor_wait() -> None:
    chroma, lightness = (x.float().cuda() for x in smooth_inputs((4, 5), (12, 13)))
    module = JointBilateralUpsample(sigma_s_lowres_px=1, sigma_r_255=15)
    module(chroma, lightness)
    with interpreter.no_waiting():
        module(chroma, lightness)
