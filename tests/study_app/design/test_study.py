"""study.yaml: what is wrong with it is said in one sentence, and its digest covers all that an answer depends on."""

from dataclasses import asdict
from pathlib import Path

import pytest
import yaml

from pipeline.settings.errors import UserError
from pipeline.settings.params import load_params
from study_app.design.study import load_study
from tests.conftest import ROOT
from tests.study_app.pairing import PAIRS, pair_study
from tests.study_app.volunteers import METHODS, small_study, write_study

CRITERION = {"name": "edges", "term": {"en": "Edges"}, "question": {"en": "Do they hold?"}}
PAIR_MISTAKES: list[tuple[dict[str, object], str]] = [
    ({"protocol": "pair"}, "protocol is 'pair'; did you mean 'pairs'?"),
    ({"arrangement": "single"}, "arrangement is missing; pairs are shown side_by_side or in_turn"),
    ({"arrangement": "beside"}, "arrangement is 'beside'"),
    ({"protocol": "naturalness"}, "arrangement is for `protocol: pairs`"),
    ({"methods": METHODS}, "methods must name at least one method, and not 'original'"),
    ({"methods": []}, "methods must name at least one method"),
    ({"scale": "0-10"}, "scale is '0-10', but must be binary: either picture of a pair is the fake"),
    ({"catch": {"broken": 1, "originals": 1}}, "catch.originals must be 0 for pairs"),
    ({"criteria": [{**PAIRS["criteria"][0], "name": "real"}]}, "exactly one criterion, named 'fake'"),
    ({"criteria": PAIRS["criteria"] * 2}, "exactly one criterion, named 'fake'"),
]
ENGLISH = {"languages": ["en"], "title": {"en": "Colours"}, "consent": {"en": "I take part."}}


def test_the_study_that_comes_with_the_suite_is_the_papers() -> None:
    study = load_study(ROOT / "study.yaml")
    assert study.methods == ("iizuka", "larsson", "zhang", "semantics_jbu", "original")
    assert [criterion.name for criterion in study.criteria] == ["saturability", "semantic_correctness", "edge_keeping"]
    assert (study.scale, study.maximum, study.sessions) == ("binary", 1, 20)
    assert len(study.languages) >= 3
    params = load_params(ROOT / "params.yaml")
    assert {*study.methods, "original"} <= set(params.methods) and study.dataset in params.datasets


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"exposure": 3}, "unknown parameter 'exposure'; did you mean 'exposure_ms'?"),
        ({"photographs": None}, "the parameter 'photographs' is missing"),
        ({"exposure_ms": "long"}, "exposure_ms is 'long', but should be of type int"),
        ({"exposure_ms": 20}, "exposure_ms is 20, but must be at least 50"),
        ({"exposure_ms": 90_000}, "more than a minute"),
        ({"scale": "0-5"}, "scale is '0-5'"),
        ({"methods": ["zebranet"]}, "methods must name at least two"),
        ({"methods": ["original"]}, "methods must name at least two"),
        ({"methods": ["original", "zebranet", "zebranet"]}, "names 'zebranet' twice"),
        ({"photographs": 0}, "photographs is 0, but must be at least 1"),
        ({"photographs_per_session": 4}, "must divide photographs, which is 6"),
        ({"repeats": 3}, "at most a third of a session's 6 photographs"),
        ({"catch": {"broken": 5, "originals": 5}}, "more catch items than the 6 photographs"),
        ({"catch": {"broken": -1, "originals": 5}}, "catch.broken is -1"),
        ({"catch": {"broken": 1, "natural": 5}}, "catch: unknown parameter 'natural'"),
        ({"title": {"en": "Colours", "de": "Farben"}}, "title has no wording for the language 'fr'"),
        ({"title": {"en": "a", "de": "b", "fr": "c", "df": "d"}}, "a wording for 'df', which is not in languages"),
        ({"criteria": ["edge_kepping"]}, "criteria names 'edge_kepping', of which the package has no words; did you"),
        ({"criteria": [CRITERION]}, "criteria.edges.term has no wording for the language 'de'"),
        ({**ENGLISH, "criteria": [CRITERION, CRITERION]}, "the criterion's name 'edges' must be unique"),
        ({**ENGLISH, "criteria": [{**CRITERION, "name": "Edge keeping"}]}, "'Edge keeping' must be unique, in small"),
        ({"criteria": []}, "must name at least one each"),
        *(({**PAIRS, **change}, sentence) for change, sentence in PAIR_MISTAKES),
    ],
)
def test_a_mistake_is_named(change: dict[str, object], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"study\.yaml") as caught:
        small_study(tmp_path, **change)
    assert sentence in str(caught.value)


def test_a_wrong_share_a_missing_file_and_broken_yaml_are_named(tmp_path: Path) -> None:
    screening = yaml.safe_load((ROOT / "study.yaml").read_text())["screening"]
    with pytest.raises(UserError, match=r"screening\.plates_right is 75\.0, but must be from 0 to 1"):
        small_study(tmp_path, screening={**screening, "plates_right": 75})
    with pytest.raises(UserError, match="is not here"):
        load_study(tmp_path / "other.yaml")
    (tmp_path / "study.yaml").write_text("title: [")
    with pytest.raises(UserError, match="is not valid YAML"):
        load_study(tmp_path / "study.yaml")


def test_the_digest_covers_every_word_and_no_comment(tmp_path: Path) -> None:
    path = write_study(tmp_path)
    digest = load_study(path).digest
    text = path.read_text(encoding="utf-8")
    path.write_text("# a remark\n" + text, encoding="utf-8")
    assert load_study(path).digest == digest
    path.write_text(text.replace("neither dull nor garish", "neither dull nor loud"), encoding="utf-8")
    assert load_study(path).digest != digest
    assert small_study(tmp_path, seed=1).digest != digest


def test_one_method_alone_can_be_paired_and_the_arrangement_is_part_of_the_digest(tmp_path: Path) -> None:
    beside = pair_study(tmp_path, methods=["zebranet"])
    assert beside.sources == ("zebranet", "original")
    assert pair_study(tmp_path, methods=["zebranet"], arrangement="in_turn").digest != beside.digest


def test_what_changes_no_answer_is_no_part_of_the_digest(tmp_path: Path) -> None:
    plain = small_study(tmp_path)
    rules = {**asdict(plain.screening), "catch_wrong": 1}
    for change in (
        {"votes_per_cell": 9},
        {"abandoned_after_minutes": 60},
        {"screening": rules},
        {"second_run": True},
        {"protocol": "naturalness"},
    ):
        assert small_study(tmp_path, **change).digest == plain.digest
    for other in ({"mask_ms": 0}, {"break_every": 3}, {"version": 2}, {"smallest_width": 800}):
        assert small_study(tmp_path, **other).digest != plain.digest
