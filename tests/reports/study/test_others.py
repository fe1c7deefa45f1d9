"""Somebody else's ratings: any long table is read, and analysed as a study of ours is."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from pipeline.settings.errors import UserError
from reports.figures.theme import method_styles
from reports.plan.published import load_published
from reports.ratings import in_words
from reports.study.agreement import agreement
from reports.study.export import Ratings, answer_to, read_ratings
from reports.study.others.answers import read_others
from reports.study.others.columns import Columns, load_columns
from reports.study.others.reading import read_long
from reports.study.results import StudyPage, study_page, write
from reports.study.votes import analyse, contrasts, means
from tests.conftest import ROOT
from tests.documents import fenced
from tests.reports.study.simulated_study import CRITERIA, Truth, write_export

RATES = {"zhang": 0.7, "deoldify": 0.5, "original": 0.9}
HECD = ROOT.parent / "shared/data/hecd/ratings.csv"


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of ours with answers from 0 to 10, no repeats and nobody flagged."""
    folder = tmp_path_factory.mktemp("ours")
    path = write_export(folder, Truth(RATES, 8, 9, scale=10), 0, simulated=False)
    rows = pd.read_csv(path)
    rows[rows["kind"] == "main"].to_csv(path, index=False)
    return path


@pytest.fixture
def theirs(ours: Path, tmp_path: Path) -> Path:
    """The same answers as another tool writes them: other names of columns, from 1 to 5.5."""
    rows = pd.read_csv(ours)
    table = {"Worker ID": "w" + rows["participant"].astype(str), "Model": rows["method"], "image": rows["photograph"]}
    table |= {"question": rows["criterion"], "Rating": 1 + 0.45 * rows["value"], "comment": "a, b"}
    path = tmp_path / "theirs.csv"
    pd.DataFrame(table).to_csv(path, index=False)
    return path


def paged(ratings: Ratings) -> StudyPage:
    return study_page(analyse(ratings, {}, 0), load_published(), method_styles(ratings.methods), 0)


def edit(path: Path, change: Callable[[pd.DataFrame], pd.DataFrame], **options: object) -> Path:
    change(pd.read_csv(path)).to_csv(path, index=False, **options)  # type: ignore[call-overload]
    return path


def test_the_same_answers_in_another_table_have_the_same_means_differences_and_agreement(
    ours: Path, theirs: Path
) -> None:
    first, second = read_ratings(ours), read_others(theirs, Columns(scale=(1, 5.5)))
    assert first is not None
    here, there = (analyse(one, {}, 0).everyone for one in (first, second))
    assert set(there.criteria) == {*CRITERIA, there.mean} and there.graded
    tables = []
    for one in (here, there):
        names = means(one)["criterion"].replace({one.mean: "mean"})  # what it is called differs
        tables.append(means(one).assign(criterion=names).set_index(["method", "criterion"]).sort_index())
    wanted, got = tables
    for column in ("mean", "ci_low", "ci_high", "n_raters", "n_images", "n_votes"):
        assert got[column].to_numpy() == pytest.approx(wanted[column].to_numpy()), column
    p = [contrasts(one).groupby("criterion")["p"].min().loc[list(CRITERIA)].to_numpy() for one in (here, there)]
    assert p[0] == pytest.approx(p[1], rel=1e-4)
    alphas = [
        agreement(one, 10).set_index("criterion")["alpha"].loc[list(CRITERIA)].to_numpy() for one in (here, there)
    ]
    assert alphas[0] == pytest.approx(alphas[1])


def test_one_function_gives_a_table_of_what_was_seen_and_answered(theirs: Path) -> None:
    table = read_long(theirs)
    wanted = ["rater", "photograph", "method", "picture", "criterion", "value", "share", "order", "response_ms"]
    assert list(table) == wanted and len(table) == 8 * 9 * 3 and table.index[0] == 2
    assert table.attrs["columns"].rater == "Worker ID" and table.attrs["scale"] == (1, 5.5)
    assert table["share"].to_numpy() == pytest.approx((table["value"].to_numpy() - 1) / 4.5)
    assert (table["picture"] == table["photograph"] + " by " + table["method"]).all()


