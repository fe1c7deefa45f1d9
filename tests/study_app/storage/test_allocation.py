"""Places are given out one at a time and evenly, under threads, processes, silence and return."""

import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from study_app.design.study import Study
from study_app.design.tokens import digest
from study_app.stimuli.manifest import Stimuli
from study_app.storage import allocation
from study_app.storage.database import Database
from study_app.storage.messages import BeginMessage
from study_app.storage.refusals import RefusedError
from study_app.storage.schema import sessions
from study_app.storage.stages import check_vacancy
from study_app.storage.store import Store
from study_app.storage.withdrawal import withdraw
from tests.conftest import ROOT, environment
from tests.study_app.postgres import PostgresServer
from tests.study_app.rush import begin, begin_many
from tests.study_app.volunteers import Clock, Newcomer, prepared_study, read


def loads(store: Store) -> list[int]:
    """Completed and active sessions of every slot."""
    with store.database.reading() as connection:
        return list(allocation.loads(connection, store.study, store.study_id, store.simulated).values())


def numbers(store: Store) -> list[int]:
    """The numbers of all sessions."""
    return list(read(store.database, select(sessions.c.number).order_by(sessions.c.number)).scalars())


def completed(store: Store) -> Counter[int]:
    """How many sessions of each row of the design are complete."""
    with store.database.reading() as connection:
        return Counter(connection.execute(select(sessions.c.row).where(sessions.c.completed_at.isnot(None))).scalars())


def test_places_fill_evenly_until_the_study_is_full(store: Store, volunteer: Newcomer) -> None:
    for _ in range(6):
        volunteer()
        assert max(loads(store)) - min(loads(store)) <= 1
    assert loads(store) == [2, 2, 2]
    with pytest.raises(AssertionError, match="full at the moment"):
        volunteer()


def test_forty_threads_never_take_one_place_twice(store: Store, study: Study) -> None:
    assert begin_many(store, study, threads=40, tries=40) == 6
    assert loads(store) == [2, 2, 2]
    assert numbers(store) == [1, 2, 3, 4, 5, 6]


