"""Any program as a method: what it is given, what becomes of it, and what is said when it fails."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from pipeline.methods import program
from pipeline.methods.command import SCRATCH, Command
from pipeline.methods.method import Context
from pipeline.methods.reference import gray
from pipeline.settings.classes import make
from pipeline.settings.errors import UserError
from tests.baselines.photos import FewPhotos, colorized_all
from tests.conftest import environment

PHOTOS = FewPhotos("cats/001", "cats/002", "Dog v2.1")
COPY = 'cp -r "$1/." "$2"'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, whose name has a space."""
    top = tmp_path / "a folder"
    top.mkdir()
    monkeypatch.chdir(top)
    return top


def shell(script: str, **options) -> Command:
    """A command whose $1 is the folder of grey photographs and $2 that of the pictures."""
    return Command(Context("scenes"), f"sh -c '{script}' sh {{gray_dir}} {{out_dir}}", **options)


def kept() -> list[Path]:
    return list(SCRATCH.iterdir()) if SCRATCH.exists() else []


def stubborn(folder: Path) -> str:
    """A loop for the shell that ends by no SIGTERM and is heard as long as it lives."""
    return f'trap "" TERM HUP INT; while true; do echo >> "{folder}/beat"; sleep 0.02; done'


def silent(folder: Path) -> bool:
    """Whether the loop was there and is no more."""
    before = (folder / "beat").stat().st_size
    time.sleep(0.3)
    return (folder / "beat").stat().st_size == before > 0


def test_a_program_gets_grey_photographs_and_its_pictures_are_taken():
    method = shell(COPY)
    for index, picture in enumerate(colorized_all(method, PHOTOS)):
        assert np.array_equal(picture, gray(PHOTOS[index].lightness))
    assert kept() == []
    assert method.card().weights == "made elsewhere"
    assert method.card().remarks == ("The time is that of a whole program, loading its model included.",)


def test_programs_of_bin_come_first_also_for_a_shell_and_in_another_folder(folder):
    for name, said in (("tint", "tinted"), ("cp", "copied")):
        (folder / "bin" / name).parent.mkdir(exist_ok=True)
        (folder / "bin" / name).write_text(f'#!/bin/sh\necho {said} >> "{folder}/said"; exec /bin/cp "$@"\n')
        (folder / "bin" / name).chmod(0o755)
    (folder / "elsewhere").mkdir()
    run = ["tint -r {gray_dir}/. {out_dir}", 'sh -c \'cp -r "$1"/. "$2"\' sh {gray_dir} {out_dir}']
    colorized_all(Command(Context("scenes"), run, cwd="elsewhere", bin="bin"), PHOTOS)
    assert (folder / "said").read_text() == "tinted\ncopied\n"


def test_nothing_but_grey_pictures_reaches_the_program():
    shell(f'{COPY}; cp -r "$1/.." seen; ls "$2" > before').prepare(PHOTOS)
    seen = sorted(path for path in Path("seen").rglob("*") if path.is_file() and "pictures" not in path.parts)
    assert [str(path) for path in seen] == [*(f"seen/gray/{id}.png" for id in sorted(PHOTOS.ids)), "seen/log.txt"]
    for path in seen[:-1]:
        with Image.open(path) as image:
            pixels = np.asarray(image)
            assert image.mode == "RGB" and image.format == "PNG" and not image.info
        assert (pixels == pixels[..., :1]).all()


def test_the_folder_for_pictures_starts_empty_also_after_a_failure():
    def attempt() -> Command:
        return shell('ls -A "$2" > "$1/../../listing"; cp -r "$1/." "$2"; test -e ../go')

    with pytest.raises(UserError, match="exit code 1"):
        attempt().prepare(PHOTOS)
    Path("../go").touch()
    assert len(colorized_all(attempt(), PHOTOS)) == 3
    assert (SCRATCH / "listing").read_text() == ""


def test_numbers_hide_ids_and_folders_from_the_program():
    method = shell('ls "$1" > seen; cp "$1"/*.png "$2"', names="numbers")
    for index, picture in enumerate(colorized_all(method, PHOTOS)):
        assert np.array_equal(picture, gray(PHOTOS[index].lightness))
    assert Path("seen").read_text().split() == ["000000.png", "000001.png", "000002.png"]


