"""The Triton kernel of composition: interpreted, it agrees with the plain path; it compiles for Hopper.

Triton decides when it is imported whether to interpret, so that happens in a process of its own.
"""

import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from pipeline.color import cielab, compose
from tests.pipeline import interpreter

pytest.importorskip("triton")
Inputs = tuple[Tensor, Tensor]  # (1, H, W) L, (2, H, W) ab
LEVELS = 1  # by which a pixel may differ from the plain path, and
PIXELS = 1e-3  # how many may. Of `FAR`, the last bisection is several levels where a channel is near 0:
FAR, LEVELS_FAR = "chroma far beyond the gamut", 6
NEVER = 0.4  # L that one level makes at most


def random(height: int, width: int, deviation: float) -> Inputs:
    generator = torch.Generator().manual_seed(height)
    L = 100 * torch.rand(1, height, width, generator=generator)
    return L, deviation * torch.randn(2, height, width, generator=generator)


def of_levels() -> Tensor:
    """(3, 108, 54) uint8: every 15th level of each channel with every other, 0 and 255 among them."""
    levels = torch.arange(0, 256, 15, dtype=torch.uint8)
    return torch.cartesian_prod(levels, levels, levels).T.reshape(3, 108, 54).contiguous()


def of_picture() -> Inputs:
    lab = cielab.rgb_to_lab(of_levels())
    return lab[:1], lab[1:]


def turned() -> Inputs:
    L, ab = random(40, 30, 40)
    return L.mT, ab[:, :1, :1].expand(2, 30, 40)


CASES: dict[str, Callable[[], Inputs]] = {
    "one pixel": lambda: random(1, 1, 40),
    "an odd size": lambda: random(7, 13, 40),
    "several programs": lambda: random(33, 129, 40),
    "chroma as networks predict it": lambda: random(120, 500, 40),
    FAR: lambda: random(110, 500, 200),
    "greys": lambda: (torch.linspace(0, 100, 2000).view(1, 4, 500), torch.zeros(2, 4, 500)),
    "black": lambda: (torch.zeros(1, 9, 50), random(9, 50, 60)[1]),
    "nearly black": lambda: (random(9, 50, 60)[0] / 100, random(9, 50, 60)[1]),
    "white": lambda: (torch.full((1, 9, 50), 100.0), random(9, 50, 60)[1]),
    "beyond white": lambda: (torch.full((1, 9, 50), 101.0), random(9, 50, 60)[1]),
    "a picture": of_picture,
    "another memory order": turned,
}
INTERPRETED = """
import json
from pipeline.color import compose_triton
from tests.pipeline.color import test_compose_triton as test
compose_triton.PIXELS = 4096  # the interpreter takes as long for 128
print(json.dumps({case: test.composed(case, "cpu").tolist() for case in [*test.CASES, "no numbers"]}))
"""


def no_numbers() -> Inputs:
    """A pixel of each number that is none, then one of 1e30."""
    a = torch.tensor([torch.nan, torch.inf, -torch.inf, 1e30]).view(1, 1, 4)
    return torch.full((1, 1, 4), 50.0), torch.cat((a, torch.zeros(1, 1, 4)))


def composed(case: str, device: str) -> np.ndarray:
    """(H, W, 3) levels of the kernel."""
    from pipeline.color import compose_triton

    L, ab = (no_numbers if case == "no numbers" else CASES[case])()
    return compose_triton.compose(L.to(device), ab.to(device)).cpu().numpy()


@cache
def interpreted() -> dict[str, Any]:
    return {case: np.array(picture, np.uint8) for case, picture in interpreter.interpreted(INTERPRETED).items()}


def check(picture: np.ndarray, case: str) -> None:
    """That it is the plain path's picture on a CPU, and keeps the lightness as well."""
    L, ab = CASES[case]()
    plain = compose.plain_compose(L, ab).numpy()
    difference = np.abs(picture.astype(int) - plain).max(axis=-1)
    assert picture.shape == plain.shape
    assert difference.max() <= (LEVELS_FAR if case == FAR else LEVELS)
    assert (difference > 0).sum() <= max(1, PIXELS * difference.size)
    ours, theirs = (_moved(L, one) for one in (picture, plain))
    assert ours.max() <= theirs.max() + NEVER and ours.mean() <= theirs.mean() + PIXELS


def _moved(L: Tensor, picture: np.ndarray) -> Tensor:
    return (cielab.lightness(torch.from_numpy(picture).permute(2, 0, 1)) - L).abs()


@pytest.mark.parametrize("case", CASES)
def test_the_interpreted_kernel_agrees_with_the_plain_path(case: str) -> None:
    check(interpreted()[case], case)


def test_colours_of_a_picture_come_back_to_the_level() -> None:
    assert np.array_equal(interpreted()["a picture"], of_levels().permute(1, 2, 0))


def test_chroma_that_is_no_number_is_black_and_too_much_of_it_is_grey() -> None:
    plain = compose.plain_compose(*no_numbers())[0].tolist()
    assert interpreted()["no numbers"][0].tolist() == plain == [[0, 0, 0]] * 3 + [[119, 119, 119]]


