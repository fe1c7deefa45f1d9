"""The plan of a session as its browser gets it. Nothing in it identifies a method, a photograph or a kind of trial."""

from collections.abc import Sequence

from study_app.design import assignment
from study_app.design.pairs import SIDES, practice_trials, trial_looks, wanted_side
from study_app.design.study import Study
from study_app.stimuli.manifest import Stimulus
from study_app.storage.store import Progress, Store


def plan_content(store: Store, progress: Progress) -> dict[str, object]:
    """The pictures of every trial by their addresses, the questions, the scale and the times."""
    study, stimuli, language = store.study, store.stimuli, progress.language
    return {
        "study": study.digest,
        "language": language,
        "exposure_ms": study.exposure_ms,
        "mask_ms": study.mask_ms,
        **({"arrangement": study.arrangement} if study.is_paired else {}),
        "scale": {"name": SIDES if study.is_paired else study.scale, "minimum": 0, "maximum": study.maximum},
        "criteria": [
            {"name": one.name, "term": one.term[language], "question": one.question[language]} for one in study.criteria
        ],
        "trials": [
            _shown(trial, [stimuli.by_token[token] for token in tokens])
            for trial, tokens in enumerate(progress.pictures)
        ],
        "answered": list(range(progress.answered)),
        "breaks": assignment.breaks(study),
        "practice": _practice(store),
    }


def _practice(store: Store) -> list[dict[str, object]]:
    """The practice with its feedback."""
    return [
        {
            **_shown(trial.position, [store.stimuli.by_look[look] for look in trial_looks(trial)]),
            "feedback": trial.fault or "natural",
            **_told(store.study, trial.fake_place),
        }
        for trial in practice_trials(store.study, store.stimuli.manifest.cast)
    ]


def _told(study: Study, place: int | None) -> dict[str, object]:
    """Of two pictures: where the spoilt one stands, and what most people answer."""
    return {} if place is None else {"fake": place, "wanted": wanted_side(study, place)}


def _shown(trial: int, stimuli: Sequence[Stimulus]) -> dict[str, object]:
    """A trial of one picture, or of several as the list `pictures`."""
    pictures = [_picture(stimulus) for stimulus in stimuli]
    return {"trial": trial, **(pictures[0] if len(pictures) == 1 else {"pictures": pictures})}


def _picture(stimulus: Stimulus) -> dict[str, object]:
    size = {"width": stimulus.width, "height": stimulus.height}
    return {"url": f"/s/{stimulus.token}", "sha256": stimulus.sha256, **size}
