"""A virtual environment that has only what a bare GPU machine has, made of the running one by symbolic links."""

import importlib.metadata
import os
import sys
import sysconfig
import venv
from collections import defaultdict
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# The packages of the machine that docs/performance.md measures, and what they need in turn.
BARE = (
    "h5py",
    "jinja2",
    "matplotlib",
    "numba",
    "numpy",
    "pandas",
    "pillow",
    "pytest",
    "pyyaml",
    "requests",
    "safetensors",
    "scikit-image",
    "scipy",
    "seaborn",
    "statsmodels",
    "torch",
    "torchmetrics",
    "torchvision",
    "tqdm",
)


def bare_python(folder: Path) -> Path:
    """Make the environment in `folder`; its python. A package that is not in the running environment is an error."""
    venv.create(folder, with_pip=False, symlinks=True)
    installed, target = Path(sysconfig.get_path("purelib")), _site_packages(folder)
    files: defaultdict[str, list[Path]] = defaultdict(list)  # by the first part of their path
    for name in needed(BARE):
        for path in map(Path, importlib.metadata.distribution(name).files or []):
            if path.parts[0] != ".." and "__pycache__" not in path.parts:
                files[path.parts[0]].append(path)
    for first, paths in files.items():
        _link(installed, target, Path(first), paths)
    return folder / "bin" / "python"


def needed(names: tuple[str, ...]) -> set[str]:
    """The distributions and all that they require; extras only where one asks for them, as torch does for CUDA's."""
    found: set[tuple[str, str]] = set()  # name and extra
    waiting = [(canonicalize_name(name), "") for name in names]
    while waiting:
        name, extra = one = waiting.pop()
        if one in found:
            continue
        found.add(one)
        for requirement in map(Requirement, _requires(name)):
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                waiting += [(canonicalize_name(requirement.name), wanted) for wanted in ("", *requirement.extras)]
    return {name for name, _ in found}


def _requires(name: str) -> list[str]:
    try:
        return importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:
        raise RuntimeError(f"{name} belongs to the bare machine but is not in {sys.prefix}.") from None


def _link(installed: Path, target: Path, place: Path, paths: list[Path]) -> None:
    """Link a file or folder; one that holds other distributions' files too is made anew, and its children linked."""
    if not (installed / place).is_dir():
        if (installed / place).exists():
            (target / place).symlink_to(installed / place)
        return
    ours = {path for path in paths if path.is_relative_to(place)}
    there = {
        path.relative_to(installed)
        for path in (installed / place).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    if there <= ours or len(place.parts) > 3:
        (target / place).symlink_to(installed / place)
        return
    (target / place).mkdir()
    for child in sorted({place / path.relative_to(place).parts[0] for path in ours}):
        _link(installed, target, child, list(ours))


def _site_packages(folder: Path) -> Path:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return folder / "lib" / version / "site-packages"


if __name__ == "__main__":
    print(bare_python(Path(os.path.abspath(sys.argv[1]))))  # noqa: PTH100
