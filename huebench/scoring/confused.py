"""Context confusion of a method's pictures: things in the colours of other things (`pipeline.metrics.confusion`).

The stage `pipeline.score` learns the colours of classes from a training split. Folders have none. So the classes of a
photograph have the colours that they have in all other photographs of the folder: it is left out of what it is judged
by, as in leave-one-out cross-validation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from huebench.scoring.photographs import Task
from huebench.scoring.rows import Row
from huebench.scoring.sets import SetValue, first_answers
from pipeline.color import cielab, gamut
from pipeline.metrics import confusion
from pipeline.packs.decode import decode_image, decode_mask
from pipeline.packs.masks import VOID
from pipeline.packs.survey import COLORLESS, STRIDE
from pipeline.runtime import distributed
from pipeline.runtime.threads import cores, single_threaded
from reports.plan.measures import MEASURES
from reports.statistics.means import percentile_interval, resampled_counts
from reports.statistics.miou import class_ratios
from reports.tables.defects import DISTANCE_RESAMPLES, resampled_distances
from reports.tables.wording import with_interval

CONFUSION = (MEASURES["color_distance"], MEASURES["balanced_accuracy"])
DISTANCE, ACCURACY = CONFUSION
TEACHERS = 2  # photographs of a class: one is left out, and another has to say which colours the class has
SEED = 0  # of the bootstrap

Answers = Mapping[str, Mapping[str, int]]  # method -> photograph -> the answer that counts
Counts = NDArray[np.integer]


@dataclass(frozen=True)
class Colors:
    """The colours of one photograph and of its pictures: (K, 313) pixels of each bin in each of its `labels` (K,).

    `is_colored`: as for training, which learns nothing from photographs without colours.
    """

    labels: NDArray[np.integer]
    own: Counts
    pictures: Mapping[str, Counts]
    is_colored: bool


def confused(task: Task, rows: Sequence[Row]) -> tuple[dict[str, dict[str, SetValue]], list[str]]:
    """Both measures of every method, and what must be known of them, in the first process; in the others nothing.

    Of several answers the first that was scored counts. Photographs without a mask count nowhere.
    """
    masks = task.masks.files if task.masks is not None else {}
    scored = {
        method: {id: answer for id, answer in answers.items() if id in masks}
        for method, answers in distributed.broadcast(first_answers(rows)).items()
    }
    ids = sorted({id for answers in scored.values() for id in answers})
    mine = distributed.share(ids)
    with single_threaded(cores()) as pool:
        counted = list(zip(mine, pool.map(partial(colors_of, task, scored), mine), strict=True))
    found = [colors for _, colors in sorted(distributed.gather(counted), key=lambda pair: pair[0])]
    if not found:
        return {}, []
    values = {DISTANCE.key: {method: distance(found, method) for method, answers in scored.items() if answers}}
    known = taught(found)
    if len(known) < 2:
        reason = f"fewer than two classes are in {TEACHERS} coloured photographs with masks"
        return values, [f"No {ACCURACY.name.lower()}: {reason}, so that nothing tells classes by colour."]
    own, correct, present = guesses(found, list(scored), known)
    values[ACCURACY.key] = {
        method: accuracy(correct[place], present[place]) for place, method in enumerate(scored) if scored[method]
    }
    ceiling = accuracy(own, present.max(axis=0))
    shown = with_interval(ceiling.value, ceiling.low, ceiling.high, ACCURACY.digits)
    return values, [
        f"{ACCURACY.name} of the photographs themselves: {shown}, n = {ceiling.n:,}; of any grey pictures about "
        f"{1 / len(known):.{ACCURACY.digits}f}. It is about the {len(known)} classes that are in {TEACHERS} coloured "
        "photographs or more; which colours a photograph's classes should have, the other photographs tell."
    ]


def colors_of(task: Task, scored: Answers, id: str) -> Colors:
    """The colours of one photograph, and of each method's picture of it."""
    assert task.masks is not None
    rgb = decode_image(task.originals.read(id), task.originals.where(id), known_whole=True)
    mask = decode_mask(task.masks.read(id), task.masks.where(id))
    lab = lab_of(rgb)
    own = counts_of(lab, mask)
    labels = np.flatnonzero(own.any(axis=1))
    pictures = {}
    for method, answers in scored.items():
        if id in answers:
            matched = task.methods[method]
            name = matched.pictures[id][answers[id]]
            where = matched.source.where(name)
            picture = decode_image(matched.source.read(name), where, known_whole=True)
            pictures[method] = counts_of(lab_of(task.seen(task.evaluator, picture, rgb, where)), mask)[labels]
    is_colored = bool(lab[1:, ::STRIDE, ::STRIDE].abs().amax() > COLORLESS)
    return Colors(labels, own[labels], pictures, is_colored)


