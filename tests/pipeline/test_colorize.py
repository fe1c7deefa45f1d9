"""Colorizing and scoring: own resolution, own lightness, lossless, and every photograph exactly once."""

import errno
import hashlib
import io
import json
import shutil
import zipfile
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

from pipeline import colorize
from pipeline.color import cielab
from pipeline.color.compose import compose
from pipeline.colorize import Clock, PackedPhotos, colorized
from pipeline.methods import method as method_module
from pipeline.methods.colorizer import Colorizer, make_upsampling, sides_of, upsample_and_compose
from pipeline.methods.method import Context, Photo, lightness_of, strips_of
from pipeline.methods.reference import Gray
from pipeline.packs.pack import Pack
from pipeline.records.archive import Archive, write_archive
from pipeline.records.rows import MethodCard, ScoreRow, read_rows
from pipeline.runtime.threads import single_threaded
from pipeline.settings import paths
from pipeline.settings.classes import make
from pipeline.settings.errors import UserError, run_stage
from tests.conftest import run_in, stage_in

MODEL = paths.trained("scenes", "semantics") / "weights.safetensors"


@pytest.fixture(scope="module")
def trained(packed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packed workspace with both models trained and every method colorized; tests must not write to it."""
    folder = tmp_path_factory.mktemp("trained")
    shutil.copytree(packed, folder, dirs_exist_ok=True)
    for model in ("semantics", "no_semantics"):
        stage_in(folder, "pipeline.train", "scenes", model, "--device", "cpu")
    for method in ("gray", "mean_ab", "class_mean", "semantics", "semantics_jbu", "original"):
        stage_in(folder, "pipeline.colorize", "scenes", method, "--device", "cpu")
        stage_in(folder, "pipeline.score", "scenes", method)
    return folder


def lightness(picture: np.ndarray) -> np.ndarray:
    return cielab.lightness(torch.from_numpy(picture.copy()).permute(2, 0, 1)).numpy()


@pytest.mark.parametrize("method", ["gray", "mean_ab", "class_mean", "semantics", "semantics_jbu", "original"])
def test_colorizations_have_the_photographs_own_size_and_lightness(trained, method):
    pack = Pack(trained / paths.pack("scenes", "val"))
    pictures = Archive(trained / paths.archive("scenes", method))
    assert pictures.ids == [entry.id for entry in pack.index]
    for entry in pack.index:
        original, picture = pack.original(entry), pictures[entry.id]
        assert picture.shape == original.shape
        # Half a level of rounding in each channel moves L by 0.3 at most, near black.
        assert np.abs(lightness(picture) - lightness(original)).max() < 0.35


def test_the_original_is_untouched_and_gray_has_no_colour(trained):
    pack = Pack(trained / paths.pack("scenes", "val"))
    for entry in pack.index:
        assert np.array_equal(Archive(trained / paths.archive("scenes", "original"))[entry.id], pack.original(entry))
        gray = Archive(trained / paths.archive("scenes", "gray"))[entry.id]
        assert (gray == gray[..., :1]).all()


def ab_of(picture: np.ndarray) -> np.ndarray:
    """(2, H, W)."""
    return cielab.rgb_to_lab(torch.from_numpy(picture.copy()).permute(2, 0, 1)[None])[0, 1:].numpy()


def test_mean_ab_and_class_mean_paint_the_training_splits_mean_colours(trained, monkeypatch):
    monkeypatch.chdir(trained)
    train = Pack(paths.pack("scenes", "train"))
    ab = cielab.rgb_to_lab(torch.from_numpy(train.images[:, ::4, ::4].copy()).permute(0, 3, 1, 2))[:, 1:]
    colored = torch.tensor([not entry.colorless for entry in train.index])
    labels = torch.from_numpy(train.masks[:, ::4, ::4].copy())[colored]
    ab = ab[colored].movedim(1, -1).double()
    mask = np.repeat(np.uint8([3, 255]), 12)[:, None].repeat(32, axis=1)
    flat = Photo("flat", np.full((24, 32, 3), 119, np.uint8), mask)
    one = make({"class": "pipeline.methods.reference:MeanAb"}, "m", Context("scenes"))
    oracle = make({"class": "pipeline.methods.reference:ClassMean"}, "m", Context("scenes"))
    everywhere = ab.flatten(0, 2).mean(dim=0).numpy()
    assert np.abs(ab_of(one.colorize([flat])[0]) - everywhere[:, None, None]).max() < 1  # 8 bits, mid-grey
    painted = ab_of(oracle.colorize([flat])[0])
    assert np.abs(painted[:, 12:] - everywhere[:, None, None]).max() < 1
    assert np.abs(painted[:, :12] - ab[labels == 3].mean(dim=0).numpy()[:, None, None]).max() < 1


def test_class_mean_says_what_it_lacks(trained, monkeypatch):
    monkeypatch.chdir(trained)
    oracle = make({"class": "pipeline.methods.reference:ClassMean"}, "m", Context("scenes"))
    with pytest.raises(UserError, match="needs the mask of blind"):
        oracle.colorize([Photo("blind", np.zeros((4, 4, 3), np.uint8))])


def test_every_method_leaves_a_card_and_its_own_time(trained):
    for method in ("gray", "mean_ab", "semantics"):
        card = json.loads((trained / paths.card("scenes", method)).read_text())
        assert set(card) == {field.name for field in fields(MethodCard)}
        run = json.loads((trained / paths.RUNS / f"colorize-scenes-{method}.json").read_text())
        assert 0 < run["method_seconds_per_image"] < run["seconds"] / 6
        assert sum(run["shares"].values()) == pytest.approx(1) and min(run["shares"].values()) >= 0
        assert set(run["milliseconds_per_image"]) == {"reading", "method", "encoding", "writing"}
    manifest = json.loads((trained / paths.trained("scenes", "semantics") / "manifest.json").read_text())
    assert (card["parameters"], card["resolution"]) == (manifest["parameters"], "32 x 32, stretched")
    assert card["weights"] == "trained here" and card["training_data"] == "scenes (synthetic)"
    assert card["weights_sha256"] == hashlib.sha256((trained / MODEL).read_bytes()).hexdigest()
    assert card["weights_megabytes"] == (trained / MODEL).stat().st_size / 1e6


def test_a_network_can_see_a_photograph_at_its_own_resolution(trained, monkeypatch):
    monkeypatch.chdir(trained)
    block = {"class": "pipeline.methods.colorizer:Colorizer", "model": "semantics", "resolution": "own"}
    method = make(block, "m", Context("scenes"))
    pictures = method.colorize([Photo("a", data.astronaut()[:50, :70]), Photo("b", data.astronaut()[:64, :32])])
    assert [picture.shape for picture in pictures] == [(50, 70, 3), (64, 32, 3)]
    assert method.card().resolution == "its own"
    assert make({**block, "resolution": 64}, "m", Context("scenes")).card().resolution == "its shorter side 64 pixels"
    for wrong in ("half", 5):
        with pytest.raises(UserError, match="should be 'square' or 'own' or of type int from 32 to 4,096"):
            make({**block, "resolution": wrong}, "m", Context("scenes"))


@pytest.mark.parametrize(
    ("size", "shorter", "sides"),
    [((375, 500), None, (384, 512)), ((375, 500), 256, (256, 352)), ((10, 4000), None, (32, 4000))],
)
def test_sides_are_multiples_of_32(size, shorter, sides):
    assert sides_of(torch.zeros(1, *size), shorter) == sides


def test_scores_are_one_row_a_photograph_and_say_what_was_compared(trained):
    rows = {m: read_rows(trained / paths.scores("scenes", m), ScoreRow) for m in ("gray", "original", "semantics")}
    for method, scored in rows.items():
        assert [row.id for row in scored] == [f"val-00000{i}" for i in range(6)]
        assert {row.method for row in scored} == {method}
        assert all((row.height, row.width) == (48, 64) for row in scored)
    assert all(row.psnr_rgb == float("inf") and row.ssim_rgb == 1 for row in rows["original"])
    assert all(row.colorfulness == 0 for row in rows["gray"])


def test_colorizing_twice_gives_the_same_bytes(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(trained)
    method = make({"class": "pipeline.methods.colorizer:Colorizer", "model": "semantics"}, "m", Context("scenes"))
    pack = Pack(paths.pack("scenes", "val"))
    photos = [Photo(entry.id, pack.original(entry)) for entry in pack.index]
    for name in ("one.zip", "two.zip"):
        pictures = zip([photo.id for photo in photos], method.colorize(photos), strict=True)
        write_archive(tmp_path / name, pictures)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_a_network_sees_the_lightness_alone(trained, monkeypatch):
    monkeypatch.chdir(trained)
    method = make({"class": "pipeline.methods.colorizer:Colorizer", "model": "semantics"}, "m", Context("scenes"))
    pack = Pack(paths.pack("scenes", "val"))
    original = pack.original(pack.index[0])
    photo, liar = Photo("a", original), Photo("b", 255 - original)
    object.__setattr__(liar, "lightness", photo.lightness)
    first, second = method.colorize([photo, liar])
    assert np.array_equal(first, second)


def test_an_archive_that_lacks_or_repeats_a_photograph_is_refused(trained, tmp_path, monkeypatch):
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    path = paths.archive("scenes", "gray")
    whole = Archive(path)
    write_archive(path, [(name, whole[name]) for name in whole.ids[1:]])
    done = run_in(tmp_path, "pipeline.score", "scenes", "gray", check=False)
    assert done.returncode == 1 and "lacks ['val-000000']" in done.stderr
    path.write_bytes(b"PK rubbish")
    done = run_in(tmp_path, "pipeline.score", "scenes", "gray", check=False)
    assert "is not a whole zip file" in done.stderr and "Traceback" not in done.stderr


def test_a_disk_that_fills_up_in_the_middle_keeps_the_old_archive(trained, tmp_path, monkeypatch, capsys):
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    before = (tmp_path / paths.archive("scenes", "gray")).read_bytes()
    written = []

    def encode_until_full(picture):
        written.append(picture)
        if len(written) > 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        return b"png"

    monkeypatch.setattr(colorize, "encode_png", encode_until_full)
    with pytest.raises(SystemExit) as stopped:
        run_stage(lambda: stage_in(tmp_path, "pipeline.colorize", "scenes", "gray", "--device", "cpu"))
    assert str(stopped.value.code).startswith("error: the disk is full")
    assert (tmp_path / paths.archive("scenes", "gray")).read_bytes() == before
    assert not list(tmp_path.glob("results/colorized/scenes/.*"))


def test_a_killed_run_makes_only_what_is_left_and_ends_with_the_same_bytes(trained, tmp_path, monkeypatch):
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(colorize, "BATCH", 2)
    stage_in(tmp_path, "pipeline.colorize", "scenes", "semantics_jbu", "--device", "cpu")
    path, paint, seen = paths.archive("scenes", "semantics_jbu"), Colorizer.colorize, []
    before = path.read_bytes()

    def until(most: int) -> None:
        def counting(self, photos):
            if len(seen) == most:
                raise KeyboardInterrupt
            seen.extend(photo.id for photo in photos)
            return paint(self, photos)

        monkeypatch.setattr(Colorizer, "colorize", counting)
        monkeypatch.setattr(Colorizer, "prepare", lambda self, photos: None)

    until(4)
    with pytest.raises(KeyboardInterrupt):
        stage_in(tmp_path, "pipeline.colorize", "scenes", "semantics_jbu", "--device", "cpu")
    path.unlink()
    until(99)
    stage_in(tmp_path, "pipeline.colorize", "scenes", "semantics_jbu", "--device", "cpu")
    assert len(seen) < 4 + 6 and len(set(seen)) == 6  # what was not yet written is made again
    assert path.read_bytes() == before
    assert not list(Path(".scratch/colorize").rglob("*.zip"))


def test_a_method_that_does_not_say_what_it_depends_on_begins_anew(trained, tmp_path, monkeypatch):
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(colorize, "BATCH", 2)
    monkeypatch.setattr(Gray, "identity", lambda self: None)
    paint, seen = Gray.colorize, []

    def killed_at_the_third(self, photos):
        seen.extend(photos)
        if len(seen) == 6:
            raise KeyboardInterrupt
        return paint(self, photos)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Gray, "colorize", killed_at_the_third)
        stage_in(tmp_path, "pipeline.colorize", "scenes", "gray", "--device", "cpu")
    assert list(Path(".scratch/colorize").rglob("*.zip"))
    monkeypatch.setattr(Gray, "colorize", lambda self, photos: seen.extend(photos) or paint(self, photos))
    stage_in(tmp_path, "pipeline.colorize", "scenes", "gray", "--device", "cpu")
    assert len(seen) == 6 + 6


@pytest.mark.parametrize("threads", [1, 3])
def test_the_archive_does_not_depend_on_the_number_of_threads(trained, tmp_path, monkeypatch, threads):
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    monkeypatch.setattr(colorize, "BATCH", 2)
    monkeypatch.setattr(colorize, "single_threaded", lambda workers: single_threaded(threads))
    for method in ("gray", "class_mean"):
        before = (tmp_path / paths.archive("scenes", method)).read_bytes()
        stage_in(tmp_path, "pipeline.colorize", "scenes", method, "--device", "cpu")
        assert (tmp_path / paths.archive("scenes", method)).read_bytes() == before


def test_a_photograph_that_a_thread_cannot_read_ends_in_its_sentence(trained, tmp_path):
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    originals = tmp_path / paths.pack("scenes", "val") / "originals.bin"
    originals.write_bytes(originals.read_bytes()[:-2000])
    with pytest.raises(UserError, match=r"val-000005 in .* is damaged|mask of val-000005 .* is damaged"):
        stage_in(tmp_path, "pipeline.colorize", "scenes", "gray", "--device", "cpu")


def test_a_colorization_that_is_broken_off_leaves_gradients_as_they_were(trained, monkeypatch):
    monkeypatch.chdir(trained)
    photos = PackedPhotos(Pack(paths.pack("scenes", "val")), range(6))
    unfinished = colorized(Gray(Context("scenes")), (photos[number] for number in range(6)), "gray", Clock())
    next(unfinished)
    assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()


@pytest.mark.parametrize("size", [(1, 1), (3, 500), (120, 97)])
def test_any_size_composes(size):
    L = torch.rand(1, *size) * 100
    picture = compose(L, torch.randn(2, *size) * 200)
    assert picture.shape == (*size, 3) and picture.dtype == np.uint8


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [("cubic", "should be 'bilinear'"), ({"sigma": 3}, "sigma"), ({"sigma_r_255": 15}, "sigma_s")],
)
def test_a_wrong_upsampling_is_refused_in_a_sentence(wanted, sentence):
    with pytest.raises(UserError, match=sentence):
        make_upsampling(wanted)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
def test_any_photograph_is_colorized_at_its_own_size(trained, tmp_path, suffix):
    Image.fromarray(data.chelsea()).convert("L").save(tmp_path / "cat.png")
    out = tmp_path / f"cat-color{suffix}"
    stage_in(trained, "pipeline.colorize_photo", str(tmp_path / "cat.png"), "-o", str(out), "--model", str(MODEL))
    picture = np.asarray(Image.open(out).convert("RGB"))
    assert picture.shape == data.chelsea().shape
    assert (picture != picture[..., :1]).any()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nothing.jpg", "-o", "out.png", "--model", str(MODEL)), "there is no picture nothing.jpg"),
        (("params.yaml", "-o", "out.png", "--model", str(MODEL)), "params.yaml"),
        (("nothing.jpg", "-o", "out.psd", "--model", str(MODEL)), "cannot write out.psd"),
        (("photo.png", "-o", "out.png", "--model", "nothing"), "the weights nothing are missing"),
    ],
)
def test_what_people_try_first_and_get_wrong_ends_in_a_sentence(trained, arguments, sentence):
    Image.new("RGB", (8, 8)).save(trained / "photo.png")
    done = run_in(trained, "pipeline.colorize_photo", *arguments, check=False)
    assert done.returncode == 1
    assert sentence in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("link", [None, Path.symlink_to, Path.hardlink_to], ids=["itself", "symbolic", "hard"])
def test_a_photograph_is_never_replaced_by_its_colorization(trained, tmp_path, link):
    photo = tmp_path / "photo.png"
    Image.fromarray(data.chelsea()).save(photo)
    before, out = photo.read_bytes(), tmp_path / "photo.png"
    if link:
        out = tmp_path / "other.png"
        link(out, photo)
    with pytest.raises(UserError, match="is the photograph itself"):
        stage_in(trained, "pipeline.colorize_photo", str(photo), "-o", str(out), "--model", str(MODEL))
    assert photo.read_bytes() == before


@pytest.mark.parametrize("wanted", ["bilinear", "jbu"])
@pytest.mark.parametrize("rows", [1, 3, 16, 1000])
def test_a_large_photograph_is_made_in_strips_that_do_not_show(wanted, rows, monkeypatch):
    rgb = np.ascontiguousarray(data.chelsea()[40:117, 100:190])
    chroma = torch.randn(2, 9, 12, generator=torch.Generator().manual_seed(0)) * 40
    whole = upsample_and_compose(lightness_of(rgb), chroma, make_upsampling(wanted))
    monkeypatch.setattr(method_module, "STRIP", rows * rgb.shape[1])
    assert len(strips_of(*rgb.shape[:2])) == -(-len(rgb) // rows)
    strips = upsample_and_compose(lightness_of(rgb), chroma, make_upsampling(wanted))
    assert np.abs(strips.astype(int) - whole).max() <= 1 and (strips != whole).mean() < 0.001


def test_archives_are_plain_zips_of_pngs_that_anybody_can_open(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    write_archive(tmp_path / "a.zip", [("folder/one", picture)])
    with zipfile.ZipFile(tmp_path / "a.zip") as opened:
        assert opened.namelist() == ["folder/one.png"]
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(opened.read("folder/one.png")))), picture)
