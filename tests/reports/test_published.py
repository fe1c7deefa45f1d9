"""The paper's values stand beside the paper's methods and criteria alone, under the name of the paper's data."""

from dataclasses import replace
from typing import Any

import pytest

from pipeline.settings.params import Params, load_params
from reports.plan.published import Published, load_published
from tests.conftest import ROOT

PARAMS = load_params(ROOT / "params.yaml")
PUBLISHED = load_published()
TABLES = ("table1", "figure3", "table2", "size_and_time", "fooling")


def beside(**methods: dict[str, Any]) -> Published:
    return PUBLISHED.beside(replace(PARAMS, methods={**PARAMS.methods, **methods}))


def named_in(published: Published) -> set[str]:
    return {name for key in TABLES for name in getattr(published, key).rows}


def test_the_committed_methods_are_the_papers() -> None:
    assert PUBLISHED.beside(PARAMS) == PUBLISHED
    assert named_in(PUBLISHED) <= set(PUBLISHED.methods) == named_in(PUBLISHED)
    assert PUBLISHED.beside(Params((), 0, (0,), {}, {}, {})) == PUBLISHED  # of no methods none is another


@pytest.mark.parametrize(
    ("name", "block"),
    [
        ("zhang", {"kind": "folder", "path": "their/pictures"}),
        ("semantics", {"class": "pipeline.methods.colorizer:Colorizer", "model": "no_semantics"}),
        ("semantics_jbu", {"class": "pipeline.methods.colorizer:Colorizer", "model": "semantics"}),
        ("gray", {"class": "house.tinted:Tinted"}),
    ],
)
def test_a_name_that_stands_for_another_method_has_no_published_values(name: str, block: dict[str, Any]) -> None:
    assert named_in(PUBLISHED) - named_in(beside(**{name: block})) == {name}


def test_published_weights_of_the_papers_network_are_the_papers_method() -> None:
    published = {"theirs": {"class": "baselines.zhang:Zhang", "reader": "a:b", "file": "c"}}
    methods = {"zhang": {"class": "pipeline.methods.colorizer:Colorizer", "model": "theirs"}}
    assert PUBLISHED.beside(replace(PARAMS, published=published, methods=methods)) == PUBLISHED


def test_the_papers_answers_stand_beside_the_papers_questions_alone() -> None:
    row, asked = PUBLISHED.table2.rows["zhang"], ("saturability", "semantic_correctness", "edge_keeping")
    assert row.percent("saturability", asked) == 94.0 and row.percent("naturalness", (*asked, "naturalness")) == 88.66
    for others in (("saturability", "beauty"), (*asked, "beauty"), ("fake",), asked[:2]):
        assert row.percent("saturability", others) is None and row.percent("naturalness", others) is None
