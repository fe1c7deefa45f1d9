"""Whether the kernels that Triton compiles for GPUs can run here."""

import os
import shutil
from collections.abc import Callable
from typing import TypeVar

Kernel = TypeVar("Kernel")


def if_triton_runs(load: Callable[[], Kernel]) -> Kernel | None:
    """What `load` imports, or None without Triton or without the C compiler that it starts its kernels through."""
    if not (os.environ.get("CC") or shutil.which("gcc") or shutil.which("clang")):
        return None
    try:
        return load()
    except ImportError:
        return None
