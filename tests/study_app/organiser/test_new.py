"""`huebench study new`: five questions or as many options, and a file that means what was said."""

import sys
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.settings.errors import UserError
from study_app.design.study import load_study
from study_app.organiser import new
from study_app.organiser.template import OTHERS, taken_over

SAID = ["--methods", "mine", "theirs", "original"]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the command in an empty folder, where nobody can be asked unless `typed` says what they type."""
    monkeypatch.chdir(tmp_path)

    def run(*options: str, typed: list[str] | None = None) -> Path:
        monkeypatch.setattr(sys, "argv", ["new", *options])
        monkeypatch.setattr(sys.stdin, "isatty", lambda: typed is not None, raising=False)
        monkeypatch.setattr("builtins.input", lambda _: (typed or []).pop(0))
        new.main()
        return tmp_path / "study.yaml"

    return run


def test_options_answer_all_questions(write: Any, capsys: pytest.CaptureFixture[str]) -> None:
    options = [*SAID, "--photographs", "60", "--volunteers", "25", "--languages", "es", "en", "--scale", "0-10"]
    file = write(*options)
    study = load_study(file)
    assert (study.methods, study.photographs, study.block_size) == (("mine", "theirs", "original"), 60, 30)
    assert (study.languages, study.scale, study.sessions) == (("es", "en"), "0-10", 30)
    assert len(file.read_text(encoding="utf-8").splitlines()) <= 40
    printed = capsys.readouterr().out
    assert "30 volunteers" in printed and "huebench study check study.yaml" in printed


def test_questions_are_asked_again_until_there_is_an_answer_and_an_empty_one_takes_what_is_in_brackets(
    write: Any,
) -> None:
    study = load_study(write(typed=["", "", "mine, theirs", "24", "", "de", "0-100"]))
    assert (study.protocol, study.methods, study.photographs) == ("naturalness", ("mine", "theirs"), 24)
    assert (study.sessions, study.languages, study.scale) == (20, ("de",), "0-100")


def test_methods_with_pictures_here_are_proposed(write: Any, tmp_path: Path) -> None:
    folder = tmp_path / "results" / "colorized" / "mine"
    folder.mkdir(parents=True)
    for name in ("original", "zhang", "zhang@1"):
        (folder / f"{name}.zip").touch()
    with pytest.raises(
        UserError, match=r"--methods is missing: methods to compare \(here: a, b, c, d, original, zhang\)"
    ):
        for name in "abcd":
            (folder / f"{name}.zip").touch()
        write()
    for name in "abcd":
        (folder / f"{name}.zip").unlink()
    assert load_study(write()).methods == ("original", "zhang")


@pytest.mark.parametrize(
    ("protocol", "photographs", "languages"),
    list(product(new.PROTOCOLS, ("6", "7", "45", "97"), (["en"], ["fr", "de"]))),
)
def test_every_file_is_a_valid_study_and_its_comments_are_settings(
    write: Any, protocol: str, photographs: str, languages: list[str], tmp_path: Path
) -> None:
    methods = ["mine", "theirs"]
    file = write("--protocol", protocol, "--methods", *methods, "--photographs", photographs, "--languages", *languages)
    study = load_study(file)
    assert study.photographs == int(photographs) and study.repeats <= study.block_size // 3
    text = file.read_text(encoding="utf-8")
    settings = [line for line in text.splitlines() if line.startswith("# ") and line[2:].partition(":")[0] in OTHERS]
    free = "\n".join(line.removeprefix("# ") for line in settings)
    assert len(settings) >= 8 and yaml.safe_load(free).items() <= taken_over(protocol).items()
    other = tmp_path / "all.yaml"
    other.write_text(f"{text}\n{free}\n", encoding="utf-8")
    assert load_study(other).digest == study.digest


@pytest.mark.parametrize(
    ("protocol", "methods", "between"),
    [
        ("naturalness", ["original", "mine", "theirs"], ("mine", "theirs")),
        ("preference", ["original", "mine"], ("mine", "original")),
        ("pairs", ["mine"], ("mine",)),
    ],
)
def test_the_stopping_rule_that_is_proposed_can_be_switched_on(
    write: Any, protocol: str, methods: list[str], between: tuple[str, ...]
) -> None:
    file = write("--protocol", protocol, "--methods", *methods)
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("# stops: ", "stops: "), encoding="utf-8")
    study = load_study(file)
    assert study.stops and (study.stops.between, study.stops.largest) == (between, study.sessions)


def test_several_pictures_are_asked_for_where_there_are_methods_enough(write: Any, tmp_path: Path) -> None:
    study = load_study(write(typed=["preference", "", "a b c d", "4", "30", "20", "en"]))
    assert (study.pictures, study.sessions, study.exposure_ms, study.ties) == (4, 20, 8000, False)
    text = (tmp_path / "study.yaml").read_text(encoding="utf-8")
    assert "\npictures: 4 # at once, 2 to 6\n" in text and "arrangement" not in text and "# ties" not in text
    assert "stops" not in text
    settings = [line[2:] for line in text.splitlines() if line[2:].partition(":")[0] in OTHERS]
    assert len(settings) >= 8 and yaml.safe_load("\n".join(settings)).items() <= taken_over("best_of").items()
    (tmp_path / "study.yaml").unlink()
    two = load_study(write(typed=["preference", "", "a b c", "", "30", "20", "en", "ties"]))
    assert (two.pictures, two.ties) == (2, True)


def test_nothing_is_overwritten_and_wrong_answers_are_named(write: Any, tmp_path: Path) -> None:
    for options, sentence in (
        ([], "--methods is missing: methods to compare"),
        (["--methods", "mine"], "methods must name at least two"),
        ([*SAID, "--languages", "it"], "--languages is 'it'; known are: de, en, es, fr"),
        ([*SAID, "--photographs", "many"], "--photographs is 'many', but should be a whole number"),
        ([*SAID, "--volunteers", "0"], "--volunteers is '0'"),
        ([*SAID, "--scale", "binari"], "--scale is 'binari'; did you mean 'binary'?"),
        ([*SAID, "--protocol", "pair"], "--protocol is 'pair'; did you mean 'pairs'?"),
        ([*SAID, "--protocol", "pairs"], "it is in every pair"),
        ([*SAID, "--protocol", "preference", "--pictures", "4"], "pictures is 4, but methods names only 3"),
    ):
        with pytest.raises(UserError) as caught:
            write(*options)
        assert sentence in str(caught.value) and list(tmp_path.iterdir()) == []
    (tmp_path / "study.yaml").write_text("mine")
    with pytest.raises(UserError, match=r"study\.yaml is there already"):
        write(*SAID)
    assert (tmp_path / "study.yaml").read_text() == "mine"
