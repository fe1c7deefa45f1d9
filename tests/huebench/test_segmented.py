"""`--segmenter`: mIoU of pictures in folders is the pipeline's, from its own functions, with its interval."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import huebench
from huebench.scoring import run
from huebench.scoring.measures import Evaluator
from huebench.scoring.rows import Journal
from pipeline.metrics.segmentation import intersection_and_union, miou
from pipeline.networks.contract import Setup
from pipeline.networks.small_deeplab import SmallDeepLab
from pipeline.networks.weights import About, load_segmenter, save_weights
from pipeline.packs.masks import VOID
from pipeline.segment import predict
from pipeline.settings.errors import UserError
from tests.huebench.folders import HEIGHT, WIDTH, noisy, photographs, save

PHOTOGRAPHS = photographs(6)
PICTURES = {name: noisy(picture, 60, number) for number, (name, picture) in enumerate(PHOTOGRAPHS.items())}
CLASSES = 3


def mask(number: int) -> np.ndarray:
    """Class 0 at the left, 1 or 2 at the right, and a void corner."""
    classes = np.zeros((HEIGHT, WIDTH), np.uint8)
    classes[:, WIDTH // 2 :] = 1 + number % 2
    classes[:9, :9] = VOID
    return classes


MASKS = {name: mask(number) for number, name in enumerate(PHOTOGRAPHS)}


@pytest.fixture(scope="module")
def segmenter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights: what it recognises means nothing, but is counted all the same."""
    torch.manual_seed(0)
    network = SmallDeepLab(Setup(0.1, ("a", "b", "c"), 48))
    about = About({"class": "pipeline.networks.small_deeplab:SmallDeepLab"}, 0.1, 48, ["a", "b", "c"], "", "", "", [])
    path = tmp_path_factory.mktemp("segmenter") / "weights.safetensors"
    save_weights(network, path, about)
    return path


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Photographs, pictures and masks."""
    masks = tmp_path / "masks"
    masks.mkdir()
    for name, classes in MASKS.items():
        Image.fromarray(classes).save(masks / f"{name}.png")
    return save(tmp_path / "originals", PHOTOGRAPHS), save(tmp_path / "mine", PICTURES), masks


def test_miou_is_the_pipelines_with_an_interval_and_the_photographs_beside_it(
    folders: tuple[Path, Path, Path], segmenter: Path
) -> None:
    originals, mine, masks = folders
    (masks / "photo05.png").unlink()  # a photograph without a mask counts nowhere
    task = run.prepare(originals, [mine], Evaluator.load(True, True, {}), masks, "leave-out", segmenter=segmenter)
    result = run.work(task, Journal(None, ""))
    network = load_segmenter(segmenter, torch.device("cpu")).network
    for pictures, value in ((PICTURES, result.sets["miou"]["mine"].value), (PHOTOGRAPHS, None)):
        counts = [
            intersection_and_union(predict(network, pictures[name]), MASKS[name], CLASSES)
            for name in sorted(MASKS)
            if name != "photo05"
        ]
        expected = 100 * miou(*(np.stack(one) for one in zip(*counts, strict=True)))
        if value is not None:
            assert value == pytest.approx(expected, abs=1e-9)
        else:
            assert f"{expected:.1f} [" in result.problems[-1] and "n = 5" in result.problems[-1]
    found = result.sets["miou"]["mine"]
    assert found.n == 5 and found.low <= found.value <= found.high and found.low < found.high


def test_miou_stands_in_the_table_of_the_call(folders: tuple[Path, Path, Path], segmenter: Path) -> None:
    originals, mine, masks = folders
    table = huebench.score(originals, mine, originals, masks=masks, segmenter=segmenter).set_index("measure")
    assert table.loc["miou", "n"].tolist() == [6, 6] and (table.loc["miou", "ci_low"] > 0).all()
    assert {"psnr_rgb", "bleeding_flat"} < set(table.index)


def test_mistakes_are_one_sentence(folders: tuple[Path, Path, Path], segmenter: Path, tmp_path: Path) -> None:
    originals, mine, masks = folders
    with pytest.raises(UserError, match="name their folder after --masks"):
        huebench.score(originals, mine, segmenter=segmenter)
    (tmp_path / "none.safetensors").write_bytes(b"no weights")
    with pytest.raises(UserError, match="is not a whole safetensors file"):
        huebench.score(originals, mine, masks=masks, segmenter=tmp_path / "none.safetensors")
    Image.fromarray(np.full((HEIGHT, WIDTH), 7, np.uint8)).save(masks / "photo00.png")
    with pytest.raises(UserError, match=r"photo00\.png does not fit the segmenter \(class 7 of 3 classes"):
        huebench.score(originals, mine, masks=masks, segmenter=segmenter)
