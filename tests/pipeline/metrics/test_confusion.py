"""Context confusion: distances against scipy's, and a classifier that knows colours only."""

import math

import numpy as np
import pytest
from scipy.stats import wasserstein_distance
from sklearn.naive_bayes import MultinomialNB

from pipeline.color.bins import BINS, Q
from pipeline.metrics import confusion

PLACES = BINS.numpy().astype(np.int64)


def confusion_matrix(labels: np.ndarray, guesses: np.ndarray, classes: int) -> np.ndarray:
    """(classes, classes) objects of true class (row) guessed to be of another (column)."""
    return np.bincount(labels * classes + guesses, minlength=classes**2).reshape(classes, classes)


def balanced_accuracy(matrix: np.ndarray) -> float:
    """The share of right guesses, the mean over the classes that occur, so that frequent classes do not decide."""
    objects = matrix.sum(axis=1)
    occurs = objects > 0
    return float((matrix.diagonal()[occurs] / objects[occurs]).mean()) if occurs.any() else math.nan


def bin_at(a: int, b: int) -> int:
    """The bin nearest to a colour."""
    return int(np.hypot(PLACES[:, 0] - int(a), PLACES[:, 1] - int(b)).argmin())


GREY = bin_at(0, 0)


def some(seed: int, *shape: int) -> np.ndarray:
    """Counts of colours, most of them 0."""
    return np.random.default_rng(seed).poisson(0.2, (*shape, Q)) * 7


def test_the_distance_is_the_mean_of_scipys_over_directions():
    first, second = some(0), some(1)
    angles = np.pi * np.arange(confusion.DIRECTIONS) / confusion.DIRECTIONS
    along = [PLACES @ (math.cos(angle), math.sin(angle)) for angle in angles]
    expected = np.pi / 2 * np.mean([wasserstein_distance(one, one, first, second) for one in along])
    assert math.isclose(confusion.color_distance(first, second, PLACES), expected, rel_tol=1e-9)


@pytest.mark.parametrize("by", [(10, 0), (0, -20), (30, 40), (-50, 10)])
def test_a_shift_of_all_colours_scores_its_length(by):
    weights = np.ones(9)
    places = np.array([(a, b) for a in (0, 10, 30) for b in (0, 20, 30)])
    both, none = np.concatenate((places, places + by)), np.zeros(9)
    distance = confusion.color_distance(np.concatenate((weights, none)), np.concatenate((none, weights)), both)
    assert math.isclose(distance, math.hypot(*by), rel_tol=2e-3)


def test_the_distance_is_a_metric_that_sees_no_size():
    first, second, third = (some(seed) for seed in range(3))
    distance = confusion.color_distance
    assert distance(first, 5 * first, PLACES) < 1e-12
    assert math.isclose(distance(first, second, PLACES), distance(second, first, PLACES))
    assert distance(first, third, PLACES) <= distance(first, second, PLACES) + distance(second, third, PLACES)


def test_pixels_are_counted_by_class_and_colour_and_void_is_not():
    bins, mask = np.array([[5, 5, 7], [7, 7, 0]]), np.array([[0, 0, 1], [1, 255, 2]], np.uint8)
    counts = confusion.object_colors(bins, mask, 3, Q)
    assert counts.shape == (3, Q) and counts.sum() == 5
    assert (counts[0, 5], counts[1, 7], counts[2, 0]) == (2, 2, 1)


def lines_of(originals: np.ndarray, pictures: np.ndarray) -> np.ndarray:
    """`COLORS` lines of (photographs, classes, Q) counts."""
    pairs = enumerate(zip(originals, pictures, strict=True))
    return np.concatenate([confusion.color_lines(number, *pair, PLACES) for number, pair in pairs])


def test_lines_hold_all_counts_in_fifteen_bytes_each():
    original, picture = some(0, 1, 4), some(1, 1, 4)
    lines = lines_of(original, picture)
    assert lines.itemsize == 15 and len(lines) == np.count_nonzero(original + picture)
    assert lines["original"].sum() == original.sum() and lines["picture"].sum() == picture.sum()
    one = lines[5]
    bin = bin_at(one["a"], one["b"])
    assert (one["original"], one["picture"]) == (original[0, one["label"], bin], picture[0, one["label"], bin])


