"""An export of preferences to tables and a figure by the command that reads any export; what is wrong is named."""

import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.preference.truths import Truth, draw, shown
from pipeline.records.ratings import Participant, PreferenceRating
from pipeline.records.rows import write_rows
from pipeline.settings.errors import UserError
from pipeline.settings.params import Params
from reports import ratings, summary
from reports.build import build
from reports.preference.reading import read_preferences
from tests.reports.conftest import ORIGIN
from tests.reports.study import simulated_study
from tests.reports.study.simulated_pairs import write_pairs

PAIRS = simulated_study.Truth({"zhang": 0.35, "semantics_jbu": 0.2}, 8, 8)
TRUTH = Truth((0.0, 0.6, 1.5), 18, 20, ties=0.6)
METHODS = ("zhang", "semantics_jbu", "original")
SAME = "the same method"
FLAGGED = 4  # a participant, who prefers whatever stands left
ROW: dict[str, Any] = {
    **{"study": "0f" * 32, "version": 1, "simulated": True, "repeat_of": None, "criterion": "natural", "maximum": 2},
    **{"onset_ms": 20.0, "offset_ms": 3020.0, "shown_ms": 3000.0, "response_ms": 900.0, "exposures": 1, "hidden": 0},
}


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn study with a repeat and a catch item of each rater; nobody's participants.csv."""
    folder = tmp_path_factory.mktemp("export") / "simulated"
    seen = draw(TRUTH, shown(TRUTH), np.random.default_rng(0))
    rows, trials = [], dict.fromkeys(range(TRUTH.raters), 0)

    def add(rater: int, first: int, second: int, left: bool, value: float, **more: Any) -> None:
        row = {"participant": rater + 1, "trial": trials[rater], "kind": "main", "method": METHODS[first], **ROW}
        row |= {"other": METHODS[second], "method_place": int(not left), "value": round(2 * value), **more}
        trials[rater] += 1
        rows.append(PreferenceRating(**row))

    columns = (seen.raters, seen.first, seen.second, seen.left, seen.values, seen.photographs)
    for rater, first, second, left, value, photograph in zip(*(column.tolist() for column in columns), strict=True):
        answered = float(left) if rater + 1 == FLAGGED else value
        add(rater, first, second, left, answered, photograph=f"owl-{photograph:02}")
    for rater in range(TRUTH.raters):
        first = next(row for row in rows if row.participant == rater + 1)
        again = {"kind": "repeat", "repeat_of": 0, "photograph": first.photograph}
        add(rater, METHODS.index(first.method), METHODS.index(first.other), True, first.value / 2, **again)
        add(rater, 2, 2, True, 0.0, kind="broken", method="broken", photograph="owl-99")
    write_rows(folder / "ratings.csv", PreferenceRating, rows)
    return folder / "ratings.csv"


@pytest.fixture
def changed(export: Path, tmp_path: Path) -> Callable[..., Path]:
    """The export with cells changed: column, row, value."""

    def change(column: str, row: int, value: object) -> Path:
        table = pd.read_csv(export, dtype=str, keep_default_na=False)
        table.loc[row, column] = table.loc[row, "method"] if value == SAME else str(value)
        table.to_csv(tmp_path / "ratings.csv", index=False)
        return tmp_path / "ratings.csv"

    return change


