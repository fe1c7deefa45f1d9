"""Names in params.yaml are checked once, for DVC's stages and for files, before anything carries them."""

import pytest
import yaml

from pipeline.settings.errors import UserError
from pipeline.settings.names import check_names
from pipeline.settings.params import load_params
from tests.conftest import ROOT


def refused(content) -> str:
    with pytest.raises(UserError) as caught:
        check_names(content, "params.yaml")
    return str(caught.value)


@pytest.mark.parametrize("block", ["data", "models", "segmenters", "published", "methods", "kinds"])
@pytest.mark.parametrize(
    "name", ["ddcolor-v1.5", "my set", "a/b", "zhang@1", "${x}", "Größe", "-x", "3d", "", "x" * 61, "a\n"]
)
def test_a_name_that_dvc_or_a_file_cannot_carry_is_refused_with_what_is_allowed(block, name):
    sentence = refused({block: {"good_one": {}, name: {}}})
    assert sentence.startswith(f"params.yaml: {block} has the name {name!r}; allowed are a letter first")


@pytest.mark.parametrize("name", [True, None, 3, 1.5])
def test_a_name_that_is_no_text_is_refused(name):
    assert f"methods has the name {name!r}, which YAML reads as no text" in refused({"methods": {name: {}}})


def test_two_names_of_one_file_are_refused():
    assert "methods has 'Gray' and 'gray', which are one file" in refused({"methods": {"Gray": {}, "gray": {}}})
    assert "methods has the name 'left_out', which is a file" in refused({"methods": {"left_out": {}}})


@pytest.mark.parametrize("block", ["segmenters", "published"])
def test_two_pairs_that_would_be_one_stage_are_refused(block):
    content = {"datasets": ["my", "my-set"], block: {"set-gray": {}, "gray": {}}}
    assert "'set-gray' on the dataset 'my' and 'gray' on 'my-set' would both be the stage" in refused(content)
    check_names({**content, "datasets": ["my-set"]}, "params.yaml")


def test_a_dataset_that_is_named_twice_would_count_twice():
    assert "datasets names 'mine' twice" in refused({"datasets": ["mine", "other", "mine"]})
    assert "sizes names 'zhang' twice" in refused({"sizes": ["zhang", "zhang"]})


@pytest.mark.parametrize("content", [{"datasets": []}, {"datasets": None}, {"methods": {}}])
def test_without_any_dataset_or_method_there_is_nothing_to_do(content):
    assert f"{next(iter(content))} names none; name at least one" in refused(content)


def test_good_names_are_taken():
    names = {"ours": {}, "Ours_2": {}, "ours-v2": {}, "x" * 60: {}}
    check_names({"datasets": ["ours", "ours-v2"], "data": names, "methods": names, "models": names}, "params.yaml")
    check_names(["no", "blocks"], "params.yaml")  # another sentence's business


def test_a_word_that_older_yaml_takes_for_false_is_a_name_as_dvc_reads_it(tmp_path):
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    content["methods"] = {"gray": content["methods"]["gray"]}
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(content).replace("  gray:\n", "  no:\n"))
    assert list(load_params(path).methods) == ["no"]
