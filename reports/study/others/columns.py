"""Which column of somebody else's table holds what: given in one YAML file or by flags, else found by common names."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipeline.settings.errors import UserError, suggestion
from pipeline.settings.params import parse_record
from pipeline.settings.yaml_file import read_yaml

# The columns that are found by themselves: what it is -> headings, in small letters and without anything else.
KNOWN_AS = {
    "rater": (
        *("rater", "raterid", "participant", "participantid", "observer", "observerid", "subject", "subjectid"),
        *("worker", "workerid", "user", "userid", "annotator", "annotatorid", "respondent", "volunteer", "prolificpid"),
    ),
    "value": ("value", "score", "rating", "answer", "response", "vote", "opinion", "judgement", "judgment"),
    "method": ("method", "model", "algorithm", "system"),
    "photograph": ("photograph", "photo", "image", "imageid", "scene"),
    "picture": ("picture", "file", "filename", "stimulus", "path", "filepath", "imagepath", "imagefile"),
    "criterion": ("criterion", "question", "attribute", "dimension", "aspect"),
}
ROLES = (*KNOWN_AS, "order", "response_ms")  # the last two are never found, only named
NEEDED = ("rater", "value")
FOLDERS = r"(?:.*[/\\])?(?P<method>[^/\\]+)[/\\](?P<photograph>[^/\\]+?)(?:\.\w+)?"  # zhang/photo.png
NAMED = re.compile(r"\(\?P<(\w+)>")


@dataclass(frozen=True)
class Columns:
    """What the columns of a long table are called, and how to read them: the keys of the YAML file.

    `rater`, `value`, `photograph`, `method`, `criterion`, `order` (of showing) and `response_ms`: columns; "" where it
    is found, or there is none. `picture`: a column of names, from which the regular expression `pattern` takes the
    groups `photograph` and `method`. `asked`: the criterion, where no column names it. `scale`: its worst and its best
    value, None to take the lowest and the highest. `answers`: words and their values. `methods`: names in the file, and
    those to show. `reference`: the method that others are compared with. `name`: of the study. `screening`: thresholds
    of the rules `straight_lining`, `repeat_agreement` and `fastest_median_ms`; None for the usual ones, {} for none.
    """

    rater: str = ""
    value: str = ""
    photograph: str = ""
    method: str = ""
    picture: str = ""
    pattern: str = ""
    criterion: str = ""
    asked: str = ""
    order: str = ""
    response_ms: str = ""
    scale: tuple[float, ...] | None = None
    answers: dict[str, float] = field(default_factory=dict)
    methods: dict[str, str] = field(default_factory=dict)
    reference: str = ""
    name: str = ""
    screening: dict[str, float] | None = None

    def __post_init__(self) -> None:
        if self.scale is not None and (len(self.scale) != 2 or self.scale[0] == self.scale[1]):
            ends = " ".join(f"{end:g}" for end in self.scale)
            raise UserError(f"the scale is {ends}, but must be its worst and its best value, such as 1 5.")
        try:
            groups = re.compile(self.pattern).groupindex if self.pattern else {}
        except re.error as error:
            raise UserError(f"the pattern {self.pattern!r} is no regular expression: {error}.") from None
        if self.pattern and not {"photograph", "method"} & groups.keys():
            raise UserError(
                f"the pattern {self.pattern!r} takes nothing from names; it needs a group (?P<photograph>...), "
                "(?P<method>...) or both."
            )


def load_columns(path: Path) -> Columns:
    """Read a YAML file of `Columns`; raises `UserError` naming the key that is wrong."""
    return parse_record(Columns, read_yaml(path, "docs/ratings.md has an example."), str(path))


def found(columns: Columns, header: Sequence[str], path: Path) -> Columns:
    """The same with the columns that are not named, as far as the heading of the table tells them.

    Raises `UserError` where one that is needed is not told, or several could be it.
    """
    cells = [cell.strip() for cell in header if cell.strip()]
    there = ", ".join(cells) or "nothing"
    names = {role: getattr(columns, role) for role in ROLES}
    for role, name in names.items():
        if name and name.casefold() not in map(str.casefold, cells):
            raise UserError(f"{path} has no column {name!r}, which should hold the {role}; {suggestion(name, cells)}")
    for role in [role for role in KNOWN_AS if not names[role] and role not in _needless(columns)]:
        names[role] = _alike(role, cells, names.values(), path)
    for role in NEEDED:
        if not names[role]:
            raise UserError(
                f"{path}: no column looks like the {role}; name it (--{role} NAME); the heading has {there}."
            )
    if not names["picture"] and not names["method"] and not columns.photograph:  # its names may tell both
        names["picture"], names["photograph"] = names["photograph"], ""
    if columns.pattern and not names["picture"]:
        raise UserError(f"{path}: no column looks like the pictures that the pattern reads; name it (--picture NAME).")
    if not names["picture"] and not names["photograph"]:
        raise UserError(
            f"{path}: no column looks like the picture or the photograph; name it (--picture NAME, or --photograph "
            f"NAME and --method NAME); the heading has {there}."
        )
    return replace(columns, **names)


def _needless(columns: Columns) -> set[str]:
    """What is not looked for, since something else tells it."""
    told = set(re.compile(columns.pattern).groupindex) if columns.pattern else set()
    return {*told, *(["criterion"] if columns.asked else [])}


def _alike(role: str, cells: Sequence[str], taken: Iterable[str], path: Path) -> str:
    """The one heading that says this role by a common name, "" without any."""
    others = {name.casefold() for name in taken if name}
    plain = {cell: re.sub(r"[^a-z]", "", cell.casefold()) for cell in cells if cell.casefold() not in others}
    alike = [cell for cell, letters in plain.items() if letters in KNOWN_AS[role]]
    if len(alike) > 1:
        raise UserError(f"{path}: {' and '.join(alike)} could both be the {role}; say which (--{role} {alike[0]}).")
    return alike[0] if alike else ""