def test_several_commands_run_in_turn_in_their_folder_with_their_variables(tmp_path, monkeypatch):
    monkeypatch.setenv("INHERITED", "yes")
    clone = tmp_path / "clone"
    clone.mkdir()
    options = {"cwd": str(clone), "environment": {"CUDA_VISIBLE_DEVICES": 0, "RATE": 0.5, "WHERE": "here"}}
    script = 'cp -r "$1" made; echo $CUDA_VISIBLE_DEVICES $RATE $WHERE ${{INHERITED}} > {dataset}'
    run = [f"sh -c '{script}' sh {{gray_dir}}", "cp -r made/. {out_dir}"]
    method = Command(Context("scenes"), run, **options)
    assert len(colorized_all(method, PHOTOS)) == 3
    assert (clone / "scenes").read_text() == "0 0.5 here yes\n"


def test_the_time_is_the_programs_own():
    method = shell(f"sleep 0.3; {COPY}")
    began = time.perf_counter()
    colorized_all(method, PHOTOS)
    assert 0.3 < method.seconds(100.0) < time.perf_counter() - began


def test_pictures_are_read_as_those_of_a_folder():
    Path("their.py").write_text(
        "import sys\nfrom pathlib import Path\nfrom PIL import Image\n"
        "for file in Path(sys.argv[1]).iterdir():\n"
        "    Image.open(file).resize((16, 12)).save(Path(sys.argv[2], file.name).with_suffix('.JPG'))\n"
    )
    run = f"{sys.executable} their.py {{gray_dir}} {{out_dir}}"
    method = Command(Context("scenes"), run, on_wrong_size="resize_colors", card={"training_data": "ImageNet"})
    colorized_all(method, FewPhotos("a", "b.c"))
    size, lossy, whole = method.card().remarks
    assert (
        size.startswith("2 of 2 pictures had another size")
        and "2 of 2 pictures came as JPEG" in lossy
        and "whole" in whole
    )
    assert method.card().training_data == "ImageNet"


def failure(method: Command) -> str:
    """The sentence with which it fails; its folders are kept."""
    with pytest.raises(UserError) as error:
        colorized_all(method, PHOTOS)
    (folder,) = kept()
    assert f"are kept in {folder};" in str(error.value)
    assert (folder / "gray" / "cats" / "001.png").exists()
    return str(error.value)


def test_a_failing_program_is_named_with_its_exit_code_and_last_lines():
    said = failure(shell('seq 1 100000; printf "10%%\\r20%%\\r"; echo no such model >&2; exit 3'))
    assert "` failed with exit code 3.\nThe last it printed:\n  99994\n" in said
    assert "\n  10%\n  20%\n  no such model\nThe grey photographs" in said and "99993" not in said
    assert (kept()[0] / "log.txt").read_text().startswith("1\n2\n")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exit 1", "exit code 1.\nIt printed nothing.\n"),
        ("kill -9 $$", "was killed by signal 9 (Killed)."),
        ("echo done", "there are no pictures in .scratch/command/scenes-"),
        ("echo done", "printed:\n  done\n"),
        ('cp "$1"/*.png "$2"', "lacks pictures of 2 of the 3 photographs: cats/001, cats/002."),
        (f'{COPY}; head -c 500 "$1/cats/002.png" > "$2/cats/002.png"', "pictures/cats/002.png is damaged"),
    ],
)
def test_a_program_that_leaves_no_good_pictures_is_refused_with_the_reason(script, said):
    assert said in failure(shell(script))


def test_a_failing_step_keeps_the_next_from_running():
    run = ["sh -c 'exit 2'", "touch ran {gray_dir} {out_dir}"]
    assert "`sh -c 'exit 2'` failed with exit code 2" in failure(Command(Context("scenes"), run))
    assert not Path("ran").exists()


def test_a_program_that_is_not_there_is_named():
    said = failure(Command(Context("scenes"), "colorise {gray_dir} {out_dir}"))
    assert "'colorise' cannot be started in " in said and "(No such file or directory)" in said
    Path("text").write_text("no program")
    with pytest.raises(UserError, match="Permission denied"):
        Command(Context("scenes"), "./text {gray_dir} {out_dir}").prepare(PHOTOS)


def test_a_program_asks_in_vain():
    assert len(colorized_all(shell(f"read answer; {COPY}"), PHOTOS)) == 3


def test_a_program_that_takes_too_long_is_stopped_with_its_children(monkeypatch, folder):
    monkeypatch.setattr(program, "GRACE", 0.2)
    loop = stubborn(folder)
    began = time.perf_counter()
    said = failure(shell(f"echo busy; ({loop}) & {loop}", timeout=1))
    assert "was stopped: `timeout` is 1 seconds.\nThe last it printed:\n  busy\n" in said
    assert time.perf_counter() - began < 30 and silent(folder)


