"""dvc.yaml: DVC does not follow imports, so every stage must name all code that can change its result."""

from collections.abc import Iterable
from pathlib import Path

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


def body(stage: str) -> dict:
    return STAGES[stage].get("do", STAGES[stage])


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_names_all_the_code_it_runs(stage):
    module = body(stage)["cmd"].split()[2]
    wanted = {str(path) for path in code_files([module, *BY_NAME.get(stage, [])])}
    named = {dep for dep in body(stage)["deps"] if dep.endswith((".py", ".html", ".yaml"))}
    named = {dep for dep in named if dep.endswith(".py")}
    missing, extra = sorted(wanted - named), sorted(named - wanted)
    assert not missing and not extra, f"{stage}: add {missing}, remove {extra}"


def test_every_command_is_a_plain_python_module():
    for stage in STAGES:
        assert body(stage)["cmd"].startswith("python -m ")
