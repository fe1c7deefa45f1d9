"""COCO-Stuff 10k as its folders are."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from pipeline.datasets.coco_stuff import CLASSES, CocoStuff
from pipeline.datasets.source import Photograph
from pipeline.settings.errors import UserError

ID = "COCO_train2014_000000000077"


def dataset(root: Path, labels: Any = ((0, 182),)) -> CocoStuff:
    for folder in ("images", "annotations", "imageLists"):
        (root / folder).mkdir(parents=True)
    (root / "imageLists/train.txt").write_text(f"{ID}\n")
    (root / "imageLists/test.txt").write_text("COCO_train2014_000000000109\n")
    (root / f"images/{ID}.jpg").write_bytes(b"picture")
    savemat(root / f"annotations/{ID}.mat", {"S": labels, "names": np.array(["person"], object), "captions": ["a dog"]})
    return CocoStuff(root)


def test_the_test_list_is_the_validation_split(tmp_path: Path) -> None:
    source = dataset(tmp_path)
    assert source.photographs("train") == [Photograph(ID, Path(f"images/{ID}.jpg"), Path(f"annotations/{ID}.mat"))]
    assert [photograph.id for photograph in source.photographs("val")] == ["COCO_train2014_000000000109"]
    assert source.image_bytes(source.photographs("train")[0]) == b"picture"


def test_a_folder_around_the_dataset_does_no_harm(tmp_path: Path) -> None:
    dataset(tmp_path / "cocostuff-10k-v1.1")
    assert len(CocoStuff(tmp_path).photographs("train")) == 1


def test_the_classes_are_182_and_the_background(tmp_path: Path) -> None:
    assert len(CLASSES) == len(set(CLASSES)) == 183
    named = {0: "unlabeled", 1: "person", 12: "street sign", 91: "hair brush", 92: "banner", 182: "wood"}
    assert {index: CLASSES[index] for index in named} == named


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float64])
def test_labels_are_the_datasets_own_ids_however_matlab_stored_them(tmp_path: Path, dtype: type) -> None:
    source = dataset(tmp_path, np.array([[0, 1, 182]], dtype))
    mask = source.mask(source.photographs("train")[0])
    assert mask.dtype == np.uint8 and mask.tolist() == [[0, 1, 182]]


@pytest.mark.parametrize("label", [183, 255, -1, 0.5])
def test_an_unknown_id_is_refused_by_the_files_name(tmp_path: Path, label: float) -> None:
    source = dataset(tmp_path, np.array([[label]]))
    with pytest.raises(UserError, match=rf"{ID}\.mat holds the class id {label}"):
        source.mask(source.photographs("train")[0])


def test_another_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no COCO-Stuff 10k"):
        CocoStuff(tmp_path)
