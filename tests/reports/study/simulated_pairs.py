"""Exports of a study of pairs with known fooling rates."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.records.ratings import PairRating, Participant
from pipeline.records.rows import write_json, write_rows
from tests.reports.study.simulated_study import ALWAYS, Truth, draw


def write_pairs(
    folder: Path, truth: Truth, seed: int, simulated: bool = True, careless: Sequence[int] = (), side: float = 0.0
) -> Path:
    """Write a drawn study as `study_app.export.tables` would; gives the path of ratings.csv.

    `truth.rates`: the share of fooled by method. `careless`: participants who always press left, and are flagged for
    it. `side`: in so large a share of pairs with the fake on the right, raters press left. Each has a catch item and
    one repeat with its sides exchanged.
    """
    rng = np.random.default_rng(seed)
    drawn, methods = draw(truth, rng), list(truth.rates)
    ratings, participants = [], []
    for number in range(1, truth.raters + 1):
        spots = rng.permutation(np.flatnonzero(drawn.raters == number - 1))
        places = rng.permutation(np.arange(len(spots)) % 2)
        shown: list[tuple[str, int | None, int, int]] = [
            ("main", None, spot, int(place)) for spot, place in zip(spots, places, strict=True)
        ]
        shown += [("repeat", 0, spots[0], 1 - int(places[0])), ("broken", None, spots[0], 0)]
        for trial, (kind, first, spot, place) in enumerate(shown):
            fooled = 0 if kind == "broken" else int(drawn.values[spot, 0])
            if place == 1 and kind != "broken" and rng.random() < side:
                fooled = 1
            if number in careless:
                fooled = place
            answer = PairRating(
                **ALWAYS, simulated=simulated, participant=number, trial=trial, kind=kind, repeat_of=first,
                photograph=f"photo_{drawn.photographs[spot]:03d}", criterion="fake", value=fooled, maximum=1,
                method="broken" if kind == "broken" else methods[drawn.methods[spot]], response_ms=900.0,
                fake_place=place,
            )  # fmt: skip
            ratings.append(answer)
        flags = "straight_lining" if number in careless else ""
        somebody = Participant(
            "0f" * 32, 1, simulated, number, "2026-01-01", "en", 0, 0, True, len(shown), len(shown), 9.0, 1200, 800,
            1.0, True, 5, 5, 1, 0, 900.0, 0.5, 1.0, 4000.0, 0, flags, "",
        )  # fmt: skip
        participants.append(somebody)
    write_rows(folder / "ratings.csv", PairRating, ratings)
    write_rows(folder / "participants.csv", Participant, participants)
    settings = {"digest": "0f" * 32, "dataset": "scenes", "methods": methods, "protocol": "pairs"}
    write_json(
        folder / "study.json", settings | {"criteria": [{"name": "fake"}], "screening": {"straight_lining": 0.9}}
    )
    return folder / "ratings.csv"
