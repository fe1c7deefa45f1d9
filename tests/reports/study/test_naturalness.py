"""From an export to tables and figures: planted truths come back, and simulated raters are called so everywhere."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.settings import paths
from pipeline.settings.params import Params
from reports import summary
from reports.build import build
from reports.figures.theme import method_styles
from reports.plan.published import load_published
from reports.ratings import in_words
from reports.study import conduct, results
from reports.study.export import NATURALNESS, answer_to, read_ratings
from reports.study.plots import plots
from reports.study.rater_tables import documents
from reports.study.tables import BANNER
from reports.study.votes import Analysis, analyse, compared_with, contrasts, means, per_image
from tests.conftest import ROOT
from tests.reports.conftest import ORIGIN
from tests.reports.study.simulated_study import CRITERIA, Truth, write_export

RATES = {"iizuka": 0.8, "zhang": 0.7, "semantics_jbu": 0.9, "original": 0.97}
TABLES = {"table2", "naturalness_contrasts", "agreement", "screening", "sensitivity", "order_effects", "response_times"}
CARELESS = (3, 7)
DRIFT = 0.4


def study(folder: Path, seed: int = 0, simulated: bool = True, scale: int = 1) -> Analysis:
    truth = Truth(RATES, raters=16, photographs=32, scale=scale)
    path = write_export(folder, truth, seed, simulated=simulated, careless=CARELESS, drift=DRIFT)
    return analysed(path, {"scenes": "scenes (synthetic)"})


def analysed(path: Path, titles: dict[str, str]) -> Analysis:
    ratings = read_ratings(path)
    assert ratings is not None
    return analyse(ratings, titles, seed=0)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """A study of programs, of whom two are careless."""
    return study(tmp_path_factory.mktemp("exports") / "simulated")


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """The same answers as if people had given them."""
    return study(tmp_path_factory.mktemp("exports") / "people", simulated=False)


@pytest.mark.parametrize(("scale", "studies", "least"), [(1, 6, 0.88), (10, 1, 0.75)])  # yes/no answers, and graded
def test_intervals_cover_the_planted_truth(tmp_path: Path, scale: int, studies: int, least: float) -> None:
    held = []
    for seed in range(studies):
        kept = study(tmp_path / str(seed), seed, scale=scale).kept
        rows = means(kept).query("criterion != @NATURALNESS")
        rates = rows["method"].map(RATES)
        held += list((rows["ci_low"] <= rates) & (rates <= rows["ci_high"]))
    assert len(held) == 12 * studies and np.mean(held) >= least  # by chance alone a few of 72 intervals miss
    table = contrasts(kept)
    assert table["odds_ratio"].isna().all() == table["cohens_d"].notna().all() == (scale > 1)


def test_table2_has_our_value_beside_the_published_one(simulated: Analysis) -> None:
    rows = documents([simulated], load_published(), 0)["table2"].rows
    wanted = ["method", "criterion", "mean", "ci_low", "ci_high", "n_raters", "n_images", "n_votes", "published"]
    assert [name for name in rows if name in wanted] == wanted
    assert len(rows) == 4 * 4 and (rows["simulated"] == 1).all() and (rows["n_raters"] == 14).all()
    row = rows[(rows["method"] == "semantics_jbu") & (rows["criterion"] == "saturability")].iloc[0]
    votes = simulated.kept.votes.query("method == 'semantics_jbu'")[answer_to("saturability")]
    assert row[["mean", "published", "n_votes"]].tolist() == pytest.approx([100 * votes.mean(), 95.7, len(votes)])


def test_naturalness_is_the_mean_of_the_criteria_and_percentages_are_plain_shares(simulated: Analysis) -> None:
    table = means(simulated.kept).pivot(index="method", columns="criterion", values="mean")
    assert table[NATURALNESS].to_numpy() == pytest.approx(table[list(CRITERIA)].mean(axis=1).to_numpy())
    table, votes = per_image(simulated.kept), simulated.kept.votes
    assert len(table) == 4 * 32 and table["votes"].sum() == len(votes)
    row = table.iloc[5]
    shown = votes[(votes["method"] == row["method"]) & (votes["photograph"] == row["photograph"])]
    edges = answer_to("edge_keeping")
    assert row[edges] == pytest.approx(shown[edges].mean()) and row["votes"] == len(shown)


def test_primary_family_is_ours_minus_each_other_method_on_each_criterion(simulated: Analysis) -> None:
    table = contrasts(simulated.kept)
    primary = table[table["family"] == "primary"]
    assert len(primary) == 3 * 3 and set(primary["method_a"]) == {"semantics_jbu"}
    assert len(table[table["family"] == "overall"]) == 3 and len(table[table["family"] == "exploratory"]) == 3 * 4
    smallest = primary["p"].idxmin()
    assert primary["p_holm"][smallest] == pytest.approx(min(1, 9 * primary["p"][smallest]))
    assert table["p_fdr"].notna().equals(table["family"] == "exploratory")
    assert table["p_holm"].isna().equals(table["family"] == "exploratory")
    assert (primary["p_holm"] >= primary["p"]).all()


def test_a_large_planted_difference_is_found_with_its_sign(simulated: Analysis) -> None:
    table = contrasts(simulated.kept)
    row = table[(table["family"] == "overall") & (table["method_b"] == "zhang")].iloc[0]
    assert row["p_holm"] < 0.01 and 0.05 < row["ci_low"] < 0.2 < row["ci_high"] < 0.35
    assert row["bootstrap_low"] > 0 and row["odds_ratio"] > 2 and row["cohens_h"] > 0.3
    assert compared_with(("zhang", "original")) == "original"  # without the paper's method


def test_flagged_raters_are_left_out_and_reported_with_and_without(simulated: Analysis) -> None:
    assert (simulated.everyone.raters, simulated.kept.raters) == (16, 14)
    table = conduct.screening(simulated).set_index("rule")
    assert table.loc["any", "left_out"] == "3 7" and table.loc["fast", "flagged"] == 2
    assert table.loc["straight_lining", "flagged"] == 0 and "400 ms" in table.loc["fast", "meaning"]
    rows = conduct.sensitivity(simulated)
    more = rows["mean_everyone"] - rows["mean"]
    assert (more >= 0).all() and (more > 0).any()  # they say yes
    assert (rows["n_votes_everyone"] > rows["n_votes"]).all()


def test_of_flagged_raters_alone_the_tables_show_means_with_them_and_say_so(tmp_path: Path) -> None:
    one = analysed(write_export(tmp_path, Truth(RATES, 4, 8), 0, careless=(1, 2, 3, 4)), {})
    page = results.study_page(one, load_published(), method_styles(RATES), 0)
    results.write(page, tmp_path / "out")
    assert set(page.tables) == {"table2", "screening", "sensitivity"} and page.plots == []
    table2, sensitivity = page.tables["table2"], page.tables["sensitivity"]
    assert len(table2.rows) == 16 and table2.rows["mean"].isna().all() and (table2.rows["n_votes"] == 0).all()
    assert table2.rows["published"].notna().all()
    assert any("all who rated them so far are flagged" in note for note in table2.notes)
    assert (sensitivity.rows["mean_everyone"] == 100).all() and (sensitivity.shown["Without"] == "-").all()
    assert "100.0 [" in in_words(page)


def test_a_method_that_only_flagged_raters_have_rated_has_a_row_without_numbers(tmp_path: Path) -> None:
    path = write_export(tmp_path, Truth(RATES, 4, 8), 0, careless=(1, 2))
    rows = pd.read_csv(path)
    rows[(rows["method"] != "zhang") | (rows["participant"] < 3)].to_csv(path, index=False)
    tables = documents([analysed(path, {})], load_published(), 0)
    means_of = tables["table2"].rows.set_index(["method", "criterion"])["mean"]
    assert means_of.isna().equals(pd.Series(means_of.index.get_level_values("method") == "zhang", means_of.index))
    compared = tables["naturalness_contrasts"].rows
    assert "zhang" not in {*compared["method_a"], *compared["method_b"]} and "iizuka" in set(compared["method_b"])


def test_one_method_alone_has_means_and_no_differences(tmp_path: Path) -> None:
    path = write_export(tmp_path, Truth(RATES, 4, 8), 0)
    rows = pd.read_csv(path)
    rows[(rows["kind"] == "main") & (rows["method"] == "zhang")].to_csv(path, index=False)
    page = results.study_page(analysed(path, {}), load_published(), method_styles(RATES), 0)
    assert set(page.tables) == TABLES - {"naturalness_contrasts"} and set(page.drawn) == {"figure5", "behaviour"}
    assert len(page.tables["table2"].rows) == 4 and "zhang alone has votes" in " ".join(page.tables["table2"].notes)


@pytest.mark.parametrize("raters", [1, 2])
def test_a_pilot_of_one_or_two_raters_has_all_tables_and_figures(tmp_path: Path, raters: int) -> None:
    one = analysed(write_export(tmp_path, Truth(RATES, raters, 4), 0), {})
    page = results.study_page(one, load_published(), method_styles(RATES), 0)
    assert set(page.tables) == TABLES and len(page.plots) == 3
    assert (page.tables["table2"].rows["ci_low"].isna()).all() == (raters == 1)


@pytest.mark.parametrize("names", [("naturalness", "method", "trial"), ("participant", "dataset", "published")])
def test_criteria_may_be_named_as_any_column(tmp_path: Path, names: tuple[str, str, str]) -> None:
    path = write_export(tmp_path, Truth(RATES, 4, 8), 0)
    plain = documents([analysed(path, {})], load_published(), 0)
    path.with_name("study.json").unlink()
    rows = pd.read_csv(path)
    rows.assign(criterion=rows["criterion"].map(dict(zip(CRITERIA, names, strict=True)))).to_csv(path, index=False)
    one = analysed(path, {})
    renamed = documents([one], load_published(), 0)
    for table in ("table2", "naturalness_contrasts", "agreement", "sensitivity", "order_effects"):
        rows, wanted = (tables[table].rows.drop(columns=["dataset", "criterion"]) for tables in (renamed, plain))
        assert rows.drop(columns="published", errors="ignore").equals(wanted.drop(columns="published", errors="ignore"))
        assert set(names) < set(renamed[table].rows["criterion"])
    assert len(renamed["table2"].shown.columns) == len(plain["table2"].shown.columns)
    images = results.images_text([one]).splitlines()[0].split(",")
    assert len(images) == len(set(images)) == 5 + 4 + 1 and one.kept.overall in images
    assert set(plots(one, load_published(), method_styles(RATES))) == {"figure5", "differences", "behaviour"}


def test_published_means_stand_beside_the_papers_own_criteria_alone(tmp_path: Path) -> None:
    path = write_export(tmp_path, Truth(RATES, 4, 8), 0)
    path.with_name("study.json").unlink()
    path.write_text(path.read_text().replace("edge_keeping", "naturalness"))
    one = analysed(path, {})
    published = load_published()
    table2 = documents([one], published, 0)["table2"]
    assert table2.rows["published"].isna().all() and set(table2.shown[f"Published, {published.table2.data}"]) == {"-"}
    assert set(table2.rows["criterion"]) == {"saturability", "semantic_correctness", "naturalness", one.kept.overall}
    panels = plots(one, load_published(), method_styles(RATES))["figure5"].figure.axes
    assert not [line for axes in panels for line in axes.lines if line.get_marker() == "D"]


def test_two_studies_of_one_dataset_have_rows_of_their_own(tmp_path: Path) -> None:
    both = [analysed(write_export(tmp_path / name, Truth(RATES, 4, 8), seed), {}) for seed, name in enumerate("ab")]
    shown = documents(both, load_published(), 0)["table2"].shown
    assert len(shown) == 2 * len(RATES) and not shown.duplicated().any()


def test_planted_drift_of_response_times_comes_back(simulated: Analysis) -> None:
    table, votes = conduct.order_effects(simulated), simulated.kept.votes
    speed = table[table["effect"] == "speed"].iloc[0]
    assert speed["ci_low"] < 100 * np.expm1(-DRIFT) < speed["ci_high"] and speed["p"] < 0.001
    curve = conduct.curves(simulated)
    assert len(curve) == conduct.PARTS and curve["response_ms"].iloc[-1] < 0.85 * curve["response_ms"].iloc[0]
    assert curve["n_votes"].sum() == len(votes)
    medians = conduct.response_times(simulated.kept).set_index("method")["median_ms"]
    assert medians.to_dict() == votes.groupby("method")["response_ms"].median().to_dict()
    assert list(medians.index) == list(simulated.kept.methods)


def test_answers_show_no_drift_that_is_not_planted_and_a_changed_repeat_lowers_agreement(
    simulated: Analysis,
) -> None:
    table = conduct.order_effects(simulated)
    position, agreed = (table[table["effect"] == effect] for effect in ("position", "agreement"))
    assert len(position) == 4 and (position["p"] > 0.01).all()
    assert (agreed[["estimate", "n_raters", "n_votes"]] == [100, 14, 28]).all(axis=None)
    answers = simulated.ratings.answers.copy()
    second = (answers["kind"] == "repeat") & (answers["criterion"] == "edge_keeping") & (answers["repeat_of"] == 0)
    answers.loc[second, "value"] = 1 - answers.loc[second, "value"]
    changed = replace(simulated, ratings=replace(simulated.ratings, answers=answers))
    estimates = conduct.order_effects(changed).set_index(["effect", "criterion"])["estimate"]
    assert estimates["agreement", "edge_keeping"] == 50 and estimates["repeat", "edge_keeping"] != 0
    assert estimates["agreement", "saturability"] == 100


def test_simulated_raters_are_called_so_on_every_table_and_figure(simulated: Analysis, people: Analysis) -> None:
    published = load_published()
    for one, marked in ((simulated, True), (people, False)):
        tables = documents([one], published, 0)
        drawn = plots(one, published, method_styles(one.kept.methods))
        assert set(tables) == TABLES and len(drawn) == 3
        for table in tables.values():
            assert table.caption.startswith(BANNER) == marked and set(table.rows["simulated"]) == {int(marked)}
        for plot in drawn.values():
            title = plot.figure.get_suptitle()
            assert (BANNER in title) == (BANNER in plot.caption) == (BANNER in plot.alt) == marked


def test_figure5_has_a_panel_a_criterion_with_published_means_as_markers(simulated: Analysis) -> None:
    panels = plots(simulated, load_published(), method_styles(RATES))["figure5"].figure.axes
    titles = ["(a) Saturability", "(b) Semantic correctness", "(c) Edge keeping", "(d) Naturalness"]
    assert [axes.get_title("left") for axes in panels] == titles
    diamonds = [line.get_xdata()[0] for line in panels[3].lines if line.get_marker() == "D"]
    assert diamonds == [88.66, 88.61, 94.89, 99.58]  # in the one order of methods


def test_no_ratings_give_the_published_table(
    built: Path, params: Params, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(shutil.copytree(built.parents[1], tmp_path, dirs_exist_ok=True))
    rows = pd.read_csv(paths.BUILD / "tables" / "table2.csv")
    assert len(rows) == 20 and rows["mean"].isna().all() and rows["published"].notna().all()
    page = (paths.BUILD / "index.html").read_text()
    assert "No ratings yet" in page and "94.00 / 86.50 / 85.40 / 88.66" in page and BANNER not in page
    assert not (paths.BUILD / "tables" / "naturalness_contrasts.csv").exists()
    monkeypatch.setattr("reports.summary.reproduced", lambda folder: "")  # it has another params.yaml
    monkeypatch.setattr("reports.summary.load_params", lambda: params)
    summary.main()
    printed = capsys.readouterr().out
    assert "Table 2: no ratings yet: `make study`; the paper's own values" in printed and "94.10" in printed


def test_report_of_simulated_ratings_wears_the_banner_and_shows_what_there_is_of_flagged_ones(
    results: Path, params: Params, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_export(Path("ratings/simulated"), Truth(RATES, raters=8, photographs=12), 0)
    write_export(Path("ratings/pilot"), Truth(RATES, 4, 8), 0, careless=(1, 2, 3, 4))
    build(params, ORIGIN)
    folder = Path("results/report")
    page = (folder / "index.html").read_text()
    section = page[page.index('id="naturalness"') : page.index('id="paired"')]
    assert section.count("<table") == len(TABLES) + 3 and section.count("<svg role") == 3
    assert section.count(f"<strong>{BANNER}</strong>") == len(TABLES) + 3
    assert section.count(f"<figcaption>{BANNER}".replace("'", "&#39;")) == 3
    assert "no numbers, since all who rated them so far are flagged" in section
    assert {path.stem for path in (folder / "tables").glob("*.csv")} >= TABLES | {"naturalness_images"}
    assert (folder / "figures" / "figure5_simulated.pdf").exists()
    assert (pd.read_csv(folder / "tables" / "naturalness_images.csv")["simulated"] == 1).all()
    monkeypatch.setattr("reports.summary.reproduced", lambda folder: "")  # it reads params.yaml
    monkeypatch.setattr("reports.summary.load_params", lambda: params)
    summary.main()
    assert "Table 2: the screening rules flag all raters so far" in capsys.readouterr().out


def test_a_study_with_a_stopping_rule_says_so_on_the_page_and_gives_the_rules_own_interval(
    results: Path, params: Params
) -> None:
    path = write_export(Path("ratings/stops"), Truth(RATES, raters=12, photographs=12), 0, simulated=False)
    digest = pd.read_csv(path)["study"].iloc[0]
    rule = {"between": ["zhang", "semantics_jbu"], "criterion": "", "alpha": 0.05, "margin": 0.0, "largest": 40}
    path.with_name("study.json").write_text(json.dumps({"digest": digest, "dataset": "scenes", "stops": rule}))
    path.with_name("stopping.csv").write_text(
        "volunteers,contrast,low,high,decision\n10,18.5,-0.5,37.5,\n11,20.5,1.25,39.75,above\n"
    )
    build(params, ORIGIN)
    page = " ".join(Path("results/report/index.html").read_text().split())
    said = "decided after 11 volunteers to be above zero. After 11 volunteers"
    assert page.count(said) == 2  # above the study's tables, and under its differences
    rows = pd.read_csv("results/report/tables/naturalness_contrasts.csv")
    watched = rows[rows["stopping_alpha"].notna()]
    assert len(watched) == 1 and watched.iloc[0][["method_a", "method_b"]].tolist() == ["semantics_jbu", "zhang"]
    assert watched.iloc[0][["criterion", "stopping_low", "stopping_high"]].tolist() == [NATURALNESS, 1.25, 39.75]


def test_command_prints_table2_and_writes_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    path = write_export(tmp_path / "simulated", Truth(RATES, 8, 12), 0)
    command = [sys.executable, "-m", "reports.ratings", str(path), "--to", str(tmp_path / "one")]
    printed = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert printed.returncode == 0 and BANNER in printed.stdout and "semantics_jbu" in printed.stdout
    page = results.study_page(analysed(path, {}), load_published(), method_styles(RATES), 0)
    results.write(page, tmp_path / "two")
    files = sorted(file.relative_to(tmp_path / "one") for file in (tmp_path / "one").rglob("*.*"))
    assert len(files) == 3 * len(TABLES) + 1 + 6
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes(), file


def test_published_means_are_those_of_their_criteria_but_for_larssons() -> None:
    """FACTS: the printed naturalness is the mean of the row within rounding, but 0.06 off in Larsson's."""
    off = {
        method: abs(np.mean([row.saturability, row.semantic_correctness, row.edge_keeping]) - row.naturalness)
        for method, row in load_published().table2.rows.items()
    }
    assert {method for method, error in off.items() if error > 0.05} == {"larsson"}
    assert off["larsson"] == pytest.approx(0.0567, abs=1e-3) and len(off) == 5
