"""The oldest Python that is promised is Debian 12's own, and the code runs on it."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.conftest import ROOT

DEBIAN = Path("/usr/bin/python3")
QUICK = ("tests/pipeline/datasets/test_unpack.py", "tests/study_app/server/test_plan.py")
ROOMS = ("pipeline.fetch", "pipeline.pack", "reports.build", "study_app.app", "study_app.export.tables")


def version_of(python: Path) -> tuple[int, ...]:
    code = "import sys; print(*sys.version_info[:3])"
    said = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout
    return tuple(map(int, said.split()))


@pytest.fixture
def debian() -> Path:
    """Debian's Python, if it can use the packages that are installed for this one."""
    version = version_of(DEBIAN) if DEBIAN.exists() else None
    if version is None or version[:2] != sys.version_info[:2] or version[2] > 3:
        pytest.skip(
            f"Debian 12's own Python 3.11.2 is not here: {DEBIAN} is {version}, this one {sys.version_info[:3]}"
        )
    return DEBIAN


def run(python: Path, *arguments: str) -> str:
    """Standard output of Debian's Python with this one's packages."""
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    environment = {**os.environ, "PYTHONPATH": packages, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([python, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_place_names_the_same_oldest_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    makefile, readme = (ROOT / "Makefile").read_text(), (ROOT / "README.md").read_text(encoding="utf-8")
    asked = re.findall(r"sys\.version_info >= \((\d+), (\d+), (\d+)\)", makefile)
    named = re.findall(r"Python (\d+\.\d+\.\d+)", makefile + readme)
    assert {project.removeprefix(">="), *(".".join(one) for one in asked), *named} == {"3.11.2"}


def test_archives_and_the_plan_of_a_study_work_on_debians_own_python(debian: Path) -> None:
    assert " passed" in run(debian, "-m", "pytest", "-q", "-p", "no:cacheprovider", *QUICK)


def test_the_rooms_can_be_imported_on_debians_own_python(debian: Path) -> None:
    code = f"import sys, {', '.join(ROOMS)}; print(*sys.version_info[:3])"
    assert run(debian, "-c", code) == f"{' '.join(map(str, version_of(debian)))}\n"


def test_make_takes_debians_own_python_and_says_what_it_needs(debian: Path, tmp_path: Path) -> None:
    recipe = next(line for line in (ROOT / "Makefile").read_text().splitlines() if "version_info >=" in line)
    check = recipe.strip().removeprefix("@$(PYTHON) -c ").strip("'")
    run(debian, "-c", check)
    older = subprocess.run(
        [debian, "-c", f"import sys; sys.version_info = (3, 11, 1); {check}"], capture_output=True, text=True
    )
    assert older.returncode == 1 and older.stderr.startswith("Python 3.11.2 or newer is needed")
