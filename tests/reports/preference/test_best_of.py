"""Picks of the best, from an export to tables and a figure by the command that reads any export; mistakes are named."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.preference.picks import draw_picks, shown_sets
from bench.preference.truths import Truth
from pipeline.records.ratings import BestRating
from pipeline.records.rows import write_rows
from pipeline.settings.errors import UserError
from reports import ratings
from reports.figures.theme import method_styles
from reports.page.overview import Asked
from reports.preference.estimates import estimate
from reports.preference.figure import preference_plot
from reports.preference.reading import Preferences, read_preferences
from reports.preference.results import preference_page, read
from reports.study.export import read_studies

TRUTH = Truth((0.0, 0.4, 0.8, 2.0), 16, 20, pictures=3)
METHODS = ("iizuka", "zhang", "semantics_jbu", "original")
ROW: dict[str, Any] = {
    **{"study": "0f" * 32, "version": 1, "simulated": True, "repeat_of": None, "criterion": "natural", "maximum": 2},
    **{"onset_ms": 20.0, "offset_ms": 8020.0, "shown_ms": 8000.0, "response_ms": 900.0, "exposures": 1, "hidden": 0},
}


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn study with a repeat and a catch item of each rater; nobody's participants.csv."""
    path = tmp_path_factory.mktemp("export") / "simulated" / "ratings.csv"
    seen = draw_picks(TRUTH, shown_sets(TRUTH), np.random.default_rng(0))
    rows, trials = [], dict.fromkeys(range(TRUTH.raters), 0)

    def add(rater: int, shown: list[str], place: int, **more: Any) -> None:
        own = {"participant": rater + 1, "trial": trials[rater], "kind": "main", "method": shown[place], "value": place}
        trials[rater] += 1
        rows.append(BestRating(**{**ROW, **own, "shown_methods": " | ".join(shown), **more}))

    columns = (seen.raters, seen.shown, seen.picked, seen.photographs)
    for rater, shown, place, photograph in zip(*(column.tolist() for column in columns), strict=True):
        add(rater, [METHODS[method] for method in shown], place, photograph=f"owl-{photograph:02}")
    for rater in range(TRUTH.raters):
        first = next(row for row in rows if row.participant == rater + 1)
        shown = first.shown_methods.split(" | ")
        again = {"kind": "repeat", "repeat_of": 0, "photograph": first.photograph}
        add(rater, [shown[2], *shown[:2]], (first.value + 1) % 3, **again)
        add(rater, ["broken_2", "original", "broken"], 1, kind="broken", photograph="owl-99")
    write_rows(path, BestRating, rows)
    return path


@pytest.fixture(scope="module")
def study(export: Path) -> Preferences:
    found = read_preferences(export)
    assert found is not None
    return found


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
    assert "16 raters, 20 photographs, 320 picks of the best of 3" in printed and "Luce's" in printed
    methods = pd.read_csv(tmp_path / "one" / "tables" / "preference_methods.csv")
    assert methods["method"].iloc[0] == "original" and methods["rank_worst"].iloc[0] == 1
    assert methods["preferred"] @ methods["n"] == pytest.approx(100 * 320) and methods["n"].sum() == 3 * 320
    assert methods["chance_p_holm"].iloc[0] < 0.001 <= methods["chance_p"].max()
    wins = pd.read_csv(tmp_path / "one" / "tables" / "preference_wins.csv").set_index("method")
    assert wins.loc["original", "zhang"] + wins.loc["zhang", "original"] == pytest.approx(100)
    pairs = pd.read_csv(tmp_path / "one" / "tables" / "preference_pairs.csv")
    assert "ties" not in pairs and pairs["n"].sum() == 2 * 320 and (pairs["unexplained_p"] > 0.05).all()
    checks = pd.read_csv(tmp_path / "one" / "tables" / "preference_checks.csv").set_index("what")
    assert checks.loc["repeated comparisons with the same answer, %", "value"] == 100
    places = [f"place {number}, log-odds" for number in (1, 2, 3)]
    assert checks.loc[places, "value"].sum() == pytest.approx(0) and (checks.loc[places, "p"] > 0.01).all()


def test_the_figure_has_chance_as_a_line_and_each_method_with_its_interval(study: Preferences) -> None:
    assert (study.pictures, study.ties, study.methods) == (3, False, ("zhang", "iizuka", "semantics_jbu", "original"))
    plot = preference_plot(study, estimate(study.comparisons()), method_styles(study.methods))
    left, right = plot.figure.axes
    assert left.lines[0].get_xdata()[0] == pytest.approx(100 / 3) and len(left.lines) == 1 + 2 * 4
    assert (
        left.get_xlabel() == "picked, per cent of showings" and right.get_title(loc="left") == "picked over, per cent"
    )
    assert "the line is chance, 33.3 %" in plot.caption


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("value", 3, "line 2: has a value outside of its scale"),
        ("method", "iizuk", "has a method other than the one of shown_methods at the place of value"),
        ("shown_methods", "iizuka | zhang", "has other than 3 or more shown_methods, one more than maximum"),
        ("shown_methods", "iizuka | iizuka | zhang", "shows a method twice"),
        ("trial", 1, "has a second answer of its participant to its trial"),
        ("maximum", 3, "column maximum: differs from line 2"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(
    column: str, value: object, sentence: str, export: Path, tmp_path: Path
) -> None:
    table = pd.read_csv(export, dtype=str, keep_default_na=False)
    table.loc[0, column] = str(value)
    table.to_csv(tmp_path / "ratings.csv", index=False)
    with pytest.raises(UserError) as caught:
        read_preferences(tmp_path / "ratings.csv")
    assert sentence in str(caught.value)


def test_methods_that_nobody_has_seen_together_are_named(export: Path, tmp_path: Path) -> None:
    table = pd.read_csv(export)
    both = table["shown_methods"].str.contains("zhang") & table["shown_methods"].str.contains("iizuka")
    table[~both].to_csv(tmp_path / "ratings.csv", index=False)
    found = read_preferences(tmp_path / "ratings.csv")
    assert found is not None
    with pytest.raises(UserError, match="nobody who counts has compared zhang and iizuka yet"):
        found.comparisons()


def test_it_is_part_of_the_report(export: Path) -> None:
    assert read_studies(export.parents[1]) == []  # those of the other protocols
    (study,) = read(export.parents[1])
    page = preference_page(study, {}, method_styles(study.methods))
    assert not page.lacks and page.plot is not None
    rows = page.tables["preference_methods"].rows
    assert {"dataset", "rank", "rank_best", "rank_worst", "preferred", "preferred_low"} <= set(rows)  # of the summary
    assert Asked.of_preferences(study).about == "which of 3 pictures is the best"
