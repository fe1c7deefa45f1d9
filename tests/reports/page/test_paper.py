"""What a paper takes over compiles; where no TeX engine is installed, at least its structure is whole."""

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from reports.tables.documents import Table
from reports.tables.writers import latex


def engine() -> str | None:
    """tectonic, which fetches packages itself, or a LaTeX that has booktabs."""
    finder = shutil.which("kpsewhich")
    if finder and not subprocess.run([finder, "booktabs.sty"], capture_output=True).returncode:
        return shutil.which("pdflatex") or shutil.which("xelatex")
    return shutil.which("tectonic")


ENGINE = engine()
PLAIN = r"(?<!\\)"  # not escaped


@pytest.fixture
def paper(built: Path) -> Path:
    """What a paper takes over from the report."""
    return built / "paper"


def test_every_table_and_figure_is_in_the_article(paper: Path) -> None:
    article = (paper / "main.tex").read_text()
    assert set(re.findall(r"\\input\{tables/(\w+)\}", article)) == {path.stem for path in paper.glob("tables/*.tex")}
    assert set(re.findall(r"\{figures/(\w+\.pdf)\}", article)) == {path.name for path in paper.glob("figures/*")}


def test_every_file_is_balanced_and_plain(paper: Path) -> None:
    for path in paper.rglob("*.tex"):
        text = path.read_text()
        assert text.isascii(), path.name
        assert len(re.findall(PLAIN + r"\{", text)) == len(re.findall(PLAIN + r"\}", text)), path.name
        begun, ended = (re.findall(rf"\\{word}\{{(\w+)\}}", text) for word in ("begin", "end"))
        assert sorted(begun) == sorted(ended) and begun, path.name
        body = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
        assert not re.search(PLAIN + r"[%#]", body), path.name


def test_every_row_has_as_many_cells_as_columns(paper: Path) -> None:
    for path in paper.glob("tables/*.tex"):
        text = path.read_text()
        columns = re.search(r"\\begin\{(?:tabular|longtable)\}\{(.*)\}\n", text)
        assert columns, path.name
        rows = [line for line in text.splitlines() if line.endswith(r"\\") and not line.startswith(r"\caption")]
        cells = {len(re.findall(PLAIN + "&", row)) + 1 for row in rows}
        assert cells == {len(re.sub(r"p\{[^}]*\}", "p", columns[1]))}, path.name


def test_a_long_table_goes_on_over_pages_and_sentences_wrap() -> None:
    shown = pd.DataFrame({"Method": ["a"] * 41, "Claim": ["A sentence that is far too long for one line."] * 41})
    table = Table("long", shown, shown, "Many rows.", ("A note.",), ("Method", "Claim"))
    text = latex(table)
    assert r"\begin{longtable}{lp{0.16\linewidth}}" in text and r"\endhead" in text and r"\begin{table}" not in text
    assert r"\begin{tabular}{lp{0.16\linewidth}}" in latex(replace(table, shown=shown[:40]))


@pytest.mark.skipif(
    ENGINE is None, reason="needs a TeX engine with booktabs (pdflatex, tectonic): only the structure was checked"
)
def test_the_article_compiles(paper: Path, tmp_path: Path) -> None:
    shutil.copytree(paper, tmp_path / "paper")
    assert ENGINE
    options = [] if Path(ENGINE).name == "tectonic" else ["-interaction=nonstopmode", "-halt-on-error"]
    done = subprocess.run([ENGINE, *options, "main.tex"], cwd=tmp_path / "paper", capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]
    assert (tmp_path / "paper" / "main.pdf").stat().st_size > 50_000
