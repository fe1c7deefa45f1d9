"""The first screen of the page: what was compared, on what, which claims hold, and what not to trust."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reports.claims.ledger import AT_ITS_SCALE, FULL_SIZE, VERDICTS, Entry
from reports.claims.verdicts import Verdict
from reports.inputs.examples import ABREAST, Examples
from reports.inputs.scores import Dataset
from reports.plan.comparisons import FEWEST
from reports.plan.order import GRAY, ORIGINAL, main_methods
from reports.preference.reading import Preferences
from reports.study.votes import Analysis
from reports.tables.wording import count

# The verdicts in plain words. Those of `ALWAYS` are worth saying where no claim has them.
MEANING: Mapping[Verdict, str] = {
    "supported": "these hold",
    "contradicted": "the opposite was found",
    "no difference that matters": "the difference is too small to matter",
    "undecided": "nobody can tell yet",
    "not tested": "these data say nothing on them",
}
ALWAYS: tuple[Verdict, ...] = ("supported", "contradicted")
NATURAL = "how natural the colours look"
DECIDED: tuple[Verdict, ...] = ("supported", "contradicted", "no difference that matters")


@dataclass(frozen=True)
class Fact:
    """What was done, in a few words: `asks` what, `answer` in large letters, `detail` below it."""

    asks: str
    answer: str
    detail: str


@dataclass(frozen=True)
class Caution:
    """What not to trust, and why."""

    about: str
    why: str


@dataclass(frozen=True)
class Asked:
    """A study in a few words. `dataset`: its name; `raters`: how many count; `about`: what they were asked."""

    dataset: str
    raters: int
    simulated: bool
    about: str

    @classmethod
    def of_ratings(cls, study: Analysis) -> "Asked":
        """Of a study of single pictures, or of pairs."""
        about = "which of two pictures is the fake" if study.ratings.protocol == "pairs" else NATURAL
        return cls(study.ratings.dataset, study.kept.raters, study.simulated, about)

    @classmethod
    def of_preferences(cls, study: Preferences) -> "Asked":
        """Of a study of preference."""
        raters = study.votes(study.flagged)["participant"].nunique()
        about = (
            "which of two pictures is better"
            if study.pictures == 2
            else f"which of {study.pictures} pictures is the best"
        )
        return cls(study.dataset, int(raters), study.simulated, about)


@dataclass(frozen=True)
class Verdicts:
    """The claims of one verdict. `reasons`: these claims by the reason for it, "" where there is none to give."""

    verdict: Verdict
    meaning: str
    reasons: Mapping[str, Sequence[Entry]]

    @property
    def amount(self) -> int:
        """How many claims there are."""
        return sum(map(len, self.reasons.values()))


@dataclass(frozen=True)
class Overview:
    """The first screen about one dataset. `pictures`: by method, (H, W, 3) uint8 sRGB, all of photograph `id`."""

    dataset: Dataset
    facts: Sequence[Fact]
    id: str
    pictures: Mapping[str, np.ndarray]
    decided: Sequence[Verdicts]
    open: Sequence[Verdicts]
    cautions: Sequence[Caution]


def overview(
    dataset: Dataset, examples: Examples, entries: Sequence[Entry], studies: Sequence[Asked], committed: bool
) -> Overview:
    """What the first screen says of one dataset. `entries`, `studies`: of all; `committed`: whether the code is."""
    own = [entry for entry in entries if entry.dataset is dataset]
    asked = [study for study in studies if study.dataset == dataset.name]
    groups = [grouped(verdict, own) for verdict in VERDICTS]
    id = examples.ids[len(examples.ids) // 2]
    return Overview(
        dataset=dataset,
        facts=(_compared(dataset), _on(dataset), _trained(dataset), _rated(asked)),
        id=id,
        pictures={method: examples.pictures[method][id] for method in main_methods(examples.pictures, ABREAST)},
        decided=[one for one in groups if one.verdict in DECIDED and (one.amount or one.verdict in ALWAYS)],
        open=[one for one in groups if one.verdict not in DECIDED and one.amount],
        cautions=cautions(dataset, own, asked, committed),
    )


def grouped(verdict: Verdict, entries: Sequence[Entry]) -> Verdicts:
    """The claims with one verdict; reasons lose their details in brackets, which the ledger has."""
    reasons: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.verdict == verdict:
            reasons.setdefault(entry.decided.reason.partition(" (")[0], []).append(entry)
    return Verdicts(verdict, MEANING[verdict], reasons)


def pictures_of(dataset: Dataset) -> str:
    """What the dataset is made of: photographs, or scenes that a program painted."""
    return "painted scene" if dataset.val.synthetic else "photograph"


def trainings_of(dataset: Dataset) -> dict[str, int]:
    """How many times each network of the compared methods was trained here, by model."""
    return {dataset.models[method]: len(dataset.trained(method)) for method in dataset.cards if dataset.trained(method)}


def _compared(dataset: Dataset) -> Fact:
    compared = [method for method in dataset.cards if method not in (GRAY, ORIGINAL)]
    learned = [method for method in compared if method in dataset.models]
    networks = count(len({dataset.models[method] for method in learned}), "neural network")
    others = len(compared) - len(learned)
    detail = f"{len(learned)} by {networks}, {others} without one" if learned and others else f"by {networks}"
    return Fact(
        "Compared", count(len(compared), "method"), detail if learned else "pictures that came without a network"
    )


def _on(dataset: Dataset) -> Fact:
    learned = f"; networks learned from {dataset.train.photographs:,} others" if dataset.trainings else ""
    return Fact("On", count(dataset.val.photographs, pictures_of(dataset)), f"{dataset.title}{learned}")


def _trained(dataset: Dataset) -> Fact:
    trained = trainings_of(dataset)
    if not trained:
        return Fact("Trained", "nothing here", "all weights and pictures came from elsewhere")
    recipes = [dataset.trainings[model].manifest.recipe for model in trained]
    epochs = between([int(recipe["epochs"]) for recipe in recipes])
    few, many = min(trained.values()), max(trained.values())
    some = [model for model, amount in trained.items() if amount == many]
    detail = f"{count(len(trained), 'network')}; {epochs} epochs"
    if few == many:
        return Fact("Trained", f"{_times(many)} each", detail)
    return Fact("Trained", f"{_times(few)} to {_times(many)}", f"{detail}; {_times(many)}: {_and(some)}")


def _rated(studies: Sequence[Asked]) -> Fact:
    people = sum(study.raters for study in studies if not study.simulated)
    simulated = sum(study.raters for study in studies if study.simulated)
    if people:
        asked = _and([f"on {about}" for about in dict.fromkeys(study.about for study in studies)])
        return Fact("Rated by", "1 person" if people == 1 else f"{people:,} people", asked)
    if simulated:
        return Fact("Rated by", "no people", f"{count(simulated, 'simulated rater')}: a program answered")
    return Fact("Rated by", "no people", "only measured against the true colours")


def cautions(dataset: Dataset, entries: Sequence[Entry], studies: Sequence[Asked], committed: bool) -> list[Caution]:
    """What a reader must not conclude from this dataset's results, the gravest first."""
    found = [
        _other_data(dataset, entries),
        _few_photographs(dataset),
        _small_networks(dataset),
        _trained_once(dataset),
        _no_people(studies),
    ]
    if any(entry.verdict in DECIDED for entry in entries):
        found.append(Caution("A single verdict.", "About one in twenty comes out by chance alone."))
    if not committed:
        found.append(Caution("Code in no commit.", "Nobody can repeat exactly this run."))
    return [caution for caution in found if caution]