def test_names_of_pictures_tell_photograph_and_method_and_two_of_a_method_are_told_apart(tmp_path: Path) -> None:
    rows = [
        (r, f"{p}{kind}", 1 + (r + int(p)) % 5)
        for r in range(6)
        for p in ("01", "02")
        for kind in ("_gt", "F_1", "F_2")
    ]
    path = tmp_path / "pictures.csv"
    pd.DataFrame(rows, columns=["observer", "file", "score"]).to_csv(path, index=False)
    columns = Columns(pattern=r"(?P<photograph>\d+)_?(?P<method>gt|[A-Z]+)", methods={"gt": "original", "F": "hue"})
    ratings = read_others(path, columns)
    assert ratings.methods == ("hue", "original") and "picture" in ratings.answers
    one = analyse(ratings, {}, 0).everyone
    assert agreement(one, 10)["n_pictures"].tolist() == [6] and one.mean == "" and one.criteria == ("rating",)
    folders = pd.DataFrame(
        {"rater": ["a", "b"] * 2, "image": ["x/zhang/1.png", "x/zhang/2.png", "x/gt/1.png", "x/gt/2.png"]}
    )
    folders.assign(score=[1, 2, 3, 4]).to_csv(path, index=False)
    table = read_long(path)
    assert table["method"].tolist() == ["zhang", "zhang", "gt", "gt"] and table["photograph"].tolist() == ["1", "2"] * 2
    folders.assign(image=list("abcd"), score=[1, 2, 3, 4]).to_csv(path, index=False)
    assert read_others(path).methods == ("all",) and set(read_long(path)["photograph"]) == set("abcd")


def test_a_picture_rated_again_is_a_repeat_and_inconsistent_or_straight_raters_are_flagged(tmp_path: Path) -> None:
    rng, rows = np.random.default_rng(0), []
    for rater in ("steady", "fickle", "bored"):
        first = rng.integers(1, 6, 12)
        for again in (False, True):
            for place, value in enumerate(first):
                said = {"bored": 3, "fickle": (value + 1) % 5 + 1 if again else value}.get(rater, value)
                rows.append((rater, f"photo {place}", "ab"[place % 2], said))
    path = tmp_path / "again.csv"
    pd.DataFrame(rows, columns=["user", "photo", "system", "vote"]).to_csv(path, index=False)
    ratings = read_others(path, Columns(scale=(1, 5)))
    assert (ratings.answers["kind"] == "repeat").sum() == 36 and len(ratings.votes()) == 36
    assert ratings.participants is not None
    assert ratings.participants["flags"].tolist() == ["", "inconsistent", "straight_lining"]
    page = paged(ratings)
    effects = page.tables["order_effects"].rows
    assert set(effects["effect"]) == {"agreement"} and effects["estimate"].tolist() == [100]  # of the steady one
    assert page.tables["screening"].rows["rule"].tolist() == ["straight_lining", "inconsistent", "any"]
    assert "after the answers had been given" in page.tables["screening"].caption
    assert read_others(path, Columns(screening={})).flagged == frozenset()


