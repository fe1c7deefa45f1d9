"""How long a session takes, by what it shows and by how fast people answer."""

from math import ceil

from study_app.design.records import Study

# Seconds. A consent may state the whole, and its digest with it: other numbers here would be another design.
BEFORE = 75  # consent, six plates, the screen
CROSS = 0.7  # before each picture
QUESTION = 1.5  # to read and answer
FEEDBACK = 4  # of a practice picture
BREAK = 20


def seconds(study: Study) -> float:
    """From consent to thanks, for somebody of the usual pace."""
    trial = CROSS + (study.viewing_ms + study.mask_ms) / 1000 + len(study.criteria) * QUESTION
    breaks = (study.trials - 1) // study.break_every if study.break_every > 0 else 0
    return BEFORE + study.practice * (trial + FEEDBACK) + study.trials * trial + breaks * BREAK


def whole_minutes(study: Study) -> int:
    """The same as a consent says it: begun minutes count."""
    return ceil(seconds(study) / 60)
