"""Measures how carefully a participant answered, and applies the rules that study.yaml fixes beforehand."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from pipeline.records.ratings import BestRating, PairRating, PreferenceRating, Rating
from study_app.design.study import ORIGINAL, Screening

AGREE_WITHIN = 0.2  # of the scale: graded answers to the same picture agree if they are no further apart
ODD_SHARE = 0.1  # of the trials; a computer that falls asleep, or a clock that is set, is no fraud
SLACK_MS = 2000  # by which two honest clocks may differ within a trial
LONG = 1.5  # times the planned exposure
NATURAL = {"original": True, "broken": False}  # the known answers of catch items


@dataclass(frozen=True)
class Conduct:
    """Measures of one participant; None where there is nothing to measure. `flags`: rules that were broken."""

    catch_shown: int
    catch_wrong: int
    median_response_ms: float | None
    most_common_share: float | None
    repeat_agreement: float | None
    median_pace_ms: float | None
    odd_timings: int
    flags: tuple[str, ...]


@dataclass(frozen=True)
class Timing:
    """What the server's clock, which no browser sets, says of a participant.

    `median_pace_ms`: from trial to trial; `shortest_ms`: what a trial takes at least. `odd`: how many trials have times
    that the server's contradict, or pictures that were seen for far too long.
    """

    median_pace_ms: float | None = None
    shortest_ms: float = 0
    odd: int = 0


UNKNOWN = Timing()


def conduct(
    ratings: Sequence[Rating], plates: tuple[int, int] | None, rules: Screening, timing: Timing = UNKNOWN
) -> Conduct:
    """Measure a participant's answers; `plates`: read rightly, and shown."""
    shown, wrong = _catch(ratings)
    quickness = median(rating.response_ms for rating in ratings) if ratings else None
    common = Counter(map(_pressed, ratings)).most_common(1)[0][1] / len(ratings) if ratings else None
    agreement = _agreement(ratings)
    pace, trials = timing.median_pace_ms, len({rating.trial for rating in ratings})
    # The time of simulated raters may be compressed, so the server's clock says nothing about them.
    is_timed = not any(rating.simulated for rating in ratings)
    broken = {
        "catch": wrong >= rules.catch_wrong,
        "fast": quickness is not None and quickness < rules.fastest_median_ms,
        "straight_lining": common is not None and common >= rules.straight_lining,
        "inconsistent": agreement is not None and agreement < rules.repeat_agreement,
        "pace": is_timed and pace is not None and pace < timing.shortest_ms,
        "timing": is_timed and timing.odd > ODD_SHARE * trials,
        "color_vision": plates is not None and plates[0] < rules.plates_right * plates[1],
    }
    flags = tuple(name for name, is_so in broken.items() if is_so)
    return Conduct(shown, wrong, quickness, common, agreement, pace, timing.odd, flags)


def median_pace(received: Mapping[int, int]) -> float | None:
    """The median time from one trial's answers to the next trial's, by when they arrived; None without two in a row."""
    gaps = [at - received[trial - 1] for trial, at in received.items() if trial - 1 in received]
    return float(median(gaps)) if gaps else None


def odd_timings(ratings: Sequence[Rating], received: Mapping[int, int], seen_ms: float, mask_ms: float) -> int:
    """How many trials took longer by the browser's clock than by the server's, or showed their picture far too long.

    A trial begins when the answers to the one before have arrived. `received`: when each trial's answers did, in ms.
    """
    responses: dict[int, float] = defaultdict(float)
    for rating in ratings:
        responses[rating.trial] += rating.response_ms
    shown = {rating.trial: rating for rating in ratings}
    return sum(
        _seen_ms(one) > LONG * seen_ms * one.exposures + SLACK_MS
        or (
            trial - 1 in received
            and one.offset_ms + mask_ms + responses[trial] > received[trial] - received[trial - 1] + SLACK_MS
        )
        for trial, one in shown.items()
    )


def _seen_ms(rating: Rating) -> float:
    """How long its picture was seen at most: with showings that were cut short, where the server has counted them."""
    return rating.shown_ms if rating.seen_at_most_ms is None else rating.seen_at_most_ms


def _pressed(rating: Rating) -> int:
    """The button that was pressed: of several pictures the place, as who finds every fake does not straight-line."""
    if isinstance(rating, PreferenceRating):
        return rating.value if rating.method_place else rating.maximum - rating.value
    return rating.value ^ rating.fake_place if isinstance(rating, PairRating) else rating.value


def _catch(ratings: Sequence[Rating]) -> tuple[int, int]:
    """Catch items shown, and those whose mean answer is not on the known side of the scale's middle."""
    answers: dict[tuple[int, str], list[float]] = defaultdict(list)
    for rating in ratings:
        if rating.kind in NATURAL:
            answers[rating.trial, rating.kind].append(_share(rating))
    wrong = sum(
        fmean(values) <= 0.5 if NATURAL[kind] else fmean(values) >= 0.5 for (_, kind), values in answers.items()
    )
    return len(answers), wrong


def _share(rating: Rating) -> float:
    """The answer to a catch item as a share of the scale; of several pictures, 1 if a spoilt one was picked."""
    return float(rating.method != ORIGINAL) if isinstance(rating, BestRating) else rating.value / rating.maximum


def _agrees(first: Rating, second: Rating) -> bool:
    """Whether two answers to the same are alike; of several pictures, whether the same one was picked."""
    if isinstance(second, BestRating):
        return first.method == second.method
    return abs(first.value - second.value) <= AGREE_WITHIN * second.maximum


def _agreement(ratings: Sequence[Rating]) -> float | None:
    """The share of second answers that agree with the first to the same picture and criterion."""
    given = {(rating.trial, rating.criterion): rating for rating in ratings}
    pairs = [(given[rating.repeat_of, rating.criterion], rating) for rating in ratings if rating.repeat_of is not None]
    if not pairs:
        return None
    return fmean(_agrees(first, second) for first, second in pairs)
