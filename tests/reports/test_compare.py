"""Two states of the results: folders, git revisions, verdicts and what is said where something is missing."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from dvc.repo import Repo

from pipeline.settings.errors import UserError
from reports import compare
from reports.inputs.revisions import Results, read_results
from reports.plan.measures import MEASURES
from reports.tables.writers import csv_text

METHODS = ("semantics", "zhang", "original")


def table(method: str, gain: float = 0.0, photographs: int = 40, seed: int = 0) -> pd.DataFrame:
    """One method's scores; `gain` moves its PSNR, with some noise if it is not 0."""
    generator = np.random.default_rng([seed, METHODS.index(method)])
    psnr = generator.normal(22, 3, photographs)
    noise = np.random.default_rng(9).normal(0, 1, photographs) if gain else 0
    psnr = np.full(photographs, np.inf) if method == "original" else psnr + gain + noise
    ids = [f"scene_{place:03d}" for place in range(photographs)]
    return pd.DataFrame({"dataset": "scenes", "method": method, "id": ids, "psnr_rgb": psnr, "colorfulness": psnr / 2})


def write(folder: Path, **gains: float) -> Path:
    """A folder of results in which some methods have gained."""
    for method in METHODS:
        put(folder / "results" / "scores" / "scenes" / f"{method}.csv", table(method, gains.get(method, 0.0)))
    return folder