def test_several_processes_never_take_one_place_twice(url: str, archives: Path, tmp_path: Path) -> None:
    study, stimuli = prepared_study(tmp_path, archives, votes_per_cell=20)
    places = str(tmp_path / "study.yaml"), str(tmp_path / "stimuli")
    command = [sys.executable, "-m", "tests.study_app.rush", url, *places, "4", "25"]
    processes = [
        subprocess.Popen(command, cwd=ROOT, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(3)  # all migrate and open the same empty database at once, too
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    results = [process.communicate("go\n")[0] for process in processes]
    assert sum(map(int, results)) == 60
    store = Store(Database(url), study, stimuli)
    assert loads(store) == [20, 20, 20]
    assert numbers(store) == list(range(1, 61))
    store.database.close()


def test_a_silent_session_gives_its_place_back_after_the_timeout(
    store: Store, volunteer: Newcomer, clock: Clock
) -> None:
    silent = [volunteer() for _ in range(6)]
    clock.advance(29 * 60)
    silent[0].take(1)
    clock.advance(2 * 60)
    newcomers = [volunteer() for _ in range(5)]
    assert loads(store) == [2, 2, 2]
    with pytest.raises(AssertionError, match="full at the moment"):
        volunteer()
    silent[0].take()
    for one in newcomers:
        one.take()
    assert loads(store) == [2, 2, 2]


def test_a_session_that_returns_goes_on_if_its_place_is_still_free(
    store: Store, volunteer: Newcomer, clock: Clock
) -> None:
    sleeper = volunteer()
    sleeper.take(3)
    clock.advance(3600)
    assert len(sleeper.take()) == 7
    assert sorted(loads(store)) == [0, 0, 1]


def test_a_session_that_returns_to_a_full_study_is_thanked_and_keeps_what_it_gave(
    store: Store, volunteer: Newcomer, clock: Clock
) -> None:
    sleeper = volunteer()
    sent = sleeper.take(3)
    clock.advance(3600)
    for _ in range(6):
        volunteer()
    reply = sleeper.get("/api/plan")
    assert (reply.status_code, reply.json()["reason"]) == (410, "lapsed")
    assert "thank you" in reply.json()["error"]
    assert sleeper.post("/api/answers", sent[-1]).status_code == 200  # a repetition is still acknowledged
    assert loads(store) == [2, 2, 2]


def test_a_returning_session_never_makes_the_places_uneven(store: Store, volunteer: Newcomer, clock: Clock) -> None:
    sleeper = volunteer()
    clock.advance(3600)
    volunteer()  # takes the sleeper's place, the first by the order of ties
    assert sorted(loads(store)) == [0, 0, 1]
    sleeper.plan()  # it goes on, but without the place
    assert sorted(loads(store)) == [0, 0, 1]
    volunteer()
    volunteer()
    assert loads(store) == [1, 1, 1]
    sleeper.plan()
    assert sorted(loads(store)) == [1, 1, 2]


def test_places_stay_even_whatever_volunteers_do(store: Store, study: Study, volunteer: Newcomer, clock: Clock) -> None:
    """Some finish, some stop and stay away: in the end every cell has exactly the votes that are wanted."""
    for number in range(9):
        newcomer = volunteer()
        newcomer.take(None if number % 3 else number // 3)
        clock.advance(1900 if number % 3 == 0 else 1)
        assert max(loads(store)) - min(loads(store)) <= 1
    assert loads(store) == [2, 2, 2]
    assert completed(store) == {0: 2, 1: 2, 2: 2}


def test_a_withdrawal_never_waits_for_the_lock_of_places(
    postgres: PostgresServer, study: Study, stimuli: Stimuli, clock: Clock
) -> None:
    """Or a sweep that wants the withdrawing session's row would wait for it, and it for the sweep."""
    store = Store(Database(postgres.new_database()), study, stimuli, clock=clock)
    code = store.begin(BeginMessage("en", True, study.digest)).code
    thread = threading.Thread(target=withdraw, args=(store, code), daemon=True)
    with store.database.writing() as connection:
        allocation.lock_study(connection, store.study_id)
        thread.start()
        thread.join(30)
        assert not thread.is_alive()
    assert loads(store) == [0, 0, 0]
    store.database.close()


def test_simulated_raters_take_no_place_of_people(store: Store, robots: Store, study: Study) -> None:
    assert begin_many(robots, study, threads=4, tries=10) == 6
    assert loads(store) == [0, 0, 0]
    assert begin_many(store, study, threads=4, tries=10) == 6
    assert (loads(store), loads(robots)) == ([2, 2, 2], [2, 2, 2])


def asked_for(store: Store, clock: Clock, count: int) -> list[str]:
    """Tokens of sessions that a program has begun, and of which nothing was heard since."""
    tokens = [begin(store, store.study, shows_itself=False) for _ in range(count)]
    clock.advance(11)
    return tokens


def test_asking_for_all_places_keeps_nobody_out(store: Store, volunteer: Newcomer, clock: Clock) -> None:
    asked_for(store, clock, 6)
    assert loads(store) == [2, 2, 2]
    check_vacancy(store)
    newcomers = [volunteer() for _ in range(6)]
    assert loads(store) == [2, 2, 2]
    with pytest.raises(AssertionError, match="full at the moment"):
        volunteer()  # the others have shown themselves
    for one in newcomers:
        one.take()
    assert loads(store) == [2, 2, 2]


def test_a_place_is_firm_from_the_first_answer_on(store: Store, volunteer: Newcomer, clock: Clock) -> None:
    firm = [volunteer() for _ in range(5)]
    for one in firm:
        one.take(1)
    slow = volunteer()
    clock.advance(60)
    with pytest.raises(AssertionError, match="full at the moment"):
        volunteer()  # a minute on one page is no silence
    clock.advance(31)
    quick = volunteer()
    reply = slow.get("/api/plan")
    assert (reply.status_code, reply.json()["reason"]) == (410, "full")
    for one in (*firm, quick):
        one.take()
    assert loads(store) == [2, 2, 2]


def test_who_has_lost_a_loose_place_gets_it_back_before_those_who_only_asked(
    store: Store, volunteer: Newcomer, clock: Clock
) -> None:
    slow = volunteer()
    clock.advance(91)
    asked_for(store, clock, 6)
    assert slow.get("/api/plan").status_code == 200
    slow.take()
    assert loads(store) == [2, 2, 2]


def test_a_flood_of_those_who_only_ask_never_stops_a_volunteer(
    store: Store, volunteer: Newcomer, clock: Clock, study: Study
) -> None:
    for _ in range(study.sessions):
        asked_for(store, clock, 6)
        volunteer().take()
        assert max(loads(store)) - min(loads(store)) <= 1
    assert asked_for(store, clock, 2) == ["", ""]
    assert completed(store) == {0: 2, 1: 2, 2: 2}


def test_a_first_answer_and_a_newcomer_at_the_same_moment_share_no_place(
    postgres: PostgresServer, study: Study, stimuli: Stimuli, clock: Clock
) -> None:
    """The newcomer leaves a session alone that is answering just now, and does not wait for it."""
    store = Store(Database(postgres.new_database()), study, stimuli, clock=clock)
    tokens = asked_for(store, clock, 6)
    with store.database.writing() as connection:
        first = select(sessions.c.id).where(sessions.c.token_hash == digest(tokens[0])).with_for_update()
        answering = connection.execute(first).scalar_one()
        begun = [store.begin(BeginMessage("en", True, study.digest)) for _ in range(5)]
        with pytest.raises(RefusedError, match="full at the moment"):
            store.begin(BeginMessage("en", True, study.digest))
    assert len(begun) == 5
    lapsed = dict(read(store.database, select(sessions.c.id, sessions.c.lapsed)).all())
    assert not lapsed[answering] and sum(lapsed.values()) == 5
    store.database.close()
