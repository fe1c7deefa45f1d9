"""Verdicts of each set of trainings."""

import sys

import pytest

from bench import verdicts
from pipeline.settings.errors import UserError
from pipeline.settings.params import Params
from reports.inputs.scores import read_datasets
from tests.reports.conftest import fabricated, params, repeated, results  # noqa: F401 (fixtures)


def test_a_set_of_seeds_has_the_trainings_of_these_alone(repeated: Params) -> None:  # noqa: F811
    dataset = verdicts.with_seeds(read_datasets(repeated)[0], repeated, (0, 2))
    assert dataset.runs["semantics"] == ("semantics", "semantics@2")
    assert dataset.runs["gray"] == ("gray",)
    alone = {entry.id: entry for entry in verdicts.verdicts([dataset], repeated)}
    assert alone["confusion"].outcomes[0].measured.trainings == 2


def test_a_set_of_all_seeds_would_say_nothing_of_other_seeds(repeated: Params, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr(verdicts, "load_params", lambda: repeated)
    monkeypatch.setattr(sys, "argv", ["bench.verdicts", "--of", "3"])
    with pytest.raises(UserError, match=r"--of is 3, but params.yaml has seeds: \[0\]; give 1 or more"):
        verdicts.main()
