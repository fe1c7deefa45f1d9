"""Pictures of all methods look the same from outside, and the same study gives the same pictures."""

import hashlib
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.records.archive import Archive, write_archive
from pipeline.settings.errors import UserError
from study_app.design.assignment import generator
from study_app.design.study import Study
from study_app.stimuli.faults import FAULTS, TO_YCC
from study_app.stimuli.manifest import Stimuli, load_stimuli
from study_app.stimuli.png import chunks, encode
from study_app.stimuli.prepare import prepare, shrunk
from tests.conftest import run_in
from tests.study_app.volunteers import METHODS, PHOTOGRAPHS, small_study, write_archives, write_study


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def without_pixels(png: bytes) -> list[tuple[bytes, bytes | int]]:
    """Every chunk as a browser's program can see it without decoding: pixels by their length alone."""
    return [(name, content if name in (b"IHDR", b"IEND") else len(content)) for name, content in chunks(png)]


def test_nothing_but_the_pixels_differs_among_methods_not_even_a_length_inside(stimuli: Stimuli) -> None:
    seen = set()
    for stimulus in stimuli.manifest.stimuli:
        content = stimuli.path(stimulus).read_bytes()
        assert len(content) == stimulus.size
        seen.add((stimulus.width, stimulus.height, stimulus.size, repr(without_pixels(content))))
        with Image.open(stimuli.path(stimulus)) as picture:
            picture.load()
            assert (picture.mode, picture.info) == ("RGB", {})
    assert len(seen) == 1


