"""No command takes the place of answers that it does not hold: exports, backups, pictures."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.records.archive import write_archive
from pipeline.settings.errors import UserError
from study_app import backup
from study_app.export.places import export_folder
from study_app.export.tables import gather, write_export
from study_app.stimuli.manifest import PICTURES, load_stimuli
from study_app.stimuli.prepare import prepare
from study_app.storage.database import Database
from study_app.storage.store import Store
from tests.conftest import run_in
from tests.study_app.volunteers import (
    Clock,
    Newcomer,
    newcomer,
    prepared_study,
    small_study,
    write_archives,
    write_study,
)


def export_to(store: Store, root: Path) -> Path:
    """As the command does."""
    folder = export_folder(root, store.study, store.simulated)
    write_export(folder, store.study, gather(store.database, store.study, store.simulated))
    return folder


def contents(root: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def test_a_newer_version_gets_a_folder_of_its_own(
    store: Store, volunteer: Newcomer, archives: Path, tmp_path: Path, clock: Clock
) -> None:
    volunteer().take()
    first = export_to(store, tmp_path / "out")
    before = contents(first)
    newer = Store(store.database, *prepared_study(tmp_path, archives, version=2), clock=clock)
    assert export_to(newer, tmp_path / "out") == tmp_path / "out" / "people-2"
    assert contents(first) == before and b"30" not in contents(tmp_path / "out" / "people-2")["ratings.csv"]
    newcomer(newer, clock).take(2)
    assert export_to(newer, tmp_path / "out") == tmp_path / "out" / "people-2"
    assert export_to(store, tmp_path / "out") == first  # each finds its own again
    assert contents(first) == before
    another = dataclasses.replace(newer.study, seed=4)
    with pytest.raises(UserError, match="hold the answers of other studies; name another folder with --to"):
        export_folder(tmp_path / "out", another, simulated=False)


def test_answers_that_the_database_does_not_have_are_never_overwritten(
    store: Store, other: Database, volunteer: Newcomer, tmp_path: Path, clock: Clock
) -> None:
    volunteer().take()
    folder = export_to(store, tmp_path)
    before = contents(folder)
    empty = Store(other, store.study, store.stimuli, clock=clock)  # another --db, with nothing in it
    with pytest.raises(UserError, match=r"holds 30 answers that this database does not have.*right --db"):
        export_to(empty, tmp_path)
    newcomer(empty, clock).take(value=0)  # as many, but others
    with pytest.raises(UserError, match="holds 30 answers"):
        export_to(empty, tmp_path)
    assert contents(folder) == before


def test_more_answers_and_withdrawn_ones_may_take_the_place(store: Store, volunteer: Newcomer, tmp_path: Path) -> None:
    one = volunteer()
    one.take(3)
    folder = export_to(store, tmp_path)
    one.take()
    volunteer().take(1)
    export_to(store, tmp_path)
    one.post("/api/withdraw", {"code": one.code})
    export_to(store, tmp_path)
    assert contents(folder)["ratings.csv"].count(b"\n") == 1 + 3


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "participant,trial,criterion,value\nx,y,z,w\n"])
def test_a_folder_with_something_else_in_it_is_left_alone(store: Store, tmp_path: Path, content: str) -> None:
    for name in ("people", "people-1"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "ratings.csv").write_text(content)
    before = contents(tmp_path)
    with pytest.raises(UserError, match="name another folder with --to"):
        export_to(store, tmp_path)
    assert contents(tmp_path) == before


def test_the_command_says_so_in_one_sentence(store: Store, volunteer: Newcomer, url: str, tmp_path: Path) -> None:
    volunteer().take(1)
    study = str(write_study(tmp_path))
    done = run_in(tmp_path, "study_app.export", study, "--db", url, "--to", "out")
    assert done.stdout == "3 answers of 1 participants in out/people\n"
    empty = f"sqlite:///{tmp_path / 'empty.sqlite3'}"
    Store(Database(empty), store.study, store.stimuli)
    failed = run_in(tmp_path, "study_app.export", study, "--db", empty, "--to", "out", check=False)
    assert failed.returncode == 1 and "holds 3 answers" in failed.stderr and "Traceback" not in failed.stderr


def test_a_backup_only_takes_the_place_of_an_older_one_of_the_same_database(
    store: Store, other: Database, volunteer: Newcomer, tmp_path: Path
) -> None:
    path = tmp_path / "backup.zip"
    volunteer().take(1)
    backup.write(store.database, path)
    volunteer()
    assert backup.write(store.database, path)["sessions"] == 2
    before = path.read_bytes()
    Store(other, store.study, store.stimuli)
    with pytest.raises(UserError, match="holds 2 sessions that this database does not have"):
        backup.write(other, path)
    assert path.read_bytes() == before
    path.write_bytes(b"something else")
    with pytest.raises(UserError, match="is not a whole backup"):
        backup.write(store.database, path)
    assert path.read_bytes() == b"something else"


@pytest.fixture
def repainted(tmp_path: Path) -> Callable[[int], None]:
    def paint(shade: int) -> None:
        pictures = ((f"owl-{number:02}", np.full((30, 44, 3), shade + number, np.uint8)) for number in range(14))
        write_archive(tmp_path / "archives" / "zebranet.zip", pictures)

    return paint


def test_pictures_that_somebody_may_have_judged_are_kept_when_a_method_changes(
    tmp_path: Path, repainted: Callable[[int], None], capsys: pytest.CaptureFixture[str]
) -> None:
    study, archives = small_study(tmp_path), write_archives(tmp_path / "archives")
    folder = prepare(study, archives, tmp_path / "stimuli")
    before = contents(folder)
    assert prepare(study, archives, tmp_path / "stimuli") == folder and contents(folder) == before
    assert len(list((tmp_path / "stimuli").iterdir())) == 2  # the secret, and the folder
    for shade in (100, 200):
        repainted(shade)
        prepare(study, archives, tmp_path / "stimuli")
        assert "the earlier ones are now in" in capsys.readouterr().out
    kept = [path for path in (tmp_path / "stimuli").iterdir() if path.name.startswith(f"{study.digest}.")]
    assert len(kept) == 2 and before in [contents(path) for path in kept]
    assert contents(folder) != before and (folder / PICTURES).is_dir()
    assert load_stimuli(study.digest, tmp_path / "stimuli").manifest.study == study.digest
