"""The stopping rule of study.yaml: its mistakes, its digest, and the contrast that it makes of answers."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.settings.errors import UserError
from reports.statistics.stopping import estimate
from study_app.design.records import Study, design_digest
from study_app.design.stops import Answered, contrast
from tests.study_app.pairing import PAIR_METHODS, pair_study, preference_study
from tests.study_app.volunteers import METHODS, small_study

RULE: dict[str, Any] = {"between": METHODS[:2], "largest": 24}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"between": ["zebranet"]}, "stops.between must name two methods."),
        ({"between": ["zebranet", "zebranet"]}, "stops.between must name two methods."),
        ({"between": ["zebranet", "quokanet"]}, "stops.between names 'quokanet'; did you mean 'quokkanet'?"),
        ({"criterion": "edges"}, "stops.criterion is 'edges'"),
        ({"alpha": 0}, "stops.alpha is"),
        ({"margin": 100.0}, "stops.margin is 100.0, but must be from 0 to less than 100 points"),
        ({"smallest": 5}, "stops.smallest is 5, but must be at least 10"),
        ({"smallest": 25}, "stops.largest is 24, but must be at least stops.smallest, which is 25"),
        ({"largest": 30}, "stops.largest is 30, but the study has places for 27; raise votes_per_cell"),
        ({"act": "stop"}, "stops: act is 'stop'"),
        ({"until": 3}, "unknown parameter 'until'"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(tmp_path: Path, change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError) as error:
        small_study(tmp_path, votes_per_cell=9, stops={**RULE, **change})
    assert sentence in str(error.value)


def test_one_method_alone_is_for_pairs(tmp_path: Path) -> None:
    study = pair_study(tmp_path, votes_per_cell=20, stops={"between": PAIR_METHODS[:1], "largest": 30})
    assert study.stops is not None and study.stops.between == ("quokkanet",)
    with pytest.raises(UserError, match="two methods, or one to be compared with 50 %"):
        pair_study(tmp_path, votes_per_cell=20, stops={"between": [], "largest": 30})


def test_the_rule_belongs_to_the_design_and_studies_without_one_keep_their_digest(tmp_path: Path) -> None:
    plain = small_study(tmp_path, votes_per_cell=9)
    ruled = small_study(tmp_path, votes_per_cell=9, stops=RULE)
    later = small_study(tmp_path, votes_per_cell=9, stops={**RULE, "largest": 20})
    assert len({plain.digest, ruled.digest, later.digest}) == 3
    before = {key: value for key, value in asdict(plain).items() if key != "stops"}  # there were such rules
    assert design_digest(before) == plain.digest


def given(study: Study, rows: list[tuple[str, str, float, int, int]]) -> Answered:
    methods, others, values, raters, photographs = zip(*rows, strict=True)
    paired = study.protocol == "preference"
    return Answered(
        methods=np.array([study.methods.index(name) for name in methods]),
        others=np.array([study.methods.index(name) for name in others]) if paired else None,
        values=np.array(values),
        raters=np.array(raters),
        photographs=np.array(photographs),
    )


def test_the_contrast_is_the_second_minus_the_first(tmp_path: Path) -> None:
    study = small_study(tmp_path, votes_per_cell=9, stops=RULE)
    assert study.stops is not None
    rows = [
        ("quokkanet", "", 0.5, 0, 0),
        ("zebranet", "", 1.0, 0, 1),
        ("original", "", 1.0, 0, 2),
        ("zebranet", "", 0.5, 1, 0),
    ]
    rows += [("quokkanet", "", 0.0, 1, 1)]
    found = estimate(contrast(study.stops, study, given(study, rows)))
    assert found is not None and found.value == pytest.approx(0.75 - 0.25)


def test_one_fooling_rate_is_compared_with_a_half(tmp_path: Path) -> None:
    study = pair_study(tmp_path, votes_per_cell=20, stops={"between": ["zebranet"], "largest": 30})
    assert study.stops is not None
    rows = [("zebranet", "", 1.0, 0, 0), ("zebranet", "", 0.0, 0, 1), ("quokkanet", "", 1.0, 1, 0)]
    rows += [("zebranet", "", 0.0, 1, 1), ("zebranet", "", 0.0, 1, 2)]
    found = estimate(contrast(study.stops, study, given(study, rows)))
    assert found is not None and found.value == pytest.approx(0.25 - 0.5)


def test_preferences_are_compared_by_shares_whichever_way_round_they_are_stored(tmp_path: Path) -> None:
    study = preference_study(tmp_path, votes_per_cell=9, stops=RULE)
    assert study.stops is not None
    rng, wins = np.random.default_rng(0), {("quokkanet", "zebranet"): 0.25, ("quokkanet", "original"): 0.5}
    wins |= {("zebranet", "original"): 0.75}
    rows: list[tuple[str, str, float, int, int]] = []
    for (first, second), share in wins.items():
        for place in range(40):
            value = float(place < 40 * share)
            turned = rng.random() < 0.5
            pair = (second, first, 1 - value) if turned else (first, second, value)
            rows.append((*pair, place // 4, place % 4))
    rows.sort(key=lambda row: row[3])
    found = estimate(contrast(study.stops, study, given(study, rows)))
    shares = {"zebranet": (0.75 + 0.75) / 2, "quokkanet": (0.25 + 0.5) / 2}
    assert found is not None and found.value == pytest.approx(shares["zebranet"] - shares["quokkanet"])


def test_of_two_methods_alone_the_shares_are_those_of_one_comparison(tmp_path: Path) -> None:
    study = preference_study(tmp_path, methods=METHODS[:2], votes_per_cell=15, stops=RULE)
    assert study.stops is not None
    rows = [("zebranet", "quokkanet", value, place // 2, place % 2) for place, value in enumerate((1.0, 1.0, 0.5, 1.0))]
    found = estimate(contrast(study.stops, study, given(study, rows)))
    assert found is not None and found.value == pytest.approx(2 * 0.875 - 1)


def test_the_best_of_several_has_no_rule_yet(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="stops is not for studies of the best of several pictures"):
        preference_study(tmp_path, pictures=3, votes_per_cell=30, stops=RULE)
