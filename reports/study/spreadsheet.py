"""A CSV of ours as other programs write it again: what means the same is read, any other cell is named.

pandas writes 8 as `8.0` and adds a column of row numbers; a European Excel writes semicolons, decimal commas and a byte
order mark; people move and add columns.
"""

import csv
import io
import math
import types
import typing
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.settings.errors import UserError, suggestion

OTHERWISE = "export it anew with `python -m study_app.export`."
ANEW = f"correct it, or {OTHERWISE}"
DELIMITERS = ",;\t"
ENCODINGS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}  # first bytes -> encoding; otherwise UTF-8
NOTHING = {"", "na", "nan", "none", "null", "<na>"}  # what programs write into a cell that holds nothing
TRUTH = {"1": True, "1.0": True, "true": True, "0": False, "0.0": False, "false": False}


@dataclass(frozen=True)
class Cells:
    """A CSV as text. `rows`: of each row its line in the file and its cells; `advice`: ends the sentences of errors."""

    path: Path
    header: tuple[str, ...]
    rows: tuple[tuple[int, list[str]], ...]
    decimal_comma: bool
    advice: str

    @property
    def lines(self) -> pd.Index:
        """The line of each row, as the index of what is read from it."""
        return pd.Index([line for line, _ in self.rows], dtype="int64")

    def columns(self, hints: Mapping[str, Any]) -> dict[str, list[Any]]:
        """Some columns by name, each as its type; raises `UserError` naming line, column and what was found there."""
        read = {}
        for name, place in _places(self, list(hints)).items():
            parse = _parser(hints[name], self.decimal_comma)
            read[name] = [self._parsed(parse, cells[place], line, name) for line, cells in self.rows]
        return read

    def _parsed(self, parse: Callable[[str], Any], cell: str, line: int, column: str) -> Any:
        try:
            return parse(cell.strip())
        except (ValueError, OverflowError) as error:
            what = repr(cell) if cell.strip() else "an empty cell"
            where = f"{self.path}, line {line}, column {column}"
            raise UserError(f"{where}: found {what}, which is {error}; {self.advice}") from None


def read_sheet(path: Path, record: type[Any]) -> pd.DataFrame:
    """The rows of an export as the dataclass `record` types them; the index holds each row's line in the file.

    Columns may stand in any order, and others beside them. Raises `UserError` naming the line, the column and what was
    found there.
    """
    cells = read_cells(path, ANEW, "`python -m study_app.export` writes it.")
    return pd.DataFrame(cells.columns(typing.get_type_hints(record)), index=cells.lines)


def read_cells(path: Path, advice: str, absent: str) -> Cells:
    """The cells of a CSV, whoever wrote it. `advice`: what to do about a mistake in it; `absent`: where there is none.

    Raises `UserError` for what is no table.
    """
    text = _text(path, advice, absent)
    first = text.partition("\n")[0]
    hinted = first.lower().startswith("sep=")  # Excel's own first line
    delimiter = first[4:5] if hinted else max(DELIMITERS, key=first.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter or ",")
    try:
        if hinted:
            next(lines)
        header = next(lines, [])
        while header and not header[-1].strip():  # columns that a spreadsheet holds for empty
            header.pop()
        numbered = [(lines.line_num, cells) for cells in lines if any(map(str.strip, cells))]
    except csv.Error as error:
        raise UserError(f"{path}, line {lines.line_num}: {error}; {advice}") from None
    for line, cells in numbered:
        if len(cells) < len(header) or any(map(str.strip, cells[len(header) :])):
            raise UserError(f"{path}, line {line}: has {len(cells)} cells, but the heading has {len(header)}; {advice}")
    return Cells(path, tuple(header), tuple(numbered), delimiter != ",", advice)


def as_known(sheet: pd.DataFrame, column: str, known: Sequence[str], path: Path) -> pd.Series:
    """A column of names as they are known: `Main` is `main`. Raises `UserError` for any other name."""
    spelled = {name.casefold(): name for name in known} | {name: name for name in known}
    read = {name: spelled.get(name, spelled.get(name.casefold())) for name in sheet[column].unique()}
    for name, usual in read.items():
        if usual is None:
            known_are = suggestion(name, list(known))
            raise UserError(f"{_where(sheet, column, name, path)} found {name!r}, which is unknown; {known_are} {ANEW}")
    return sheet[column].map(read)


