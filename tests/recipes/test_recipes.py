"""Every recipe: it is whole, it runs from params.yaml to finished pictures, and what it says of pictures holds.

The systems and their weights are not here. In their place `clones/` has programs that take the same arguments, want the
same files, and leave pictures of the same names, formats and sizes in the same folders. They refuse everything else.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from pipeline.methods.folder import SAME_LIGHTNESS, Folder
from pipeline.methods.method import Context, Photo, lightness_of
from pipeline.packs.decode import decode_image
from pipeline.packs.pack import Pack
from pipeline.records.archive import Archive
from pipeline.records.rows import MethodCard
from pipeline.settings import paths
from pipeline.settings.classes import make
from pipeline.settings.errors import UserError
from pipeline.settings.options import parse_record
from pipeline.settings.params import load_params
from pipeline.settings.recipes import read_recipe
from tests.conftest import ROOT, stage_in, write_params

HERE = Path(__file__).parent
REAL = ROOT.parent / "shared" / "data" / "oldphoto"
NAMES = sorted(file.stem for file in (ROOT / "recipes").glob("*.yaml"))
# The files that the programs load, at the places that the recipes name.
WEIGHTS = {
    "bigcolor": [
        "ckpts/bigcolor/EG_011.ckpt",
        "ckpts/bigcolor/EG_EMA_011.ckpt",
        "ckpts/bigcolor/args.pkl",
        "pretrained/config.pickle",
        "pretrained/G_ema_256.pth",
    ],
    "chromagan": ["MODEL/imagenet/my_model_colorization.h5"],
    "colorizers_eccv16": [],
    "colorizers_siggraph17": [],
    "coltran": [f"weights/{stage}/checkpoint" for stage in ("colorizer", "color_upsampler", "spatial_upsampler")],
    "ct2": ["mask_prior.pickle", "segm/resources/vit_large_patch16_384.npz", "segm/vit-large/checkpoint.pth"],
    "ddcolor": ["modelscope/damo/cv_ddcolor_image-colorization/pytorch_model.pt"],
    "deoldify": ["models/ColorizeArtistic_gen.pth"],
    "disco": ["checkpoints/disco-beta.pth.tar"],
    "icolorit": ["checkpoints/icolorit_base_4ch_patch16_224.pth"],
    "instcolorization": [
        f"checkpoints/coco_finetuned_mask_256_ffs/latest_net_{part}.pth" for part in ("GF", "G", "GComp")
    ],
    "unicolor": ["framework/checkpoints/unicolor_mscoco/mscoco_step259999.ckpt"],
}


@pytest.fixture(scope="session")
def two_photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the recipes and two packed photographs; tests must not write to it."""
    folder = tmp_path_factory.mktemp("two")
    write_params(folder, data__scenes__source__train=2, data__scenes__source__val=2)
    shutil.copytree(ROOT / "recipes", folder / "recipes")
    stage_in(folder, "pipeline.fetch", "scenes")
    stage_in(folder, "pipeline.pack", "scenes")
    return folder


