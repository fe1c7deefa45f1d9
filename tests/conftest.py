"""A small workspace of its own for tests: params.yaml with tiny scenes, fetched and packed once."""

import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
Run = Callable[..., subprocess.CompletedProcess[str]]


def run_in(folder: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run `python -m <arguments>` in `folder` with one thread, as users do from the repository's top."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=folder, env=environment(), capture_output=True, text=True
    )
    if check and done.returncode:
        raise AssertionError(f"{' '.join(arguments)} failed:\n{done.stdout}\n{done.stderr}")
    return done


def stage_in(folder: Path, module: str, *arguments: str) -> None:
    """Run a stage's `main` in this process, which spares the seconds of starting another."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "argv", [module, *arguments])
        importlib.import_module(module).main()


def environment() -> dict[str, str]:
    """This process's environment, our packages importable from anywhere, one thread so that tests run side by side."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}


def write_params(folder: Path, **changes: object) -> None:
    """params.yaml of the repository with small scenes; `changes` like `data__scenes__train__epochs=3`."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    small = {
        "seeds": [0],
        "data__scenes__source__train": 24,
        "data__scenes__source__val": 6,
        "data__scenes__source__height": 48,
        "data__scenes__source__width": 64,
        "data__scenes__pack__size": 32,
        "data__scenes__train__width": 0.05,
        "data__scenes__train__epochs": 3,
        "data__scenes__train__batch_size": 8,
    }
    for path, value in {**small, **changes}.items():
        *parents, last = path.split("__")
        block = params
        for parent in parents:
            block = block[parent]
        block[last] = value
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tests marked `gpu` run where there is one; `bench.gpu_session` runs them alone."""
    if item.get_closest_marker("gpu"):
        import torch  # slow to load, and most tests have no such mark

        if not torch.cuda.is_available():
            pytest.skip("needs a GPU")


@pytest.fixture(scope="session")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with packed scenes; tests must not write to it."""
    folder = tmp_path_factory.mktemp("packed")
    write_params(folder)
    stage_in(folder, "pipeline.fetch", "scenes")
    stage_in(folder, "pipeline.pack", "scenes")
    return folder


@pytest.fixture
def workspace(packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of `packed` that is the current folder."""
    shutil.copytree(packed, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path
