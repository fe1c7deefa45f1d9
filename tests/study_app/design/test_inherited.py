"""A short study.yaml: what it does not say is taken over from the package, and nothing of a file that says all."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.settings.errors import UserError
from study_app.design.duration import seconds, whole_minutes
from study_app.design.inherited import default_words, known_languages
from study_app.design.study import Study, load_study, study_of
from tests.conftest import ROOT
from tests.study_app.volunteers import write_study

SHORT: dict[str, Any] = {
    "dataset": "scenes",
    "methods": ["zebranet", "quokkanet"],
    "photographs": 12,
    "votes_per_cell": 2,
    "languages": ["en", "es"],
}
COMMITTED = {  # of files that databases know; a new one would begin every study anew
    "study.yaml": "e45f818acfa50a6c8204e4f52b7f25ac4072bac05dd0719e470b0044048ddf55",
    "study_pairs.yaml": "fdea7f3fee410a8a20afe6d161e14cb18d5ed91461e0f06710969ad774f42dbd",
}


def short(**changes: object) -> Study:
    return study_of(SHORT | changes, "study.yaml")


def test_five_lines_are_a_study() -> None:
    study = short()
    assert (study.version, study.scale, study.exposure_ms, study.catch.broken) == (1, "binary", 3000, 3)
    assert [criterion.name for criterion in study.criteria] == ["saturability", "semantic_correctness", "edge_keeping"]
    assert set(study.title) == set(study.consent) == set(study.criteria[0].term) == {"en", "es"}
    assert study.sources == ("zebranet", "quokkanet", "original")  # for catch items and practice


@pytest.mark.parametrize("file", COMMITTED)
def test_files_that_say_everything_keep_their_digest(file: str) -> None:
    assert load_study(ROOT / file).digest == COMMITTED[file]


def test_a_language_less_is_one_name_less_also_in_a_file_with_all_words(tmp_path: Path) -> None:
    whole, fewer = (load_study(write_study(tmp_path, languages=names)) for names in (["en", "de", "fr"], ["de"]))
    assert set(fewer.title) == set(fewer.criteria[0].question) == {"de"}
    assert fewer.title["de"] == whole.title["de"] and fewer.digest != whole.digest


def test_a_block_takes_over_what_it_does_not_give() -> None:
    study = short(catch={"originals": 1}, screening={"plates_right": 0.5})
    assert (study.catch.broken, study.catch.originals) == (3, 1)
    assert (study.screening.plates_right, study.screening.catch_wrong) == (0.5, 2)
    with pytest.raises(UserError, match="unknown parameter 'natural'"):
        short(catch={"natural": 1})


def test_criteria_are_named_or_worded() -> None:
    own = {"name": "trust", "term": {"en": "Trust", "es": "Confianza"}, "question": {"en": "Real?", "es": "¿Real?"}}
    study = short(criteria=["edge_keeping", own])
    assert [criterion.name for criterion in study.criteria] == ["edge_keeping", "trust"]
    assert study.criteria[0].term == {"en": "Edges", "es": "Bordes"}
    with pytest.raises(UserError, match=r"criteria names 'edges', of which the package has no words; known are"):
        short(criteria=["edges"])


def test_words_are_taken_over_whole_and_never_beside_others() -> None:
    with pytest.raises(UserError, match="title has no wording for the language 'es'"):
        short(title={"en": "Mine"})
    with pytest.raises(UserError, match="title has no wording for the language 'it'"):
        short(languages=["en", "it"])


def test_the_consent_says_how_long_it_takes_and_so_does_the_digest() -> None:
    study = short()
    assert whole_minutes(study) == 6 and "about 6 minutes" in study.consent["en"]
    longer = short(photographs=36)
    assert seconds(longer) - seconds(study) == pytest.approx(24 * (0.7 + 3.5 + 3 * 1.5) + 2 * 20)
    assert "unos 10 minutos" in longer.consent["es"]
    assert short(consent={"en": "{minutes}", "es": "-"}).consent == {"en": "6", "es": "-"}


@pytest.mark.parametrize("protocol", ["naturalness", "pairs"])
def test_the_package_has_words_for_every_language_of_the_pages(protocol: str) -> None:
    words = default_words(protocol)
    wordings = [words["title"], words["consent"]]
    wordings += [one[key] for one in words["criteria"] for key in ("term", "question")]
    assert all(sorted(wording) == known_languages() for wording in wordings)
    assert all("{minutes}" in text for text in words["consent"].values())


def test_a_short_study_of_pairs_is_the_committed_one_but_for_its_consent() -> None:
    content = yaml.safe_load((ROOT / "study_pairs.yaml").read_text(encoding="utf-8"))
    kept = ("protocol", "dataset", "methods", "photographs", "photographs_per_session", "votes_per_cell", "languages")
    study = study_of({key: content[key] for key in kept}, "study.yaml")
    whole = load_study(ROOT / "study_pairs.yaml")
    own = {**vars(whole), "consent": None, "digest": None}
    assert {**vars(study), "consent": None, "digest": None} == own


def test_what_is_no_study_is_still_named() -> None:
    with pytest.raises(UserError, match=r"study\.yaml should hold keys and values"):
        study_of(["a"], "study.yaml")
    with pytest.raises(UserError, match="protocol is 'every'"):
        short(protocol="every")
    with pytest.raises(UserError, match="languages is 'en', but should be a list"):
        short(languages="en")
