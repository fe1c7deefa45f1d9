"""What is odd in a study although its file is valid, a sentence each with what to do."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from scipy.stats import binom

from pipeline.settings.errors import UserError
from study_app.design.duration import seconds
from study_app.design.study import ORIGINAL, Study
from study_app.stimuli.manifest import STIMULI, load_stimuli

LONG = 20  # minutes; after that attention goes
WITHOUT_BREAK = 25  # trials
FEW_RATERS, FEW_PHOTOGRAPHS = 10, 12  # below these, intervals that cluster by raters and photographs are rough
CAREFUL = 0.95  # chance of a right answer to a catch item; who guesses has one in so many as there are answers
TOO_OFTEN, TOO_RARELY = 0.05, 0.7  # flagged: careful people, and guessing ones


def odd(study: Study, file: Path) -> Iterator[str]:
    """Every oddity; `file`: the study's."""
    for is_odd, sentence in (*_session(study), *_numbers(study), *_catch(study), *_screening(study)):
        if is_odd:
            yield sentence
    yield from _pictures(study, file)


def _session(study: Study) -> Iterator[tuple[object, str]]:
    minutes = seconds(study) / 60
    yield (
        minutes > LONG,
        f"a session takes about {minutes:.0f} minutes, people tire after {LONG}: photographs_per_session splits it.",
    )
    rare = study.trials > WITHOUT_BREAK and not 0 < study.break_every <= WITHOUT_BREAK
    yield rare, f"{study.trials} trials have a break after {study.break_every or 'none'}: set break_every to about 13."
    yield not study.practice, "practice is 0: the first answers that count are those by which people learn the task."
    beside = 2 if study.arrangement in ("side_by_side", "in_turn") else 1
    wide = study.longest_side * beside
    yield (
        study.smallest_width < wide and study.smallest_width >= 600,
        f"pictures of {study.longest_side} pixels are shrunk in a window of {study.smallest_width} (smallest_width).",
    )


def _numbers(study: Study) -> Iterator[tuple[object, str]]:
    yield (
        study.votes_per_cell < 2,
        "votes_per_cell is 1: agreement between volunteers needs two votes on a picture.",
    )
    yield study.sessions < FEW_RATERS, f"with {study.sessions} volunteers intervals are wide and rough."
    few = (
        f"with {study.photographs} photographs results say little of others; more photographs beat more votes of each."
    )
    yield study.photographs < FEW_PHOTOGRAPHS, few
    yield (
        study.picks_best and ORIGINAL in study.methods,
        f"methods has {ORIGINAL}: where it is picked nearly always, little is learned of the others beside it.",
    )
    yield (
        study.protocol == "naturalness" and ORIGINAL not in study.methods,
        f"methods has no {ORIGINAL}: nothing says what real photographs get from the same volunteers.",
    )


def _catch(study: Study) -> Iterator[tuple[object, str]]:
    count, wrong = study.catch.broken + study.catch.originals, study.screening.catch_wrong
    if wrong > count:
        yield True, f"screening.catch_wrong is {wrong}, but there are {count} catch items: the rule finds nobody."
        return
    careful, guessing = (float(binom.sf(wrong - 1, count, 1 - right)) for right in (CAREFUL, 1 / study.pictures))
    what = f"{wrong} or more wrong of {count} catch items"
    yield careful > TOO_OFTEN, f"{what} flag {100 * careful:.0f} % of careful people: raise screening.catch_wrong."
    yield guessing < TOO_RARELY, f"{what} flag only {100 * guessing:.0f} % of those who guess: add catch items."


def _screening(study: Study) -> Iterator[tuple[object, str]]:
    rules = study.screening
    yield (
        not study.repeats and rules.repeat_agreement > 0,
        "repeats is 0: screening.repeat_agreement finds nobody, and nothing is said of self-consistency.",
    )
    yield rules.straight_lining <= 0.5, "screening.straight_lining of 0.5 or less flags everybody."


def _pictures(study: Study, file: Path) -> Iterator[str]:
    try:
        load_stimuli(study.digest, STIMULI, file)
    except UserError:
        yield f"its pictures are not prepared yet: `huebench study stimuli {shlex.quote(str(file))}`."