def test_it_compiles_for_hopper_to_an_exponential_a_channel_and_nothing_in_memory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import triton

    from pipeline.color import compose_triton

    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    PIXELS = compose_triton.PIXELS
    kernel, kinds = compose_triton.compose_pixels, {"rgb": "*u8", "N": "i32"}
    compiled = interpreter.compiled_for_hopper(kernel, kinds, {"PIXELS": PIXELS}, PIXELS // 32)
    assert compiled.asm["cubin"] and compiled.metadata.shared == 0
    ptx = compiled.asm["ptx"]
    assert ptx.count("ex2.approx.ftz.f32") == 3
    assert ptx.count("ld.global") == ptx.count("st.global") == 3  # a pixel for each thread
    for absent in (".local", "bar.sync", ".f64", "call.uni"):
        assert absent not in ptx
    cuobjdump = Path(triton.__file__).parent / "backends/nvidia/bin/cuobjdump"
    if not cuobjdump.exists():
        pytest.skip("without cuobjdump, registers that are spilled cannot be seen")
    (tmp_path / "kernel.cubin").write_bytes(compiled.asm["cubin"])
    usage = subprocess.run(
        [cuobjdump, "-res-usage", tmp_path / "kernel.cubin"], capture_output=True, text=True, check=True
    ).stdout
    assert "STACK:0 " in usage and "LOCAL:0 " in usage


@pytest.mark.parametrize(
    ("lightness", "ab"),
    [((1, 4, 5), (2, 4, 4)), ((1, 4, 5), (1, 4, 5)), ((2, 4, 5), (2, 4, 5)), ((4, 5), (2, 4, 5))],
)
def test_shapes_that_do_not_belong_together_and_another_dtype_are_named(
    lightness: tuple[int, ...], ab: tuple[int, ...]
) -> None:
    from pipeline.color import compose_triton

    with pytest.raises(ValueError, match=r"\(1, H, W\)") as error:
        compose_triton.compose(torch.zeros(lightness), torch.zeros(ab))
    assert str(lightness) in str(error.value) and str(ab) in str(error.value)
    with pytest.raises(ValueError, match="float64"):
        compose_triton.compose(torch.zeros(1, 4, 5).double(), torch.zeros(2, 4, 5))


def test_methods_are_imported_without_triton() -> None:
    program = (
        "import sys, torch; old = set(sys.modules); import pipeline.methods.method; print(*set(sys.modules) - old)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=interpreter.ROOT, capture_output=True, text=True, check=True
    )
    assert not [name for name in run.stdout.split() if name.startswith(("triton", "pipeline.color.compose_triton"))]


@pytest.mark.parametrize("lacking", ["triton", "compiler"])
def test_without_triton_or_a_compiler_a_gpu_takes_the_plain_path(monkeypatch: pytest.MonkeyPatch, lacking: str) -> None:
    module = "pipeline.color.compose_triton"
    interpreter.check_plain_without(lacking, module, compose.compiled_compose, monkeypatch)


def test_on_a_cpu_the_plain_path_composes_other_dtypes_too() -> None:
    L, ab = random(3, 4, 40)
    assert np.array_equal(compose.compose(L, ab.double()), compose.plain_compose(L, ab))


@pytest.mark.gpu
@pytest.mark.parametrize("case", CASES)
def test_the_compiled_kernel_agrees_with_the_plain_path(case: str) -> None:
    check(composed(case, "cuda"), case)


@pytest.mark.gpu
def test_compiled_it_gives_back_the_levels_of_a_picture_and_makes_no_numbers_black() -> None:
    assert np.array_equal(composed("a picture", "cuda"), of_levels().permute(1, 2, 0))
    assert composed("no numbers", "cuda")[0].tolist() == [[0, 0, 0]] * 3 + [[119, 119, 119]]


@pytest.mark.gpu
def test_on_a_gpu_it_is_chosen_for_float32_and_only_then(monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.color import compose_triton

    calls: list[Tensor] = []
    ours = compose_triton.compose
    monkeypatch.setattr(compose_triton, "compose", lambda L, ab: (calls.append(L), ours(L, ab))[1])
    compose.compiled_compose.cache_clear()
    L, ab = (x.cuda() for x in random(7, 13, 40))
    try:
        pictures = [compose.compose(L, ab), compose.compose(L, ab.cpu()), compose.compose(L, ab.bfloat16())]
        assert len(calls) == 3 and all(picture.shape == (7, 13, 3) for picture in pictures)
        compose.compose(L.double(), ab)
        compose.compose(L.cpu(), ab)
        assert len(calls) == 3
    finally:
        compose.compiled_compose.cache_clear()


@pytest.mark.gpu
def test_a_second_picture_never_makes_the_processor_wait() -> None:
    from pipeline.color import compose_triton

    L, ab = (x.cuda() for x in random(33, 129, 200))
    compose_triton.compose(L, ab)
    with interpreter.no_waiting():
        compose_triton.compose(L, ab)
