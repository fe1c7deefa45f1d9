"""Real or fake, from an export to its table and figure: planted rates come back, beside the published ones."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit
from scipy.stats import t

from pipeline.settings.errors import UserError
from pipeline.settings.params import Params
from reports import summary
from reports.build import build
from reports.figures.theme import method_styles
from reports.plan.published import load_published
from reports.ratings import in_words
from reports.statistics.clustered import fit
from reports.study.conduct import order_effects
from reports.study.export import FOOLED, answer_to, read_ratings, read_studies
from reports.study.pairs.rates import fooling_rates
from reports.study.results import StudyPage, study_page, write
from reports.study.tables import BANNER
from reports.study.votes import Analysis, analyse, contrasts
from tests.conftest import ROOT
from tests.reports.conftest import ORIGIN
from tests.reports.study.simulated_pairs import write_pairs
from tests.reports.study.simulated_study import Truth, draw, write_export

RATES = {"iizuka": 0.5, "larsson": 0.3, "zhang": 0.35, "semantics_jbu": 0.2}
TABLES = {"fooling", "fooling_contrasts", "agreement", "screening", "sensitivity", "order_effects", "response_times"}


def analysed(path: Path) -> Analysis:
    ratings = read_ratings(path)
    assert ratings is not None
    return analyse(ratings, {}, seed=0)


def paged(study: Analysis) -> StudyPage:
    return study_page(study, load_published(), method_styles(study.everyone.methods), 0)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """40 simulated raters, 40 photographs; rater 3 always presses left."""
    return analysed(write_pairs(tmp_path_factory.mktemp("pairs") / "simulated", Truth(RATES, 40, 40), 0, careless=(3,)))


@pytest.fixture(scope="module")
def page(pairs: Analysis) -> StudyPage:
    """Its tables and figures."""
    return paged(pairs)


def test_rates_are_plain_shares_of_pairs_and_intervals_cover_the_planted_ones(tmp_path: Path) -> None:
    held, distances = [], []
    for seed in range(8):
        one = analysed(write_pairs(tmp_path / str(seed), Truth(RATES, 20, 20), seed))
        table = fooling_rates(one.kept).set_index("method")
        shares = one.kept.votes.groupby("method")[answer_to(FOOLED)].mean()
        assert table["mean"].to_dict() == pytest.approx(shares.to_dict()) and set(table["criterion"]) == {FOOLED}
        held += [table["ci_low"][name] <= rate <= table["ci_high"][name] for name, rate in RATES.items()]
        distances += [table["mean"][name] - rate for name, rate in RATES.items()]
    assert np.mean(held) >= 0.88 and abs(np.mean(distances)) < 0.03  # by chance alone two of 32 miss


def test_p_against_half_is_students_t_on_the_logit_and_ends_where_the_interval_does(pairs: Analysis) -> None:
    fitted = pairs.kept.fits[FOOLED]
    for place, method in enumerate(pairs.kept.methods):
        error = np.sqrt(fitted.covariance[place, place])
        degrees = 1 / (1 / 39 + 1 / 40 - 1 / 390)  # of 39 raters, 40 photographs and 390 votes
        assert pairs.kept.degrees(FOOLED, place) == pytest.approx(degrees, rel=0.02)
        wanted = 2 * t.sf(abs(logit(fitted.means[place])) / error, pairs.kept.degrees(FOOLED, place))
        assert fooling_rates(pairs.kept)["p"][place] == pytest.approx(wanted, rel=1e-4), method
        low, high = fitted.interval(place)
        assert fitted.against(place, low) == pytest.approx(0.05, rel=1e-3)
        assert fitted.against(place, high) == pytest.approx(0.05, rel=1e-3)
    assert fitted.against(0, float(fitted.means[0])) == 1
    drawn = draw(Truth({"a": 0.5}, 12, 12, crossed=True), np.random.default_rng(0))
    alike = fit(np.zeros(144), **drawn.codes, count=1, graded=False)
    assert 0 < alike.against(0, 0.5) < 0.05  # nobody was fooled; Clopper and Pearson's interval ends below a half
    alone = fit(np.ones(12), drawn.methods[:12], drawn.raters[:12], drawn.photographs[:12], 1, graded=False)
    assert np.isnan(alone.against(0, 0.5))  # one rater


def test_the_table_has_rate_test_and_published_rate_by_holm_over_methods(page: StudyPage) -> None:
    assert set(page.tables) == TABLES and page.means is page.tables["fooling"]
    rows = page.means.rows.set_index("method")
    assert list(rows.index) == ["zhang", "iizuka", "larsson", "semantics_jbu"]  # in the one order of methods
    assert rows["p_holm"].min() == pytest.approx(min(1, 4 * rows["p"].min()))
    assert rows.loc["iizuka", "p_holm"] > 0.2 and (rows.drop("iizuka")["p_holm"] < 0.01).all()
    assert rows["minus_chance"].to_numpy() == pytest.approx(rows["mean"].to_numpy() - 50)
    assert rows.loc["zhang", ["published", "published_se"]].tolist() == [32.3, 2.2]
    assert rows["published"].notna().tolist() == [True, False, True, False]
    shown = page.means.shown.set_index("Method")["Published, ImageNet"]
    assert (shown["zhang"], shown["iizuka"]) == ("32.3 ± 2.2", "-")
    assert "Zhang, Isola and Efros" in page.means.caption and page.means.caption.startswith(BANNER)


def test_differences_between_methods_are_those_of_the_other_protocol_on_one_criterion(pairs: Analysis) -> None:
    table = contrasts(pairs.kept)
    assert set(table["criterion"]) == {FOOLED} and len(table) == 6
    assert (table["family"] == "primary").sum() == 3 and (table["family"] != "overall").all()


def test_who_always_presses_one_side_is_left_out_and_is_fooled_in_half_of_the_pairs(pairs: Analysis) -> None:
    assert pairs.ratings.flagged == {3} and pairs.kept.raters == 39
    careless = pairs.everyone.votes[pairs.everyone.votes["participant"] == 3]
    assert careless[answer_to(FOOLED)].mean() == 0.5


def test_a_planted_preference_for_a_side_is_found_and_none_is_where_there_is_none(
    pairs: Analysis, tmp_path: Path
) -> None:
    def side(study: Analysis) -> pd.Series:
        table = order_effects(study)
        return table[table["effect"] == "side"].iloc[0]

    assert side(pairs)["p"] > 0.05
    leaning = side(analysed(write_pairs(tmp_path, Truth(RATES, 20, 20), 0, side=0.5)))
    assert leaning["p"] < 0.001 and 15 < leaning["ci_low"] < leaning["estimate"] < 50


def test_the_figure_has_the_published_rates_as_diamonds_and_a_line_at_half(page: StudyPage) -> None:
    assert set(page.drawn) == {"fooling", "differences", "behaviour"}
    figure = page.drawn["fooling"].figure
    (axes,) = figure.axes
    assert [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "D"] == [32.3, 27.2]
    assert [list(line.get_xdata()) for line in axes.lines if line.get_linestyle() == "--"] == [[50, 50]]
    assert figure.get_suptitle().startswith("scenes") and BANNER in figure.get_suptitle()


def test_a_pilot_and_methods_without_answers_have_a_table(tmp_path: Path) -> None:
    one = paged(analysed(write_pairs(tmp_path / "one", Truth(RATES, 1, 8), 0)))
    assert one.means.rows["ci_low"].isna().all() and one.means.rows["p_holm"].isna().all()
    flagged = paged(analysed(write_pairs(tmp_path / "flagged", Truth(RATES, 2, 8), 0, careless=(1, 2))))
    write(flagged, tmp_path / "out")
    assert flagged.means.rows["mean"].isna().all() and set(flagged.tables) == {"fooling", "screening", "sensitivity"}
    assert "all who rated them so far are flagged" in " ".join(flagged.means.notes) and not flagged.plots


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: rows.drop(columns="fake_place"), "has no column fake_place"),
        (lambda rows: rows.assign(fake_place=2), "line 2, column fake_place: found 2, which is neither 0 nor 1"),
        (lambda rows: rows.assign(criterion=["natural", *rows["criterion"][1:]]), "found 'natural', which is unknown"),
    ],
)
def test_what_is_wrong_ends_in_one_sentence(tmp_path: Path, change: object, said: str) -> None:
    path = write_pairs(tmp_path, Truth(RATES, 3, 8), 0)
    change(pd.read_csv(path)).to_csv(path, index=False)  # type: ignore[operator]
    with pytest.raises(UserError, match=said):
        read_ratings(path)


def test_the_report_has_both_protocols_each_under_its_own_heading(
    results: Path, params: Params, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_pairs(Path("ratings/pairs"), Truth(RATES, 8, 8), 0)
    build(params, ORIGIN)
    html = Path("results/report/index.html").read_text()
    assert "No ratings yet" in html and "Real or fake" in html  # nobody has taken part in the first protocol
    write_export(Path("ratings/natural"), Truth(RATES, 4, 8), 0)
    assert [one.protocol for one in read_studies(Path("ratings"))] == ["naturalness", "pairs"]
    build(params, ORIGIN)
    html = Path("results/report/index.html").read_text()
    section = html[html.index('id="naturalness"') : html.index('id="paired"')]
    assert section.index("Table 2 and Figure 5") < section.index("Real or fake") and section.count("32.3 ± 2.2") == 1
    tables = {path.stem for path in Path("results/report/tables").glob("*.csv")}
    assert tables >= TABLES | {"table2", "naturalness_contrasts"}
    assert set(pd.read_csv("results/report/tables/naturalness_contrasts.csv")["study"]) == {"natural"}
    assert Path("results/report/figures/fooling_pairs.pdf").exists()
    monkeypatch.setattr("reports.summary.reproduced", lambda folder: "")  # it reads params.yaml
    monkeypatch.setattr("reports.summary.load_params", lambda: params)
    summary.main()
    printed = capsys.readouterr().out
    assert "Real or fake, scenes (synthetic) pairs" in printed and "Table 2, scenes (synthetic) natural" in printed


def test_the_command_prints_the_rates_and_writes_tables_and_figures(tmp_path: Path) -> None:
    path = write_pairs(tmp_path / "people", Truth(RATES, 8, 8), 0, simulated=False)
    command = [sys.executable, "-m", "reports.ratings", str(path), "--to", str(tmp_path / "out")]
    done = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert done.returncode == 0 and "32.3 ± 2.2" in done.stdout and BANNER not in done.stdout
    assert in_words(paged(analysed(path))) in done.stdout
    assert len(list((tmp_path / "out" / "tables").glob("fooling*"))) == 7
    assert len(list((tmp_path / "out" / "figures").iterdir())) == 6
