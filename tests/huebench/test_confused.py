"""`--masks`: context confusion of pictures in folders, the classes' colours being those of the other photographs."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from skimage.color import lab2rgb

import huebench
from huebench.scoring import run
from huebench.scoring.confused import colors_of
from huebench.scoring.measures import Evaluator
from huebench.scoring.rows import Journal
from pipeline.color import gamut
from pipeline.metrics import confusion
from pipeline.packs.masks import VOID
from tests.huebench.folders import HEIGHT, WIDTH, grey, save

COLORS = ((40.0, 20.0), (-30.0, 30.0), (5.0, -35.0))  # ab of three classes
NUMBER = 12
METHODS = ("right", "noisy", "swapped", "grey")


def scene(number: int, swap: tuple[int, int] = (0, 0), noise: float = 0) -> tuple[np.ndarray, np.ndarray]:
    """A picture of two of the classes, and its mask with a void corner; in `swap` each has the other's colour."""
    rng = np.random.default_rng(number)
    mask = np.full((HEIGHT, WIDTH), number % 3, np.uint8)
    mask[:, WIDTH // 2 :] = (number + 1) % 3
    lightness = 45 + 30 * rng.random((HEIGHT // 4, WIDTH // 4)).repeat(4, axis=0).repeat(4, axis=1)
    painted = mask.copy()
    for old, new in (swap, swap[::-1]):
        painted[mask == old] = new
    ab = np.array(COLORS)[painted] + rng.normal(0, 4, (HEIGHT, WIDTH, 2))
    ab += np.random.default_rng(99).normal(0, noise, (HEIGHT, WIDTH, 2)) if noise else 0
    mask[:5, :5] = VOID
    rgb = np.uint8(np.round(255 * np.clip(lab2rgb(np.dstack([lightness, ab])), 0, 1)))
    return rgb, mask


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """originals, masks, and a folder for each method."""
    folder = tmp_path_factory.mktemp("confused")
    right = {f"scene{number:02d}": scene(number)[0] for number in range(NUMBER)}
    masks = {f"scene{number:02d}": scene(number)[1] for number in range(NUMBER)}
    for name, pictures in {
        "originals": right,
        "right": right,
        "noisy": {name: scene(number, noise=15)[0] for number, name in enumerate(right)},
        "swapped": {name: scene(number, swap=(0, 1))[0] for number, name in enumerate(right)},
        "grey": {name: grey(picture) for name, picture in right.items()},
    }.items():
        save(folder / name, pictures)
    (folder / "masks").mkdir()
    for name, mask in masks.items():
        Image.fromarray(mask).save(folder / "masks" / f"{name}.png")
    return folder


def scored(folder: Path) -> run.Scored:
    task = run.prepare(
        folder / "originals",
        [folder / name for name in METHODS],
        Evaluator.load(True, True, {}),
        folder / "masks",
        "leave-out",
    )
    return run.work(task, Journal(None, ""))


@pytest.fixture(scope="module")
def result(folders: Path) -> run.Scored:
    return scored(folders)


def test_the_original_has_the_least_confusion_and_exchanged_colours_raise_it(result: run.Scored) -> None:
    distance, accuracy = (result.sets[key] for key in ("color_distance", "balanced_accuracy"))
    values = [distance[name].value for name in METHODS]
    assert values[0] == 0 and values[0] < values[1] < values[2]
    assert (accuracy["right"].value, accuracy["swapped"].value) == (1, pytest.approx(1 / 3))  # the third class is right
    assert accuracy["swapped"].value < accuracy["noisy"].value <= 1
    assert accuracy["grey"].value == pytest.approx(1 / 3)
    # Two classes of three have the other one's colours: two thirds of the distance between these.
    assert distance["swapped"].value == pytest.approx(2 / 3 * np.hypot(70, -10), rel=0.05)
    assert distance["grey"].value == pytest.approx(np.hypot(*np.transpose(COLORS)).mean(), rel=0.05)
    for name in METHODS:
        assert distance[name].n == accuracy[name].n == NUMBER
        assert distance[name].low <= distance[name].value <= distance[name].high
    said = next(problem for problem in result.problems if problem.startswith("Class accuracy by colour"))
    assert "1.000 [1.000, 1.000], n = 12; of any grey pictures about 0.333" in said and "the 3 classes" in said


def test_no_picture_is_judged_by_its_own_photograph(result: run.Scored) -> None:
    """By a plain loop: for each photograph the class colours of all others, smoothed one by one."""
    task, ids = result.task, sorted(result.task.originals.files)
    found = {id: colors_of(task, {"noisy": {id: 0}}, id) for id in ids}
    right, there = np.zeros(3), np.zeros(3)
    for id in ids:
        totals = np.zeros((3, gamut.Q))
        for other in ids:
            if other != id:
                totals[found[other].labels] += found[other].own
        shares = np.stack([gamut.smooth(torch.from_numpy(one)).numpy() for one in totals])
        guessed = confusion.guess(found[id].pictures["noisy"], confusion.log_likelihoods(shares))
        np.add.at(right, found[id].labels, guessed == found[id].labels)
        np.add.at(there, found[id].labels, 1)
    assert result.sets["balanced_accuracy"]["noisy"].value == pytest.approx((right / there).mean(), abs=1e-12)


def test_a_class_of_one_photograph_is_left_out_and_one_class_alone_has_no_accuracy(
    folders: Path, tmp_path: Path
) -> None:
    for name in ("originals", "masks", *METHODS):
        (tmp_path / name).mkdir()
        for number in (0, 3, 1):  # classes 0 and 1 twice, then 1 and 2
            file = f"scene{number:02d}.png"
            (tmp_path / name / file).write_bytes((folders / name / file).read_bytes())
    result = scored(tmp_path)
    assert "It is about the 2 classes" in result.problems[-1]
    assert result.sets["balanced_accuracy"]["swapped"].value == 0
    for name in ("originals", "masks", *METHODS):
        (tmp_path / name / "scene03.png").unlink()
        (tmp_path / name / "scene00.png").unlink()
    alone = scored(tmp_path)
    assert "balanced_accuracy" not in alone.sets and alone.problems[-1].startswith("No class accuracy by colour:")
    assert np.isnan(alone.sets["color_distance"]["swapped"].low) and alone.sets["color_distance"]["swapped"].value > 10


def test_photographs_without_colours_teach_nothing(folders: Path, tmp_path: Path) -> None:
    """Two photographs have class 2, of which one is grey: what the class looks like is known from one alone."""
    for name in ("originals", "masks", *METHODS):
        (tmp_path / name).mkdir()
        for number in (0, 3, 1, 4):
            file = f"scene{number:02d}.png"
            (tmp_path / name / file).write_bytes((folders / name / file).read_bytes())
    assert "It is about the 3 classes" in scored(tmp_path).problems[-1]
    (tmp_path / "originals" / "scene04.png").write_bytes((folders / "grey" / "scene04.png").read_bytes())
    result = scored(tmp_path)
    assert "It is about the 2 classes" in result.problems[-1] and result.sets["balanced_accuracy"]["right"].value == 1


def test_both_stand_in_the_table_of_the_call_with_what_they_mean(folders: Path) -> None:
    table = huebench.score(folders / "originals", folders / "swapped", masks=folders / "masks").set_index("measure")
    assert table.loc["balanced_accuracy", "value"] == pytest.approx(1 / 3)
    assert table.loc["color_distance", "ci_low"] <= table.loc["color_distance", "value"]
    without = huebench.score(folders / "originals", folders / "swapped")
    assert not {"color_distance", "balanced_accuracy"} & set(pd.Series(without["measure"]))
