"""What machine this is, and how busy its GPU was over time, as nvidia-smi says it twice a second.

python -m bench.gpu.machine --out FILE
"""

import argparse
import csv
import json
import os
import platform
import shutil
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from pathlib import Path
from statistics import mean

from bench.gpu.processes import end_with_parent
from pipeline.settings import provenance
from pipeline.settings.files import write_whole

ASKED = ("name", "driver_version", "memory.total", "clocks.sm", "clocks.max.sm", "clocks.max.mem", "power.limit")
SAMPLED = ("timestamp", "utilization.gpu", "power.draw", "clocks.sm", "memory.used", "temperature.gpu")
EVERY = 500  # milliseconds
PACKAGES = ("torch", "torchvision", "triton", "numpy", "pillow", "numba", "scikit-image", "torchmetrics")


def main() -> None:
    """Ask everything and write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    write_whole(arguments.out, json.dumps(describe(), indent=2) + "\n")


def describe() -> dict[str, str]:
    """Everything as text."""
    import torch  # the session itself has no need of it

    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return {
        "hardware": provenance.hardware(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "memory, GB": f"{memory:.0f}",
        "disk free, GB": f"{shutil.disk_usage('.').free / 1e9:.0f}",
        "CUDA": str(torch.version.cuda),
        "cuDNN": str(torch.backends.cudnn.version()),
        "C compiler": shutil.which("gcc") or shutil.which("clang") or "none",
        **{f"GPU {name}": value for name, value in gpu().items()},
        **{package: version(package) for package in PACKAGES},
    }


def gpu() -> dict[str, str]:
    """What nvidia-smi says of the first GPU; nothing without it."""
    command = ["nvidia-smi", f"--query-gpu={','.join(ASKED)}", "--format=csv,noheader"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    return dict(zip(ASKED, (part.strip() for part in said.splitlines()[0].split(",")), strict=False))


def version(package: str) -> str:
    """Its version here."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


@dataclass(frozen=True)
class Sample:
    """`busy`: percent of the time since the last one in which the GPU did anything; power in W, clock in MHz."""

    at: float  # seconds since 1970
    busy: float
    power: float
    clock: float
    memory: float  # MiB


class Usage:
    """Samples into `path` as long as the session runs; where there is no nvidia-smi there are none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Usage":
        command = ["nvidia-smi", f"--query-gpu={','.join(SAMPLED)}", "--format=csv,noheader,nounits", f"-lms={EVERY}"]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as output, suppress(FileNotFoundError):
            self.process = subprocess.Popen(
                command, stdout=output, stderr=subprocess.DEVNULL, preexec_fn=end_with_parent
            )
        return self

    def __exit__(self, *exception: object) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def samples(self) -> list[Sample]:
        """All so far, those of an earlier call too."""
        with self.path.open(encoding="utf-8", errors="replace") as file:
            return list(parsed(csv.reader(file, skipinitialspace=True)))


def parsed(lines: Iterable[list[str]]) -> Iterable[Sample]:
    """The samples of nvidia-smi's lines; those that are cut off or without numbers are left out."""
    for line in lines:
        try:
            at = datetime.strptime(line[0], "%Y/%m/%d %H:%M:%S.%f").timestamp()
            yield Sample(at, *(float(value) for value in line[1:5]))
        except (ValueError, IndexError, TypeError):
            continue


def idle_share(samples: Iterable[Sample], began: float, ended: float) -> float | None:
    """The share of that time in which the GPU did nothing; None without samples."""
    within = [sample.busy for sample in samples if began <= sample.at <= ended]
    return 1 - mean(within) / 100 if within else None


if __name__ == "__main__":
    main()
