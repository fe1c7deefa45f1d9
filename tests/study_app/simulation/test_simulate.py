"""Simulated raters: what was planted is found again, through the same routes and tables as people's answers."""

import shlex
import sys
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from pipeline.records.ratings import Participant, Rating
from pipeline.records.rows import read_rows
from pipeline.settings.errors import UserError
from study_app.design.study import Study
from study_app.export import tables
from study_app.export.tables import Export, gather
from study_app.simulation import simulate
from study_app.simulation.effects import Careless, ColorBlind, Leaving, Spread, load_effects
from study_app.simulation.ledger import balance
from study_app.simulation.population import draw_population
from study_app.simulation.rater import Rater
from study_app.stimuli.manifest import Stimuli
from study_app.storage.database import Database
from study_app.storage.schema import answers, sessions
from study_app.storage.store import Store
from tests.study_app.opinions import PLAYED, effects_file, example, small_effects
from tests.study_app.volunteers import METHODS, prepared_study, read, small_study

Place = tuple[Study, Stimuli]
NOBODY = {"careless": Careless(0, 0, 250), "color_blind": ColorBlind(0, 0.5, 0.5)}


@pytest.fixture(scope="module")
def roomy(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A study with room for 60 raters, and with four catch items."""
    return prepared_study(tmp_path_factory.mktemp("roomy"), votes_per_cell=20, catch={"broken": 2, "originals": 2})


def take(place: Place, folder: Path, raters: int, seed: int = 0, **changes: object) -> "Taken":
    """Let simulated raters take the study in virtual time."""
    study, stimuli = place
    effects = small_effects(**changes)
    store = Store(Database(f"sqlite:///{folder / f'{seed}.sqlite3'}"), study, stimuli, simulated=True)
    people = simulate.make_raters(study, effects, stimuli, raters, seed)
    simulate.simulate(store, people, simulate.arrival_times(effects, raters, seed))
    return Taken(store, people)


class Taken:
    """A simulated study, its raters and its export."""

    def __init__(self, store: Store, raters: list[Rater]) -> None:
        self.store, self.raters = store, raters
        self.export: Export = gather(store.database, store.study, simulated=True)

    def endings(self) -> Counter[str]:
        """How the visits ended."""
        return Counter(rater.ending for rater in self.raters)


def test_planted_rates_are_recovered_within_their_monte_carlo_error(roomy: Place, tmp_path: Path) -> None:
    methods = dict(zip(METHODS, (0.3, 0.6, 0.9), strict=True))
    planted = {
        criterion.name: {method: rate + 0.03 * place for method, rate in methods.items()}
        for place, criterion in enumerate(roomy[0].criteria)
    }
    taken = take(roomy, tmp_path, 60, **NOBODY, spread=Spread(0.4, 0, 0.2), rates=planted)
    assert taken.endings() == {"completed": 60}
    main = [rating for rating in taken.export.ratings if rating.kind == "main"]
    votes: dict[tuple[str, str], list[Rating]] = defaultdict(list)
    for rating in main:
        votes[rating.criterion, rating.method].append(rating)
    assert {len(cell) for cell in votes.values()} == {120}  # 60 raters, 6 photographs, 3 methods
    errors = []
    for (criterion, method), cell in votes.items():
        answers = np.array([rating.value for rating in cell])
        rate = planted[criterion][method]
        sd = 1.3 * np.sqrt(rate * (1 - rate) / len(cell))  # 1.3: answers of a rater or on a photograph go together
        errors.append((answers.mean() - rate) / sd)
    assert len(errors) == 9
    assert max(map(abs, errors)) < 3
    assert abs(np.mean(errors)) < 1
    assert all(one.simulated for one in (*taken.export.ratings, *taken.export.participants))
    people = gather(taken.store.database, taken.store.study, simulated=False)
    assert (people.ratings, people.participants) == ([], [])


@pytest.mark.parametrize("sd", [0.0, 1.5])
def test_the_mean_over_raters_and_photographs_is_the_planted_rate_however_much_they_differ(sd: float) -> None:
    study, effects = example()
    effects = replace(effects, spread=Spread(sd, sd / 2, sd / 2), **NOBODY)  # type: ignore[arg-type]
    names = [str(number) for number in range(3000)]
    population = draw_population(study, effects, names, 3000, np.random.default_rng(0))
    everyone = np.arange(3000)
    for place, method in enumerate(study.methods):
        expected = population.chances(everyone, everyone, np.full(3000, place))
        for column, criterion in enumerate(study.criteria):
            assert expected[:, column].mean() == pytest.approx(effects.rates[criterion.name][method], abs=0.015)


def test_graded_answers_have_the_planted_mean(tmp_path: Path) -> None:
    study = small_study(tmp_path, scale="0-100")
    effects = small_effects(spread=Spread(0, 0, 0), **NOBODY)
    population = draw_population(study, effects, ["one"], 1, np.random.default_rng(0))
    expected = np.repeat(population.chances(*np.zeros((3, 1), dtype=int)), 4000, axis=0)
    answers = population.answers(expected, np.random.default_rng(1))
    assert answers.min() >= 0 and answers.max() <= 100 and len(np.unique(answers)) > 50
    planted = [effects.rates[criterion.name][METHODS[0]] for criterion in study.criteria]
    assert answers.mean(axis=0) / 100 == pytest.approx(planted, abs=0.01)


def test_careless_raters_are_flagged_far_more_often_than_honest_ones(roomy: Place, tmp_path: Path) -> None:
    taken = take(roomy, tmp_path, 60, careless=Careless(0.4, 0.3, 250), color_blind=ColorBlind(0.2, 0.3, 0.3))
    flags: dict[str, list[str]] = defaultdict(list)
    for rater, participant in zip(taken.raters, taken.export.participants, strict=True):
        flags[rater.population.kinds[rater.place]].append(participant.flags)
    assert min(map(len, flags.values())) >= 4
    careless = flags["random"] + flags["same"]
    assert np.mean([bool(flag) for flag in careless]) > 0.9
    assert np.mean([bool(flag) for flag in flags["honest"]]) < 0.15
    assert np.mean(["color_vision" in flag for flag in flags["color_blind"]]) > 0.7
    assert all("straight_lining" in flag for flag in flags["same"])


def test_the_same_seed_gives_the_same_answers_at_the_same_times(roomy: Place, tmp_path: Path) -> None:
    leaving = Leaving(0.5, 0.5, 10)
    exports = []
    for folder, seed in (("a", 5), ("b", 5), ("c", 6)):
        (tmp_path / folder).mkdir()
        exports.append(take(roomy, tmp_path / folder, 9, seed, leaving=leaving).export)
    one, again, other = exports
    assert one.ratings == again.ratings
    assert [p.minutes for p in one.participants] == pytest.approx([p.minutes for p in again.participants], abs=0.001)
    assert one.ratings != other.ratings


def test_drop_outs_give_their_places_back_and_late_returners_are_told(tmp_path: Path) -> None:
    place = prepared_study(tmp_path, votes_per_cell=6, catch={"broken": 2, "originals": 2})
    slow = replace(small_effects().times, arrivals_per_hour=30.0)
    taken = take(place, tmp_path, 60, leaving=Leaving(0.5, 0.7, 60), times=slow)
    ended = taken.endings()
    assert ended["completed"] == place[0].sessions == 18
    assert ended["left"] and ended["lapsed"] and ended["full"]
    assert sum(ended.values()) == 60
    book = balance(taken.store, taken.raters)
    assert (book.lost, book.doubled, book.cells) == (0, 0, (6, 6))
    assert book.acknowledged == book.stored > 18 * place[0].trials


def test_a_study_without_the_original_shows_it_in_catch_items_alone(archives: Path, tmp_path: Path) -> None:
    place = prepared_study(tmp_path, archives, methods=METHODS[:2], votes_per_cell=3)
    taken = take(place, tmp_path, 6)
    assert taken.endings() == {"completed": 6}
    shown = Counter((rating.kind, rating.method) for rating in taken.export.ratings if rating.kind != "repeat")
    assert shown == {
        ("main", METHODS[0]): 54,
        ("main", METHODS[1]): 54,
        ("broken", "broken"): 18,
        ("original", "original"): 18,
    }
    originals = [rating.value for rating in taken.export.ratings if rating.kind == "original"]
    assert np.mean(originals) > 0.8


def test_the_ledger_finds_what_is_lost(roomy: Place, tmp_path: Path) -> None:
    taken = take(roomy, tmp_path, 3)
    assert balance(taken.store, taken.raters).lost == 0
    notes = taken.raters[0].acknowledged
    key, (trial, values) = next(iter(notes.items()))
    notes[key] = (trial, {name: 1 - value for name, value in values.items()})
    notes["00000000-0000-4000-8000-000000000000"] = (0, values)
    assert balance(taken.store, taken.raters).lost == 2


def test_raters_send_what_a_browser_sends_their_tab_and_each_showing(roomy: Place, tmp_path: Path) -> None:
    taken = take(roomy, tmp_path, 8, **NOBODY)
    tabs = read(taken.store.database, select(sessions.c.tab)).scalars().all()
    assert sorted(tabs) == sorted(rater.tab for rater in taken.raters) and len(set(tabs)) == 8
    assert set(read(taken.store.database, select(answers.c.tab)).scalars()) == set(tabs)
    rows = taken.export.ratings
    assert {row.showings for row in rows} == {1}
    assert {row.picture_width for row in rows} == {40}
    assert {row.seen_at_most_ms for row in rows} == {1000}
    assert {person.begun_again for person in taken.export.participants} == {0}


def test_the_command_simulates_and_tells_how_it_went(
    archives: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prepared_study(tmp_path, archives)
    monkeypatch.chdir(tmp_path)
    effects_file(tmp_path, "", PLAYED)
    monkeypatch.setattr(sys, "argv", ["simulate", "study.yaml", "--raters", "9", "--effects", "effects.yaml"])
    simulate.main()
    printed = capsys.readouterr().out
    assert "0 lost, 0 doubled" in printed
    assert "6 completed" in printed and "full" in printed
    assert (tmp_path / "simulated.sqlite3").exists()
    command = printed.splitlines()[-1].removeprefix("export their answers: ")
    words = shlex.split(command)
    assert words[:3] == ["huebench", "study", "export"]
    monkeypatch.setattr(sys, "argv", words[2:])
    tables.main()
    people = read_rows(tmp_path / "ratings" / "simulated" / "participants.csv", Participant)
    assert sum(person.completed for person in people) == 6


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("zhang: 0.940 -> zhangg: 0.940", "rates.saturability has no method 'zhang'; did you mean 'zhangg'?"),
        ("edge_keeping: -> edge_keepin:", "rates has no criterion 'edge_keeping'; did you mean 'edge_keepin'?"),
        ("iizuka: 0.890 -> iizuka: 1.2", "rates.saturability.iizuka is 1.2, but must be from 0.001 to 0.999."),
        ("observers: 0.7 -> observers: -1", "spread.observers is -1.0, but must be from 0 to 10."),
        ("share: 0.08 -> share: 0.99", "careless.share + color_blind.share is"),
        ("consistency: -> consistent:", "unknown parameter 'consistent'; did you mean 'consistency'?"),
    ],
)
def test_wrong_effects_are_told_in_a_sentence(tmp_path: Path, change: str, told: str) -> None:
    study, _ = example()
    with pytest.raises(UserError, match=r"\.yaml") as caught:
        load_effects(effects_file(tmp_path, change), study)
    assert told in str(caught.value)
    with pytest.raises(UserError, match=r"study_app/simulation/effects\.yaml is an example"):
        load_effects(tmp_path / "none.yaml", study)
