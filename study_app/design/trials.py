"""A trial of a session: what it shows, where that stands, and why."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from study_app.design.places import SEPARATOR, in_places

BROKEN = "broken"


@dataclass(frozen=True)
class Trial:
    """One picture in a session, or several of a photograph: a pair of it and the original, or of methods.

    `position` counts from 0; `first`: for a repeat, where it was shown first; `fake_place`: of several, where that of
    `method` stands (0 is left, 1 right, and so on), in pairs the fake; `other`: the second method, where two are
    compared, or all others in the order of their places.
    """

    position: int
    kind: Literal["main", "repeat", "broken", "original"]
    photograph: str
    method: str
    fault: str = ""
    first: int | None = None
    fake_place: int | None = None
    other: str = ""

    @property
    def look(self) -> str:
        """What is to be seen beside the photograph: how its colours were made, wherever that stands."""
        names = [self.fault or self.method, *filter(None, self.other.split(SEPARATOR))]
        return " ".join(names if len(names) < 3 else sorted(names))

    @property
    def in_places(self) -> tuple[str, ...]:
        """What stands where: methods, and faults of spoilt colours; where two are compared, or more."""
        return in_places(self.fault or self.method, self.other, self.fake_place or 0)

    def arranged(self, names: Sequence[str]) -> "Trial":
        """The same with what it shows in these places."""
        place = names.index(self.fault or self.method)
        return replace(self, fake_place=place, other=SEPARATOR.join([*names[:place], *names[place + 1 :]]))

    @property
    def cell(self) -> str:
        """Which votes of a photograph this one counts among: those on its method, or on two as they stand."""
        return SEPARATOR.join(self.in_places) if self.other else self.method
