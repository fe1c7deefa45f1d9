"""Intersections, unions and mIoU against scikit-learn and torchmetrics, to 1e-6 and better."""

import math

import numpy as np
import pytest
import torch
from sklearn.metrics import confusion_matrix
from torchmetrics.classification import MulticlassJaccardIndex

from pipeline.metrics.segmentation import intersection_and_union, miou
from pipeline.packs.masks import VOID

CLASSES = 7


def pairs(count: int = 5, seed: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
    """Predictions that are right in about half of the pixels, and masks with void; classes 4 and 6 are in neither."""
    random = np.random.default_rng(seed)
    found = []
    for side in range(20, 20 + count):
        mask = random.choice(np.uint8([0, 1, 2, 3, 5, VOID]), (side, 31))
        other = random.choice(np.uint8([0, 1, 2, 3, 5]), mask.shape)
        found.append((np.where((random.random(mask.shape) < 0.5) & (mask != VOID), mask, other), mask))
    return found


def counted(given: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    counts = np.stack([intersection_and_union(*pair, CLASSES) for pair in given])
    return counts[:, 0], counts[:, 1]


@pytest.mark.parametrize("pair", pairs())
def test_intersections_and_unions_are_those_of_scikit_learns_confusion_matrix_exactly(pair):
    prediction, mask = pair
    seen = mask != VOID
    matrix = confusion_matrix(mask[seen], prediction[seen], labels=range(CLASSES))
    intersection, union = intersection_and_union(prediction, mask, CLASSES)
    assert np.array_equal(intersection, np.diag(matrix))
    assert np.array_equal(union, matrix.sum(axis=0) + matrix.sum(axis=1) - np.diag(matrix))


def test_miou_is_torchmetrics_macro_jaccard_index_to_1e_6():
    reference = MulticlassJaccardIndex(CLASSES, average="macro", ignore_index=VOID)
    for prediction, mask in pairs():
        reference.update(torch.from_numpy(prediction)[None].long(), torch.from_numpy(mask)[None].long())
    assert math.isclose(miou(*counted(pairs())), reference.compute().item(), rel_tol=1e-6)


def test_miou_comes_from_the_datasets_sums_not_from_photographs():
    small = np.uint8([[0, 0]]), np.uint8([[1, 1]])  # all wrong
    large = np.zeros((1, 98), np.uint8), np.zeros((1, 98), np.uint8)  # all right
    assert miou(*counted([small, large])) == pytest.approx((98 / 100 + 0 / 2) / 2)


def test_void_pixels_count_nowhere():
    prediction, mask = pairs(1)[0]
    before = intersection_and_union(prediction, mask, CLASSES)
    changed = np.where(mask == VOID, np.uint8(6), prediction)
    assert np.array_equal(before, intersection_and_union(changed, mask, CLASSES))


def test_a_class_that_is_nowhere_does_not_count_and_one_that_is_only_found_counts_as_zero():
    mask = np.uint8([[0, 0, 1, 1]])
    assert miou(*counted([(mask, mask)])) == 1
    assert miou(*counted([(np.uint8([[0, 0, 1, 6]]), mask)])) == pytest.approx((1 + 1 / 2 + 0) / 3)
    nothing = np.full_like(mask, VOID)
    assert math.isnan(miou(*counted([(mask, nothing)])))


def test_the_order_of_photographs_changes_nothing():
    assert miou(*counted(pairs())) == miou(*counted(pairs()[::-1]))


def test_what_does_not_fit_is_refused():
    mask = np.zeros((2, 3), np.uint8)
    with pytest.raises(ValueError, match=r"shape \(3, 2\) for a mask of shape \(2, 3\)"):
        intersection_and_union(mask.T, mask, CLASSES)
    with pytest.raises(ValueError, match="class 7 of 7 classes"):
        intersection_and_union(mask, mask + 7, CLASSES)
