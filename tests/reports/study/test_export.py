"""Reading an export: what counts as a vote, who is flagged, and one clear sentence for everything that is wrong."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from pipeline.settings.errors import UserError
from reports.study.export import NATURALNESS, answer_to, read_ratings, read_studies
from tests.reports.study.simulated_study import CRITERIA, Truth, write_export

TRUTH = Truth({"zhang": 0.8, "semantics_jbu": 0.9, "original": 0.97}, raters=6, photographs=9)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A small export; participant 2 is flagged."""
    return write_export(tmp_path / "ratings" / "people", TRUTH, 0, simulated=False, careless=(2,))


def edit(path: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    change(pd.read_csv(path, dtype=str, keep_default_na=False)).to_csv(path, index=False)


def test_only_main_pictures_are_votes_and_naturalness_is_their_mean(export: Path) -> None:
    ratings = read_ratings(export)
    assert ratings is not None
    votes = ratings.votes()
    assert len(votes) == 6 * 9 and set(votes["method"]) == set(TRUTH.rates) == set(ratings.methods)
    answers = votes[list(map(answer_to, CRITERIA))]
    assert votes[answer_to(NATURALNESS)].to_numpy() == pytest.approx(answers.mean(axis=1).to_numpy())
    assert set(ratings.votes(("broken",))["method"]) == {"broken"}
    assert (ratings.name, ratings.dataset, ratings.simulated, ratings.flagged) == ("people", "scenes", False, {2})
    assert 2 not in set(ratings.votes(without=ratings.flagged)["participant"])


def test_graded_answers_are_shares_of_the_scale(tmp_path: Path) -> None:
    ratings = read_ratings(write_export(tmp_path / "x", Truth(TRUTH.rates, raters=4, photographs=6, scale=100), 0))
    assert ratings is not None and ratings.maximum == 100
    votes = ratings.votes()[list(map(answer_to, CRITERIA))].to_numpy()
    assert votes.max() <= 1 and (votes * 100 % 1 < 1e-9).all() and votes.mean() > 0.5


def test_ratings_alone_are_enough_and_no_answers_yet_are_no_error(export: Path) -> None:
    export.with_name("participants.csv").unlink()
    export.with_name("study.json").unlink()
    ratings = read_ratings(export)
    assert ratings is not None
    assert ratings.criteria == CRITERIA and ratings.flagged == frozenset() and ratings.dataset == ""
    edit(export, lambda rows: rows.head(0))
    assert read_ratings(export) is None
    assert read_studies(export.parent.parent) == [] == read_studies(export.parent / "nowhere")


def test_people_never_share_a_page_with_programs(export: Path) -> None:
    folder = export.parent.parent
    write_export(folder / "a_simulation", TRUTH, 1)
    assert [one.name for one in read_studies(folder)] == ["people"]
    export.unlink()
    assert [(one.name, one.simulated) for one in read_studies(folder)] == [("a_simulation", True)]


WRONG: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "kinds": (lambda rows: rows.assign(simulated=["1", *rows["simulated"][1:]]), "mixes answers of people"),
    "studies": (lambda rows: rows.assign(study=["ab", *rows["study"][1:]]), "mixes 2 studies"),
    "scales": (lambda rows: rows.assign(maximum=["10", *rows["maximum"][1:]]), "mixes 2 scales"),
    "twice": (lambda rows: pd.concat([rows, rows.head(1)]), "two answers of participant 1 to saturability of trial 0"),
    "outside": (lambda rows: rows.assign(value=["2", *rows["value"][1:]]), "outside of the scale from 0 to 1"),
    "lacking": (lambda rows: rows.iloc[1:], "participant 1 has not answered all criteria of trial 0"),
    "versions": (lambda rows: rows.assign(version=["2", *rows["version"][1:]]), "mixes 2 versions of one study"),
    "pictures": (
        lambda rows: rows.assign(photograph=["x", *rows["photograph"][1:]]),
        "line 3, column photograph: found 'photo_.*', but trial 0 of participant 1 has 'x' in line 2",
    ),
    "repeats": (lambda rows: rows.assign(repeat_of=""), "line 29, column repeat_of: is empty, but this is a repeat"),
    "kind": (lambda rows: rows.assign(kind=["mian", *rows["kind"][1:]]), "found 'mian', .*did you mean 'main'"),
    "criterion": (
        lambda rows: rows.assign(criterion=["saturation", *rows["criterion"][1:]]),
        "column criterion: found 'saturation', .*did you mean 'saturability'",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_ends_in_one_sentence(export: Path, name: str) -> None:
    change, said = WRONG[name]
    edit(export, change)
    with pytest.raises(UserError, match=rf"{said}.*export it anew with `python -m study_app.export`"):
        read_ratings(export)


def test_files_of_two_exports_do_not_mix_and_a_missing_one_names_the_command(export: Path) -> None:
    settings = json.loads(export.with_name("study.json").read_text())
    export.with_name("study.json").write_text(json.dumps(settings | {"digest": "ab"}))
    with pytest.raises(UserError, match="another study"):
        read_ratings(export)
    export.with_name("study.json").unlink()
    edit(export.with_name("participants.csv"), lambda rows: rows.iloc[1:])
    with pytest.raises(UserError, match="not of one export"):
        read_ratings(export)
    with pytest.raises(UserError, match=r"is not here; `python -m study_app.export` writes it"):
        read_ratings(export.parent / "elsewhere" / "ratings.csv")