def check_spelling(sheet: pd.DataFrame, column: str, path: Path, advice: str = ANEW) -> None:
    """Raise `UserError` where two names differ in capitals alone: they would count as two."""
    spelled: dict[str, str] = {}
    for name in sheet[column].unique():
        other = spelled.setdefault(name.casefold(), name)
        if other != name:
            first = f"line {sheet.index[sheet[column] == other][0]} has {other!r}"
            raise UserError(f"{_where(sheet, column, name, path)} found {name!r}, but {first}; {advice}")


def _where(sheet: pd.DataFrame, column: str, value: object, path: Path) -> str:
    return f"{path}, line {sheet.index[sheet[column] == value][0]}, column {column}:"


def _text(path: Path, advice: str, absent: str) -> str:
    """The file's text without a byte order mark."""
    if path.is_dir():
        raise UserError(f"{path} is a folder; name the file in it, such as {path / 'ratings.csv'}.")
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise UserError(f"{path} is not here; {absent}") from None
    try:
        text = content.decode(ENCODINGS.get(content[:2], "utf-8-sig"))
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        instead = advice.replace("correct it", "save it as such (Excel: CSV UTF-8)")
        raise UserError(f"{path} is no text in UTF-8; {instead}")
    return text


def _places(cells: Cells, names: Sequence[str]) -> dict[str, int]:
    """Where each column stands. Raises `UserError` for one that is missing or there twice."""
    found = [cell.strip().casefold() for cell in cells.header]
    counts = Counter(found)
    missing = [name for name in names if name.casefold() not in counts]
    if missing:
        there = ", ".join(cell.strip() for cell in cells.header if cell.strip()) or "nothing"
        raise UserError(f"{cells.path} has no column {', '.join(missing)}; its heading has {there}; {cells.advice}")
    twice = [name for name in names if counts[name.casefold()] > 1]
    if twice:
        raise UserError(f"{cells.path} has the column {twice[0]} twice; {cells.advice}")
    return {name: found.index(name.casefold()) for name in names}


def _parser(hint: Any, decimal_comma: bool) -> Callable[[str], Any]:
    """What reads a stripped cell of one type; raises `ValueError` saying what the cell is not."""

    def number(cell: str) -> float:
        try:
            value = float(cell.replace(",", ".") if decimal_comma else cell)
        except ValueError:
            raise ValueError("no number") from None
        if "_" in cell:  # Python reads 1_0 as 10
            raise ValueError("no number")
        if not math.isfinite(value):
            raise ValueError("no finite number")
        return value

    def whole(cell: str) -> int:
        value = number(cell)
        if not value.is_integer():
            raise ValueError("no whole number")
        return int(value)

    def truth(cell: str) -> bool:
        try:
            return TRUTH[cell.replace(",", ".").casefold()]
        except KeyError:
            raise ValueError("neither 0 nor 1") from None

    if typing.get_origin(hint) is types.UnionType:
        parse = _parser(typing.get_args(hint)[0], decimal_comma)
        return lambda cell: None if cell.casefold() in NOTHING else parse(cell)
    readers: dict[type, Callable[[str], Any]] = {int: whole, float: number, bool: truth, str: str}
    return readers[hint]


def is_preference(path: Path) -> bool:
    """Whether a file's heading has the columns that answers to `protocol: preference` alone have, of two or more."""
    return picks_best(path) or all(name in _heading(path) for name in (b"other", b"method_place"))


def picks_best(path: Path) -> bool:
    """Whether such a file is of the best of more than two pictures."""
    return b"shown_methods" in _heading(path)


def _heading(path: Path) -> bytes:
    """The first two lines in small letters: Excel's own line may be the first."""
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        return (file.readline() + file.readline()).replace(b"\0", b"").lower()