def _other_data(dataset: Dataset, entries: Sequence[Entry]) -> Caution | None:
    scopes = {entry.scope for entry in entries}
    if dataset.val.synthetic:
        why = "A program painted them. Verdicts neither confirm nor refute the paper, which is about photographs."
        return Caution("Painted scenes.", why)
    if not scopes or scopes == {AT_ITS_SCALE}:
        return None
    return Caution("Other conditions than the paper's.", f"Verdicts are about {', '.join(sorted(scopes))}.")


def _few_photographs(dataset: Dataset) -> Caution | None:
    if dataset.val.photographs >= FEWEST:
        return None
    return Caution("Few photographs.", f"With fewer than {FEWEST} no verdict is given.")


def _small_networks(dataset: Dataset) -> Caution | None:
    widths = [float(dataset.trainings[model].manifest.recipe["width"]) for model in trainings_of(dataset)]
    narrow, small = [width for width in widths if width < 1], dataset.val.size < FULL_SIZE
    if not widths or not (narrow or small):
        return None
    parts = [f"Layers have {between(narrow)} of the published width."] if narrow else []
    parts += [f"Networks see {dataset.val.size} pixels a side, the paper's {FULL_SIZE}."] if small else []
    return Caution("Small networks." if narrow else "Small pictures.", " ".join(parts))


def _trained_once(dataset: Dataset) -> Caution | None:
    once = [model for model, amount in trainings_of(dataset).items() if amount == 1]
    if not once:
        return None
    who = "Each network was" if len(once) == len(trainings_of(dataset)) else f"{_and(once)} {_were(once)}"
    return Caution("One training.", f"{who} trained once. Another training gives other numbers.")


def _no_people(studies: Sequence[Asked]) -> Caution | None:
    if any(not study.simulated for study in studies):
        return None
    if studies:
        return Caution("Simulated ratings.", "A program answered in place of people, which shows nothing about people.")
    return Caution(
        "No people.", "A colour that differs from the original may look as natural, and here counts as wrong."
    )


def between(values: Collection[float]) -> str:
    """`5`, or `5 to 40` where they differ."""
    few, many = min(values), max(values)
    return f"{few:g}" if few == many else f"{few:g} to {many:g}"


def _times(amount: int) -> str:
    return "once" if amount == 1 else f"{amount} times"


def _were(names: Sequence[str]) -> str:
    return "was" if len(names) == 1 else "were"


def _and(names: Sequence[str]) -> str:
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)
