"""`huebench score`: folders of pictures are matched, measured and summarised, and what is wrong with them is named."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from skimage import color, data, metrics

import huebench
from huebench import cli
from huebench.scoring import command, run
from huebench.scoring.measures import Evaluator
from huebench.scoring.photographs import Task
from huebench.scoring.rows import Journal
from huebench.scoring.sources import match, open_source
from pipeline.metrics import auc
from pipeline.metrics.lab_cpu import rgb_to_lab
from pipeline.metrics.ms_ssim import ms_ssim_ab
from pipeline.records.rows import PackedPhotograph
from pipeline.scoring import pixels
from pipeline.settings.errors import UserError
from reports.statistics.means import bootstrap_mean
from reports.statistics.paired import compare_columns
from tests.conftest import ROOT
from tests.huebench.folders import HEIGHT, WIDTH, grey, noisy, photographs, save, save_zip

PHOTOGRAPHS = photographs(12)


@pytest.fixture
def originals(tmp_path: Path) -> Path:
    return save(tmp_path / "originals", PHOTOGRAPHS)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return save(tmp_path / "good", {name: noisy(picture, 8) for name, picture in PHOTOGRAPHS.items()})


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    return save(tmp_path / "bad", {name: noisy(picture, 30, 1) for name, picture in PHOTOGRAPHS.items()})


def scored(*arguments: object, out: Path | None = None) -> tuple[str, int]:
    """What the command prints, errors too, and its exit status."""
    words = ["score", *map(str, arguments), *(["--out", str(out)] if out else [])]
    done = subprocess.run([sys.executable, "-m", "huebench", *words], cwd=ROOT, capture_output=True, text=True)
    return done.stdout + done.stderr, done.returncode


def task_of(originals: Path, *pictures: Path, reference: bool = True) -> Task:
    return run.prepare(originals, pictures, Evaluator.load(reference, False, {}), None, "leave-out")


def per_image(task: Task) -> pd.DataFrame:
    rows = run.work(task, Journal(None, "")).rows
    return pd.DataFrame([{"method": row.method, "id": row.id, "problem": row.problem, **row.values} for row in rows])


def test_values_are_those_of_the_pipeline_and_of_scikit_image(originals: Path, good: Path) -> None:
    rows = per_image(task_of(originals, good)).set_index("id")
    for name, original in PHOTOGRAPHS.items():
        picture, row = noisy(original, 8), rows.loc[name]
        entry = PackedPhotograph(name, HEIGHT, WIDTH, False, "", 0, 0, 0, 0)
        weights = auc.class_weights(torch.ones(313))
        same = pixels.score("", "", entry, pixels.Original.of(original, weights), picture)
        for key in ("psnr_rgb", "psnr_ab", "ssim_rgb", "ciede2000", "auc", "colorfulness", "colorfulness_absolute"):
            assert row[key] == getattr(same, key), key
        assert abs(row["psnr_rgb"] - metrics.peak_signal_noise_ratio(original, picture)) < 1e-9
        first, second = color.rgb2lab(original), color.rgb2lab(picture)
        assert abs(row["chroma"] - np.hypot(second[..., 1], second[..., 2]).mean()) < 1e-3
        assert abs(row["lightness_change"] - abs(first[..., 0] - second[..., 0]).mean()) < 1e-3


def test_ms_ssim_is_left_out_of_small_pictures_by_name_and_measured_of_larger_ones(
    tmp_path: Path, originals: Path, good: Path
) -> None:
    small = run.work(task_of(originals, good), Journal(None, ""))
    assert "ms_ssim_ab" not in {measure.key for measure in small.measures}
    assert "12 of 12 pictures have a side under 176 pixels, and so no MS-SSIM ab." in small.problems
    large = {"large": data.astronaut()[:180, :200]}
    task = task_of(save(tmp_path / "o", large), save(tmp_path / "l", {n: noisy(p, 9) for n, p in large.items()}))
    row = run.work(task, Journal(None, "")).rows[0]
    colors = (torch.from_numpy(rgb_to_lab(one)[1:]) for one in (large["large"], noisy(large["large"], 9)))
    assert row.values["ms_ssim_ab"] == ms_ssim_ab(*colors)


def test_means_and_differences_have_the_intervals_of_the_report(originals: Path, good: Path, bad: Path) -> None:
    table = huebench.score(originals, good, bad).set_index(["method", "measure"])
    rows = per_image(task_of(originals, good, bad))
    one, other = (rows[rows["method"] == name]["psnr_rgb"].to_numpy() for name in ("good", "bad"))
    expected, found = bootstrap_mean(one, 0), table.loc["good", "psnr_rgb"]
    assert [found["value"], found["ci_low"], found["ci_high"]] == pytest.approx(
        [expected.mean, expected.low, expected.high]
    )
    assert found["n"] == len(PHOTOGRAPHS)
    tables = {one.name: one for one in command.tables_of(run.work(task_of(originals, good, bad), Journal(None, "")))}
    differences = tables["differences"].rows.set_index("measure")
    compared = compare_columns((one - other)[:, None], 0)[0]
    assert differences.loc["psnr_rgb", "difference"] == pytest.approx(compared.mean)
    assert differences.loc["psnr_rgb", "ci_low"] == pytest.approx(compared.low)
    assert (differences["p_holm"] >= differences["p"]).all()


def test_names_match_at_any_depth_with_any_suffix_and_in_zips(tmp_path: Path, originals: Path) -> None:
    pictures = {name: noisy(picture, 8) for name, picture in PHOTOGRAPHS.items()}
    deep = save(tmp_path / "deep", {f"epoch_7/val/{name}": picture for name, picture in pictures.items()}, ".BMP")
    zipped = save_zip(tmp_path / "zipped.zip", {f"out/{name}": picture for name, picture in pictures.items()})
    table = huebench.score(originals, deep, zipped).set_index(["measure", "method"])["value"]
    for measure in ("psnr_rgb", "ciede2000"):
        assert table[measure, "deep"] == table[measure, "zipped"] > 0


def test_a_stem_that_two_photographs_share_matches_by_its_path_alone(tmp_path: Path) -> None:
    first, second = list(PHOTOGRAPHS.values())[:2]
    named = {"a/1": first, "b/1": second, "b/2": second}
    originals = save(tmp_path / "originals", named)
    flat = open_source(save(tmp_path / "flat", {"1": first, "2": second}))
    matched = match(open_source(originals), flat)
    assert matched.pictures == {"b/2": {0: "2"}}
    assert "1 pictures of no photograph: 1.png" in matched.problems[1]
    nested = match(open_source(originals), open_source(save(tmp_path / "nested", named)))
    assert set(nested.pictures) == set(named) and nested.problems == ()


def damaged(folder: Path) -> dict[str, str]:
    """A folder of pictures with something wrong with most; what is said of each, "" of those that are scored."""
    names, said = iter(PHOTOGRAPHS), {}

    def take(sentence: str = "") -> tuple[Path, np.ndarray]:
        name = next(names)
        said[name] = sentence
        return folder / name, PHOTOGRAPHS[name]

    folder.mkdir()
    path, picture = take("is damaged")
    Image.fromarray(picture).save(path.with_suffix(".png"))
    whole = path.with_suffix(".png").read_bytes()
    path.with_suffix(".png").write_bytes(whole[: len(whole) // 2])
    path, picture = take("pixels, but its photograph is")
    Image.fromarray(picture[:40]).save(path.with_suffix(".png"))
    path, _ = take("is empty (0 bytes)")
    path.with_suffix(".png").touch()
    path, _ = take("is no picture in a known format")
    path.with_suffix(".jpg").write_text("<html>404</html>")
    path, picture = take("looks as if it were mirrored")
    Image.fromarray(picture[:, ::-1].copy()).save(path.with_suffix(".png"))
    path, picture = take()
    Image.fromarray(picture).convert("L").save(path.with_suffix(".png"))
    path, picture = take()
    Image.fromarray(np.dstack((picture, np.full((HEIGHT, WIDTH), 255, np.uint8)))).save(path.with_suffix(".png"))
    path, picture = take()
    Image.fromarray(picture.astype(np.uint16)[..., 0] * 257).save(path.with_suffix(".png"))  # 16 bits
    path, picture = take()
    Image.fromarray(picture).convert("CMYK").save(path.with_suffix(".jpg"))
    path, picture = take()
    Image.fromarray(picture).quantize(64).save(path.with_suffix(".gif"))
    path, picture = take("doubled")
    Image.fromarray(picture).save(path.with_suffix(".png"))
    Image.fromarray(picture).save(path.with_suffix(".webp"))
    take("missing")
    Image.fromarray(picture).save(folder / "stranger.png")
    (folder / "loop").symlink_to(folder)
    (folder / "nowhere.png").symlink_to(folder / "not_there")
    (folder / "folder.png").mkdir()
    (folder / "new.heic").touch()
    (folder / ".hidden.png").write_bytes(b"x")
    Image.fromarray(picture).save(os.fsencode(folder) + b"/\xff\xfe.png")
    return said


def test_whatever_is_wrong_with_pictures_is_named_and_the_rest_is_scored(tmp_path: Path, originals: Path) -> None:
    said = damaged(tmp_path / "mine")
    result = run.work(task_of(originals, tmp_path / "mine"), Journal(None, ""))
    problems = {row.id: row.problem for row in result.rows}
    for name, sentence in said.items():
        if sentence in ("doubled", "missing"):
            assert name not in problems
        else:
            assert bool(problems[name]) == bool(sentence) and sentence in problems[name], name
    told = "\n".join(result.problems)
    for words in (
        "2 photographs without a picture: photo10.png, photo11.png",
        "1 pictures of no photograph: stranger.png",
        "1 names that several pictures have, of which none is taken: photo10.png and photo10.webp",
        "leads back to a folder around it",
        "that lead to no file",
        ".heic (1)",
        "are not UTF-8",
        "mine: 5 of 10 pictures could not be scored",
        "1 of 10 pictures: JPEG, which loses colour",
    ):
        assert words in told, told
    assert all("\n" not in sentence for sentence in result.problems)


def test_several_answers_for_a_photograph_give_mean_best_and_how_far_they_differ(
    tmp_path: Path, originals: Path
) -> None:
    answers = {
        f"{name}@{number}": noisy(picture, 10 * number, number)
        for name, picture in PHOTOGRAPHS.items()
        for number in (1, 2, 3)
    }
    result = run.work(task_of(originals, save(tmp_path / "drawn", answers)), Journal(None, ""))
    table = {one.name: one for one in command.tables_of(result)}["answers"].rows.set_index("measure")
    values = pd.DataFrame([{"id": row.id, **row.values} for row in result.rows])
    assert table.loc["psnr_rgb", "best"] == pytest.approx(values.groupby("id")["psnr_rgb"].max().mean())
    assert table.loc["ciede2000", "best"] == pytest.approx(values.groupby("id")["ciede2000"].min().mean())
    assert table.loc["psnr_rgb", "mean"] == pytest.approx(values["psnr_rgb"].mean())
    assert (table["answers"] == 3).all() and table.loc["diversity", "mean"] > 1
    same = {f"{name}@{number}": picture for name, picture in PHOTOGRAPHS.items() for number in (1, 2)}
    alike = run.work(task_of(originals, save(tmp_path / "alike", same)), Journal(None, ""))
    assert all(row.values["diversity"] == 0 for row in alike.rows if row.answer == 1)


def test_grey_photographs_have_no_true_colours_and_pictures_their_own_size(tmp_path: Path) -> None:
    originals = save(tmp_path / "old", {name: grey(picture) for name, picture in PHOTOGRAPHS.items()})
    larger = {
        name: np.array(Image.fromarray(picture).resize((80, 60), Image.Resampling.BICUBIC))
        for name, picture in PHOTOGRAPHS.items()
    }
    result = run.work(task_of(originals, save(tmp_path / "mine", larger), reference=False), Journal(None, ""))
    assert set(result.rows[0].values) == {"colorfulness", "colorfulness_absolute", "chroma", "lightness_change"}
    assert "12 of 12 pictures: 80 x 60 pixels, another size than the photograph's" in "\n".join(result.problems)
    own = run.work(task_of(originals, originals, reference=False), Journal(None, ""))
    assert all(row.values["colorfulness"] == 0 == row.values["lightness_change"] for row in own.rows)


def test_one_photograph_has_values_without_intervals(tmp_path: Path) -> None:
    one = dict(list(PHOTOGRAPHS.items())[:1])
    originals, mine = (
        save(tmp_path / "originals", one),
        save(tmp_path / "mine", {n: noisy(p, 9) for n, p in one.items()}),
    )
    table = huebench.score(originals, mine)
    assert table["value"].notna().all() and table["ci_low"].isna().all() and (table["n"] == 1).all()


def test_masks_add_how_colours_keep_to_boundaries(tmp_path: Path, originals: Path, good: Path) -> None:
    masks = tmp_path / "masks"
    masks.mkdir()
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[:, WIDTH // 2 :] = 1
    for name in PHOTOGRAPHS:
        Image.fromarray(mask).save(masks / f"{name}.png")
    table = huebench.score(originals, good, originals, masks=masks).set_index(["measure", "method"])["value"]
    assert table["boundary_contrast", "originals"] == pytest.approx(1, abs=1e-5)
    assert table["bleeding_flat", "good"] > table["bleeding_flat", "originals"]


def test_a_killed_run_goes_on_where_it_was(
    tmp_path: Path, originals: Path, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, asked = task_of(originals, good), []
    monkeypatch.setattr(run, "BATCH", 4)
    measured = Task.rows

    def rows(self: Task, id: str) -> list[object]:
        asked.append(id)
        if len(asked) == 6:
            raise KeyboardInterrupt
        return measured(self, id)

    monkeypatch.setattr(Task, "rows", rows)
    monkeypatch.setattr(run, "workers", lambda *_: run.ThreadPoolExecutor(1))
    journal = run.journal_of(task, tmp_path / "out")
    with pytest.raises(KeyboardInterrupt):
        run.work(task, journal)
    file = next((tmp_path / "out" / "unfinished").iterdir())
    with file.open("a") as lines:
        lines.write('{"id": "photo0')  # half a line, as a kill leaves it
    kept = set(list(PHOTOGRAPHS)[:4])
    asked[:] = [""] * 6
    resumed = run.work(task, journal)
    assert kept.isdisjoint(asked) and [row.id for row in resumed.rows] == sorted(PHOTOGRAPHS)
    monkeypatch.setattr(Task, "rows", measured)
    assert resumed.rows == run.work(task, Journal(None, "")).rows
    (good / "photo00.png").write_bytes((originals / "photo00.png").read_bytes())  # other pictures: nothing is kept
    assert run.journal_of(task_of(originals, good), tmp_path / "out").read() == {}


def test_the_command_prints_and_writes_everything(tmp_path: Path, originals: Path, good: Path, bad: Path) -> None:
    text, status = scored(originals, good, bad, out=tmp_path / "out")
    assert status == 0, text
    assert "good" in text and "written to" in text
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {
        "per_image.csv", "scores.json", "index.html",
        *(f"{table}.{kind}" for table in ("scores", "differences") for kind in ("csv", "md", "tex")),
    }  # fmt: skip
    content = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert content["schema"] == 1 and content["photographs"] == 12 and set(content["methods"]) == {"good", "bad"}
    assert len(pd.read_csv(tmp_path / "out" / "per_image.csv")) == 24
    page = (tmp_path / "out" / "index.html").read_text()
    assert page.count("<figure") == 12 * 3 and "http" not in page.replace("http://www.w3.org", "")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("originals", "nothing"), "nothing is missing; it should be a folder or zip"),
        (("originals", "empty"), "there are no pictures in empty"),
        (("originals", "text.zip"), "text.zip is neither a folder nor a readable zip"),
        (("originals", "others"), "none of the 1 pictures in others (else.png) has the name of a photograph"),
        (("originals", "good", "good"), "2 folders are called"),
        (("originals", "turned"), "look as if they were upside down"),
        (("originals", "good", "--out", "text.zip"), "text.zip is no folder"),
    ],
)
def test_a_users_mistake_is_one_sentence(
    tmp_path: Path, originals: Path, good: Path, monkeypatch, capsys, arguments, sentence
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    Path("text.zip").write_text("no zip")
    save(Path("others"), {"else": PHOTOGRAPHS["photo00"]})
    save(Path("turned"), {name: picture[::-1].copy() for name, picture in PHOTOGRAPHS.items()})
    monkeypatch.setattr(sys, "argv", ["huebench", "score", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and sentence in error and error.count("\n") == 1


def test_help_names_all_commands_at_once_without_pytorch() -> None:
    code = "import sys; from huebench.cli import main; main(); assert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code, "--help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert all(name in done.stdout for name in cli.COMMANDS)


def test_an_unknown_command_is_answered_with_the_closest(monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", ["huebench", "scores"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2 and "did you mean 'score'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "package", "extra"), [("score", "torch", "score"), ("study serve", "starlette", "study")]
)
def test_a_package_that_is_not_installed_is_named_with_what_to_install(name: str, package: str, extra: str) -> None:
    code = f"import sys; sys.modules[{package!r}] = None; from huebench.cli import main; main()"
    words = [*name.split(), "a", "b"]
    done = subprocess.run([sys.executable, "-c", code, *words], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert f"needs {package}" in done.stderr and f"install huebench[{extra}]." in done.stderr


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_is_a_module_with_a_main(name: str) -> None:
    module, _, _ = cli.COMMANDS[name]
    assert "def main() -> None:" in (ROOT / Path(*module.split("."))).with_suffix(".py").read_text()


def test_a_call_without_pictures_is_refused(originals: Path) -> None:
    with pytest.raises(UserError, match="there is nothing to score"):
        huebench.score(originals)