def test_the_command_writes_tables_and_the_figure_the_same_every_time(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written = []
    for name in ("one", "two"):
        monkeypatch.setattr(sys, "argv", ["ratings", str(export), "--to", str(tmp_path / name)])
        ratings.main()
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        written.append([path.read_bytes() for path in files])
    assert written[0] == written[1] and len(written[0]) == 4 * 3 + 2
    printed = capsys.readouterr().out
    assert "SIMULATED RATERS, NO PEOPLE" in printed and "18 raters, 20 photographs, 360 comparisons" in printed
    methods = pd.read_csv(tmp_path / "one" / "tables" / "preference_methods.csv")
    assert methods["method"].tolist() == ["original", "semantics_jbu", "zhang"]
    assert methods["rank_best"].tolist() == [1, 2, 3] == methods["rank_worst"].tolist()
    assert methods["preferred"].mean() == pytest.approx(50, abs=0.1) and methods["n"].sum() == 2 * 360
    wins = pd.read_csv(tmp_path / "one" / "tables" / "preference_wins.csv").set_index("method")
    assert wins.loc["original", "zhang"] + wins.loc["zhang", "original"] == pytest.approx(100)
    pairs = pd.read_csv(tmp_path / "one" / "tables" / "preference_pairs.csv")
    assert (pairs["p_holm"] < 0.05).all() and (pairs["ties"] > 5).all() and (pairs["unexplained_p"] > 0.05).all()
    checks = pd.read_csv(tmp_path / "one" / "tables" / "preference_checks.csv").set_index("what")
    assert checks.loc["repeated comparisons with the same answer, %", "value"] == 100


def test_who_broke_a_rule_is_left_out_and_shown_beside(export: Path, tmp_path: Path) -> None:
    (tmp_path / "ratings.csv").write_bytes(export.read_bytes())
    people = [
        Participant(
            "0f" * 32, 1, True, number, "2026-01-01", "en", 0, 0, True, 22, 22, 5.0, 1280, 800, 1.0, True, 6, 6, 1, 0,
            900.0, 0.5, 1.0, 4000.0, 0, "straight_lining" if number == FLAGGED else "", "",
        )
        for number in range(1, TRUTH.raters + 1)
    ]  # fmt: skip
    write_rows(tmp_path / "participants.csv", Participant, people)
    study = read_preferences(tmp_path / "ratings.csv")
    assert study is not None and study.flagged == {FLAGGED} and study.ties
    assert study.comparisons(study.flagged).groups.max(axis=0).tolist() == [16, 19]
    assert len(study.votes()) == 360 and len(study.votes(study.flagged)) == 340


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("value", 3, "line 2: has a value outside of its scale"),
        ("other", SAME, "compares a method with itself"),
        ("method_place", 2, "has a method_place other than 0 and 1"),
        ("trial", 1, "has a second answer of its participant to its trial"),
        ("version", 2, "column version: differs from line 2"),
        ("kind", "mian", "found 'mian', which is unknown; did you mean 'main'?"),
        ("value", "left", "line 2"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(
    column: str, value: object, sentence: str, changed: Callable[..., Path]
) -> None:
    path = changed(column, 0, value)
    with pytest.raises(UserError) as caught:
        read_preferences(path)
    assert sentence in str(caught.value)


def test_methods_that_nobody_has_compared_yet_are_named(export: Path, tmp_path: Path) -> None:
    table = pd.read_csv(export, keep_default_na=False)
    met = table["method"].isin(("original",)) | table["other"].isin(("original",))
    table[met | (table["kind"] != "main")].to_csv(tmp_path / "ratings.csv", index=False)
    study = read_preferences(tmp_path / "ratings.csv")
    assert study is not None
    with pytest.raises(UserError, match="nobody who counts has compared zhang and semantics_jbu yet"):
        study.comparisons()
    table[table["kind"] != "main"].to_csv(tmp_path / "ratings.csv", index=False)
    assert read_preferences(tmp_path / "ratings.csv") is None


def section_of(page: Path) -> str:
    """What the report says of people."""
    html = page.read_text()
    return html[html.index('id="naturalness"') : html.index('id="paired"')]


def test_the_report_has_studies_of_preference_under_their_own_heading(
    export: Path,
    results: Path,
    params: Params,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = Path("ratings/simulated")
    shutil.copytree(export.parent, folder)
    study = {"digest": "0f" * 32, "dataset": "scenes", "criteria": [{"name": "natural"}], "methods": list(METHODS)}
    (folder / "study.json").write_text(json.dumps(study))
    write_pairs(Path("ratings/pairs"), PAIRS, 0)
    build(params, ORIGIN)
    built = Path("results/report")
    section = section_of(built / "index.html")
    assert section.index("Real or fake") < section.index("Preference: which methods people find better")
    own = section[section.index("preference-heading") :]
    assert "scenes (synthetic)" in own and own.count("18 raters, 20 photographs, 360 comparisons") >= 4
    assert "SIMULATED RATERS, NO PEOPLE" in own and "[1, 1]</span>" in own and "<svg" in own
    html = (built / "index.html").read_text()
    assert "26 simulated raters: a program answered" in html  # 18 of preference and 8 of pairs
    methods = pd.read_csv(built / "tables" / "preference_methods_simulated.csv")
    assert methods[["study", "dataset", "simulated"]].drop_duplicates().to_numpy().tolist() == [
        ["simulated", "scenes (synthetic)", 1]
    ]
    names = ("methods", "pairs", "wins", "checks")
    assert all((built / "paper" / "tables" / f"preference_{name}_simulated.tex").exists() for name in names)
    assert (built / "paper" / "figures" / "preference_simulated.pdf").exists()
    monkeypatch.setattr("reports.summary.reproduced", lambda folder: "")  # it reads params.yaml
    monkeypatch.setattr("reports.summary.load_params", lambda: params)
    summary.main()
    printed = capsys.readouterr().out
    assert "Preference, scenes (synthetic) simulated" in printed and re.search(
        r"original +1 \[1, 1\] +73\.8 \[", printed
    )
    write_pairs(Path("ratings/pairs"), PAIRS, 0, simulated=False)
    build(params, ORIGIN)
    assert "Preference:" not in section_of(built / "index.html")  # programs never stand beside people
    assert not (built / "tables" / "preference_methods_simulated.csv").exists()


def test_a_study_that_has_just_begun_does_not_stop_the_report(export: Path, results: Path, params: Params) -> None:
    folder = Path("ratings/simulated")
    folder.mkdir(parents=True)
    table = pd.read_csv(export, keep_default_na=False)
    table[table["other"] != "semantics_jbu"].to_csv(folder / "ratings.csv", index=False)
    build(params, ORIGIN)
    section = section_of(Path("results/report/index.html"))
    assert "No results yet:" in section and "nobody who counts has compared zhang and semantics_jbu yet." in section
    assert not list(Path("results/report/tables").glob("preference*"))