def test_the_original_is_at_no_distance_and_grey_at_that_of_the_mean_chroma():
    originals = some(0, 5, 3)
    grey = np.zeros_like(originals)
    grey[..., GREY] = originals.sum(axis=-1)
    assert set(confusion.class_distances(lines_of(originals, originals)).values()) == {0.0}
    chroma = (originals.sum(axis=0) * np.hypot(*PLACES.T)).sum(axis=1) / originals.sum(axis=(0, 2))
    distances = confusion.class_distances(lines_of(originals, grey))
    assert np.allclose(list(distances.values()), chroma, rtol=2e-3)


def test_colours_mixed_up_between_classes_are_further_than_those_within():
    """Swapping colours between two photographs of a class is no confusion, between two classes it is."""
    originals = np.zeros((2, 2, Q), np.int64)
    reds, greens = (np.flatnonzero((PLACES[:, 0] == a) & (abs(PLACES[:, 1]) < 30))[:3] for a in (50, -50))
    originals[0, 0, reds[0]] = originals[1, 0, reds[1]] = originals[0, 1, greens[0]] = originals[1, 1, greens[1]] = 100
    within = confusion.class_distances(lines_of(originals, originals[::-1]))
    between = confusion.class_distances(lines_of(originals, originals[:, ::-1]))
    assert max(within.values()) == 0 and min(between.values()) > 90


def test_photographs_can_be_resampled_from_the_lines():
    originals, pictures = some(0, 6, 4), some(1, 6, 4)
    picks = np.array([0, 0, 3, 5, 5, 5])
    weights = np.bincount(picks, minlength=6)
    resampled = confusion.class_distances(lines_of(originals[picks], pictures[picks]))
    weighted = confusion.class_distances(lines_of(originals, pictures), weights)
    assert resampled.keys() == weighted.keys()
    assert np.allclose(list(resampled.values()), list(weighted.values()), rtol=1e-12)


def classes() -> np.ndarray:
    """(4, Q) shares: three classes around red, green and blue-ish, and one that training does not have."""
    centres = np.array([(50, 30), (-40, 40), (20, -60)])
    near = np.exp(-np.square(PLACES[None] - centres[:, None]).sum(axis=-1) / (2 * 15**2))
    return np.concatenate((near / near.sum(axis=1, keepdims=True), np.zeros((1, Q))))


def test_objects_are_known_by_their_colours_and_grey_is_always_the_same():
    shares, random = classes(), np.random.default_rng(0)
    likelihoods = confusion.log_likelihoods(shares)
    labels = np.arange(3).repeat(20)
    counts = np.stack([random.multinomial(500, shares[label]) for label in labels])
    assert (confusion.guess(counts, likelihoods) == labels).all()
    grey = np.zeros_like(counts)
    grey[:, GREY] = 500
    guesses = confusion.guess(grey, likelihoods)
    assert len(set(guesses)) == 1
    matrix = confusion_matrix(labels, guesses, 4)
    assert math.isclose(balanced_accuracy(matrix), 1 / 3)


def test_guesses_are_those_of_naive_bayes_and_do_not_depend_on_the_pixels_number():
    shares = classes()[:3]
    likelihoods = confusion.log_likelihoods(shares)
    model = MultinomialNB(fit_prior=False).fit(np.eye(3, Q), np.arange(3))
    model.feature_log_prob_ = likelihoods
    objects = some(3, 50)
    assert (confusion.guess(objects, likelihoods) == model.predict(objects)).all()
    assert (confusion.guess(9 * objects, likelihoods) == model.predict(objects)).all()


def test_a_colour_that_training_never_saw_rules_nothing_out_and_an_unknown_class_is_never_guessed():
    likelihoods = confusion.log_likelihoods(classes())
    assert np.isfinite(likelihoods[:3]).all() and (likelihoods[3] == -math.inf).all()
    strange = np.zeros((1, Q), np.int64)
    strange[0, bin_at(-90, 50)] = 1
    strange[0, bin_at(20, -60)] = 1000
    assert confusion.guess(strange, likelihoods).tolist() == [2]


def test_balanced_accuracy_weighs_classes_that_occur_alike():
    matrix = confusion_matrix(np.array([0] * 8 + [1] * 2), np.array([0] * 8 + [0, 1]), 3)
    assert matrix.tolist() == [[8, 0, 0], [1, 1, 0], [0, 0, 0]]
    assert balanced_accuracy(matrix) == 0.75
    assert math.isnan(balanced_accuracy(np.zeros((3, 3), np.int64)))
