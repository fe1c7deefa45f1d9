"""Triton kernels without a GPU: interpreted in another process, as Triton decides on import, or compiled for Hopper."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]


def interpreted(program: str) -> Any:
    """What a Python program prints as JSON where Triton interprets its kernels."""
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "TRITON_INTERPRET": "1"},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def compiled_for_hopper(kernel: Any, kinds: dict[str, str], constants: dict[str, int], warps: int) -> Any:
    """`kernel` compiled, its arguments of the given `kinds`; constants are of none."""
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    kinds = {name: "constexpr" if name in constants else kinds.get(name, "*fp32") for name in kernel.arg_names}
    options = {"num_warps": warps, "enable_fp_fusion": True}
    target = GPUTarget("cuda", 90, 32)
    return triton.compile(ASTSource(kernel, kinds, constants), target=target, options=options)


@contextmanager
def no_waiting() -> Iterator[None]:
    """Fails where the processor waits for the GPU."""
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


def check_plain_without(lacking: str, module: str, loader: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """That `loader` has nothing for a GPU without "triton" or without a C "compiler"."""
    if lacking == "triton":
        monkeypatch.setitem(sys.modules, module, None)  # as if importing it failed
        monkeypatch.delattr(module, raising=False)
    else:
        monkeypatch.delenv("CC", raising=False)
        monkeypatch.setenv("PATH", "")
    loader.cache_clear()
    try:
        assert loader("cuda") is None
    finally:
        loader.cache_clear()
