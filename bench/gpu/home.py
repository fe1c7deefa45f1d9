"""What comes home from a session: at most eight files of at most 16 MiB, written again after every step.

A machine may be gone at any moment, so what is there is always whole. `restore` fills an empty folder from it, for a
second call on another machine.
"""

import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.gpu import sheets
from bench.gpu.journal import FILE, Journal
from bench.gpu.table import markdown
from pipeline.settings.errors import UserError
from pipeline.settings.files import write_whole

LARGEST = 16 * 2**20
TABLE, ROWS, SHEET, USAGE, LOG, SEGMENTER = (
    "session.md",
    "rows.zip",
    "sheet.webp",
    "usage.csv",
    "log.txt",
    "segmenter.zip",
)
QUALITIES = (80, 60, 40, 20)
LOG_TAIL = 6000  # characters of each step's output


def write_journal(out: Path, journal: Journal) -> None:
    """The figures as JSON and as a table."""
    write_whole(out / FILE, journal.text())
    write_whole(out / TABLE, markdown(journal.about, journal.all()))


def write_rows(out: Path, work: Path, files: Sequence[Path]) -> None:
    """All rows in one zip, by their paths below `work`."""
    write_zip(out / ROWS, {str(path.relative_to(work)): path.read_bytes() for path in files})


def write_sheet(out: Path, strips: Sequence[Path]) -> None:
    """All strips below one another, at the best quality that is small enough."""
    if not strips:
        return
    sheet = sheets.joined(strips)
    for quality in QUALITIES:
        content = io.BytesIO()
        sheet.save(content, "webp", quality=quality, method=4)
        if content.tell() <= LARGEST:
            write_whole(out / SHEET, content.getvalue())
            return


def write_logs(out: Path, logs: Path) -> None:
    """The end of what every step has printed."""
    texts = []
    for path in sorted(logs.glob("*.txt"), key=lambda path: path.stat().st_mtime):
        said = path.read_text(encoding="utf-8", errors="replace").replace("\r", "\n")[-LOG_TAIL:]
        texts.append(f"==== {path.stem}\n{said}\n")
    write_whole(out / LOG, "".join(texts)[-LARGEST:])


def write_zip(path: Path, content: Mapping[str, bytes]) -> None:
    """A zip of `content`; one that is too large to come home is left out, and said so."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    if file.tell() > LARGEST:
        print(f"{path.name} would have {file.tell() / 2**20:.1f} MiB, too much to come home")
        return
    write_whole(path, file.getvalue())


def restore(home: Path, work: Path) -> None:
    """Put into `work` what an earlier call brought home: its rows, its segmenter, and last, what it had done."""
    if not (home / FILE).exists():
        raise UserError(f"{home} holds no {FILE}: no earlier call has brought anything home there.")
    work.mkdir(parents=True, exist_ok=True)
    for name in (ROWS, SEGMENTER):
        if (home / name).exists():
            with zipfile.ZipFile(home / name) as archive:
                archive.extractall(work)
    for name in (USAGE, FILE):
        if (home / name).exists():
            write_whole(work / name, (home / name).read_bytes())


def copy(path: Path, out: Path) -> None:
    """A file as it is, its end if it is too large."""
    if path.exists():
        write_whole(out / path.name, path.read_bytes()[-LARGEST:])


def bring_segmenter(out: Path, work: Path, folder: Path) -> None:
    """The segmenter's folder in a zip: another machine must judge by the same one."""
    files = [path for path in (work / folder).glob("*") if path.is_file()]
    made = max((path.stat().st_mtime for path in files), default=0.0)
    if files and (not (out / SEGMENTER).exists() or (out / SEGMENTER).stat().st_mtime < made):
        write_zip(out / SEGMENTER, {str(path.relative_to(work)): path.read_bytes() for path in files})