@pytest.fixture
def here(two_photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it that is the current folder, whose name has a space."""
    folder = tmp_path / "my photographs"
    shutil.copytree(two_photographs, folder)
    monkeypatch.chdir(folder)
    return folder


def installed(name: str, folder: Path) -> dict[str, str]:
    """What a user has after the recipe's `install`, and writes under `methods`: the code's folder and the Python's."""
    clone, bin = folder / "the clone", folder / "environment" / "bin"
    shutil.copytree(HERE / "clones" / name.partition("_")[0], clone)
    for file in WEIGHTS[name]:
        (clone / file).parent.mkdir(parents=True, exist_ok=True)
        (clone / file).write_bytes(b"weights")
    bin.mkdir(parents=True)
    (bin / "python").write_text(f"#!/bin/sh\nPYTHONPATH='{HERE / 'environment'}' exec '{sys.executable}' \"$@\"\n")
    (bin / "python").chmod(0o755)
    return {"recipe": name, "cwd": str(clone), "bin": str(bin)}


def with_methods(methods: dict[str, Any]) -> None:
    """params.yaml with these methods alone."""
    params = yaml.safe_load(Path("params.yaml").read_text())
    Path("params.yaml").write_text(yaml.safe_dump({**params, "methods": methods}, sort_keys=False))


def edited(name: str, old: str, new: str) -> None:
    """The recipe with `new` in the place of `old`."""
    file = Path("recipes", f"{name}.yaml")
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def colorize(folder: Path, name: str) -> MethodCard:
    stage_in(folder, "pipeline.colorize", "scenes", "--device", "cpu")
    return parse_record(MethodCard, json.loads(paths.card("scenes", name).read_text()), "card")


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_runs_from_params_to_pictures(name: str, here: Path, tmp_path: Path) -> None:
    with_methods({"theirs": installed(name, tmp_path)})
    card, recipe, pack = colorize(here, "theirs"), read_recipe(name, ""), Pack(paths.pack("scenes", "val"))
    archive = Archive(paths.archive("scenes", "theirs"))
    for entry in pack.index:
        picture, original = archive[entry.id], pack.original(entry)
        assert picture.shape == original.shape
        assert np.corrcoef(picture[..., 1].ravel(), lightness_of(original).numpy().ravel())[0, 1] > 0.9
        assert (picture[..., 0].astype(int) - picture[..., 2]).mean() > 10  # yellow
    resized = [remark for remark in card.remarks if "2 of 2 pictures had another size" in remark]
    assert bool(resized) == (recipe.size != "own")
    assert card.training_data and card.weights and card.resolution
    assert set(recipe.pictures["card"].get("remarks", ())) <= set(card.remarks)
    assert list(Path(".scratch/command").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("bigcolor", "--use_ema", ""),
        ("chromagan", '"", 1', '"", 10'),
        ("chromagan", "concatenate=False", "concatenate=True"),
        ("colorizers_eccv16", ".eval()", ""),
        ("coltran", ".resize((256, 256), Image.BICUBIC)", ""),
        ("coltran", "gen_data_dir={gray_dir}_coltran/coarse", "gen_data_dir={gray_dir}_coltran/stage1"),
        ("ct2", ".resize((256, 256), Image.BICUBIC)", ""),
        ("ct2", "--epochs 1", ""),
        ("ddcolor", "--input", "--inputs"),
        ("deoldify", "watermarked=False", "watermarked=True"),
        ("disco", "../../checkpoints", "checkpoints"),
        ("icolorit", "--val_hint_list 0 10", "--val_hint_list 0"),
        ("instcolorization", "--fineSize", "--finesize"),
        ("unicolor", "topk=100", "topk=1"),
    ],
)
def test_a_recipe_with_one_thing_changed_does_not_run(
    name: str, right: str, wrong: str, here: Path, tmp_path: Path
) -> None:
    edited(name, right, wrong)
    with_methods({"theirs": installed(name, tmp_path)})
    with pytest.raises(UserError):
        colorize(here, "theirs")
    assert not paths.archive("scenes", "theirs").exists()


