"""The plan of a session as its browser gets it. Nothing in it identifies a method, a photograph or a kind of trial.

Every showing has an address and a digest of its own, so that two volunteers who compare theirs have none in common.
"""

from collections.abc import Sequence

from study_app.design import assignment
from study_app.design.pairs import PLACES, SIDES, practice_trials, trial_looks, wanted_side
from study_app.design.study import ORIGINAL, Study
from study_app.design.trials import Trial
from study_app.stimuli.addresses import Addresses
from study_app.stimuli.manifest import Stimulus
from study_app.storage.store import Progress, Store


def plan_content(store: Store, session: str, progress: Progress) -> dict[str, object]:
    """The pictures of every trial by their addresses, the questions, the scale and the times. `session`: its token."""
    study, stimuli, language = store.study, store.stimuli, progress.language
    return {
        "study": study.digest,
        "language": language,
        "exposure_ms": study.exposure_ms,
        "mask_ms": study.mask_ms,
        **({"arrangement": study.arrangement} if study.is_paired else {}),
        "scale": {"name": _scale(study), "minimum": 0, "maximum": study.maximum},
        "criteria": [
            {"name": one.name, "term": one.term[language], "question": one.question[language]} for one in study.criteria
        ],
        "trials": [
            _shown(store.addresses, session, "trial", trial, [stimuli.by_token[token] for token in tokens])
            for trial, tokens in enumerate(progress.pictures)
        ],
        "answered": list(range(progress.answered)),
        "breaks": assignment.breaks(study),
        "practice": _practice(store, session),
    }


def _practice(store: Store, session: str) -> list[dict[str, object]]:
    """The practice with its feedback."""
    looks, addresses = store.stimuli.by_look, store.addresses
    return [
        {
            **_shown(addresses, session, "practice", trial.position, [looks[look] for look in trial_looks(trial)]),
            **_told(store.study, trial),
        }
        for trial in practice_trials(store.study, store.stimuli.manifest.cast)
    ]


def _scale(study: Study) -> str:
    """What the browser calls the answers: how many pictures there are says where one can be named."""
    if study.picks_best:
        return PLACES
    return SIDES if study.is_paired else study.scale


def _told(study: Study, trial: Trial) -> dict[str, object]:
    """What was done; of two pictures also to which, and what most people answer; of more, which is the original."""
    if study.picks_best:
        place = trial.in_places.index(ORIGINAL)
        return {"real": place, "wanted": place}
    told: dict[str, object] = {"feedback": trial.fault or "natural"}
    side = trial.fake_place
    return told if side is None else {**told, "fake": side, "wanted": wanted_side(study, side)}


def _shown(addresses: Addresses, session: str, part: str, trial: int, stimuli: Sequence[Stimulus]) -> dict[str, object]:
    """A trial of one picture, or of several as the list `pictures`."""
    pictures = []
    for place, stimulus in enumerate(stimuli):
        address = addresses.of(stimulus, session, part, str(trial), str(place))
        size = {"width": stimulus.width, "height": stimulus.height}
        pictures.append({"url": f"/s/{address}", "sha256": addresses.sha256(address), **size})
    return {"trial": trial, **(pictures[0] if len(pictures) == 1 else {"pictures": pictures})}
