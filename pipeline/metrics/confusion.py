"""Context confusion: objects in the colours of other objects, measured over a dataset by class.

What the paper calls "context confusion" is "color confusion in objects caused by incorrect semantic understanding"
(section 1). One photograph does not show which other colours its objects could have, but all photographs of a class do:

1. `class_distances`: the distance between the colours that a method gives to a class and those that the class has.
2. `guess`: the class that an object's colours suggest, by a naive Bayes classifier trained on the originals of the
   training split, and the balanced accuracy of its guesses. Zhang et al. (ECCV 2016, section 3.1)
   classify whole colorized pictures with a VGG network; this classifier has neither shape nor texture, only colours.

Everything is computed from counts of pixels by photograph, class and colour (the nearest of the 313 bins, which stand
10 Lab units apart), so that photographs can be resampled and sums are exact. An *object* is all of one class in one
photograph. This module does not import torch, so that reports can use it.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.integer]
Floats = NDArray[np.floating]

# One line of `<method>.colors.npy`: how many pixels of a class in a photograph have the colour (a, b), and how many
# have it in the original. `photograph` counts the rows of `<method>.csv`, `label` is the class's index.
COLORS = np.dtype(
    [("photograph", "<u4"), ("label", "u1"), ("a", "i1"), ("b", "i1"), ("original", "<u4"), ("picture", "<u4")]
)
DIRECTIONS = 32
UNSEEN = 0.01  # share of every class's colours spread over all bins, so that no single pixel rules out a class


def object_colors(bins: Ints, mask: NDArray[np.uint8], classes: int, colors: int) -> Ints:
    """Counts (classes, colors) of the colour `bins` (H, W) by the class of their pixel; other labels do not count."""
    inside = mask < classes
    joint = mask[inside].astype(np.int64) * colors + bins[inside]
    return np.bincount(joint, minlength=classes * colors).reshape(classes, colors)


def color_lines(photograph: int, original: Ints, picture: Ints, places: Ints) -> NDArray[Any]:
    """The `COLORS` lines of two (classes, Q) counts of one photograph, ordered by class and bin; `places` (Q, 2)."""
    label, bin = np.nonzero(original + picture)
    lines = np.zeros(len(label), COLORS)
    lines["photograph"], lines["label"] = photograph, label
    lines["a"], lines["b"] = places[bin].T
    lines["original"], lines["picture"] = original[label, bin], picture[label, bin]
    return lines


def class_distances(lines: NDArray[Any], weights: Floats | None = None) -> dict[int, Floats]:
    """For each class that occurs, the distance of a method's colours from the true ones, in Lab units.

    The sliced Wasserstein distance (`color_distance`) of the sums of `COLORS` lines over photographs: pixels weigh
    equally, as in mIoU. `weights` (..., photographs) count each photograph so many times, as a bootstrap does, and give
    distances (...), NaN where a class has no photograph left. 0 for the original; for grey the mean distance of the
    true colours to grey, so neither perfect nor undefined. Two different distributions within one 10 x 10 bin are the
    same.
    """
    if weights is None:
        weights = np.ones(int(lines["photograph"].max(initial=0)) + 1)
    return {int(label): _distances(lines[lines["label"] == label], weights) for label in np.unique(lines["label"])}


def _distances(lines: NDArray[Any], weights: Floats) -> Floats:
    """The distances (...) of one class's lines under `weights` (..., photographs)."""
    photographs, row = np.unique(lines["photograph"], return_inverse=True)
    places, column = np.unique(np.stack((lines["a"], lines["b"]), axis=1), axis=0, return_inverse=True)
    counts = np.zeros((2, len(photographs), len(places)))
    counts[:, row, column.ravel()] = lines["original"], lines["picture"]
    original, picture = weights[..., photographs] @ counts
    return color_distance(original, picture, places.astype(np.float64))


def color_distance(first: Floats, second: Floats, places: Floats) -> Floats:
    """The sliced 1-Wasserstein distance of two distributions of weights (..., K) over colours `places` (K, 2): (...).

    The mean over `DIRECTIONS` of the plane, evenly spaced and so without chance, times pi/2: a shift of all colours by
    d scores d. NaN where a distribution has no weight. After Rabin et al. 2011 and Bonneel et al. 2015.
    """
    with np.errstate(invalid="ignore"):
        excess = first / first.sum(axis=-1, keepdims=True) - second / second.sum(axis=-1, keepdims=True)
    angles = np.pi * np.arange(DIRECTIONS) / DIRECTIONS
    total = np.zeros(excess.shape[:-1])
    for along in (places @ np.stack((np.cos(angles), np.sin(angles)))).T:  # (K,), the colours' places on one line
        order = np.argsort(along, kind="stable")
        total += np.abs(np.cumsum(excess[..., order[:-1]], axis=-1)) @ np.diff(along[order])
    return np.pi / 2 * total / DIRECTIONS


def log_likelihoods(shares: Floats) -> Floats:
    """(classes, Q) shares of each class's colours in training to log probabilities; -inf for a class without any."""
    known = shares.sum(axis=1, keepdims=True) > 0
    return np.where(known, np.log((1 - UNSEEN) * shares + UNSEEN / shares.shape[1]), -math.inf)


def guess(counts: Ints, log_likelihood: Floats) -> Ints:
    """The class that each of N objects is by its colours, (N, Q) counts: (N,) indices.

    Naive Bayes, every pixel for itself and all classes equally likely beforehand: the class under whose training
    colours these are most likely, which is the one nearest in Kullback-Leibler divergence. So grey is always guessed to
    be one and the same class, right in 1/C of the classes.
    """
    known = np.isfinite(log_likelihood).all(axis=1)
    scores = np.full((len(counts), len(log_likelihood)), -math.inf)
    scores[:, known] = counts @ log_likelihood[known].T
    return scores.argmax(axis=1)
