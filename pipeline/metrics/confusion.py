"""Context confusion: things in the colours of other things, measured over a dataset by class.

What the paper calls "context confusion" is "color confusion in objects caused by incorrect semantic understanding"
(section 1). No photograph says what else its things might have been coloured, but all photographs of a class do:

1. `class_distances`: how far the colours that a method gives to a class are from those that the class has.
2. `guess`: which class an object's colours alone suggest, by a naive Bayes classifier that has learned from the
   training split's originals; `confusion_matrix` and `balanced_accuracy` of its guesses. The idea to ask a classifier
   how much a colorization tells is that of Zhang et al. (ECCV 2016, section 3.1), who ask a VGG network of the whole
   picture; this one sees no shape or texture, so all it knows is from the colours.

Everything is computed from counts of pixels by photograph, class and colour (the nearest of the 313 bins, which stand
10 Lab units apart), so that photographs can be resampled and the sums keep to the byte. An *object* is all of one class
in one photograph. This module knows no torch, so that reports can use it.
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
UNSEEN = 0.01  # of every class's colours are taken to be any of the bins, so that no one pixel rules out a class


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


def class_distances(lines: NDArray[Any], weights: Floats | None = None) -> dict[int, float]:
    """For each class that occurs, the distance of a method's colours from the true ones, in Lab units.

    The sliced Wasserstein distance (`color_distance`) of the sums of `COLORS` lines over photographs: pixels weigh
    equally, as in mIoU. `weights` (photographs,) count each photograph so many times, as a bootstrap does. 0 for the
    original; for grey the mean distance of the true colours to grey, so neither perfect nor undefined. Two different
    distributions within one 10 x 10 bin are the same.
    """
    if weights is not None:
        lines = lines[weights[lines["photograph"]] > 0]
    pixels = np.ones(len(lines)) if weights is None else weights[lines["photograph"]]
    distances = {}
    for label in np.unique(lines["label"]):
        one = lines["label"] == label
        places = np.stack((lines["a"][one], lines["b"][one]), axis=1).astype(np.float64)
        original, picture = lines["original"][one] * pixels[one], lines["picture"][one] * pixels[one]
        distances[int(label)] = color_distance(original, picture, places)
    return distances


def color_distance(first: Floats, second: Floats, places: Floats) -> float:
    """The sliced 1-Wasserstein distance of two distributions of weights (K,) over colours `places` (K, 2).

    The mean over `DIRECTIONS` of the plane, evenly spaced and so without chance, times pi/2: a shift of all colours by
    d scores d. After Rabin et al. 2011 and Bonneel et al. 2015.
    """
    angles = np.pi * np.arange(DIRECTIONS) / DIRECTIONS
    along = places @ np.stack((np.cos(angles), np.sin(angles)))  # (K, DIRECTIONS)
    order = np.argsort(along, axis=0, kind="stable")
    excess = first / first.sum() - second / second.sum()
    steps = np.diff(np.take_along_axis(along, order, axis=0), axis=0)
    return float(np.pi / 2 * (np.abs(np.cumsum(excess[order], axis=0)[:-1]) * steps).sum(axis=0).mean())


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


def confusion_matrix(labels: Ints, guesses: Ints, classes: int) -> Ints:
    """(classes, classes) objects of true class (row) guessed to be of another (column)."""
    return np.bincount(labels * classes + guesses, minlength=classes**2).reshape(classes, classes)


def balanced_accuracy(matrix: Ints) -> float:
    """The share of right guesses, the mean over the classes that occur, so that frequent classes do not decide."""
    objects = matrix.sum(axis=1)
    occurs = objects > 0
    return float((matrix.diagonal()[occurs] / objects[occurs]).mean()) if occurs.any() else math.nan
