"""Painted scenes are the same everywhere, cleanly labelled, and pose the paper's question."""

import hashlib
import io
import subprocess
import sys
from functools import cache

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import sobel, uniform_filter
from skimage.color import rgb2lab
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

from pipeline.datasets.scenes import CLASSES, Scenes, paint
from pipeline.datasets.source import Photograph
from pipeline.packs.masks import VOID
from pipeline.settings.errors import UserError
from tests.conftest import environment

GROUNDS = range(CLASSES.index("tree"))  # sky, grass, sand, snow, leaves, lavender, sea
COLORED = ("boat", "car", "balloon", "pumpkin", "ball", "parasol")  # things that have one colour wherever they are


@cache
def scenes(seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """(N, 72, 96, 3) Lab and (N, 72, 96) masks."""
    painted = [paint(seed, index, 72, 96) for index in range(count)]
    return np.stack([rgb2lab(image) for image, _ in painted]), np.stack([mask for _, mask in painted])


def digest(seed: int, index: int) -> str:
    image, mask = paint(seed, index, 96, 128)
    return hashlib.sha256(image.tobytes() + mask.tobytes()).hexdigest()


def surroundings(plane: np.ndarray) -> np.ndarray:
    """(H, W) -> (H * W, 9): each pixel, and mean, deviation and gradient of its 3 x 3, 7 x 7 and 13 x 13 patches."""
    slopes = np.hypot(sobel(plane, 0), sobel(plane, 1))
    features = [plane]
    for size in (3, 7, 13):
        mean = uniform_filter(plane, size)
        deviation = np.sqrt(np.maximum(uniform_filter(plane * plane, size) - mean * mean, 0))
        features += [mean, deviation, uniform_filter(slopes, size)]
    return np.stack(features, axis=-1).reshape(plane.size, -1)


def sampled(seed: int, count: int, channels: slice, pixels: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Patch features of some Lab channels, true ab and true class of labelled pixels drawn from `count` scenes."""
    rng = np.random.default_rng(seed)
    rows = []
    for lab, mask in zip(*scenes(seed, count), strict=True):
        chosen = rng.choice(np.flatnonzero(mask.ravel() != VOID), pixels, replace=False)
        planes = np.moveaxis(lab[..., channels], -1, 0)
        features = np.concatenate([surroundings(plane) for plane in planes], axis=1)
        rows.append((features[chosen], lab.reshape(-1, 3)[chosen, 1:], mask.ravel()[chosen]))
    features, ab, labels = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    return features, ab, labels


def mean_iou(labels: np.ndarray, predicted: np.ndarray) -> float:
    ious = [
        np.sum((labels == c) & (predicted == c)) / np.sum((labels == c) | (predicted == c)) for c in np.unique(labels)
    ]
    return float(np.mean(ious))


def test_a_scene_is_the_same_in_every_process_and_order():
    code = """if True:
        import hashlib
        from pipeline.datasets.scenes import paint
        for index in (7, 2, 0):
            image, mask = paint(3, index, 96, 128)
            print(hashlib.sha256(image.tobytes() + mask.tobytes()).hexdigest())
    """
    done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True)
    assert done.stdout.split() == [digest(3, 0), digest(3, 2), digest(3, 7)][::-1]


def test_seed_and_index_make_different_scenes():
    assert len({digest(seed, index) for seed in (0, 1) for index in range(8)}) == 16


@pytest.mark.parametrize("size", [(16, 16), (17, 31), (40, 16), (16, 90), (97, 129), (300, 401)])
def test_any_size_is_painted_with_valid_labels(size):
    for index in range(12):
        image, mask = paint(1, index, *size)
        assert image.shape == (*size, 3) and image.dtype == mask.dtype == np.uint8
        assert mask.shape == size and set(np.unique(mask)) <= {*range(len(CLASSES)), VOID}


def test_a_larger_size_shows_the_same_scene():
    for index in range(6):
        small = paint(2, index, 60, 80)[0].astype(float)
        reduced = np.asarray(Image.fromarray(paint(2, index, 240, 320)[0]).reduce(4)).astype(float)
        other = paint(2, index + 6, 60, 80)[0].astype(float)
        assert np.abs(small - reduced).mean() < 8 < np.abs(small - other).mean()


def test_every_class_occurs_and_no_class_is_everywhere():
    _, masks = scenes(0, 200)
    counts = np.array([[np.any(mask == c) for c in range(len(CLASSES))] for mask in masks]).sum(0)
    assert counts.min() >= 15, dict(zip(CLASSES, counts, strict=True))
    assert counts[CLASSES.index("sky")] == 200 and np.sum(counts > 195) == 1


def test_void_is_a_thin_line_on_borders():
    masks = [paint(0, index, 96, 128)[1] for index in range(40)]
    shares = [np.mean(mask == VOID) for mask in masks]
    assert np.mean(shares) > 0.01 and max(shares) < 0.12
    inside = [np.mean(uniform_filter((mask == VOID).astype(float), 5) > 0.99) for mask in masks]
    assert np.mean(inside) < 2e-4  # next to no 5 x 5 patch is void all over


def test_neighbouring_classes_are_parted_by_smooth_borders():
    """Along a row, a change of class without `VOID` between is rare, and void pixels lie between their neighbours."""
    images, masks = zip(*[paint(0, index, 96, 128) for index in range(30)], strict=True)
    left, right = (np.concatenate([m[:, s].ravel() for m in masks]) for s in (slice(None, -1), slice(1, None)))
    changes = (left != right) & (left != VOID) & (right != VOID)
    borders = (left != right) & ((left == VOID) | (right == VOID))
    assert changes.sum() < 0.2 * borders.sum()
    smooth = []
    for image, mask in zip(images, masks, strict=True):
        grey = image.mean(-1)
        lone = (mask[:, 1:-1] == VOID) & (mask[:, :-2] != VOID) & (mask[:, 2:] != VOID)
        low, high = np.minimum(grey[:, :-2], grey[:, 2:]), np.maximum(grey[:, :-2], grey[:, 2:])
        smooth.append(((grey[:, 1:-1] >= low - 8) & (grey[:, 1:-1] <= high + 8))[lone])
    assert np.mean(np.concatenate(smooth)) > 0.8


def test_grounds_share_their_greys_and_differ_in_colour():
    lab, masks = scenes(0, 200)
    tones = [np.histogram(lab[masks == c][:, 0], 50, (0, 100))[0] for c in GROUNDS]
    tones = [tone / tone.sum() for tone in tones]
    means = [lab[masks == c][:, 1:].mean(0) for c in GROUNDS]
    pairs = [(a, b) for a in GROUNDS for b in GROUNDS if a < b]
    shared = np.array([np.minimum(tones[a], tones[b]).sum() for a, b in pairs])
    apart = np.array([np.linalg.norm(means[a] - means[b]) for a, b in pairs])
    print(f"lightness shared: {shared.min():.2f} to {shared.max():.2f}; ab apart: {np.sort(apart).round()}")
    assert shared.min() > 0.35 and np.median(shared) > 0.55
    assert np.sum(apart > 20) >= 0.8 * len(pairs)


def test_scenes_are_colourful_and_vary_within_a_class():
    lab, masks = scenes(0, 200)
    colourfulness = []
    for index in range(60):
        r, g, b = np.moveaxis(paint(0, index, 72, 96)[0].astype(float), -1, 0)
        rg, yb = r - g, (r + g) / 2 - b  # Hasler & Suesstrunk 2003, eq. 10
        colourfulness.append(np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean()))
    print(f"colourfulness: {np.mean(colourfulness):.1f}")
    assert 35 < np.mean(colourfulness) < 90
    assert all(lab[masks == c][:, 1:].std(0).min() > 2 for c in range(len(CLASSES)))


def test_a_thing_has_the_colour_of_its_class_and_no_lightness_of_its_own():
    """Their ab agree, and the greys of each pair of classes overlap, so that a grey level does not tell the colour."""
    lab, masks = scenes(0, 200)
    greys = []
    for name in COLORED:
        ab = lab[masks == CLASSES.index(name)][:, 1:]
        agreement = np.linalg.norm(ab.mean(0)) / np.linalg.norm(ab, axis=1).mean()
        assert agreement > 0.75, (name, agreement)
        grey = np.histogram(lab[masks == CLASSES.index(name)][:, 0], 20, (0, 100))[0]
        greys.append(grey / grey.sum())
    shared = [np.minimum(a, b).sum() for i, a in enumerate(greys) for b in greys[:i]]
    print(f"lightness shared: {min(shared):.2f} to {max(shared):.2f}")
    assert min(shared) > 0.2 and np.median(shared) > 0.4


def test_things_with_a_colour_are_large_enough_to_be_seen_by_a_small_network():
    """At 64 x 64 pixels half of the balls, cars, ... are at least 3 x 3 cells of a stride of 4."""
    _, masks = scenes(0, 200)
    cell = 4 / 64 * np.array(masks.shape[1:])  # in pixels of these masks
    for name in COLORED:
        areas = [np.sum(mask == CLASSES.index(name)) for mask in masks]
        assert np.median([area for area in areas if area]) > 9 * cell.prod() * 0.6, name


def test_the_class_tells_the_colour_better_than_the_grey_around_it():
    grey, ab, labels = sampled(0, 60, slice(0, 1), 250)
    grey_val, ab_val, labels_val = sampled(1, 30, slice(0, 1), 250)
    forest = ExtraTreesRegressor(40, min_samples_leaf=8, random_state=0).fit(grey, ab)
    of_class = np.stack([ab[labels == c].mean(0) if np.any(labels == c) else ab.mean(0) for c in range(len(CLASSES))])
    from_grey = np.mean((forest.predict(grey_val) - ab_val) ** 2)
    from_class = np.mean((of_class[labels_val] - ab_val) ** 2)
    print(f"ab MSE: from grey {from_grey:.0f}, from class {from_class:.0f}, mean colour {ab_val.var(0).mean():.0f}")
    assert from_class < 0.6 * from_grey


def test_colour_tells_the_class_better_than_grey_does():
    score = {}
    for name, channels in (("grey", slice(0, 1)), ("colour", slice(0, 3))):
        features, _, labels = sampled(0, 60, channels, 250)
        features_val, _, labels_val = sampled(1, 30, channels, 250)
        forest = ExtraTreesClassifier(40, min_samples_leaf=3, random_state=0).fit(features, labels)
        predicted = forest.predict(features_val)
        score[name] = np.mean(predicted == labels_val), mean_iou(labels_val, predicted)
    print({name: f"accuracy {accuracy:.2f}, mIoU {iou:.2f}" for name, (accuracy, iou) in score.items()})
    assert score["colour"][0] > score["grey"][0] + 0.15 and score["colour"][1] > score["grey"][1] + 0.1


def test_the_source_gives_a_png_and_its_mask():
    source = Scenes(seed=5, height=48, width=64, train=3, val=2)
    assert [p.id for p in source.photographs("val")] == ["val-000000", "val-000001"]
    assert source.classes == CLASSES
    for split in ("train", "val"):
        for photograph in source.photographs(split):
            encoded = source.image_bytes(photograph)
            assert encoded.startswith(b"\x89PNG") and encoded == source.image_bytes(photograph)
            assert np.asarray(Image.open(io.BytesIO(encoded))).shape == (48, 64, 3)
            assert source.mask(photograph).shape == (48, 64)


def test_a_changed_mask_does_not_change_the_source():
    source = Scenes(seed=5, height=48, width=64, train=1, val=0)
    (photograph,) = source.photographs("train")
    source.mask(photograph)[:] = 0
    assert source.mask(photograph).any()


def test_training_and_validation_share_no_scene():
    source = Scenes(seed=5, height=32, width=40, train=40, val=40)
    train, val = ({source.image_bytes(p) for p in source.photographs(split)} for split in ("train", "val"))
    assert len(train) == len(val) == 40 and not train & val


@pytest.mark.parametrize(
    ("change", "says"),
    [({"height": 15}, "too small"), ({"seed": -1}, "seed"), ({"train": -1}, "train"), ({"val": 2_000_000}, "val")],
)
def test_impossible_options_are_refused_in_one_sentence(change, says):
    with pytest.raises(UserError, match=says):
        Scenes(**{"seed": 0, "height": 32, "width": 32, "train": 1, "val": 1, **change})


def test_unknown_splits_and_scenes_are_refused():
    source = Scenes(seed=0, height=32, width=32, train=1, val=1)
    with pytest.raises(UserError, match="did you mean 'train'"):
        source.photographs("trian")
    for name in ("train-000001", "test-000000", "train-x", "nonsense"):
        with pytest.raises(UserError, match=name):
            source.image_bytes(Photograph(name))