def test_a_recipe_that_is_edited_is_noticed_and_others_are_left_alone(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_methods({"theirs": installed("ddcolor", tmp_path), "gray": {"class": "pipeline.methods.reference:Gray"}})
    colorize(here, "theirs")
    edited("ddcolor", "cleaned as for BigColor", "and more")
    capsys.readouterr()
    assert colorize(here, "theirs").training_data == "ImageNet, and more"
    assert "theirs on scenes" in (said := capsys.readouterr().out) and "gray on scenes" not in said


def test_a_recipe_that_is_edited_while_it_runs_is_an_error(here: Path) -> None:
    run = 'sh -c \'cp "$1"/* "$2"; echo >> recipes/ddcolor.yaml\' sh {gray_dir} {out_dir}'
    with_methods({"theirs": {"recipe": "ddcolor", "cwd": ".", "run": run}})
    with pytest.raises(UserError, match=r"recipes/ddcolor\.yaml changed while this ran"):
        colorize(here, "theirs")


def test_own_keys_replace_those_of_a_recipe_and_a_card_one_by_one(here: Path) -> None:
    with_methods(
        {
            "mine": {
                "recipe": "ddcolor",
                "cwd": ".",
                "run": "infer {gray_dir} {out_dir}",
                "card": {"training_data": "mine"},
            }
        }
    )
    block = load_params().method("mine")
    assert (block["class"], block["run"]) == ("pipeline.methods.command:Command", "infer {gray_dir} {out_dir}")
    assert block["card"] == {**read_recipe("ddcolor", "").pictures["card"], "training_data": "mine"}
    assert block["names"] == "numbers" and "recipe" not in block


@pytest.mark.parametrize("name", NAMES)
def test_finished_pictures_are_taken_as_the_recipe_says_without_its_command(name: str, here: Path) -> None:
    with_methods({"theirs": {"recipe": name, "path": "pictures/{dataset}"}})
    method = make(load_params().method("theirs"), "methods.theirs", Context("scenes"))
    recipe = read_recipe(name, "")
    assert isinstance(method, Folder) and method.stated.training_data == recipe.pictures["card"]["training_data"]
    assert method.on_wrong_size == ("stop" if recipe.size == "own" else "resize_colors")


@pytest.mark.parametrize(
    ("block", "sentence"),
    [
        ({"recipe": "ddcolour", "cwd": "."}, "there is no recipe 'ddcolour' in recipes; did you mean 'ddcolor'?"),
        ({"recipe": "../params", "cwd": "."}, "there is no recipe '../params' in recipes; known are: bigcolor, "),
        ({"recipe": 3, "cwd": "."}, "methods.theirs: recipe is 3, but should be of type str"),
        ({"recipe": "ddcolor"}, r"needs `cwd`, .*\(recipes/ddcolor.yaml says how to install it\), or `path`"),
        ({"recipe": "ddcolor", "cwd": ".", "kind": "command"}, "decides on its kind; remove `kind` or `recipe`"),
        ({"recipe": "ddcolor", "class": "a:B"}, "decides on its class; remove `class` or `recipe`"),
        ({"recipe": "ddcolor", "cwd": ".", "path": "."}, "methods.theirs: unknown option 'cwd'"),
        ({"recipe": "ddcolor", "cwd": ".", "names": "id"}, "names is 'id'"),
        ({"recipe": "ddcolor", "cwd": "nowhere"}, "`cwd` is 'nowhere', which is no folder"),
        ({"recipe": "ddcolor", "cwd": ".", "bin": "nowhere/bin"}, "`bin` is 'nowhere/bin', which is no folder"),
    ],
)
def test_a_mistake_in_a_block_ends_in_one_sentence(block: dict[str, Any], sentence: str, here: Path) -> None:
    with_methods({"theirs": block})
    with pytest.raises(UserError, match=sentence):
        colorize(here, "theirs")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("untried:", "untired:", r"recipes/ddcolor.yaml: unknown parameter 'untired'; did you mean 'untried'\?"),
        ("size: own", "", "recipes/ddcolor.yaml: the parameter 'size' is missing"),
        ("lightness: own", "lightness: kept", "recipes/ddcolor.yaml: lightness is 'kept'; known are: generated, "),
        ("  licence: Apache-2.0", "  license: MIT", "recipes/ddcolor.yaml: code: unknown parameter 'license'"),
        ("training_data:", "trained_on:", "card: unknown parameter 'trained_on'"),
        ("size: own", "size: [own", "recipes/ddcolor.yaml is not valid YAML"),
        ("size: own", "size: own\nsize: own", "recipes/ddcolor.yaml, line [0-9]+: the key 'size' is there twice"),
    ],
)
def test_a_mistake_in_a_recipe_ends_in_one_sentence(old: str, new: str, sentence: str, here: Path) -> None:
    edited("ddcolor", old, new)
    with_methods({"theirs": {"recipe": "ddcolor", "cwd": "."}})
    with pytest.raises(UserError, match=sentence):
        colorize(here, "theirs")


