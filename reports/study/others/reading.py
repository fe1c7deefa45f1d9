"""One function from somebody else's file to a table: `read_long`."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.settings.errors import UserError, suggestion
from reports.study.others.columns import FOLDERS, Columns, found
from reports.study.spreadsheet import NOTHING, check_spelling, read_cells

ADVICE = "correct it."
ALL = "all"  # the method of pictures whose names tell none
ASKED = "rating"  # the criterion where nothing names it
ANY = Columns()  # all that can be found is found
TEXTS = ("rater", "photograph", "method", "picture", "criterion")


def read_long(path: Path, columns: Columns = ANY) -> pd.DataFrame:
    """A long table of ratings, a row for each answer; the index holds its line in the file.

    Columns: `rater`, `picture`, `photograph`, `method`, `criterion` (texts), `value` (on its own scale), `share` (of
    the scale, in [0, 1]), `order` and `response_ms` (NaN where there are none). `picture` is what was seen: a method
    may have made several of one photograph. Rows whose value is empty are left out; `attrs` holds `scale`, `columns` as
    they were taken, and `empty`, the number of these rows.
    Raises `UserError` with file, line and column for what is wrong.
    """
    cells = read_cells(path, ADVICE, "name a CSV with a row for each answer.")
    columns = found(columns, cells.header, path)
    wanted = {role: getattr(columns, role) for role in (*TEXTS, "value", "order", "response_ms")}
    named = {role: name for role, name in wanted.items() if name}
    hints: dict[str, Any] = dict.fromkeys(named.values(), str)
    for role in {"order", "response_ms"} & named.keys():
        hints[named[role]] = float
    if not columns.answers:
        hints[named["value"]] = float | None
    read = cells.columns(hints)
    table = pd.DataFrame({role: read[name] for role, name in named.items()}, index=cells.lines)
    table["value"] = _values(table["value"], columns, path)
    kept = table[table["value"].notna()]
    if kept.empty:
        raise UserError(f"{path} has no answers: its column {columns.value} is empty.")
    texts = _texts(kept, columns, path)
    texts["value"] = kept["value"].astype(np.float64)
    low, high = _scale(texts["value"], columns, path)
    texts["share"] = (texts["value"] - low) / (high - low)
    for role in ("order", "response_ms"):
        texts[role] = kept.get(role, np.nan)
    texts.attrs = {"scale": (low, high), "columns": columns, "empty": len(table) - len(kept)}
    return texts


def _values(read: pd.Series, columns: Columns, path: Path) -> pd.Series:
    """The values as numbers; NaN where a cell is empty."""
    if not columns.answers:
        return read.astype(np.float64)
    known = {word.casefold(): value for word, value in columns.answers.items()}
    for line, cell in read.items():
        if cell.casefold() not in known and cell.casefold() not in NOTHING:
            close = suggestion(cell, list(columns.answers))
            raise UserError(f"{path}, line {line}, column {columns.value}: found {cell!r}, which is no answer; {close}")
    return read.map(lambda cell: known.get(cell.casefold(), np.nan)).astype(np.float64)


def _texts(kept: pd.DataFrame, columns: Columns, path: Path) -> pd.DataFrame:
    """Rater, picture, photograph, method and criterion of each row, none of them empty."""
    texts = kept[[role for role in TEXTS if role in kept]].copy()
    for role in texts:
        if len(empty := texts.index[texts[role].str.casefold().isin(NOTHING)]):
            raise UserError(
                f"{path}, line {empty[0]}, column {getattr(columns, str(role))}: is empty, but every answer needs a "
                f"{role}; {ADVICE}"
            )
    if "picture" in texts:
        texts = _from_names(texts, columns, path)
    defaults: dict[str, str | pd.Series] = {"method": ALL, "criterion": columns.asked or ASKED}
    for role, value in defaults.items():
        if role not in texts:
            texts[role] = value
    if "picture" not in texts:
        texts["picture"] = texts["photograph"] + " by " + texts["method"]
    texts["method"] = _methods(texts["method"], columns, path)
    for role in ("photograph", "method", "criterion"):
        check_spelling(texts, role, path, ADVICE)
    return texts[list(TEXTS)]


def _from_names(texts: pd.DataFrame, columns: Columns, path: Path) -> pd.DataFrame:
    """With the photograph and the method that names of pictures tell, unless columns of their own do."""
    missing = [role for role in ("photograph", "method") if role not in texts]
    if not missing:
        return texts
    if not columns.pattern and not texts["picture"].map(re.compile(FOLDERS).fullmatch).notna().all():
        return texts.assign(photograph=texts["picture"]) if "photograph" in missing else texts
    pattern = re.compile(columns.pattern or FOLDERS)
    matched = {
        name: (pattern.match if columns.pattern else pattern.fullmatch)(name) for name in texts["picture"].unique()
    }
    for name, match in matched.items():
        if match is None or any(not value for value in match.groupdict(default="").values()):
            line = texts.index[texts["picture"] == name][0]
            raise UserError(
                f"{path}, line {line}, column {columns.picture}: the pattern {pattern.pattern!r} does not fit {name!r}."
            )
    for role in missing:
        if role in pattern.groupindex:
            texts[role] = texts["picture"].map({name: match[role] for name, match in matched.items() if match})
    return texts if "photograph" in texts else texts.assign(photograph=texts["picture"])


def _methods(names: pd.Series, columns: Columns, path: Path) -> pd.Series:
    """The names to show."""
    unknown = [name for name in columns.methods if name not in set(names)]
    if unknown:
        close = suggestion(unknown[0], list(names.unique()))
        raise UserError(f"{path} has no method {unknown[0]!r}, which `methods` names; {close}")
    shown = {name: columns.methods.get(name, name) for name in names.unique()}
    return names.map(shown)


def _scale(values: pd.Series, columns: Columns, path: Path) -> tuple[float, float]:
    """The worst and the best value of the scale that is given, else the lowest and the highest value."""
    if columns.scale is None:
        ends = columns.answers.values() or values
        low, high = float(min(ends)), float(max(ends))
        if low == high:
            raise UserError(f"{path}: all answers are {low:g}, which tells no scale; give it (--scale WORST BEST).")
        return low, high
    low, high = columns.scale
    if len(outside := values[(values < min(low, high)) | (values > max(low, high))]):
        raise UserError(
            f"{path}, line {outside.index[0]}, column {columns.value}: found {outside.iloc[0]:g}, outside of the scale "
            f"from {low:g} to {high:g}; {ADVICE}"
        )
    return low, high
