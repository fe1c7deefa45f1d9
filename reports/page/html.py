"""The report as one self-contained page: one script, for the image browser, and nothing loaded from elsewhere."""

import base64
import io
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from jinja2 import Environment
from markupsafe import Markup
from PIL import Image

from reports.claims.ledger import READING, VERDICTS, Entry, check_in_words, estimate_in_words
from reports.figures.drawing import Plot, inline_svg, swatch
from reports.figures.theme import MethodStyle, columns, styled
from reports.inputs.examples import ABREAST, RULE, Examples
from reports.inputs.scores import Dataset
from reports.page.browser import Browser, thumbnail
from reports.page.environment import environment
from reports.page.overview import Asked, overview
from reports.plan.comparisons import PAIRS
from reports.plan.measures import MEASURES
from reports.plan.order import NAMES
from reports.plan.published import Published
from reports.preference.results import PreferencePage
from reports.statistics.means import RESAMPLES
from reports.study.results import StudyPage
from reports.study.tables import BANNER
from reports.tables.cards import SIZES, shared_cards
from reports.tables.differences import convention
from reports.tables.documents import Table
from reports.tables.metrics import AGREEMENT
from reports.tables.table1 import notes_on
from reports.tables.wording import CONVENTIONS, REFERENCES, count, integer, interval_convention, listed, number

# The table of contents: under headings, what the sections of template.html are called, by their ids.
CONTENTS = {
    "Results": {
        "overview": "At a glance",
        "claims": "Claims",
        "table1": "Table 1: PSNR",
        "figure3": "Figure 3: segmenter",
        "naturalness": "Table 2, Figure 5: people",
        "paired": "Differences",
        "defects": "Bleeding and confusion",
    },
    "Pictures": {
        "figures": "Figures 1, 4, 6 and 7",
        "examples": "Examples",
        "browser": "Image browser",
    },
    "Background": {
        "methods": "Methods",
        "sizes": "Sizes and times",
        "training": "Training curves",
        "scores": "All metrics",
        "data": "Data",
        "provenance": "Provenance",
    },
}
RASTER = 130  # dots an inch of figures made of pictures


@dataclass(frozen=True, kw_only=True)
class DatasetPage:
    """What the page shows of one dataset. `segmenters`: who judges in figure 3, a sentence or more for each.

    Plots are None where there is nothing to plot. `examples_strip` is for files; the page has the pictures.
    """

    dataset: Dataset
    segmenters: list[str]
    examples: Examples
    table1_plot: Plot
    figure3_plot: Plot | None
    paired_plot: Plot | None
    examples_strip: Plot
    boundary_plot: Plot | None
    confusion_plot: Plot | None
    training_curves: Plot | None
    figure1: list[Plot]
    figure4: Plot | None
    figure6: Plot | None
    figure7: Plot | None
    browser: Browser

    @property
    def plots(self) -> list[Plot]:
        """The figures to save as files."""
        values = (getattr(self, field.name) for field in fields(self))
        return [*(value for value in values if isinstance(value, Plot)), *self.figure1]


@dataclass(frozen=True, kw_only=True)
class Report:
    """All that the page shows. `origin`: which code, versions and hardware made it; `seed`: of the bootstrap."""

    pages: Sequence[DatasetPage]
    tables: Mapping[str, Table]
    entries: Sequence[Entry]
    studies: Sequence[StudyPage]
    preferences: Sequence[PreferencePage]
    styles: Mapping[str, MethodStyle]
    published: Published
    origin: Mapping[str, str]
    seed: int


def render(report: Report) -> str:
    """The whole page."""
    whole = committed(report.origin)
    asked = [Asked.of_ratings(page.study) for page in report.studies]
    asked += [Asked.of_preferences(page.study) for page in report.preferences]
    return (
        _environment()
        .get_template("template.html")
        .render(
            **{field.name: getattr(report, field.name) for field in fields(report)},
            interval=interval_convention(RESAMPLES, report.seed),
            paired=convention(report.seed),
            overviews=[overview(page.dataset, page.examples, report.entries, asked, whole) for page in report.pages],
            committed=whole,
            across=columns(len(report.pages[0].examples.pictures), ABREAST),
        )
    )


