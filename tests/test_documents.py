"""Every command of every page: its program exists, its own parser takes it, and what it names is there.

Commands that train, download, need a GPU or a server go no further; quick ones are run.
"""

import argparse
import importlib
import inspect
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from huebench import cli
from pipeline.settings import paths
from pipeline.settings.params import load_params
from reports.inputs.reproduction import REFERENCE, read_reference
from study_app.simulation import simulate
from tests.conftest import ROOT
from tests.documents import PAGES, SHELLS, Command, commands, fenced

ALL = [command for page in PAGES for command in commands(page)]
PLACEHOLDER = re.compile(r"[A-Z]+[0-9]?|<\w+>|\[[\w.]+\]|\.\.\.")  # DATASET, <dataset>, [study.yaml]
OTHERS = {"apt-get", "useradd", "createuser", "createdb", "install", "systemctl", "nginx", "cp", "cat", "cd", "export"}
OTHERS |= {"wait", ".", "git", "uv"}
OWN = {"warm.py"}  # a file that a page itself prints, and whose commands test_documented_methods.py runs


def of(program: str) -> list[Command]:
    """The commands of one program, each once."""
    return list(dict.fromkeys(command for command in ALL if command.words[0] == program))


class ParsedError(Exception):
    """Raised with the arguments as soon as a program has parsed them."""


