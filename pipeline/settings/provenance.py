"""Where a result comes from: the commit, the code, the versions and the hardware that made it."""

import ast
import hashlib
import platform
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = ("baselines", "dvc.yaml", "pipeline", "recipes", "reports", "study_app")
SETTINGS = Path(__file__).resolve().parent.relative_to(ROOT)  # nothing in here decides a result
VERSIONS = ("torch", "numpy", "pillow")


def describe() -> dict[str, str]:
    """Commit, hardware and versions; the same on every run of the same code on the same machine."""
    return {
        "commit": commit(),
        "hardware": hardware(),
        "python": platform.python_version(),
        **{package: _version(package) for package in VERSIONS},
    }


def commit() -> str:
    """The last commit that touched code, so that results outlive commits of mere text; "-dirty" if code was edited."""
    last = _git("log", "-1", "--format=%h", "--", *CODE)
    if not last:
        return "unknown"
    return last + "-dirty" * bool(_git("status", "--porcelain", "--", *CODE))


def hardware() -> str:
    """The processor's name and, where PyTorch is loaded and sees one, the GPU's."""
    torch = sys.modules.get("torch")
    names = [_processor()]
    if torch is not None and torch.cuda.is_available():
        names.append(torch.cuda.get_device_name())
    return " + ".join(names)


def code_files(modules: Iterable[str], root: Path = ROOT) -> list[Path]:
    """The project's files that `modules` import, directly or through others, relative to `root` and sorted.

    DVC and the training checkpoints must know these, since a change in any of them can change a result;
    those in this folder cannot and are left out.
    """
    found: set[Path] = set()
    waiting = list(modules)
    while waiting:
        file = _file(waiting.pop(), root)
        if file is None or file in found:
            continue
        found.add(file)
        waiting += imported(root / file)
    return sorted(file for file in found if file.parent != SETTINGS and _does_something(root / file))


def code_digest(modules: Iterable[str]) -> str:
    """One SHA-256 over the content of all `code_files`; modules from elsewhere count by their name alone."""
    modules = list(modules)
    digest = hashlib.sha256(repr(sorted(modules)).encode())
    for file in code_files(modules, ROOT):
        digest.update(str(file).encode() + (ROOT / file).read_bytes())
    return digest.hexdigest()


def imported(path: Path) -> list[str]:
    """Every module that a Python file's import statements could mean."""
    return list(_parsed(path, path.stat().st_mtime_ns, path.stat().st_size)[0])


def _does_something(path: Path) -> bool:
    """Whether a module is more than its docstring."""
    return _parsed(path, path.stat().st_mtime_ns, path.stat().st_size)[1]


@cache
def _parsed(path: Path, _changed: int, _size: int) -> tuple[tuple[str, ...], bool]:
    """What a file imports and whether it is more than its docstring; stages ask for the same files again and again."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return tuple(names), len(tree.body) > 1


def _file(module: str, root: Path) -> Path | None:
    base = Path(*module.split("."))
    for candidate in (base.with_suffix(".py"), base / "__init__.py"):
        if (root / candidate).is_file():
            return candidate
    return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]}, {len(names)} cores" if names else platform.machine()


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()
