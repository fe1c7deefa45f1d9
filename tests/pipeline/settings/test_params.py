"""params.yaml: what it says is read as it says, and every mistake ends in one sentence."""

from pathlib import Path

import pytest
import yaml

from pipeline.settings.errors import UserError
from pipeline.settings.params import load_params


def edited(tmp_path: Path, edit) -> Path:
    content = yaml.safe_load(Path("params.yaml").read_text())
    edit(content)
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path


def test_the_committed_params_are_valid_and_hold_the_papers_settings():
    params = load_params()
    assert params.datasets == ("scenes",)
    for dataset, epochs in (("voc2012", 40), ("cocostuff", 20)):
        block = params.dataset(dataset)
        assert (block.pack.size, block.train.width, block.train.epochs) == (224, 1.0, epochs)
    assert [name for name in params.methods if not params.repeats(name)] == [
        "gray",
        "mean_ab",
        "class_mean",
        "iizuka",
        "larsson",
        "zhang",
        "siggraph17",
        "no_semantics",
        "no_semantics_jbu",
        "semantics",
        "semantics_jbu",
        "original",
    ]


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (lambda p: p["data"]["scenes"]["train"].update(epoch=3), "unknown parameter 'epoch'; did you mean 'epochs'?"),
        (lambda p: p.update(dataset=[]), "unknown parameter 'dataset'; did you mean 'datasets'?"),
        (lambda p: p["data"]["scenes"]["train"].pop("width"), "the parameter 'width' is missing"),
        (lambda p: p["data"]["scenes"]["train"].update(epochs="many"), "epochs is 'many', but should be of type int"),
        (lambda p: p["data"]["scenes"]["train"].update(epochs=True), "epochs is True, but should be of type int"),
        (lambda p: p["data"]["scenes"]["pack"].update(on_bad_image="skp"), "did you mean 'skip'?"),
        (lambda p: p.update(datasets=["scene"]), "no data.scene; did you mean 'scenes'?"),
        (lambda p: p["methods"]["semantics"].update(model="semantic"), "did you mean 'semantics'?"),
        (lambda p: p["published"].update(semantics={}), "'semantics' is both under models and under published"),
        (lambda p: p["segmenters"].update(semantics={}), "'semantics' is both under models and under segmenters"),
        (lambda p: p.update(data=[1]), "data is [1], but should be of type dict"),
        (lambda p: p["models"]["semantics"].update(seed=1), "models.semantics.seed: write `seeds: [1]`"),
        (
            lambda p: p["models"]["semantics"].update(seeds=["1"]),
            "semantics.seeds is '1', but should be of type",
        ),
        (
            lambda p: p["models"]["semantics"].update(seeds=1),
            "semantics.seeds is 1, but should be a list",
        ),
        (lambda p: p.update(seeds=[]), "seeds is empty, but should name one seed or more"),
        (lambda p: p.update(seeds=[0, 0]), "seeds names 0 twice"),
        (lambda p: p["models"].update({"a@1": p["models"]["zhang"]}), "models has the name 'a@1'; allowed are"),
        (lambda p: p["data"]["scenes"]["train"].update(epochs=-1), "epochs is -1, but should be from 1 to 100,000"),
        (lambda p: p["data"]["scenes"]["train"].update(epochs=0), "epochs is 0, but should be from 1"),
        (lambda p: p["data"]["scenes"]["train"].update(width=0), "width is 0.0, but should be from 0.01 to 4"),
        (lambda p: p["data"]["scenes"]["train"].update(learning_rate=1000), "learning_rate is 1000.0, but should be"),
        (lambda p: p["data"]["scenes"]["train"].update(learning_rate=float("nan")), "learning_rate is nan"),
        (lambda p: p["data"]["scenes"]["train"].update(batch_size=0), "batch_size is 0, but should be from 2"),
        (lambda p: p["data"]["scenes"]["train"].update(batch_size=True), "batch_size is True, but should be of type"),
        (lambda p: p["data"]["scenes"]["pack"].update(size=0), "size is 0, but should be a multiple of 8 from 16"),
        (lambda p: p["data"]["scenes"]["pack"].update(size=100), "size is 100, but should be a multiple of 8"),
        (lambda p: p["data"]["scenes"]["pack"].update(size=33), "size is 33, but should be a multiple of 8"),
        (lambda p: p.update(seed=-1), "seed is -1, but should be from 0 to 4,294,967,295"),
        (lambda p: p["models"]["semantics"].update(seeds=[-3]), "models.semantics.seeds is -3, but should be from 0"),
        (lambda p: p.update(datasets="scenes"), "datasets is 'scenes', but should be a list"),
        (lambda p: p.update(datasets=["scenes", "scenes"]), "datasets names 'scenes' twice"),
        (lambda p: p["methods"].update({"my.set": {}}), "methods has the name 'my.set'; allowed are"),
    ],
)
def test_a_mistake_ends_in_a_sentence_that_names_the_key(tmp_path, edit, sentence):
    with pytest.raises(UserError) as caught:
        load_params(edited(tmp_path, edit))
    assert sentence in str(caught.value)


def test_a_kind_stands_for_the_class_that_params_give_it(tmp_path):
    def edit(content):
        content["kinds"]["tinted"] = "house.tinted:Tinted"
        content["methods"].update(theirs={"kind": "tinted", "strength": 2}, typo={"kind": "tintd"})

    params = load_params(edited(tmp_path, edit))
    assert params.method("theirs") == {"class": "house.tinted:Tinted", "strength": 2}
    with pytest.raises(UserError, match="did you mean 'tinted'"):
        params.method("typo")


def test_a_broken_or_missing_file_is_named(tmp_path):
    (tmp_path / "params.yaml").write_text("a: [1")
    with pytest.raises(UserError, match="not valid YAML"):
        load_params(tmp_path / "params.yaml")
    with pytest.raises(UserError, match="is not here"):
        load_params(tmp_path / "nothing.yaml")
