"""A table as CSV, Markdown and LaTeX."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from pipeline.files import write_whole
from reports.documents import Table

LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "|": r"\textbar{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    '"': r"\textquotedbl{}",
    "∞": r"$\infty$",
}


def write_table(table: Table, folder: Path) -> None:
    """Write `<name>.csv` with raw numbers, `<name>.md` and `<name>.tex` as people read them."""
    write_whole(folder / f"{table.name}.csv", csv_text(table.rows))
    write_whole(folder / f"{table.name}.md", markdown(table))
    write_whole(folder / f"{table.name}.tex", latex(table))


def csv_text(rows: pd.DataFrame) -> str:
    """Numbers with six decimals, nothing where there is none."""
    return rows.to_csv(index=False, float_format="%.6f", lineterminator="\n")


def markdown(table: Table) -> str:
    """A pipe table between its caption and its notes."""
    lines = [_pipes(table.shown.columns), _pipes(_rules(table, "---", "---:"))]
    lines += [_pipes(map(_escape_markdown, row)) for row in table.shown.itertuples(index=False)]
    notes = [f"- {note}" for note in table.notes]
    return "\n".join([table.caption, "", *lines, "", *notes]).rstrip() + "\n"


def latex(table: Table) -> str:
    """A booktabs table with caption, label and notes; needs `\\usepackage{booktabs}`."""
    rows = [" & ".join(map(escape_latex, row)) + r" \\" for row in table.shown.itertuples(index=False)]
    notes = [r"\par\smallskip\footnotesize " + escape_latex(note) for note in table.notes]
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escape_latex(table.caption)}}}",
        rf"\label{{tab:{table.name}}}",
        rf"\begin{{tabular}}{{{''.join(_rules(table, 'l', 'r'))}}}",
        r"\toprule",
        " & ".join(map(escape_latex, table.shown.columns)) + r" \\",
        r"\midrule",
        *rows,
        r"\bottomrule",
        r"\end{tabular}",
        *notes,
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def escape_latex(text: str) -> str:
    """Text in which LaTeX sees no command."""
    return "".join(LATEX.get(character, character) for character in text)


def _escape_markdown(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("_", "\\_").replace("*", "\\*")


def _pipes(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _rules(table: Table, text: str, numeric: str) -> list[str]:
    """Words stand left, numbers right."""
    return [text if column in table.words else numeric for column in table.shown.columns]