def committed(origin: Mapping[str, str]) -> bool:
    """Whether the code that made a report is in a commit, so that others can take the same."""
    commit = origin.get("commit", "unknown")
    return commit != "unknown" and not commit.endswith("-dirty")


def cited(paper: str) -> str:
    """`Zhao et al. 2018` of a citation that begins with the first author's name and ends with the year."""
    return f"{paper.partition(',')[0]} et al. {paper.split()[-1]}"


def anchor(entry: Entry) -> str:
    """The id of a claim's row in the ledger."""
    return "-".join(part for part in ("claim", entry.dataset.name, entry.id, entry.segmenter) if part)


def _environment() -> Environment:
    found = environment()
    found.filters |= {"number": number, "integer": integer, "listed": listed, "cited": cited}
    found.filters |= {"records": records_of, "primary": primary_rows, "metrics": metric_rows}
    found.filters |= {"estimate": estimate_in_words, "test": check_in_words}
    found.filters |= {"picture": thumbnail, "raster": raster}
    # Both are ours, not a user's: titles in the figures were escaped by matplotlib.
    found.filters |= {
        "svg": lambda plot: Markup(inline_svg(plot)),
        "swatch": lambda style: Markup(swatch(style)),
    }
    found.globals |= {"notes_on": notes_on, "shared_cards": shared_cards, "count": count, "measures": MEASURES}
    found.globals |= {"verdicts": VERDICTS, "reading": READING, "rule": RULE, "banner": BANNER}
    found.globals |= {"contents": CONTENTS, "names": NAMES, "anchor": anchor}
    found.globals |= {"conventions": CONVENTIONS, "references": REFERENCES, "size_columns": SIZES}
    return found


def rows_of(table: Table, title: str) -> list[dict[Any, Any]]:
    """The rows of one dataset: raw numbers, and under `shown` the same as text."""
    chosen = table.rows["dataset"] == title
    raw, shown = table.rows[chosen].to_dict("records"), table.shown[chosen].to_dict("records")
    return [{**row, "shown": text} for row, text in zip(raw, shown, strict=True)]


def records_of(table: Table, title: str) -> list[dict[Hashable, str]]:
    """The rows of one dataset as text alone, where the table has other rows for people than for programs."""
    return table.shown[table.shown["Dataset"] == title].to_dict("records")


def primary_rows(table: Table, title: str) -> list[dict[str, str]]:
    """The tested differences of one dataset as text, with the question that each answers."""
    asks = {(pair.a, pair.b): pair.asks for pair in PAIRS}
    return [
        {**row["shown"], "Question": asks[row["method_a"], row["method_b"]]}
        for row in rows_of(table, title)
        if row["family"] == "primary"
    ]


def metric_rows(table: Table, title: str) -> list[dict[str, str]]:
    """The table `metrics` of one dataset with a row per metric: its cells by method, and why all of them are empty."""
    rows = []
    for _, group in table.rows[table.rows["dataset"] == title].groupby("metric", sort=False):
        shown = table.shown.loc[group.index]
        name = shown["Metric"].iloc[0]
        cells = dict(zip(shown["Method"], shown["Value [95 % interval]"], strict=True))
        reasons = set(group["note"].where(group["value"].isna(), ""))
        missing = f"{name}: {reasons.pop()}" if len(reasons) == 1 and reasons != {""} else ""
        rows.append({"Metric": name, AGREEMENT: shown[AGREEMENT].iloc[0], **cells, "missing": missing})
    return rows


@styled()
def raster(plot: Plot) -> str:
    """A figure made of pictures, as a `data:` URI of a WebP."""
    content, image = io.BytesIO(), io.BytesIO()
    plot.figure.savefig(image, format="png", dpi=RASTER)
    Image.open(image).convert("RGB").save(content, "WEBP", quality=82, method=4)
    return f"data:image/webp;base64,{base64.b64encode(content.getvalue()).decode()}"
