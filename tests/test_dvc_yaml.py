"""dvc.yaml: DVC does not follow imports, so every stage must name all code that can change its result."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.settings.params import load_params
from pipeline.settings.provenance import code_files

STAGES = yaml.safe_load(Path("dvc.yaml").read_text())["stages"]
PARAMS = load_params()


def modules(paths: Iterable[str]) -> list[str]:
    return [path.partition(":")[0] for path in paths]


# Modules that a stage loads by a name in params.yaml, those that people may write there included.
MODELS = modules(block["class"] for block in PARAMS.models.values())
METHODS = modules([*(PARAMS.method(name)["class"] for name in PARAMS.methods), *PARAMS.kinds.values()])
SEGMENTERS = [*modules(block["class"] for block in PARAMS.segmenters.values()), "pipeline.networks.deeplab"]
BY_NAME = {
    "train": MODELS,
    "convert": ["baselines.published.states", *MODELS],
    "train_segmenter": SEGMENTERS,
    "colorize": METHODS + MODELS,
    "segment": SEGMENTERS,
    "sizes": MODELS,
}


def body(stage: str) -> Any:
    return STAGES[stage].get("do", STAGES[stage])


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_names_all_the_code_it_runs_and_no_other(stage: str) -> None:
    module = body(stage)["cmd"].split()[2]
    wanted = code_files([module, *BY_NAME.get(stage, [])])
    named = [Path(dep) for dep in body(stage)["deps"] if not dep.startswith(("ratings", "recipes", "results/"))]
    missing = [str(file) for file in wanted if not any(file.is_relative_to(dep) for dep in named)]
    extra = [str(dep) for dep in named if not any(file.is_relative_to(dep) for file in wanted)]
    assert not missing and not extra, f"{stage}: add {missing}, remove {extra}"


def test_every_command_is_a_plain_python_module() -> None:
    for stage in STAGES:
        assert body(stage)["cmd"].startswith("python -m ")


def test_people_can_read_it() -> None:
    assert len(Path("dvc.yaml").read_text().splitlines()) <= 260
    assert len(Path("dvc.lock").read_text().splitlines()) <= 3000
