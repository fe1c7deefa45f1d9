"""A dataset without masks leaves out what needs them, and nothing else."""

from dataclasses import replace

import pytest

from pipeline.settings.errors import UserError
from pipeline.settings.masks import LeftOut, left_out, needs_masks
from pipeline.settings.params import load_params


def test_what_needs_masks_is_left_out_with_all_that_stands_on_it():
    params = replace(load_params(), sizes=("zhang", "semantics"))
    without = left_out(params, ())
    assert without.names() == ["class_mean", "semantics", "semantics_jbu", "small"]
    trainings = ("semantics", "semantics@1", "semantics@2")
    assert (without.models, without.segmenters) == (trainings, ("small",))
    rest = without.removed_from(params)
    assert (list(rest.segmenters), rest.sizes) == ([], ("zhang",)) and "semantics" not in rest.models
    assert len(rest.methods) == len(params.methods) - 1 - 2 * len(trainings) and rest.data == params.data


def test_with_masks_nothing_is_left_out():
    params = load_params()
    assert not left_out(params, ("sky",)) and LeftOut().removed_from(params) == params


def test_a_method_that_is_asked_for_by_its_name_is_refused_in_a_sentence():
    with pytest.raises(UserError, match="class_mean needs class masks, which mine does not have"):
        left_out(load_params(), ()).refuse(["gray", "class_mean"], "mine")


def test_a_class_that_does_not_say_what_it_needs_needs_no_masks():
    assert not needs_masks({"class": "pathlib:Path"}, "methods.theirs")
