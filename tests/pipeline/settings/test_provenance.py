"""Every result says which code made it, and any change of that code is noticed."""

import subprocess
from pathlib import Path

import pytest

from pipeline.settings import provenance


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small repository: pipeline.a imports pipeline.b, pipeline.c stands alone."""
    (tmp_path / "pipeline/settings").mkdir(parents=True)
    files = {"a": "from pipeline import b\n", "b": "x = 1\n", "c": "y = 1\n", "settings/errors": "z = 1\n"}
    for name, text in files.items():
        (tmp_path / f"pipeline/{name}.py").write_text(f'"""{name}."""\nimport pipeline.settings.errors\n{text}')
    (tmp_path / "pipeline/__init__.py").write_text('"""Only words."""\n')
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    git(tmp_path, "init", "-q")
    save(tmp_path)
    return tmp_path


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def save(folder: Path) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "x")


def test_the_code_of_a_stage_is_what_it_imports_without_the_settings(project):
    assert provenance.code_files(["pipeline.a"], project) == [Path("pipeline/a.py"), Path("pipeline/b.py")]


def test_a_change_in_imported_code_changes_the_digest_and_one_elsewhere_does_not(project):
    before = provenance.code_digest(["pipeline.a"])
    (project / "pipeline/c.py").write_text("y = 2\n")
    assert provenance.code_digest(["pipeline.a"]) == before
    (project / "pipeline/b.py").write_text("x = 2\n")
    assert provenance.code_digest(["pipeline.a"]) != before


def test_the_commit_is_the_last_that_touched_code_and_says_when_code_was_edited(project):
    before = provenance.commit()
    (project / "README.md").write_text("words")
    save(project)
    assert provenance.commit() == before
    (project / "pipeline/c.py").write_text("y = 3\n")
    assert provenance.commit() == f"{before}-dirty"
    save(project)
    assert provenance.commit() not in (before, f"{before}-dirty")


def test_outside_of_git_the_commit_is_unknown(tmp_path, monkeypatch):
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    assert provenance.commit() == "unknown"
    assert set(provenance.describe()) >= {"commit", "hardware", "python", "torch"}
