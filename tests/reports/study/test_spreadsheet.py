"""Ratings that other programs have written again: what means the same gives the same, any other cell is named."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from pipeline.settings.errors import UserError
from reports.study.export import Ratings, read_ratings
from tests.reports.study.simulated_study import Truth, write_export

TRUTH = Truth({"zhang": 0.8, "semantics_jbu": 0.9, "original": 0.97}, raters=3, photographs=6)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A small export; participant 2 is flagged."""
    return write_export(tmp_path / "people", TRUTH, 0, simulated=False, careless=(2,))


def read(path: Path) -> Ratings:
    ratings = read_ratings(path)
    assert ratings is not None
    return ratings


def by_pandas(path: Path) -> None:
    """Read and written again, with row numbers and with whole numbers as floats."""
    rows = pd.read_csv(path)
    whole = [name for name in ("value", "trial", "participant", "version", "hidden") if name in rows]
    rows.assign(simulated=rows["simulated"].astype(bool)).astype(dict.fromkeys(whole, float)).to_csv(path)


def by_excel(path: Path) -> None:
    """As a European Excel saves: a byte order mark, semicolons, decimal commas, its own line ends."""
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    rows = rows.map(lambda cell: cell.replace(".", ","))
    path.write_bytes(rows.to_csv(sep=";", index=False, lineterminator="\r\n").encode("utf-8-sig"))


def as_unicode_text(path: Path) -> None:
    path.write_bytes(path.read_text().replace(",", "\t").encode("utf-16"))


def with_a_hint_and_empty_cells(path: Path) -> None:
    lines = path.read_text().replace(";", "&").replace(",", ";").replace("&", "; ").splitlines()
    path.write_text("sep=;\n" + ";;\n".join(lines).replace("; fast", "") + "\n;;;;\n")


def with_other_columns(path: Path) -> None:
    """Columns moved and renamed in capitals, and one more."""
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    rows[sorted(rows, reverse=True)].rename(columns=str.title).assign(remark="a, b").to_csv(path, index=False)


def with_other_spellings(path: Path) -> None:
    """Half of the raters by another hand."""
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    half = rows["participant"] == "1"
    rows.loc[half, "kind"] = rows.loc[half, "kind"].str.title()
    rows.loc[half, "method"] = rows.loc[half, "method"] + " "
    rows.loc[half, "criterion"] = " " + rows.loc[half, "criterion"].str.upper()
    rows.to_csv(path, index=False)


@pytest.mark.parametrize(
    "change", [by_pandas, by_excel, as_unicode_text, with_a_hint_and_empty_cells, with_other_columns]
)
def test_a_file_that_another_program_has_written_again_reads_the_same(
    export: Path, change: Callable[[Path], None]
) -> None:
    before = read(export)
    change(export)
    after = read(export)
    pd.testing.assert_frame_equal(after.answers, before.answers, check_dtype=False)
    if change is not with_a_hint_and_empty_cells:
        change(export.with_name("participants.csv"))
        assert read(export).flagged == before.flagged == {2}


def test_names_by_another_hand_are_the_same_names(export: Path) -> None:
    before = read(export)
    with_other_spellings(export)
    pd.testing.assert_frame_equal(read(export).answers, before.answers)


def replaced(line: int, old: str, new: str) -> Callable[[str], str]:
    """The text with something replaced in one line, counted from 1."""

    def change(text: str) -> str:
        lines = text.splitlines()
        assert old in lines[line - 1]
        lines[line - 1] = lines[line - 1].replace(old, new, 1)
        return "\n".join(lines)

    return change


WRONG: dict[str, tuple[Callable[[str], str], str]] = {
    "two cells too many": (lambda text: text + "1," * 24 + "1\n", "line 83: has 25 cells, but the heading has 23"),
    "a line cut off": (lambda text: text[:-20], "line 82: has .. cells, but the heading has 23"),
    "a word for a number": (replaced(4, ",1,10.", ",one,10."), "line 4, column maximum: found 'one', .* no number"),
    "half an answer": (replaced(3, ",1,10.", ",1.5,10."), "column maximum: found '1.5', which is no whole number"),
    "nothing": (replaced(2, ",3000.", ",,3000."), "line 2: has 24 cells"),
    "no time": (replaced(5, "3000.000000", " "), "line 5, column shown_ms: found an empty cell, which is no number"),
    "a time that is none": (replaced(5, "3000.000000", "nan"), "column shown_ms: found 'nan', which is no finite"),
    "thousands": (replaced(5, "3000.000000", '"3,000.0"'), "column shown_ms: found '3,000.0', which is no number"),
    "neither yes nor no": (replaced(6, ",1,0,", ",1,2,"), "line 6, column simulated: found '2', .* neither 0 nor 1"),
    "another method": (replaced(2, "zhang", "zang"), "column method: found 'zang', .*did you mean 'zhang'"),
    "a column twice": (replaced(1, "onset_ms", "value"), "has no column onset_ms"),
    "one more of a name": (
        lambda text: text.replace("\n", ",1\n").replace(",1", ",value", 1),
        "the column value twice",
    ),
    "no such column": (replaced(1, "kind", "sort"), "has no column kind; its heading has study, version"),
    "another sheet": (lambda text: "PK\x00\x00" + text, "no text in UTF-8; save it as such"),
    "Latin letters": (lambda text: text.replace("photo", "ph\udce4to"), "no text in UTF-8; save it as such"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_cell_that_cannot_be_meant_is_named_by_line_and_column(export: Path, name: str) -> None:
    change, said = WRONG[name]
    text = change(export.read_text())
    export.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(UserError, match=said):
        read_ratings(export)


def test_two_names_that_differ_in_capitals_alone_are_not_taken_for_two_methods(export: Path) -> None:
    rows = pd.read_csv(export)
    rows["method"] = rows["method"].where(rows["participant"] > 1, rows["method"].str.title())
    rows.to_csv(export, index=False)
    export.with_name("study.json").unlink()
    with pytest.raises(UserError, match=r"column method: found '(\w+)', but line \d has '(?i:\1)'"):
        read_ratings(export)


def test_an_unknown_flag_is_named_and_an_empty_one_is_none(export: Path) -> None:
    people = export.with_name("participants.csv")
    people.write_text(people.read_text().replace("catch;fast", "NA"))
    assert read(export).flagged == frozenset()
    people.write_text(people.read_text().replace("NA", "catch; slow"))
    with pytest.raises(UserError, match="line 3, column flags: found 'slow', but the rules are catch, fast"):
        read_ratings(export)


def test_a_folder_is_no_file(export: Path) -> None:
    with pytest.raises(UserError, match=r"people is a folder; name the file in it, such as .*ratings\.csv"):
        read_ratings(export.parent)