def test_a_folder_without_recipes_says_so(here: Path) -> None:
    shutil.rmtree("recipes")
    with_methods({"theirs": {"recipe": "ddcolor", "cwd": "."}})
    with pytest.raises(UserError, match=r"there is no recipe 'ddcolor' in recipes; recipes has none\."):
        load_params()


def test_the_page_lists_every_recipe_as_it_is() -> None:
    page = (ROOT / "docs" / "methods.md").read_text()
    rows = {}
    for line in re.findall(r"^\| \[`.*$", page, re.MULTILINE):
        link, *cells = (cell.strip() for cell in line.strip("|").split(" | "))
        rows[link] = cells
    recipes = {name: read_recipe(name, "") for name in NAMES}
    assert rows == {
        f"[`{name}`](../recipes/{name}.yaml)": [
            recipe.system,
            recipe.pictures["card"]["training_data"],
            recipe.size,
            recipe.lightness,
        ]
        for name, recipe in recipes.items()
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_installs_the_commit_that_was_read(name: str) -> None:
    recipe = read_recipe(name, "")
    assert re.fullmatch("[0-9a-f]{40}", recipe.code.commit) and recipe.code.files
    assert f"git checkout {recipe.code.commit}" in recipe.install and recipe.code.repository in recipe.install
    done = subprocess.run(["bash", "-n"], input=recipe.install, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# Real pictures of one photograph, as the systems' own programs wrote them; iColoriT's is of its demonstration.
PICTURES = {
    "bigcolor": "bigcolor",
    "colorizers_eccv16": "zhang16_eccv16",
    "colorizers_siggraph17": "zhang17_siggraph17",
    "ddcolor": "ddcolor_*",
    "deoldify": "deoldify_*",
    "icolorit": "icolorit_base",
}


@pytest.mark.parametrize("name", PICTURES)
def test_real_pictures_are_of_the_size_and_lightness_that_the_recipe_says(name: str) -> None:
    if not REAL.is_dir():
        pytest.skip(f"{REAL} is not here: recipes were NOT tried on real pictures of other systems")
    recipe = read_recipe(name, "")
    gray = decode_image((REAL / "gray" / "car.png").read_bytes(), "car")
    photo = Photo("car", gray)
    folders = sorted(REAL.glob(PICTURES[name]))
    assert folders
    for folder in folders:
        (file,) = folder.iterdir()
        picture = decode_image(file.read_bytes(), str(file))
        assert (picture.shape == gray.shape) == (recipe.size == "own")
        method = Folder(Context("old"), str(folder), **recipe.pictures)
        method.match({"car": "car"})
        (taken,) = method.colorize([photo])
        assert taken.shape == gray.shape and not any("do not show" in remark for remark in method.card().remarks)
        if recipe.lightness == "own":
            assert error(picture, photo.lightness.numpy()[0]) < SAME_LIGHTNESS
        elif recipe.lightness == "luma":
            assert np.abs(luma(picture) - luma(gray)).mean() < 0.5
        elif recipe.lightness == "gray level":
            level = 100 / 255 * gray[..., 0]
            assert error(picture, level) < 1 < 2 < error(picture, photo.lightness.numpy()[0])


def error(picture: np.ndarray, lightness: np.ndarray) -> float:
    """The mean |dL| of a picture against some lightness, (H, W)."""
    return float(np.abs(lightness_of(picture).numpy()[0] - lightness).mean())


def luma(picture: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 to (H, W) in [0, 255]: ITU-R BT.601's, which OpenCV's YUV holds."""
    return picture @ np.array([0.299, 0.587, 0.114])