@pytest.mark.parametrize("size", [(1, 1), (16, 300), (27, 40), (480, 640)])
def test_flat_smooth_and_noisy_pictures_have_files_of_one_length_and_structure(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    flat = np.zeros((*size, 3), np.uint8)
    smooth = np.clip(np.add.outer(np.arange(size[0]), np.arange(size[1]))[..., None] + [0, 20, 40], 0, 255)
    pictures = [flat, smooth.astype(np.uint8), rng.integers(0, 256, flat.shape, dtype=np.uint8)]
    files = [encode(picture) for picture in pictures]
    assert len({repr(without_pixels(content)) for content in files}) == 1
    streams = [dict(chunks(content))[b"IDAT"] for content in files]
    # All that is not a pixel: the header of zlib and those of its blocks, at the same places in each file.
    heads = {(stream[:2], tuple(blocks(stream))) for stream in streams}
    assert len(heads) == 1
    for picture, content in zip(pictures, files, strict=True):
        with Image.open(io.BytesIO(content)) as file:
            np.testing.assert_array_equal(np.asarray(file), picture)


def blocks(stream: bytes) -> Iterator[tuple[int, bytes]]:
    """(place, header) of every stored block of a zlib stream."""
    place = 2
    while True:
        head = stream[place : place + 5]
        yield place, head
        if head[0] & 1:
            return
        place += 5 + int.from_bytes(head[1:3], "little")


@pytest.mark.parametrize("form", [1, 2])
def test_pictures_of_an_older_version_keep_their_digest_and_the_first_of_two_copies_is_shown(
    form: int, study: Study, stimuli: Stimuli, tmp_path: Path
) -> None:
    shutil.copytree(stimuli.folder.parent, tmp_path / "stimuli")
    path = tmp_path / "stimuli" / study.digest / "manifest.json"
    content = json.loads(path.read_text())
    if form == 1:
        del content["format"]
        for one in content["stimuli"]:
            del one["copy"]
    else:
        content["format"] = 2
        content["stimuli"] += [{**one, "token": one["token"][::-1], "copy": 1} for one in content["stimuli"]]
    path.write_text(json.dumps(content))
    kept = load_stimuli(study.digest, tmp_path / "stimuli")
    assert kept.manifest.digest == hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    assert {look: one.token for look, one in kept.by_look.items()} == {
        look: one.token for look, one in stimuli.by_look.items()
    }


def test_pixels_are_those_of_the_archive_shrunk_alike(stimuli: Stimuli, archives: Path, study: Study) -> None:
    seen = set()
    for stimulus in stimuli.manifest.stimuli:
        if stimulus.fault:
            continue
        picture = shrunk(Archive(archives / f"{stimulus.method}.zip")[stimulus.photograph], study.longest_side)
        with Image.open(stimuli.path(stimulus)) as file:
            np.testing.assert_array_equal(np.asarray(file), picture)
        seen.add(stimulus.method)
    assert seen == set(METHODS)


def test_small_pictures_are_never_enlarged() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    assert shrunk(picture, 30) is picture
    assert shrunk(picture, 29).shape == (19, 29, 3)
    assert shrunk(np.zeros((1000, 1, 3), np.uint8), 16).shape == (16, 1, 3)


def test_every_main_photograph_is_there_in_every_method_and_each_catch_once(stimuli: Stimuli, study: Study) -> None:
    cast = stimuli.manifest.cast
    looks = set(stimuli.by_look)
    assert {(name, method, "") for name in cast.main for method in METHODS} <= looks
    rest = looks - {(name, method, "") for name in cast.main for method in METHODS}
    assert {fault for _, _, fault in rest} == {"", "broken", "oversaturated"}
    assert {name for name, _, _ in rest} == {*cast.broken, *cast.originals, *cast.practice}


def test_tokens_are_opaque_and_the_manifest_knows_every_byte(stimuli: Stimuli) -> None:
    tokens = [stimulus.token for stimulus in stimuli.manifest.stimuli]
    assert len(set(tokens)) == len(tokens)
    assert {len(token) for token in tokens} == {22}
    for stimulus in stimuli.manifest.stimuli:
        content = stimuli.path(stimulus).read_bytes()
        assert hashlib.sha256(content).hexdigest() == stimulus.sha256
        assert not any(word.encode() in content for word in (*METHODS, *PHOTOGRAPHS))


def test_the_same_study_and_secret_give_the_same_folder(study: Study, archives: Path, tmp_path: Path) -> None:
    folder = prepare(study, archives, tmp_path)
    before = contents(tmp_path)
    shutil.rmtree(folder)
    prepare(study, archives, tmp_path)
    assert contents(tmp_path) == before
    assert (tmp_path / "secret").stat().st_mode & 0o077 == 0
    digest = load_stimuli(study.digest, tmp_path).manifest.digest
    (tmp_path / "secret").unlink()
    prepare(study, archives, tmp_path)
    assert not set(contents(folder)) & {name for name in before if name.endswith(".png")}
    assert load_stimuli(study.digest, tmp_path).manifest.digest != digest


def test_the_command_writes_what_the_app_reads(archives: Path, tmp_path: Path) -> None:
    write_study(tmp_path)
    shutil.copytree(archives, tmp_path / "results" / "colorized" / "scenes")
    done = run_in(tmp_path, "study_app.stimuli")
    study = small_study(tmp_path)
    assert done.stdout == f"22 pictures in stimuli/{study.digest}\n"
    assert len(load_stimuli(study.digest, tmp_path / "stimuli").by_token) == 22
    (tmp_path / "results" / "colorized" / "scenes" / "zebranet.zip").unlink()
    failed = run_in(tmp_path, "study_app.stimuli", check=False)
    assert failed.returncode == 1
    assert "no pictures of 'zebranet'" in failed.stderr and "make repro" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_a_method_with_other_dimensions_is_refused(study: Study, tmp_path: Path) -> None:
    write_archives(tmp_path)
    other = ((name, np.zeros((30, 43, 3), np.uint8)) for name in PHOTOGRAPHS)
    write_archive(tmp_path / "zebranet.zip", other)
    with pytest.raises(UserError, match=r"has 43 x 30 pixels, but the original 44 x 30"):
        prepare(study, tmp_path, tmp_path / "stimuli")
    assert not (tmp_path / "stimuli" / study.digest).exists()


def test_missing_and_damaged_stimuli_are_said(study: Study, stimuli: Stimuli, tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"has no stimuli of a b\.yaml; `huebench study stimuli 'a b\.yaml'` makes them"
    ):
        load_stimuli(study.digest, tmp_path, Path("a b.yaml"))
    shutil.copytree(stimuli.folder.parent, tmp_path / "copy")
    manifest = tmp_path / "copy" / study.digest / "manifest.json"
    manifest.write_text("{")
    with pytest.raises(UserError, match="is damaged"):
        load_stimuli(study.digest, tmp_path / "copy")
    content = json.loads((stimuli.folder / "manifest.json").read_text())
    content["stimuli"][0].pop("sha256")
    manifest.write_text(json.dumps(content))
    with pytest.raises(UserError, match="'sha256' is missing"):
        load_stimuli(study.digest, tmp_path / "copy")


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_fault_changes_colours_strongly_and_lightness_hardly(name: str) -> None:
    picture = np.full((40, 60, 3), 120, np.uint8)
    picture[10:25, 10:40] = (150, 110, 90)
    picture[28:36, 30:55] = (90, 130, 110)
    faulty = FAULTS[name](picture, generator(0, name))
    assert (faulty.shape, faulty.dtype) == (picture.shape, np.uint8)
    before, after = picture @ TO_YCC.T, faulty @ TO_YCC.T
    assert np.abs(after - before)[..., 1:].max() > 15
    assert np.median(np.abs(after - before)[..., 0]) < 1.5
    np.testing.assert_array_equal(faulty, FAULTS[name](picture, generator(0, name)))
