"""A wheel of this checkout works outside of it, in an environment where nothing else is of ours."""

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.huebench.folders import noisy, photographs, save

PHOTOGRAPHS = photographs(6)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its folder of programs: the wheel is installed, other packages are those that are here."""
    top = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(top)], cwd=ROOT, check=True,
        capture_output=True,
    )  # fmt: skip
    venv.create(top / "env", with_pip=False)
    (wheel,) = top.glob("*.whl")
    site = next((top / "env" / "lib").iterdir()) / "site-packages"
    (site / "shared.pth").write_text(sysconfig.get_path("purelib"))
    programs = top / "env" / "bin"
    uv = Path(sys.executable).with_name("uv")
    install = [str(uv), "pip", "install", "--offline", "--no-deps", "--python", str(programs / "python"), str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    return programs


def test_a_wheel_scores_two_folders_outside_of_the_repository(environment: Path, tmp_path: Path) -> None:
    save(tmp_path / "originals", PHOTOGRAPHS)
    for name, by in (("mine", 8), ("theirs", 20)):
        save(tmp_path / name, {id: noisy(picture, by) for id, picture in PHOTOGRAPHS.items()})
    command = [str(environment / "huebench"), "score", "originals", "mine", "theirs", "--out", "out"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "mine - theirs" in done.stdout and (tmp_path / "out" / "index.html").exists()


def test_a_wheel_brings_all_that_is_no_python(environment: Path) -> None:
    code = "import huebench; print(huebench.__file__)"
    python = str(environment / "python")
    done = subprocess.run([python, "-c", code], cwd=environment, capture_output=True, text=True, check=True)
    site = Path(done.stdout.strip()).parents[1]
    assert not site.is_relative_to(ROOT)
    tracked = subprocess.run(["git", "ls-files", "baselines", "huebench", "pipeline", "reports", "study_app"],
                             cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")[:-1]  # fmt: skip
    assert [file for file in tracked if not (site / file).exists()] == []