def test_order_and_times_are_analysed_where_a_column_has_them(theirs: Path, tmp_path: Path) -> None:
    assert {"response_times", "order_effects"} & paged(read_others(theirs)).tables.keys() == set()
    number = [place // 3 for place in range(8 * 9 * 3)]
    edit(theirs, lambda rows: rows.assign(shown=[-one for one in number], ms=1000 + rows.index))
    page = paged(read_others(theirs, Columns(order="shown", response_ms="ms")))
    assert {"response_times", "order_effects"} <= page.tables.keys() and "behaviour" in page.drawn
    answers = page.study.ratings.answers
    first = answers[(answers["participant"] == 1) & (answers["trial"] == 0)]
    assert set(first["shown"] if "shown" in first else first["order"]) == {-8}  # the last in the file came first
    flagged = read_others(theirs, Columns(response_ms="ms", screening={"fastest_median_ms": 1050}))
    assert flagged.flagged == {1, 2}


def test_criteria_that_not_everybody_was_asked_have_means_of_their_own(theirs: Path) -> None:
    edit(theirs, lambda rows: rows[(rows["question"] != "edge_keeping") | (rows["Worker ID"] > "w4")])
    one = analyse(read_others(theirs), {}, 0).everyone
    table = means(one).set_index(["criterion", "method"])
    assert table.loc["edge_keeping", "n_raters"].tolist() == [4] * 3
    assert table.loc["saturability", "n_raters"].tolist() == [8] * 3
    assert table.loc[one.mean, "n_votes"].sum() == 4 * 9 and np.isfinite(table["bootstrap_low"]).all()
    edit(theirs, lambda rows: rows[(rows["question"] == "edge_keeping") == (rows["Worker ID"] > "w4")])
    apart = analyse(read_others(theirs), {}, 0).everyone
    assert apart.mean == "" and set(apart.criteria) == set(CRITERIA)  # nobody has answered all of them
    assert contrasts(apart)["family"].isin(("primary", "exploratory")).all()


def test_words_a_turned_scale_a_reference_and_names_come_from_one_yaml_file(theirs: Path, tmp_path: Path) -> None:
    words = {5: "bad", 4: "poor", 3: "fair", 2: "good", 1: "excellent"}
    edit(
        theirs, lambda rows: rows.assign(Rating=[words[round(value) if value <= 5 else 5] for value in rows["Rating"]])
    )
    mapping = tmp_path / "map.yaml"
    content = {"value": "rating", "answers": {word: rank for rank, word in words.items()}, "scale": [5, 1]}
    content |= {"methods": {"deoldify": "DeOldify"}, "reference": "DeOldify", "name": "their study"}
    mapping.write_text(yaml.safe_dump(content))
    ratings = read_others(theirs, load_columns(mapping))
    assert ratings.methods == ("zhang", "DeOldify", "original")
    votes = ratings.votes()[answer_to("saturability")]
    assert votes.between(0, 1).all() and votes.mean() < 0.5  # excellent is 1 here, and the best
    page = paged(ratings)
    assert set(page.tables["contrasts"].rows.query("family == 'primary'")["method_a"]) == {"DeOldify"}
    write(page, tmp_path / "out")
    assert (tmp_path / "out" / "figures" / "means_their_study.png").exists()


@pytest.mark.parametrize(
    ("change", "columns", "said"),
    [
        (lambda rows: rows.drop(columns="Rating"), {}, "no column looks like the value; name it .--value NAME."),
        (lambda rows: rows.drop(columns="image"), {}, "no column looks like the picture or the photograph; name it"),
        (lambda rows: rows.assign(subject=1), {}, "Worker ID and subject could both be the rater; say which"),
        (lambda rows: rows, {"rater": "worker"}, "has no column 'worker', which should hold the rater; did you mean"),
        (lambda rows: rows.assign(Rating="good"), {}, "line 2, column Rating: found 'good', which is no number"),
        (lambda rows: rows.assign(Rating=3), {}, "all answers are 3, which tells no scale; give it"),
        (lambda rows: rows, {"scale": (1, 3)}, "outside of the scale from 1 to 3"),
        (lambda rows: rows, {"scale": (1, 1)}, "the scale is 1 1, but must be its worst and its best value"),
        (lambda rows: rows.assign(Rating=""), {}, "has no answers: its column Rating is empty"),
        (lambda rows: rows.assign(Model=["", *rows["Model"][1:]]), {}, "line 2, column Model: is empty, but every"),
        (lambda rows: rows.assign(Model=["Zhang", *rows["Model"][1:]]), {}, "'zhang', but line 2 has 'Zhang'"),
        (lambda rows: rows, {"methods": {"zang": "x"}}, "has no method 'zang', which `methods` names; did you mean"),
        (lambda rows: rows, {"reference": "zang"}, "has no method 'zang' to compare others with; did you mean 'zhang'"),
        (lambda rows: rows, {"pattern": "("}, "is no regular expression"),
        (lambda rows: rows, {"pattern": "a"}, "takes nothing from names; it needs a group"),
        (
            lambda rows: rows.drop(columns="image"),
            {"pattern": "(?P<photograph>a)"},
            "no column looks like the pictures that the pattern reads",
        ),
        (
            lambda rows: rows,
            {"picture": "image", "pattern": "(?P<photograph>x)", "photograph": ""},
            "line 2, column image: the pattern '.*' does not fit 'photo_",
        ),
        (lambda rows: rows, {"screening": {"fast": 1}}, "screening has no rule 'fast'; known are: fastest_median_ms"),
        (lambda rows: rows, {"screening": {"fastest_median_ms": 1}}, "needs a column of times"),
        (lambda rows: rows, {"answers": {"yes": 1}}, "found '.*', which is no answer; known are: yes"),
    ],
)
def test_what_is_wrong_ends_in_one_sentence(
    theirs: Path, change: Callable[[pd.DataFrame], pd.DataFrame], columns: dict[str, object], said: str
) -> None:
    edit(theirs, change)
    with pytest.raises(UserError, match=said) as caught:
        read_others(theirs, Columns(**columns))  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_empty_values_are_left_out_and_counted_and_semicolons_with_decimal_commas_are_read(theirs: Path) -> None:
    before = read_others(theirs)
    edit(theirs, lambda rows: rows.assign(Rating=[np.nan, *rows["Rating"][1:]]), sep=";", decimal=",")
    after = read_others(theirs)
    assert len(after.answers) == len(before.answers) - 1 and "1 row without a value left out." in after.remarks
    assert after.answers["value"].tolist() == pytest.approx(before.answers["value"].tolist()[1:])


def test_the_command_takes_flags_before_the_mapping_and_knows_an_export_by_its_heading(
    ours: Path, theirs: Path, tmp_path: Path
) -> None:
    (tmp_path / "map.yaml").write_text("name: theirs\nscale: [1, 10]\n")
    command = [sys.executable, "-m", "reports.ratings", str(theirs), "--mapping", "map.yaml", "--scale", "1", "5.5"]
    command += ["--criterion", "question", "--to", "out"]
    done = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    page = paged(read_others(theirs, Columns(name="theirs", scale=(1, 5.5))))
    assert done.returncode == 0 and in_words(page) in done.stdout, done.stderr
    assert "rater = Worker ID, photograph = image, method = Model" in " ".join(done.stdout.split())
    lost = tmp_path / "lost.csv"
    pd.read_csv(ours).drop(columns="kind").to_csv(lost, index=False)
    done = subprocess.run(
        [*command[:3], str(lost)], cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert done.returncode == 1 and "has no column kind" in done.stderr


def test_the_mapping_of_the_documentation_reads_real_ratings_in_under_a_minute(tmp_path: Path) -> None:
    if not HECD.exists():
        pytest.skip(f"{HECD} is not here: the mapping of docs/ratings.md was NOT tried on real ratings")
    (mapping,) = [text for text in fenced((ROOT / "docs/ratings.md").read_text(), "yaml") if "HECD" in text]
    (tmp_path / "hecd.yaml").write_text(mapping)
    start = time.process_time()
    page = paged(read_others(HECD, load_columns(tmp_path / "hecd.yaml")))
    write(page, tmp_path / "out")
    assert time.process_time() - start < 60
    rows = page.means.rows.set_index("method")
    assert len(rows) == 18 and rows["n_votes"].sum() + 30 * (1267 - page.study.kept.raters) == 38010
    assert rows["mean"].idxmax() == "original" and rows.loc["original", "mean"] == pytest.approx(81.3, abs=0.2)
    assert page.tables["agreement"].rows["n_pictures"].tolist() == [990]