def parsed(words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The arguments of `python -m MODULE ...` as its own parser reads them; {} if it has none."""
    module, *arguments = words
    name = f"{module}.__main__" if (ROOT / module.replace(".", "/") / "__main__.py").exists() else module
    main = importlib.import_module(name).main
    assert 'if __name__ == "__main__"' in Path(importlib.import_module(name).__file__ or "").read_text()
    parse = argparse.ArgumentParser.parse_args

    def stop(parser: argparse.ArgumentParser, *given: Any, **named: Any) -> None:
        raise ParsedError(vars(parse(parser, *given, **named)))

    if not arguments:
        return {}  # nothing to parse, and a program without a parser would begin its work
    source = inspect.getsource(sys.modules[main.__module__])
    assert "argparse" in source or "asked_for" in source, f"{module} takes no arguments"
    with monkeypatch.context() as patch:
        patch.setattr(argparse.ArgumentParser, "parse_args", stop)
        patch.setattr(sys, "argv", [module, *(word for word in arguments if not word.startswith("["))])
        try:
            main()
        except ParsedError as found:
            return dict(found.args[0])
        except SystemExit:
            pytest.fail(f"`python -m {module}` does not take {arguments}")
    pytest.fail(f"`python -m {module}` has parsed nothing of {arguments}")


def check_names(given: dict[str, Any]) -> None:
    """Datasets, networks and methods are blocks of params.yaml, or of a page; files of the repository are there."""
    params = load_params(ROOT / "params.yaml")
    added = {name for text in map(Path.read_text, PAGES) for name in added_names(text)}
    models = {*params.models, *params.segmenters}
    known = {"dataset": set(params.data), "model": models, "segmenter": set(params.segmenters)}
    known["methods"] = {*params.methods, *added}
    for key, value in given.items():
        for name in value if isinstance(value, list) else [value]:
            if isinstance(name, str) and key in known and not PLACEHOLDER.fullmatch(name):
                assert name in known[key] | added, f"no {key} {name}"
            if isinstance(name, Path):
                check_file(name)


def check_file(file: Path) -> None:
    """A file of ours must be there; one that a stage makes must be where that stage writes."""
    if file.parts[:2] == ("results", "models"):
        assert file == paths.trained(*file.parts[2:4]) / "weights.safetensors"
    elif (
        len(file.parts) > 1
        and (ROOT / file.parts[0]).is_dir()
        and file.parts[0] not in ("results", "ratings", ".scratch")
    ):
        assert (ROOT / file).exists(), f"{file} is not there"


def added_names(text: str) -> set[str]:
    """The blocks that a page adds to params.yaml."""
    blocks = [yaml.safe_load(block) for block in fenced(text, "yaml")]
    keys = ("methods", "models", "segmenters", "data", "published")
    return {name for block in blocks if isinstance(block, dict) for key in keys for name in block.get(key) or {}}


def test_every_page_is_read_and_every_program_is_known() -> None:
    assert len(ALL) > 80 and {command.page for command in ALL} > {"README.md", "docs/study.md", "docs/scale.md"}
    programs = {command.words[0] for command in ALL}
    assert programs - OTHERS == {"python", "make", "dvc", "torchrun", "huebench"}


@pytest.mark.parametrize("command", of("python"), ids=str)
def test_python_commands_are_taken_by_their_own_parsers(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    _, option, *rest = command.words
    if option in OWN or rest[:1] == ["..."] or rest[:1] in (["zipfile"], ["hatchling"]):
        return
    assert option == "-m"
    monkeypatch.chdir(ROOT)
    check_names(parsed(tuple(rest), monkeypatch))


@pytest.mark.parametrize("command", of("huebench"), ids=str)
def test_commands_of_huebench_are_taken_by_their_modules(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    words = command.words[1:]
    if "..." in words:
        return
    name = " ".join(words[: 2 if words[0] == "study" else 1])
    module, *_ = cli.COMMANDS[name]
    monkeypatch.chdir(ROOT)
    check_names(parsed((module, *words[len(name.split()) :]), monkeypatch))


@pytest.mark.parametrize(
    "wrong",
    [
        "study_app.simulation --raters many",
        "pipeline.train voc2102 semantics",
        "pipeline.colorize scenes zhangg",
        "study_app.simulation --effects study_app/effects.yaml",
        "pipeline.diseases scenes",
        "reports.build scenes",
        "pipeline.colorize_photo a.jpg -o b.png --model results/models/scenes/weights.safetensors",
    ],
)
def test_a_command_that_would_fail_is_found(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    with pytest.raises((AssertionError, ImportError, pytest.fail.Exception, TypeError)):
        check_names(parsed(tuple(wrong.split()), monkeypatch))


@pytest.mark.parametrize("command", of("torchrun"), ids=str)
def test_torchrun_commands_are_taken_by_torchrun_and_by_the_stage(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torch.distributed.run import get_args_parser

    if len(command.words) == 1:
        return
    words = ["0" if word == "N" else word for word in command.words[1:]]
    launched = get_args_parser().parse_args(words)
    assert launched.module
    monkeypatch.chdir(ROOT)
    check_names(parsed((launched.training_script, *launched.training_script_args), monkeypatch))


@pytest.mark.parametrize("command", of("dvc"), ids=str)
def test_dvc_commands_are_taken_by_dvc_and_name_stages_that_exist(command: Command) -> None:
    from dvc.cli import parse_args

    if command.words[1:] == ("metrics",):  # spoken of, not typed
        return
    arguments = parse_args(list(command.words[1:]))
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    params = load_params(ROOT / "params.yaml")
    for target in getattr(arguments, "targets", None) or []:
        stage, _, item = target.partition("@")
        if PLACEHOLDER.fullmatch(stage):
            continue
        assert stage in stages
        dataset, _, rest = item.partition("-")
        if item and not PLACEHOLDER.fullmatch(item):
            assert dataset in params.data and bool(rest) == (len(stages[stage].get("matrix", ())) > 1)
            assert not rest or rest in {*params.models, *params.segmenters, *params.methods}
    for change in getattr(arguments, "set_param", None) or []:
        block: Any = yaml.safe_load((ROOT / "params.yaml").read_text())
        for key in change.partition("=")[0].split("."):
            block = block[key]


@pytest.mark.parametrize("command", of("make"), ids=str)
def test_make_commands_name_targets_and_variables_of_the_makefile(command: Command) -> None:
    makefile = (ROOT / "Makefile").read_text().replace("$(INSTALLED)", ".venv/installed")
    for word in command.words[1:]:
        variable, equals, _ = word.partition("=")
        wanted = rf"^{variable} *[:?]?=" if equals else rf"^{re.escape(word)}:"
        assert re.search(wanted, makefile, re.MULTILINE), word


@pytest.mark.parametrize("command", [command for command in ALL if command.words[0] in OTHERS], ids=str)
def test_files_that_other_commands_copy_are_in_the_repository(command: Command) -> None:
    for word in command.words[1:]:
        if not word.startswith("/"):
            check_file(Path(word))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_blocks_of_shell_are_shell(page: Path) -> None:
    bash = shutil.which("bash")
    assert bash
    for block in fenced(page.read_text(), *SHELLS):
        done = subprocess.run([bash, "-n"], input=block, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", [one for one in of("python") if "--power" in one.words], ids=str)
def test_commands_that_compute_the_power_of_the_study_run(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    fewer = ["--repeats", "2", "--most", "10", "--to", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", [*command.words[2:], *fewer])
    simulate.main()
    wanted = "fake: against 50 %, zhang" if "--chance" in command.words else "saturability: zhang 94.0 %"
    assert wanted in capsys.readouterr().out


def test_the_end_of_make_repro_in_the_readme_is_that_of_the_committed_run() -> None:
    """Verdicts and mean PSNRs; the reasons and the intervals are in no committed file."""
    reference = read_reference(REFERENCE)
    (block,) = (text for text in fenced((ROOT / "README.md").read_text(), "text") if "The paper's claims" in text)
    seen = 0
    for name, *rest in filter(None, map(str.split, block.splitlines())):
        line = " ".join(rest)
        if name in reference.verdicts:
            assert line.startswith(reference.verdicts[name]), f"{name}: {line}"
        elif name in reference.numbers["psnr_rgb"] and len(rest) > 2:
            values = [float(found) for found in re.findall(r"\d+\.\d+", line)]
            assert values[0] == round(reference.numbers["psnr_rgb"][name], 2), f"{name}: {line}"
            assert values[3] == round(reference.numbers["psnr_rgb_pooled"][name], 2), f"{name}: {line}"
        else:
            continue
        seen += 1
    assert seen > 5
