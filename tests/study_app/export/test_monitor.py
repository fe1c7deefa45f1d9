"""The researcher's counts against a study played through by hand."""

import pytest

from study_app.export.monitor import overview
from study_app.storage.store import Store
from study_app.storage.withdrawal import withdraw
from tests.study_app.volunteers import Clock, Newcomer


def test_counts_follow_what_volunteers_do(store: Store, volunteer: Newcomer, clock: Clock) -> None:
    seen = overview(store)
    assert (seen.is_open, seen.wanted, seen.hours_left, seen.median_minutes) == (True, 6, None, None)
    assert set(seen.cells.values()) == {(0, 0)}
    assert len(seen.cells) == 6 * 3
    stopped, withdrawn = volunteer(), volunteer()
    stopped.take(4)
    withdraw(store, withdrawn.code)
    clock.advance(3600)
    volunteer().take()  # 10 trials of 3 s
    volunteer()
    seen = overview(store)
    assert seen.states == {"active": 1, "completed": 1, "lapsed": 1, "withdrawn": 1, "set_aside": 0}
    assert seen.left_at == {4: 1}
    assert seen.flags == {"straight_lining": 1}
    assert seen.median_minutes == pytest.approx(30 / 60)
    assert seen.hours_left == pytest.approx(5 * (12 + 3600 + 30) / 3600)
    votes = list(seen.cells.values())
    assert sorted(set(votes)) == [(0, 0), (0, 1), (1, 0)]
    assert (votes.count((1, 0)), votes.count((0, 1))) == (6, 6)
