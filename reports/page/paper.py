"""What a paper takes over: the tables as LaTeX, the figures as PDF, and an article that shows how to include each."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from pipeline.settings.files import whole_folder, write_whole
from reports.figures.drawing import Plot
from reports.tables.documents import Table
from reports.tables.writers import escape_latex, latex

ARTICLE = r"""% Every table and figure of the report, as an example to copy from: pdflatex main, or tectonic main.tex
\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{textcomp}
\usepackage[margin=2cm]{geometry}
\usepackage{booktabs}
\usepackage{longtable}
\usepackage{graphicx}
\begin{document}
CONTENT
\end{document}
"""
FIGURE = r"""\begin{figure}
\centering
\includegraphics[width=\linewidth,height=0.7\textheight,keepaspectratio]{figures/%s.pdf}
\caption{%s}
\label{fig:%s}
\end{figure}
\clearpage"""


def write_paper(folder: Path, tables: Iterable[Table], plots: Iterable[Plot], figures: Path) -> None:
    """Write `folder`: main.tex, tables/*.tex and figures/*.pdf, copied from the folder `figures`."""
    tables, plots = list(tables), list(plots)
    with whole_folder(folder) as whole:
        for table in tables:
            write_whole(whole / "tables" / f"{table.name}.tex", latex(table))
        (whole / "figures").mkdir()
        for plot in plots:
            shutil.copyfile(figures / f"{plot.name}.pdf", whole / "figures" / f"{plot.name}.pdf")
        write_whole(whole / "main.tex", article(tables, plots))


def article(tables: Iterable[Table], plots: Iterable[Plot]) -> str:
    """A minimal article with everything in it."""
    parts = [rf"\input{{tables/{table.name}}}" + "\n\\clearpage" for table in tables]
    parts += [FIGURE % (plot.name, escape_latex(plot.caption), plot.name) for plot in plots]
    return ARTICLE.replace("CONTENT", "\n".join(parts))
