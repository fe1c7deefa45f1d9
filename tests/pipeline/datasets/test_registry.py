"""A dataset is what its block of params.yaml says, or a sentence that says why not."""

import pandas as pd
import pytest
import yaml
from PIL import Image

from pipeline.datasets.registry import describe, open_source
from pipeline.packs.pack import Pack
from pipeline.settings import paths
from pipeline.settings.errors import UserError
from pipeline.settings.params import load_params
from tests.conftest import stage_in, write_params


@pytest.mark.parametrize(
    ("block", "sentence"),
    [
        ({"kind": "voc2012"}, "unknown kind 'voc2012'; did you mean 'voc'?"),
        ({}, "unknown kind None"),
        ({"kind": "scenes", "sead": 0}, "unknown option 'sead'; did you mean 'seed'?"),
        ({"kind": "scenes", "seed": 0}, "the option 'height' is missing"),
        ({"kind": "voc", "root": "nowhere"}, "the root nowhere is not a folder"),
        ({"kind": "folder"}, "give `root`"),
    ],
)
def test_a_wrong_block_ends_in_a_sentence(block, sentence):
    with pytest.raises(UserError) as caught:
        open_source(block, "data.mine.source")
    assert str(caught.value).startswith("data.mine.source: ") and sentence in str(caught.value)


@pytest.mark.parametrize(
    "kind, counts, synthetic, part_of, title",
    [
        ("voc", (10582, 1449), False, "", "VOC2012"),
        ("voc", (3131, 325), False, "VOC2012", "VOC2012 part (3131/325)"),
        ("coco_stuff", (9000, 1000), False, "", "COCO-Stuff 10k"),
        ("scenes", (1, 1), True, "", "mine (synthetic)"),
        ("folder", (1, 1), False, "", "mine"),
    ],
)
def test_a_dataset_says_what_it_is_and_only_the_whole_has_its_bare_name(kind, counts, synthetic, part_of, title):
    said = {"kind": kind, "synthetic": synthetic, "part_of": part_of, "title": title}
    assert describe(kind, "mine", *counts) == said


@pytest.fixture
def holidays(tmp_path, monkeypatch):
    """Twelve photographs of different sizes, without masks, in a folder of one's own."""
    monkeypatch.chdir(tmp_path)
    for index in range(12):
        (tmp_path / "album/images").mkdir(parents=True, exist_ok=True)
        size = (40 + index, 30 + 2 * index)
        Image.merge("RGB", [Image.effect_noise(size, 60) for _ in range(3)]).save(
            tmp_path / f"album/images/{index}.png"
        )
    own = {"source": {"kind": "folder", "root": str(tmp_path / "album")}, "pack": {"size": 32, "on_bad_image": "stop"}}
    recipe = {"width": 0.05, "epochs": 1, "batch_size": 4, "learning_rate": 0.001, "precision": "float32"}
    recipe |= {"first_weights": "pytorch", "threads": 1}
    write_params(tmp_path, data__holidays={**own, "train": recipe})
    return tmp_path


def test_a_folder_of_ones_own_photographs_runs_without_masks(holidays):
    for stage in ("fetch", "pack"):
        stage_in(holidays, f"pipeline.{stage}", "holidays")
    stage_in(holidays, "pipeline.train", "holidays", "no_semantics", "--device", "cpu")
    stage_in(holidays, "pipeline.colorize", "holidays", "no_semantics_jbu", "--device", "cpu")
    stage_in(holidays, "pipeline.score", "holidays", "no_semantics_jbu")
    val = Pack(paths.pack("holidays", "val"))
    assert val.masks is None and len(val.index) >= 1
    assert paths.scores("holidays", "no_semantics_jbu").read_text().count("\n") == len(val.index) + 1


METHODS = {
    name: {"class": f"pipeline.methods.reference:{kind}"}
    for name, kind in {"gray": "Gray", "mean_ab": "MeanAb", "class_mean": "ClassMean", "original": "Original"}.items()
}
ALONE = {"datasets": ["holidays"], "models": {}, "segmenters": {}, "sizes": []}


def edit_params(folder, **changes):
    params = yaml.safe_load((folder / "params.yaml").read_text())
    (folder / "params.yaml").write_text(yaml.safe_dump({**params, **changes}, sort_keys=False))


def test_without_masks_stages_leave_out_what_needs_them_and_say_it_and_the_report_is_built(holidays, capsys):
    params = load_params()
    models = {"semantics": params.models["semantics"]}
    models = {name: {key: value for key, value in block.items() if key != "seed"} for name, block in models.items()}
    methods = {**METHODS, "semantics": params.methods["semantics"]}
    edit_params(holidays, datasets=["holidays"], models=models, methods=methods, sizes=["semantics"])
    for stage, *more in (
        ("fetch",), ("pack",), ("train",), ("colorize",), ("score",),
        ("segment", "small"), ("input_sizes",),
    ):  # fmt: skip
        stage_in(holidays, f"pipeline.{stage}", "holidays", *more)
    printed = capsys.readouterr().out
    for name in ("semantics", "small"):
        assert f"{name} needs class masks, which holidays does not have: left out." in printed
    assert printed.count("left out is what needs them (class_mean, semantics, small)") == 1
    assert "small needs class masks" in paths.segmenter_left_out("holidays", "small").read_text()
    assert sorted(path.stem for path in paths.archive("holidays", "").parent.glob("*.zip")) == [
        "gray", "mean_ab", "original",
    ]  # fmt: skip
    stage_in(holidays, "reports.build")
    text = (paths.BUILD / "tables" / "table1.md").read_text()
    assert "what needs them is left out: class_mean, semantics, small." in text.replace("\\_", "_")
    with pytest.raises(UserError, match="class_mean needs class masks, which holidays does not have"):
        stage_in(holidays, "pipeline.colorize", "holidays", "class_mean")


def test_black_and_white_photographs_without_any_network_run_to_the_report(holidays):
    for path in (holidays / "album/images").iterdir():
        Image.open(path).convert("L").save(path)
    edit_params(holidays, **ALONE, methods={name: METHODS[name] for name in ("gray", "mean_ab", "original")})
    for stage in ("fetch", "pack", "train", "colorize", "score", "input_sizes"):
        stage_in(holidays, f"pipeline.{stage}", "holidays")
    stage_in(holidays, "reports.build")
    rows = pd.read_csv(paths.BUILD / "tables" / "metrics.csv").set_index(["method", "metric"])
    assert rows.loc[("gray", "auc_balanced"), "n"] == 0 and rows.loc[("gray", "auc"), "value"] == 1


def test_training_on_photographs_without_any_colour_is_refused(holidays):
    for path in (holidays / "album/images").iterdir():
        Image.open(path).convert("L").save(path)
    for stage in ("fetch", "pack"):
        stage_in(holidays, f"pipeline.{stage}", "holidays")
    with pytest.raises(UserError, match="none of the 11 training photographs of holidays has any colour"):
        stage_in(holidays, "pipeline.train", "holidays", "no_semantics", "--device", "cpu")
