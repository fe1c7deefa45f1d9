"""Archives are unpacked whole or not at all, and never outside of their folder."""

import io
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.datasets.unpack import unpack
from pipeline.settings.errors import UserError

NOISE = np.random.default_rng(0).bytes(50_000)


def tar_of(path: Path, files: dict[str, bytes], mode: Any = "w") -> Path:
    with tarfile.open(path, mode) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def zip_of(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name, content in files.items():
            file.writestr(name, content)
    return path


def archive_of(path: Path, files: dict[str, bytes]) -> None:
    zip_of(path, files) if path.suffix == ".zip" else tar_of(path, files, "w:gz" if path.suffix == ".tgz" else "w")


@pytest.mark.parametrize("name", ["a.tar", "a.tgz", "a.zip"])
def test_an_archive_is_unpacked_once_and_only_the_parts_that_are_wanted(tmp_path: Path, name: str) -> None:
    files = {"top/img/1.jpg": b"1", "top/box/1.xml": b"2"}
    archive = tmp_path / name
    archive_of(archive, files)
    into = unpack(archive, tmp_path / "into", ("*/img/*",))
    assert [path.name for path in into.rglob("*") if path.suffix != ".json"] == ["top", "img", "1.jpg"]
    archive.unlink()
    (into / "top/img/made later").touch()
    assert (unpack(archive, into, ("*/img/*",)) / "top/img/made later").exists()


@pytest.mark.parametrize("name", ["../outside", "/outside", "in/../../outside"])
@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_an_archive_whose_files_lead_out_of_the_folder_is_refused(tmp_path: Path, name: str, kind: str) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    make = zip_of if kind == "zip" else tar_of
    archive = make(inner / f"bad.{kind}", {"good": b"1", name.replace("/outside", f"{tmp_path}/outside"): b"2"})
    if name.startswith("/") and kind == "tar":  # a leading slash is taken off, which is safe too
        assert (unpack(archive, inner / "into") / str(tmp_path)[1:] / "outside").exists()
    else:
        with pytest.raises(UserError, match="cannot be unpacked"):
            unpack(archive, inner / "into")
        assert not (inner / "into").exists()
    assert not (tmp_path / "outside").exists()


def test_a_tar_with_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "bad.tar", "w") as tar:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "../../etc"
        tar.addfile(link)
    with pytest.raises(UserError, match=r"bad\.tar cannot be unpacked"):
        unpack(tmp_path / "bad.tar", tmp_path / "into")


def member(name: str, kind: bytes, linkname: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname, made.mode = kind, linkname, mode
    return made


@pytest.mark.parametrize(
    ("hostile", "words"),
    [
        (member("a", tarfile.SYMTYPE, "/etc/passwd"), "a link to what is not in the archive"),
        (member("a", tarfile.LNKTYPE, "../../etc/passwd"), "a link to what is not in the archive"),
        (member("a", tarfile.FIFOTYPE), "neither a file nor a folder"),
        (member("a", tarfile.CHRTYPE), "neither a file nor a folder"),
        (member("a/../../b", tarfile.REGTYPE), "leads out of the folder"),
        (member("..", tarfile.REGTYPE), "leads out of the folder"),
        (member("a/..", tarfile.REGTYPE), "leads out of the folder"),
    ],
)
def test_a_tar_of_anything_but_files_inside_is_refused(tmp_path: Path, hostile: tarfile.TarInfo, words: str) -> None:
    with tarfile.open(tmp_path / "bad.tar", "w") as tar:
        tar.addfile(hostile)
    with pytest.raises(UserError, match=words):
        unpack(tmp_path / "bad.tar", tmp_path / "into")
    assert [path.name for path in tmp_path.iterdir()] == ["bad.tar"]


def test_a_link_to_a_folder_outside_is_no_way_out_for_the_files_after_it(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    with tarfile.open(tmp_path / "bad.tar", "w") as tar:
        tar.addfile(member("way", tarfile.SYMTYPE, str(tmp_path / "outside")))
        tar.addfile(member("way/in", tarfile.REGTYPE))
    with pytest.raises(UserError, match="cannot be unpacked"):
        unpack(tmp_path / "bad.tar", tmp_path / "into")
    assert not list((tmp_path / "outside").iterdir())


def test_links_within_a_tar_become_files_and_no_rights_of_the_archive_are_taken(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        real = member("top/real.txt", tarfile.REGTYPE, mode=0o6777)
        real.size = 3
        tar.addfile(real, io.BytesIO(b"abc"))
        tar.addfile(member("top/soft.txt", tarfile.SYMTYPE, "real.txt"))
        tar.addfile(member("top/hard.txt", tarfile.LNKTYPE, "top/real.txt"))
    into = unpack(tmp_path / "a.tar", tmp_path / "into")
    for path in (into / "top").iterdir():
        assert not path.is_symlink() and path.read_bytes() == b"abc"
        assert path.stat().st_mode & 0o7111 == 0


@pytest.mark.parametrize("name", ["a.tar", "a.tgz", "a.zip"])
def test_a_damaged_archive_leaves_nothing_behind(tmp_path: Path, name: str) -> None:
    files = {f"{number}": NOISE for number in range(4)}
    archive = tmp_path / name
    archive_of(archive, files)
    content = archive.read_bytes()
    archive.write_bytes(content[:70_000] if name != "a.zip" else content[:70_000] + b"!" * 50 + content[70_050:])
    with pytest.raises(UserError, match=f"{name} cannot be unpacked"):
        unpack(archive, tmp_path / "into")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_an_archive_without_the_wanted_parts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no"):
        unpack(tar_of(tmp_path / "a.tar", {"readme": b"1"}), tmp_path / "into", ("*/img/*",))
