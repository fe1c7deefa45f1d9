"""A table as CSV, Markdown and LaTeX."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from pipeline.settings.files import write_whole
from reports.tables.documents import Table

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
    "±": r"$\pm$",
    "→": r"$\to$",
    "←": r"$\gets$",
    "\N{MULTIPLICATION SIGN}": r"$\times$",
}
PAGE = 40  # rows
SENTENCE, WRAPPED = 30, 0.16  # letters in a cell; share of the text's width


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
    """A booktabs table with caption, label and notes; a long one goes on over pages.

    Needs `\\usepackage{booktabs,longtable}`, and `\\usepackage[T1]{fontenc}` for quotation marks.
    """
    heading = " & ".join(map(escape_latex, table.shown.columns)) + r" \\"
    rows = [" & ".join(map(escape_latex, row)) + r" \\" for row in table.shown.itertuples(index=False)]
    notes = [r"\par\smallskip\noindent\footnotesize " + escape_latex(note) for note in table.notes]
    caption, label = rf"\caption{{{escape_latex(table.caption)}}}", rf"\label{{tab:{table.name}}}"
    columns = "".join(_columns(table))
    if len(rows) > PAGE:
        head = [r"\toprule", heading, r"\midrule", r"\endhead", r"\bottomrule", r"\endfoot"]
        opening = [r"\begingroup", r"\footnotesize", rf"\begin{{longtable}}{{{columns}}}", rf"{caption}{label} \\"]
        lines = [*opening, *head, *rows, r"\end{longtable}", *notes, r"\endgroup"]
    else:
        opening = [
            r"\begin{table}",
            r"\centering",
            r"\footnotesize",
            caption,
            label,
            rf"\begin{{tabular}}{{{columns}}}",
        ]
        body = [r"\toprule", heading, r"\midrule", *rows, r"\bottomrule", r"\end{tabular}"]
        lines = [*opening, *body, *notes, r"\end{table}"]
    return "\n".join(lines) + "\n"


def _columns(table: Table) -> list[str]:
    """Words stand left, numbers right, and sentences in columns that wrap."""
    rules = []
    for column, rule in zip(table.shown, _rules(table, "l", "r"), strict=True):
        long = rule == "l" and table.shown[column].str.len().max() > SENTENCE
        rules.append(rf"p{{{WRAPPED}\linewidth}}" if long else rule)
    return rules


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
