"""Compares the answers that the server acknowledged to simulated raters with those in the database."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select

from study_app.simulation.rater import Rater
from study_app.storage import allocation
from study_app.storage.schema import answers, sessions
from study_app.storage.store import Store


@dataclass(frozen=True)
class Balance:
    """`acknowledged` and `stored` count answered trials. `lost`: acknowledged, but absent or other in the database;
    `doubled`: stored more than once. `cells`: the least and the largest load of a slot, completed plus active."""

    acknowledged: int
    stored: int
    lost: int
    doubled: int
    cells: tuple[int, int]

    def __str__(self) -> str:
        low, high = self.cells
        return (
            f"{self.acknowledged} pictures' answers acknowledged, {self.stored} stored, {self.lost} lost, "
            f"{self.doubled} doubled; votes of a cell, with those under way: {low} to {high}"
        )


def balance(store: Store, raters: Iterable[Rater]) -> Balance:
    """Read all simulated answers of the study and compare them with the raters' own notes."""
    mine = (sessions.c.study_id == store.study_id, sessions.c.simulated.is_(True))
    query = select(answers).join(sessions, sessions.c.id == answers.c.session_id).where(*mine)
    with store.database.reading() as connection:
        rows = connection.execute(query).all()
        loads = allocation.loads(connection, store.study, store.study_id, simulated=True)
    stored: dict[str, tuple[int, dict[str, int]]] = {}
    for row in rows:
        stored.setdefault(row.key, (row.trial, {}))[1][row.criterion] = row.value
    places = Counter((row.session_id, row.trial, row.criterion) for row in rows)
    keys: dict[tuple[int, int], set[str]] = defaultdict(set)
    for row in rows:
        keys[row.session_id, row.trial].add(row.key)
    acknowledged = {key: said for rater in raters for key, said in rater.acknowledged.items()}
    return Balance(
        acknowledged=len(acknowledged),
        stored=len(keys),
        lost=sum(stored.get(key) != said for key, said in acknowledged.items()),
        doubled=sum(count - 1 for count in places.values()) + sum(len(found) - 1 for found in keys.values()),
        cells=(min(loads.values()), max(loads.values())),
    )
