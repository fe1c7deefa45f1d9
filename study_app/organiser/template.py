"""The file that a new study gets: what the organiser has decided, and what else can be changed as comments."""

from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import Any

import yaml

from study_app.design.inherited import EVERY, default_settings
from study_app.design.records import BEST_OF, ORIGINAL, TWO, Study
from study_app.design.stops import FEWEST

# What a comment says of the settings that are taken over, in this order.
OTHERS = {
    "arrangement": "side_by_side or in_turn",
    "pictures": "at once, up to 6; from 3 on the best one is picked",
    "ties": "true adds an answer that both are equal",
    "longest_side": "pixels; larger pictures are shrunk, smaller ones stay as they are",
    "exposure_ms": "how long each picture is seen",
    "mask_ms": "grey, after each picture",
    "practice": "with feedback, before it counts",
    "catch": "with a known answer, on photographs of their own",
    "repeats": "shown a second time, for self-consistency",
    "break_every": "trials; 0 is never",
    "screening": "fixed before the first answer; flags, and turns nobody away",
    "smallest_width": "CSS pixels of the window; 360 allows phones",
    "abandoned_after_minutes": "of silence, after which a volunteer's place goes back",
}
TIES = "ties"  # as a scale: one or the other, or both are equal
PROTOCOL = {
    "naturalness": "one picture at a time, and questions on its colours",
    "pairs": "a colorization beside its original: which one is the fake?",
    "preference": "two methods' pictures of the same photograph: which one looks more natural?",
    BEST_OF: "several methods' pictures of the same photograph: which one looks most natural?",
}
FILE = """\
# A human study of colorizations. What this file does not say is taken over from the package, with all wording.
# docs/study.md and the repository's study.yaml explain every key. `huebench study check {file}` says how long a session
# takes, how many volunteers are needed for which difference, and what is odd.
version: 1 # raise it to begin anew after a change, once there are answers
seed: 0 # of the choice of photographs and of all orders

protocol: {protocol} # {about}
dataset: {dataset} # a name; where its pictures are, `huebench study stimuli --help` says
methods: [{methods}]
photographs: {photographs}
photographs_per_session: {photographs_per_session} # a divisor of `photographs`: the rest is for other volunteers
votes_per_cell: {votes_per_cell} # {cell}: {sessions} volunteers
{pictures}{scale}languages: [{languages}] # of the pages; a language less is one name less here

# Taken over; remove the # to change one.
{others}
# second_run: false # may somebody who has taken part do so again on the same device?
{stops}# title: {title} # and so `consent`, a text for each language
{criteria}"""
CELL = {
    "naturalness": "of every photograph in every method",
    "pairs": "of every photograph in every method",
    "preference": "of every photograph and two methods, as they stand left and right",
    BEST_OF: "of every photograph and set of methods, as they stand",
}


@dataclass(frozen=True)
class Plan:
    """What an organiser decides; each is a key of study.yaml."""

    protocol: str
    dataset: str
    methods: tuple[str, ...]
    photographs: int
    photographs_per_session: int
    votes_per_cell: int
    languages: tuple[str, ...]
    scale: str
    pictures: int = TWO

    @property
    def kind(self) -> str:
        """Which settings and words of the package it takes over."""
        return BEST_OF if self.pictures > TWO else self.protocol

    def for_volunteers(self, volunteers: int, a_round: int) -> "Plan":
        """The same for at least so many; `a_round`: how many volunteers give each cell one vote more."""
        return replace(self, votes_per_cell=ceil(volunteers / a_round))


def taken_over(kind: str) -> dict[str, Any]:
    """The package's settings of a kind of study."""
    settings = default_settings()
    return {**settings[EVERY], **settings[kind]}


def content_of(plan: Plan) -> dict[str, Any]:
    """The plan as a study's file holds it; with few photographs, fewer of them come again than usual."""
    content = {key: list(value) if isinstance(value, tuple) else value for key, value in vars(plan).items()}
    if plan.pictures == TWO:
        del content["pictures"]
    fewer = plan.photographs_per_session // 3
    content |= {"repeats": fewer} if fewer < taken_over(plan.kind)["repeats"] else {}
    return content | ({"scale": "binary", "ties": True} if plan.scale == TIES else {})


def text_of(plan: Plan, study: Study, file: Path) -> str:
    """The file; `study`: what it means."""
    own = {key: value for key, value in content_of(plan).items() if key not in vars(plan)}
    chosen = content_of(plan).keys() & vars(plan).keys() | ({"arrangement"} if plan.pictures > TWO else set())
    taken = {key: value for key, value in taken_over(plan.kind).items() if key not in chosen}
    others = [
        f"{'' if key in own else '# '}{key}: {_inline(own.get(key, taken[key]))} # {about}"
        for key, about in OTHERS.items()
        if key in taken
    ]
    names = ", ".join(criterion.name for criterion in study.criteria)
    graded = plan.protocol == "naturalness"
    return FILE.format(
        **{**vars(plan), "methods": ", ".join(plan.methods), "languages": ", ".join(plan.languages)}
        | {"pictures": f"pictures: {plan.pictures} # at once, 2 to 6\n" if plan.pictures > TWO else ""}
        | {"scale": f"scale: {plan.scale} # binary (yes or no), 0-10 or 0-100\n" if graded else ""},
        file=file,
        about=PROTOCOL[plan.kind],
        cell=CELL[plan.kind],
        sessions=study.sessions,
        others="\n".join(others),
        stops=_stops(plan, study),
        title=_inline(study.title),
        criteria=f"# criteria: [{names}] # the package's; study.yaml shows how to word others\n" if graded else "",
    )


def _stops(plan: Plan, study: Study) -> str:
    """A stopping rule that one may switch on; none of the best of several, or for so few that it would never look."""
    if plan.pictures > TWO or study.sessions < FEWEST:
        return ""
    names = sorted(plan.methods, key=lambda name: name == ORIGINAL)[:TWO]
    rule = f"{{between: [{', '.join(names)}], largest: {study.sessions}}}"
    about = "the second minus the first" if len(names) == TWO else "its rate minus 50 %"
    return f"# stops: {rule} # the study then closes by itself once {about} is decided\n"


def _inline(value: object) -> str:
    """A value as YAML writes it on one line."""
    return (
        yaml.safe_dump(value, default_flow_style=True, width=1000, sort_keys=False, allow_unicode=True)
        .removesuffix("\n...\n")
        .strip()
    )
