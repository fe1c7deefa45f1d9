"""Files are whole or absent, whatever happens while they are written."""

import errno
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

import pytest

from pipeline.records.rows import read_rows, write_rows
from pipeline.settings.errors import UserError, run_stage
from pipeline.settings.files import whole_file, whole_folder, write_whole


@dataclass(frozen=True)
class Row:
    id: str
    score: float
    flag: bool
    rank: int


def test_an_error_while_writing_keeps_the_old_file_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "result.csv"
    write_whole(path, "old")
    with pytest.raises(OSError, match="No space"), whole_file(path) as temporary:
        temporary.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert path.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["result.csv"]


def test_an_error_while_writing_a_folder_keeps_the_old_folder(tmp_path):
    with whole_folder(tmp_path / "pack") as folder:
        (folder / "a").write_text("1")
    with pytest.raises(RuntimeError), whole_folder(tmp_path / "pack") as folder:
        (folder / "a").write_text("2")
        raise RuntimeError
    assert (tmp_path / "pack" / "a").read_text() == "1"
    assert [path.name for path in tmp_path.iterdir()] == ["pack"]


def test_a_killed_writer_never_leaves_a_half_file_under_the_real_name(tmp_path):
    code = (
        "from pathlib import Path\nfrom pipeline.settings.files import whole_file\nimport sys, time\n"
        "with whole_file(Path(sys.argv[1])) as t:\n  t.write_text('half'); print('writing', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, tmp_path / "result"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "result").exists()
    write_whole(tmp_path / "result", "whole")
    assert [path.name for path in tmp_path.iterdir()] == ["result"], "what the killed writer left stays for ever"


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (UserError("the mask a.png is missing."), "error: the mask a.png is missing."),
        (OSError(errno.ENOSPC, "No space left on device", "x.bin"), "error: the disk is full while writing x.bin"),
        (KeyboardInterrupt(), "stopped; run the same command again"),
    ],
)
def test_a_stage_ends_in_one_sentence(error, sentence):
    def main() -> None:
        raise error

    with pytest.raises(SystemExit) as caught:
        run_stage(main)
    assert sentence in str(caught.value.code)


def test_a_full_disk_ends_in_one_sentence_and_a_whole_old_file(tmp_path):
    """A real one: /dev/full refuses every byte."""
    code = (
        "from pipeline.settings.errors import run_stage\n"
        "def main():\n  with open('/dev/full', 'w', buffering=1) as f: f.write('x\\n')\nrun_stage(main)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("error: the disk is full")
    assert "Traceback" not in done.stderr


def test_rows_come_back_as_they_were_and_the_same_rows_are_the_same_bytes(tmp_path):
    rows = [Row("a", 0.5, True, 3), Row("b,c", float("inf"), False, -1)]
    for name in ("one.csv", "two.csv"):
        write_rows(tmp_path / name, Row, rows)
    assert read_rows(tmp_path / "one.csv", Row) == rows
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()


def test_a_table_with_other_columns_is_refused(tmp_path):
    (tmp_path / "old.csv").write_text("id,score\na,1\n")
    with pytest.raises(UserError, match="has the columns"):
        read_rows(tmp_path / "old.csv", Row)


def test_importing_the_light_modules_does_not_load_torch():
    code = (
        "import sys, pipeline.settings.params, pipeline.records.rows, pipeline.fetch, pipeline.pack; "
        "sys.exit('torch' in sys.modules)"
    )
    began = time.perf_counter()
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
    assert time.perf_counter() - began < 20
