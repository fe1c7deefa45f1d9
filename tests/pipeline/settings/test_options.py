"""Every option has a type and a range, and a value that cannot be ends in a sentence before anything is made of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import yaml

from pipeline.check import NEEDED
from pipeline.datasets.registry import check_source
from pipeline.methods.colorizer import make_upsampling
from pipeline.networks.contract import Setup
from pipeline.settings.classes import check_block, check_blocks, make
from pipeline.settings.errors import UserError
from pipeline.settings.options import checked_options
from pipeline.settings.params import load_params, typed_value
from pipeline.settings.ranges import Ascending, Distinct, Range
from tests.conftest import ROOT, run_in, stage_in, write_params

FOLDER = {"kind": "folder", "root": "."}


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ({"classes": "sky, dog"}, "classes is 'sky, dog', but should be a list, such as [a, b]"),
        ({"classes": {"dog": 1, "sky": 0}}, "but should be a list"),
        ({"classes": ["sky", "dog", "sky"]}, "classes names 'sky' twice"),
        ({"classes": [True, False]}, "classes is True, but should be of type str"),
        ({"classes": [0, 1]}, "classes is 0, but should be of type str"),
        ({"classes": ["sky", " "]}, "classes holds an empty name"),
        ({"classes": None}, "classes is None, but should be a list"),
        ({"val_fraction": "0.2"}, "val_fraction is '0.2', but should be of type float"),
        ({"val_fraction": 20}, "val_fraction is 20.0, but should be from 0 to 1"),
        ({"val_fraction": float("nan")}, "val_fraction is nan, but should be a finite number"),
        ({"images": None}, "images is None, but should be of type str"),
        ({"images": ["images"]}, "should be of type str"),
        ({"masks": False}, "masks is False, but should be of type str"),
        ({"train_list": 3}, "train_list is 3, but should be of type str"),
        ({"root": 3}, "root is 3, but should be of type str"),
    ],
)
def test_an_option_of_a_source_that_cannot_be_is_refused(option, sentence):
    with pytest.raises(UserError) as caught:
        check_source({**FOLDER, **option}, "data.mine.source")
    assert str(caught.value).startswith("data.mine.source: ") and sentence in str(caught.value)


@pytest.mark.parametrize("option", [{"seed": -1}, {"train": 1.5}, {"width": 8}, {"height": 1e9}, {"val": -1}])
def test_scenes_have_ranges_too(option):
    with pytest.raises(UserError, match=f"source: {next(iter(option))} is "):
        check_source({"kind": "scenes", "seed": 0, "train": 2, "val": 2, "height": 32, "width": 32, **option}, "source")


@pytest.mark.parametrize(
    ("model", "option", "sentence"),
    [
        ("semantics", {"lambda_color": -1}, "lambda_color is -1.0, but should be from 0 to"),
        ("semantics", {"lambda_color": "1"}, "lambda_color is '1', but should be of type float"),
        ("semantics", {"semantics": "no"}, "semantics is 'no', but should be of type bool"),
        ("semantics", {"rebalancing": "normalised"}, "did you mean 'normalized'"),
        ("semantics", {"head_hidden": 0}, "head_hidden is 0, but should be from 1"),
        ("larsson", {"learning_rate": 1000}, "learning_rate is 1000.0, but should be from"),
        ("iizuka", {"fusion_kernel": 2}, "fusion_kernel is 2; known are: 1, 3"),
        ("zhang", {"temperature": 0}, "temperature is 0.0, but should be from"),
        ("zhang", {"initialization": "k-means"}, "did you mean 'kmeans'"),
        ("small", {"scales": [2, 1]}, "two numbers, the lower first"),
        ("small", {"scales": 2}, "scales is 2, but should be a list"),
    ],
)
def test_an_option_of_a_network_that_cannot_be_is_refused(model, option, sentence):
    with pytest.raises(UserError) as caught:
        check_block({**load_params().network(model), **option}, f"models.{model}")
    assert str(caught.value).startswith(f"models.{model}: ") and sentence in str(caught.value)


def test_a_missing_option_and_a_missing_class_are_named():
    with pytest.raises(UserError, match=r"methods\.m: the option 'model' is missing"):
        check_block({"class": "pipeline.methods.colorizer:Colorizer"}, "methods.m")
    with pytest.raises(UserError, match=r"models\.m: `class` is None, but should be an import path"):
        make({}, "models.m", Setup(1.0))
    with pytest.raises(UserError, match=r"unknown option 'tint'; there are none"):
        check_block({"class": "pipeline.methods.reference:Gray", "tint": 1}, "methods.gray")


def test_the_sigmas_of_an_upsampling_are_options_as_well():
    with pytest.raises(UserError, match=r"upsampling: sigma_r_255 is '15', but should be of type float"):
        make_upsampling({"sigma_s_fullres_px": 3, "sigma_r_255": "15"})
    with pytest.raises(UserError, match="after_bilinear is 1, but should be of type bool"):
        make_upsampling({"sigma_s_fullres_px": 3, "sigma_r_255": 15, "after_bilinear": 1})


def test_a_strangers_class_is_checked_as_far_as_it_says():
    class Theirs:
        def __init__(self, context, place: Path, free, *, how: Literal["a", "b"] | int = 3, **more: Any) -> None: ...

    given = {"place": "here", "free": object(), "how": "b", "another": [1]}
    assert checked_options(Theirs, given, "m") == given
    with pytest.raises(UserError, match=r"m: how is 'c', but should be 'a' or 'b' or of type int\."):
        checked_options(Theirs, {**given, "how": "c"}, "m")


@pytest.mark.parametrize(
    ("hint", "value", "taken"),
    [
        (float, 1, 1.0),
        (tuple[float, ...], [1, 2], (1.0, 2.0)),
        (Annotated[Sequence[float], Ascending()], [1, 2], [1.0, 2.0]),
        (Annotated[Sequence[str], Distinct()], [], []),
        (Mapping[str, int], {1: 2}, {"1": 2}),
        (Annotated[int, Range(8, 64, multiple_of=8)] | None, None, None),
        (Annotated[int, Range(8, 64, multiple_of=8)] | None, 64, 64),
    ],
)
def test_a_value_that_can_be_is_taken_as_its_type_wants_it(hint, value, taken):
    assert typed_value(hint, value, "x") == taken


def test_a_network_names_the_squares_that_it_can_take(tmp_path, monkeypatch):
    """Larsson et al.'s halves its input five times; the others take 40 pixels."""
    monkeypatch.chdir(tmp_path)
    write_params(tmp_path, data__scenes__pack__size=40)
    with pytest.raises(UserError, match=r"scenes\.pack: size is 40, but models\.larsson needs a multiple of 32"):
        check_blocks(load_params())


def test_one_command_checks_all_blocks_before_any_stage_runs(tmp_path):
    write_params(tmp_path, methods__zhang__upsamplin="jbu")
    done = run_in(tmp_path, "pipeline.check", check=False)
    assert done.returncode == 1 and done.stderr.startswith("error: methods.zhang: unknown option 'upsamplin'")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("key", NEEDED)
def test_a_key_that_dvc_needs_is_asked_for_before_dvc_fails_without_a_name(tmp_path, monkeypatch, key):
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    del params[key]
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    with pytest.raises(UserError, match=rf"{key} is missing, which dvc\.yaml asks for; write `{key}: "):
        stage_in(tmp_path, "pipeline.check")


def test_what_was_checked_is_not_checked_again_until_it_changes(workspace, monkeypatch):
    calls: list[str] = []
    monkeypatch.setattr("pipeline.check.check", lambda: calls.append("checked"))
    for expected in (1, 1):
        stage_in(workspace, "pipeline.check")
        assert len(calls) == expected
    write_params(workspace, seed=4)
    stage_in(workspace, "pipeline.check")
    assert len(calls) == 2
