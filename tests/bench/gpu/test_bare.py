"""The bare environment: what a bare GPU machine has is there, and nothing else of ours."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.bench.gpu.bare import BARE, bare_python, needed

MODULES = {"pillow": "PIL", "pyyaml": "yaml", "scikit-image": "skimage"}  # named unlike their package
ABSENT = ("dvc", "streamlit", "lpips", "sqlalchemy", "kornia", "cv2", "playwright", "torch_fidelity")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bare_python(tmp_path_factory.mktemp("bare"))


def run(bare: Path, code: str) -> str:
    done = subprocess.run([bare, "-I", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_everything_on_the_list_imports_from_it_at_its_version(bare: Path) -> None:
    modules = [*(MODULES.get(name, name) for name in BARE), *(["triton"] if sys.platform == "linux" else [])]
    code = f"import importlib, torch; [importlib.import_module(name) for name in {modules}]; print(torch.__file__)"
    assert Path(run(bare, code)).is_relative_to(bare.parent.parent)
    versions = f"from importlib.metadata import version; print([version(name) for name in {BARE}])"
    assert run(bare, versions) == str([version(name) for name in BARE])


def test_nothing_else_of_ours_is_found(bare: Path) -> None:
    code = f"from importlib.util import find_spec; print([name for name in {ABSENT} if find_spec(name)])"
    assert run(bare, code) == "[]"


def test_libraries_that_torch_asks_for_as_extras_are_linked(bare: Path) -> None:
    shared = {name for name in needed(BARE) if name.startswith("nvidia-")}
    if not shared:
        pytest.skip("this torch has no CUDA libraries")
    libraries = {path.name.split(".")[0] for path in bare.parent.parent.rglob("nvidia/*/lib/*.so*")}
    assert {"libcublas", "libcudart", "libcufft", "libcusparse"} <= libraries


def test_a_package_that_is_missing_is_named() -> None:
    with pytest.raises(RuntimeError, match="no-such-package belongs to the bare machine but is not in"):
        needed(("no-such-package",))