def lab_of(rgb: NDArray[np.uint8]) -> torch.Tensor:
    """(H, W, 3) uint8 sRGB to (3, H, W) Lab."""
    return cielab.rgb_to_lab(torch.from_numpy(rgb.copy()).permute(2, 0, 1))


def counts_of(lab: torch.Tensor, mask: NDArray[np.uint8]) -> Counts:
    """(255, 313) pixels of each colour in each class of (3, H, W) Lab; a mask tells no number of classes."""
    bins = gamut.encode(lab[None, 1:], k=1)[0][0, 0].numpy()
    return confusion.object_colors(bins, mask, VOID, gamut.Q).astype(np.int32)  # half the memory


def distance(found: Sequence[Colors], method: str) -> SetValue:
    """The colour distance of one method, with its interval over photographs."""
    places = gamut.BINS.numpy().astype(np.int64)
    own = [colors for colors in found if method in colors.pictures]
    lines = []
    for number, colors in enumerate(own):
        of_one = confusion.color_lines(number, colors.own, colors.pictures[method], places)
        of_one["label"] = colors.labels[of_one["label"]]
        lines.append(of_one)
    everything = np.concatenate(lines)
    if len(own) < 2:
        return SetValue(resampled_distances(everything, np.ones((1, len(own))))[0], len(own))
    parts = [resampled_distances(everything, part) for part in resampled_counts(len(own), SEED, DISTANCE_RESAMPLES)]
    interval = percentile_interval(parts[0][0], np.concatenate([resampled for _, resampled in parts]))
    return SetValue(interval.mean, len(own), interval.low, interval.high)


def taught(found: Sequence[Colors]) -> NDArray[np.integer]:
    """The labels that so many coloured photographs show that one of them can be left out."""
    shown = np.zeros(VOID, np.int64)
    for colors in found:
        shown[colors.labels] += colors.is_colored
    return np.flatnonzero(shown >= TEACHERS)


def guesses(
    found: Sequence[Colors], methods: Sequence[str], known: NDArray[np.integer]
) -> tuple[Counts, Counts, Counts]:
    """Which objects of the `known` classes are recognised by their colours, 0 or 1 of each photograph and class.

    Of the photographs themselves (N, C), of the methods' pictures (M, N, C), and which there are at all (M, N, C).
    """
    spread = np.stack([gamut.smooth(one).numpy() for one in torch.eye(gamut.Q)])  # as classes learn in `pipeline.score`
    totals = np.zeros((VOID, gamut.Q), np.int64)
    for colors in found:
        if colors.is_colored:
            totals[colors.labels] += colors.own
    own = np.zeros((len(found), len(known)), np.int64)
    correct, present = np.zeros((2, len(methods), *own.shape), np.int64)
    for number, colors in enumerate(found):
        others = totals.copy()
        if colors.is_colored:
            others[colors.labels] -= colors.own
        others = others[known]
        likelihoods = confusion.log_likelihoods(others / others.sum(axis=1, keepdims=True) @ spread)
        of_known = np.isin(colors.labels, known)
        classes = np.searchsorted(known, colors.labels[of_known])
        own[number, classes] = confusion.guess(colors.own[of_known], likelihoods) == classes
        for place, method in enumerate(methods):
            if method in colors.pictures:
                guessed = confusion.guess(colors.pictures[method][of_known], likelihoods)
                correct[place, number, classes] = guessed == classes
                present[place, number, classes] = 1
    return own, correct, present


def accuracy(correct: Counts, present: Counts) -> SetValue:
    """The balanced accuracy of (N, C) guesses with its interval over photographs; class colours are taken as given."""
    there = present.any(axis=1)
    interval = class_ratios(correct[there], present[there].astype(np.int64), SEED).interval
    return SetValue(interval.mean, int(there.sum()), interval.low, interval.high)
