"""What every network of params.yaml keeps, the paper's own and the baselines alike."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from pipeline.networks.contract import Setup, Trainable
from pipeline.records.rows import ScoreRow, read_rows
from pipeline.settings import paths
from pipeline.settings.classes import make
from pipeline.settings.params import REPEAT, load_params
from tests.baselines.examples import CLASSES, batch, setup
from tests.conftest import run_in, stage_in, write_params

PARAMS = load_params()
MODELS = {name: PARAMS.network(name) for name in PARAMS.models if REPEAT not in name}


def made(name: str, wanted: Setup) -> Trainable:
    torch.manual_seed(0)
    return make(MODELS[name], name, wanted)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("zhang", 32_235_385),  # with 4,992 scales and shifts of batch normalisation
        ("siggraph17", 34_187_027),
        ("iizuka", 42_367_343),
        ("larsson", 147_041_024),
    ],
)
def test_the_networks_have_the_published_sizes(name, parameters):
    with torch.device("meta"):
        network = made(name, Setup(1.0, tuple(f"scene {index}" for index in range(205))))
    assert sum(parameter.numel() for parameter in network.parameters()) == parameters


@pytest.mark.parametrize("name", MODELS)
def test_a_few_steps_on_one_batch_lower_its_loss(name):
    network, examples = made(name, setup()), batch()
    network.initialize(examples)
    optimizer = network.optimizer(0.002)
    losses = []
    for _ in range(25):
        losses.append(network.loss(examples)["loss"])
        optimizer.zero_grad()
        losses[-1].backward()
        optimizer.step()
    assert all(loss.isfinite() for loss in losses)
    assert sum(losses[-5:]) < 0.95 * sum(losses[:5])


@pytest.mark.parametrize("name", MODELS)
def test_every_weight_has_a_part_in_the_loss(name):
    network, examples = made(name, setup()), batch()
    network.loss(examples)["loss"].backward()
    idle = [key for key, value in network.named_parameters() if value.grad is None or not value.grad.any()]
    assert not idle


@pytest.mark.parametrize("name", MODELS)
def test_a_photographs_colours_do_not_depend_on_its_neighbours_in_a_batch(name):
    network, examples = made(name, setup()).eval(), batch()
    with torch.inference_mode():
        together = network.chroma(examples.lightness)
        alone = torch.cat([network.chroma(one[None]) for one in examples.lightness])
    assert together.shape[:2] == (4, 2) and together.dtype == torch.float32
    assert torch.allclose(together, alone, atol=1e-2)


@pytest.mark.parametrize("name", MODELS)
def test_other_sizes_than_the_training_square_are_colorized(name):
    network = made(name, setup()).eval()
    with torch.inference_mode():
        ab = network.chroma(torch.rand(1, 1, 96, 160) * 100)
    assert ab.shape[2] / 96 == ab.shape[3] / 160 and ab.isfinite().all()


@pytest.mark.parametrize("name", [name for name in MODELS if name not in ("semantics", "larsson")])
def test_a_photograph_without_colour_teaches_no_grey(name):
    """Larsson et al. leave such photographs in; for the hue they weigh nothing."""
    network, examples = made(name, setup()).eval(), batch()
    other = replace(examples, ab=torch.cat((examples.ab[:-1], examples.ab[-1:] + 40)))
    assert network.loss(examples)["loss"] == network.loss(other)["loss"]


@pytest.mark.parametrize("name", [name for name in MODELS if name != "semantics"])
def test_data_without_masks_will_do(name):
    network = made(name, Setup(0.125, (), 64, {"colors": [1] * 313, "classes": []}))
    assert network.loss(replace(batch(), labels=None))["loss"].isfinite()


@pytest.mark.parametrize("name", ["iizuka", "siggraph17"])
def test_two_processes_measure_a_baselines_loss_like_one(workspace, name):
    """At a learning rate of next to nothing: a few real steps make more of rounding than of anything else.

    Larsson et al. draw places and Zhang et al. crops, so theirs agree in distribution only.
    """
    write_params(workspace, **{f"models__{name}__learning_rate": 1e-8})
    train = ("pipeline.train", "scenes", name, "--device", "cpu")
    stage_in(workspace, *train)
    file = workspace / paths.trained("scenes", name) / "history.csv"
    alone = pd.read_csv(file)
    run_in(workspace, "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", *train)
    together = pd.read_csv(file)
    assert len(alone) == 3 and np.allclose(alone, together, rtol=1e-4)


@pytest.mark.parametrize("name", ["zhang", "siggraph17", "iizuka", "larsson"])
def test_a_trained_baseline_colorizes_in_the_pipeline(workspace, name):
    write_params(workspace, data__scenes__train__epochs=1)
    stage_in(workspace, "pipeline.train", "scenes", name, "--device", "cpu")
    stage_in(workspace, "pipeline.colorize", "scenes", name, "--device", "cpu")
    stage_in(workspace, "pipeline.score", "scenes", name)
    rows = read_rows(paths.scores("scenes", name), ScoreRow)
    assert len(rows) == 6 and all(row.psnr_rgb > 5 for row in rows)
    card = json.loads(paths.card("scenes", name).read_text())
    assert card["resolution"] == "32 x 32, stretched" and card["differences"]


def test_every_baseline_says_where_it_departs_from_its_paper():
    for name in ("zhang", "siggraph17", "iizuka", "larsson"):
        differences = made(name, Setup(0.125, CLASSES, 64)).differences
        assert differences and all(sentence[0].islower() and sentence[-1] != "." for sentence in differences)


def test_params_yaml_alone_names_the_baselines():
    """The loop, the stages and the methods know none of them by name."""
    names = [*yaml.safe_load(Path("params.yaml").read_text())["models"], "baselines"]
    for file in (Path("pipeline/train.py"), Path("pipeline/colorize.py"), Path("pipeline/methods/colorizer.py")):
        code = file.read_text()
        assert not [name for name in names if f'"{name}"' in code or f"import {name}" in code]
