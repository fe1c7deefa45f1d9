"""Measures on trial: which number agrees with people's ratings of the same pictures?

    python -m reports.court --hecd ROOT [--to results/report/court]
    python -m reports.court --ratings ratings.csv --scores per_image.csv [--to results/report/court]

HECD is read from ROOT, which its users download (docs/court.md), and its pictures are measured now. For a study of our
own, --ratings is its export (`python -m study_app.export`) and --scores what `huebench score ... --out` wrote about the
same pictures. Writes below --to: tables/ (CSV, Markdown, LaTeX), figures/ (PNG, PDF) and index.html. Prints verdicts.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from pipeline.settings.errors import UserError, run_stage
from pipeline.settings.files import whole_folder, write_whole
from pipeline.settings.paths import BUILD
from reports.agreement.evidence import Evidence, of_hecd, of_study
from reports.agreement.figures import kinds_plot, ranking_plot, scatter_plot
from reports.agreement.tables import Trial, agreement_table, differences_table, kinds_table, try_measures, verdicts
from reports.figures.drawing import Plot, inline_svg, save
from reports.page.environment import environment
from reports.tables.documents import Table
from reports.tables.writers import write_table

HEADINGS = {
    "court_agreement": "Agreement with people",
    "court_kinds": "Kinds of recolouring",
    "court_differences": "Which measure agrees better",
}


def main() -> None:
    """Try all measures on one set of ratings."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hecd", type=Path, metavar="ROOT", help="the folder of HECD")
    parser.add_argument("--ratings", type=Path, help="ratings.csv of an export")
    parser.add_argument("--scores", type=Path, help="per_image.csv of the same pictures")
    parser.add_argument("--to", type=Path, default=BUILD / "court", help="the folder to write (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap")
    arguments = parser.parse_args()
    trial = try_measures(evidence(arguments.hecd, arguments.ratings, arguments.scores), arguments.seed)
    write(trial, arguments.to)
    print("\n".join(verdicts(trial)))
    print(f"\ntables, figures and page: {arguments.to}")


def evidence(hecd: Path | None, ratings: Path | None, scores: Path | None) -> Evidence:
    """What the command line names."""
    if hecd is not None and ratings is None and scores is None:
        return of_hecd(hecd)
    if hecd is None and ratings is not None and scores is not None:
        return of_study(ratings, scores)
    raise UserError("give either --hecd ROOT, or both --ratings ratings.csv and --scores per_image.csv.")


def write(trial: Trial, folder: Path) -> None:
    """Write tables, figures and the page."""
    kinds = kinds_table(trial)
    tables = [table for table in (agreement_table(trial), kinds, differences_table(trial)) if table is not None]
    plots = [ranking_plot(trial), scatter_plot(trial), *([kinds_plot(trial, kinds)] if kinds else [])]
    with whole_folder(folder / "tables") as whole:
        for table in tables:
            write_table(table, whole)
    with whole_folder(folder / "figures") as whole:
        for plot in plots:
            save(plot, whole)
    write_whole(folder / "index.html", page(trial, tables, plots))


def page(trial: Trial, tables: Sequence[Table], plots: Sequence[Plot]) -> str:
    """The page; nothing is loaded from elsewhere."""
    drawn = [(plot, Markup(inline_svg(plot))) for plot in plots]
    return (
        environment()
        .get_template("court.html")
        .render(title=trial.evidence.title, verdicts=verdicts(trial), tables=tables, plots=drawn, headings=HEADINGS)
    )


if __name__ == "__main__":
    run_stage(main)
