"""Segmentation scores: intersections and unions of one photograph, mIoU of many."""

import math

import numpy as np

from pipeline.packs.masks import VOID


def intersection_and_union(prediction: np.ndarray, mask: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Two (classes,) int64 counts of pixels: of each class rightly found, and of each class found or there.

    `prediction` and `mask` (H, W) hold class indices; pixels that are void in `mask` count nowhere. Raises
    `ValueError` for two shapes, and for a class index beyond `classes`.
    """
    if prediction.shape != mask.shape:
        raise ValueError(f"a prediction of shape {prediction.shape} for a mask of shape {mask.shape}.")
    labelled = mask != VOID
    found, there = prediction[labelled], mask[labelled]
    if max(found.max(initial=0), there.max(initial=0)) >= classes:
        raise ValueError(f"class {max(found.max(initial=0), there.max(initial=0))} of {classes} classes, from 0.")
    found_counts, there_counts, both = (
        np.bincount(part, minlength=classes) for part in (found, there, there[found == there])
    )
    return both, found_counts + there_counts - both


def miou(intersections: np.ndarray, unions: np.ndarray) -> float:
    """The mean over classes of intersection over union, from (photographs, classes) counts summed over photographs.

    A class with union 0, neither present nor predicted, does not count; NaN if no class counts. VOC's evaluation
    (Everingham et al. 2015) and DeepLab's do the same. It is not the mean of the photographs' IoU.
    """
    intersection, union = intersections.sum(axis=0), unions.sum(axis=0)
    present = union > 0
    return float((intersection[present] / union[present]).mean()) if present.any() else math.nan