def test_the_time_limit_holds_for_all_commands_together():
    run = ["sleep 0.3", "sleep 0.3", "touch {gray_dir} {out_dir}"]
    assert "`sleep 0.3` was stopped" in failure(Command(Context("scenes"), run, timeout=0.5))


def test_what_a_program_leaves_running_ends_with_it(folder):
    assert len(colorized_all(shell(f"({stubborn(folder)}) & {COPY}; sleep 0.1"), PHOTOS)) == 3
    assert silent(folder)


@pytest.fixture
def heard():
    """Signals as a terminal's processes have them: in the background of a shell SIGINT would be ignored."""
    usual = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL, signal.SIGHUP: signal.SIG_DFL}
    before = {number: signal.signal(number, handler) for number, handler in usual.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stage_that_is_stopped_takes_its_program_along(number, folder, heard):
    Path("stage.py").write_text(
        "from pipeline.methods import program\nfrom pathlib import Path\nprogram.GRACE = 0.2\n"
        f"words = ('sh', '-c', {stubborn(folder)!r})\n"
        "program.Programs((words,), Path(), {}, None, Path('log.txt')).run()\n"
    )
    stage = subprocess.Popen([sys.executable, "stage.py"], env=environment(), stderr=subprocess.DEVNULL)
    while not Path("beat").exists():
        time.sleep(0.02)
    stage.send_signal(number)
    assert stage.wait(30) != 0 and silent(folder)


def test_a_stop_that_comes_while_a_program_is_being_started_is_not_lost(folder, monkeypatch, heard):
    start = subprocess.Popen

    def interrupted_start(*arguments, **options):
        process = start(*arguments, **options)
        signal.raise_signal(signal.SIGINT)
        return process

    monkeypatch.setattr(subprocess, "Popen", interrupted_start)
    with pytest.raises(KeyboardInterrupt):
        shell(f"sleep 30; {stubborn(folder)}").prepare(PHOTOS)
    time.sleep(0.1)
    assert not (folder / "beat").exists()


def test_what_was_ignored_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert len(colorized_all(shell(f"kill -HUP $PPID; {COPY}"), PHOTOS)) == 3
    finally:
        signal.signal(signal.SIGHUP, before)


def test_the_signals_handlers_are_put_back():
    before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    colorized_all(shell(COPY), PHOTOS)
    assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before


def test_gradients_are_left_as_they_were():
    colorized_all(shell(COPY), PHOTOS)
    assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()


@pytest.mark.parametrize(
    ("run", "sentence"),
    [
        ("their.py {gray_dir}", "lacks {out_dir}, which stands for the folder where the pictures belong"),
        (["a {out_dir}", "b"], "lacks {gray_dir}"),
        (
            "their.py {gray_dir} {out_dir} {model}",
            "unknown placeholder in '{model}'; known are {gray_dir}, {out_dir}, {dat",
        ),
        ("their.py {gray_dir} {out_dir!r}", "unknown placeholder"),
        ("awk '{print}' {gray_dir} {out_dir}", "double it: {{ or }}"),
        ("their.py {gray_dir} {out_dir", "expected '}'.*double it"),
        ("their.py {gray_dir} {out_dir}}", "Single '}'"),
        ("their.py 'it {gray_dir} {out_dir}", "no command line \\(No closing quotation\\)"),
        ("", "should be a command line"),
        ([], "should be a command line"),
        (["a {gray_dir} {out_dir}", 3], "should be a command line, or a list"),
        (None, "should be a command line"),
    ],
)
def test_a_command_line_that_cannot_work_is_refused_before_any_work(run, sentence):
    with pytest.raises(UserError, match=sentence.replace("{", r"\{")):
        Command(Context("scenes"), run)
    assert kept() == []


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"cwd": "nowhere"}, "`cwd` is 'nowhere', which is no folder"),
        ({"timeout": 0}, "timeout is 0"),
        ({"timeout": "1h"}, "timeout is '1h'"),
        ({"environment": {"DEBUG": True}}, "environment.DEBUG is True, but should be of type str or"),
        ({"environment": "A=1"}, "environment is 'A=1', but should be of type dict"),
        ({"names": "number"}, "did you mean 'numbers'"),
        ({"runs": 2}, "unknown option 'runs'; did you mean 'run'"),
    ],
)
def test_wrong_options_are_refused_in_a_sentence(options, sentence):
    block = {"class": "pipeline.methods.command:Command", "run": "a {gray_dir} {out_dir}", **options}
    with pytest.raises(UserError, match=sentence):
        make(block, "m", Context("scenes"))