def git(folder: Path, *arguments: str) -> None:
    name = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *name, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git and DVC repository of two commits; in the second, semantics has gained 2 dB."""
    monkeypatch.chdir(tmp_path)
    git(tmp_path, "init")
    Repo.init(str(tmp_path)).close()
    for gain in (0.0, 2.0):  # as `dvc repro` and `git commit` do: DVC tracks the folder, its cache has the content
        write(tmp_path, semantics=gain)
        with Repo(str(tmp_path)) as repo:
            repo.add(str(tmp_path / "results" / "scores" / "scenes"))
        git(tmp_path, "add", "--all")
        git(tmp_path, "commit", "-m", "scores")
    return tmp_path


def photographs(name: str) -> pd.DataFrame:
    return read_results(name).photographs["scenes"]


def verdicts(changes: list[compare.Change]) -> dict[tuple[str, str], str]:
    return {(change.method, change.measure.key): change.verdict for change in changes}


def test_verdicts_follow_the_rule_and_noise_alone_is_no_difference(tmp_path: Path) -> None:
    before, after = write(tmp_path / "before"), write(tmp_path / "after", semantics=2.0, zhang=-2.0)
    noisy = write(tmp_path / "noisy", semantics=1e-9)
    states = [read_results(str(folder)) for folder in (before, after, noisy)]
    found = verdicts(compare.compare(*states[:2], seed=0))
    assert [found[method, "psnr_rgb"] for method in METHODS] == ["better", "worse", "identical"]
    found = verdicts(compare.compare(states[0], states[2], seed=0))
    assert found["semantics", "psnr_rgb"] == "no difference shown"


def test_what_networks_see_and_defects_are_compared_too(tmp_path: Path) -> None:
    states = [write(tmp_path / name) for name in ("before", "after")]
    for place, folder in enumerate(states):
        rows = table("zhang")[["dataset", "method", "id"]]
        noise = np.random.default_rng(place).uniform(0, 0.01, len(rows))
        put(folder / "results/scores/scenes/zhang.perceptual.csv", rows.assign(lpips_alex=0.5 - 0.2 * place + noise))
        put(folder / "results/scores/scenes/zhang.defects.csv", rows.assign(bleeding_flat=0.2 + 0.2 * place + noise))
        put(folder / "results/scores/scenes/zhang.objects.csv", rows.assign(label=1))
        seen = rows.assign(segmenter="small", union=100, intersection=(50 + 10 * place + 1000 * noise).astype(int))
        both = pd.concat([seen.assign(label=0), seen.assign(label=3, intersection=40)])
        put(folder / "results/segmented/scenes/small/zhang.csv", both)
    changes = compare.compare(*(read_results(str(folder)) for folder in states), seed=0)
    found = verdicts(changes)
    assert found["zhang", "lpips_alex"] == "better" and found["zhang", "bleeding_flat"] == "worse"
    assert found["zhang", "miou_small"] == "better" and found["zhang", "psnr_rgb"] == "identical"
    miou = next(one.comparison for one in changes if one.measure.key == "miou_small")
    assert miou.n == 40 and miou.low < miou.mean < miou.high and np.isnan(miou.p)
    assert miou.mean == pytest.approx(5, abs=1)


def put(path: Path, rows: pd.DataFrame) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(csv_text(rows))


@pytest.mark.parametrize(
    ("measure", "mean", "p_holm", "verdict"),
    [
        ("colorfulness_gap", -1.0, 0.01, "better"),
        ("colorfulness_gap", 1.0, 0.01, "worse"),
        ("psnr_rgb", 1.0, 0.08, "no difference shown"),  # only the unadjusted p is significant
    ],
)
def test_the_verdict_knows_which_way_is_better_and_goes_by_the_adjusted_p(
    measure: str, mean: float, p_holm: float, verdict: str
) -> None:
    values = mean + np.random.default_rng(0).normal(0, 0.1, (30, 1))
    compared = compare.compare_columns(values, seed=0, resamples=200)[0]
    assert compare.Change("scenes", "zhang", MEASURES[measure], compared, 30, p_holm=p_holm).verdict == verdict


def exact_on(state: pd.DataFrame, photographs: int) -> pd.DataFrame:
    """The same scores, the first photographs reproduced exactly."""
    return state.assign(psnr_rgb=state["psnr_rgb"].where(state.index >= photographs, np.inf))


@pytest.mark.parametrize(
    ("first", "second", "noise", "verdict"),
    [
        (0, 3, 0.0, "no difference shown"),  # three photographs prove nothing, but they do differ
        (0, 30, 0.0, "better"),
        (30, 0, 0.0, "worse"),
        (0, 40, 0.0, "better"),  # all of them: there is no mean
        (5, 5, 0.0, "identical"),  # exact in both
        (0, 30, -9.0, "no difference shown"),  # the others point the other way
    ],
)
def test_photographs_that_one_state_reproduces_exactly_are_never_identical(
    first: int, second: int, noise: float, verdict: str
) -> None:
    before, after = exact_on(table("zhang"), first), exact_on(table("zhang", noise), second)
    states = Results({"scenes": before}, {}), Results({"scenes": after}, {})
    changes = compare.compare(*states, seed=0)
    change = next(one for one in changes if one.measure.key == "psnr_rgb")
    assert change.verdict == verdict
    assert change.identical == (verdict == "identical") and change.comparison.left_out == abs(second - first)
    document = compare.document(changes, ("A", "B"), tuple(compare.infinite_notes(changes, ("A", "B"))), 0)
    if not change.identical:
        assert f"{40 - abs(second - first)} of 40" in list(document.shown["n"])
        side, amount = ("A", first) if first else ("B", second)
        assert f"scenes, zhang, PSNR: {side} alone reproduces {amount} photographs exactly." in " ".join(document.notes)


def test_a_photograph_without_a_value_in_one_state_alone_differs() -> None:
    before = table("zhang").assign(ssim_rgb=0.9)
    after = before.assign(ssim_rgb=before["ssim_rgb"].where(before.index > 1))
    both = Results({"scenes": after}, {})
    first, second = (
        next(one for one in compare.compare(Results({"scenes": state}, {}), both, 0) if one.measure.key == "ssim_rgb")
        for state in (before, after)
    )
    assert (first.verdict, first.differing) == ("no difference shown", 2)
    assert (second.verdict, second.differing) == ("identical", 0)


def test_false_verdicts_are_rare_however_many_rows_there_are() -> None:
    generator = np.random.default_rng(1)
    state = pd.concat([table("zhang").assign(method=f"method_{place}") for place in range(5)], ignore_index=True)
    wrong = 0
    for _ in range(200):
        other = state.assign(psnr_rgb=state["psnr_rgb"] + generator.normal(size=len(state)))
        changes = compare.compare(Results({"scenes": state}, {}), Results({"scenes": other}, {}), seed=0)
        wrong += any(one.verdict != "no difference shown" for one in changes)
    assert wrong / 200 <= 0.06


def test_revisions_and_experiments_are_read_from_dvcs_cache(repository: Path) -> None:
    found = verdicts(compare.compare(read_results("HEAD~1"), read_results("HEAD"), seed=0))
    assert found["semantics", "psnr_rgb"] == "better" and found["zhang", "psnr_rgb"] == "identical"
    pd.testing.assert_frame_equal(photographs("HEAD"), photographs("."))
    git(repository, "update-ref", "refs/exps/12/345/tidy-mare", "HEAD~1")
    pd.testing.assert_frame_equal(photographs("tidy-mare"), photographs("HEAD~1"))


def test_what_a_revision_lacks_ends_in_one_sentence(repository: Path) -> None:
    with pytest.raises(UserError, match="nowhere is neither a folder with results/scores in it, nor a git revision"):
        read_results("nowhere")
    shutil.rmtree(repository / ".dvc" / "cache" / "files")
    with pytest.raises(UserError, match=r"cache does not hold results.* of HEAD.*dvc fetch"):
        read_results("HEAD")
    git(repository, "rm", "results/scores/scenes.dvc")
    git(repository, "commit", "-m", "none")
    with pytest.raises(UserError, match=r"HEAD holds no results/scores"):
        read_results("HEAD")


@pytest.mark.parametrize(
    ("rows", "error"),
    [
        (["id", "1"], "no column 'dataset'"),
        ([], "no table of scores"),
        (csv_text(table("zhang")).splitlines() + csv_text(table("zhang")).splitlines()[-1:], "photograph twice"),
    ],
)
def test_damaged_scores_end_in_one_sentence(tmp_path: Path, rows: list[str], error: str) -> None:
    (write(tmp_path) / "results" / "scores" / "scenes" / "zhang.csv").write_text("\n".join(rows))
    with pytest.raises(UserError, match=error):
        read_results(str(tmp_path))


def test_what_only_one_state_has_is_said() -> None:
    states = (
        Results({"scenes": pd.concat([table("zhang"), table("original")]), "voc2012": table("zhang")}, {}),
        Results({"scenes": table("zhang", photographs=30)}, {}),
    )
    notes = ["scenes: only A has original.", "scenes: only A has 10 photographs more.", "Only A has voc2012."]
    assert compare.only_in_one(*states, ("A", "B")) == notes
    (change,) = compare.compare(*states, seed=0)
    assert change.comparison.n == 30


def test_command_leaves_a_table_and_a_plot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before, after = write(tmp_path / "before"), write(tmp_path / "after", semantics=2.0)
    monkeypatch.setattr(sys, "argv", ["reports.compare", str(before), str(after), "--out", str(tmp_path / "out")])
    compare.main()
    printed = capsys.readouterr().out
    assert "| scenes | semantics | PSNR, dB | 40 |" in printed and "| better |" in printed
    assert "Verdicts: better or worse" in printed and "random seed" in printed
    assert "zhang" not in printed  # nothing there differs
    rows = pd.read_csv(tmp_path / "out" / "differences.csv")
    assert set(rows["verdict"]) >= {"better", "identical"}
    assert (tmp_path / "out" / "differences.png").stat().st_size > 1000
    assert (tmp_path / "out" / "differences.md").read_text() in printed
