"""The report as one self-contained page: one script, for the image browser, and nothing loaded from elsewhere."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from PIL import Image

from reports.claims.ledger import READING, VERDICTS, Entry, check_in_words, estimate_in_words
from reports.figures.drawing import Plot, inline_svg, swatch
from reports.figures.theme import Look, columns, styled
from reports.inputs.examples import ABREAST, RULE, Examples
from reports.inputs.scores import Dataset
from reports.page.browser import Browser, thumbnail
from reports.plan.comparisons import PAIRS
from reports.plan.published import Published
from reports.statistics.means import RESAMPLES
from reports.study.results import StudyPage
from reports.study.tables import BANNER
from reports.tables.cards import SIZES, shared_cards
from reports.tables.differences import convention
from reports.tables.documents import Table, notes_on
from reports.tables.segmentation import MIOU
from reports.tables.wording import CONVENTIONS, REFERENCES, count, integer, interval_convention, listed, number

RASTER = 130  # dots an inch of figures made of pictures


@dataclass(frozen=True)
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


def render(
    pages: Sequence[DatasetPage],
    tables: Mapping[str, Table],
    entries: Sequence[Entry],
    looks: Mapping[str, Look],
    published: Published,
    origin: Mapping[str, str],
    seed: int,
    studies: Sequence[StudyPage],
) -> str:
    """The whole page."""
    return (
        _environment()
        .get_template("template.html")
        .render(
            pages=pages,
            tables=tables,
            entries=entries,
            verdicts=VERDICTS,
            reading=READING,
            looks=looks,
            published=published,
            origin=origin,
            conventions=CONVENTIONS,
            interval=interval_convention(RESAMPLES, seed),
            paired=convention(seed),
            rule=RULE,
            asks={(pair.a, pair.b): pair.asks for pair in PAIRS},
            across=columns(len(pages[0].examples.pictures), ABREAST),
            sizes=SIZES,
            miou=MIOU,
            references=REFERENCES,
            studies=studies,
            banner=BANNER,
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": number,
        "integer": integer,
        "listed": listed,
        "picture": thumbnail,
        "raster": raster,
    }
    environment.filters |= {"records": records_of, "estimate": estimate_in_words, "test": check_in_words}
    environment.filters |= {"raster": raster}
    environment.filters |= {"svg": _svg, "swatch": _swatch, "rows": rows_of, "metrics": metric_rows}
    environment.globals |= {"notes_on": notes_on, "shared_cards": shared_cards, "count": count}
    return environment


def rows_of(table: Table, title: str) -> list[dict[str, Any]]:
    """The rows of one dataset: raw numbers, and under `shown` the same as text."""
    chosen = table.rows["dataset"] == title
    raw, shown = table.rows[chosen].to_dict("records"), table.shown[chosen].to_dict("records")
    return [
        {str(key): value for key, value in row.items()} | {"shown": text} for row, text in zip(raw, shown, strict=True)
    ]


def records_of(table: Table, title: str) -> list[dict[str, str]]:
    """The rows of one dataset as text alone, where the table has other rows for people than for programs."""
    return [
        {str(key): value for key, value in row.items()}
        for row in table.shown.to_dict("records")
        if row["Dataset"] == title
    ]


def metric_rows(table: Table, title: str) -> list[dict[str, Any]]:
    """The table `metrics` of one dataset with a row per metric: its cells by method, and what all of them lack."""
    metrics: dict[str, dict[str, Any]] = {}
    for row in rows_of(table, title):
        metric = metrics.setdefault(row["metric"], {"name": row["metric"], "cells": {}, "notes": []})
        metric["cells"][row["method"]] = row["shown"]["Value [95 % interval]"]
        metric["notes"].append(row["note"] if np.isnan(row["value"]) else "")
    for metric in metrics.values():
        metric["lacks"] = metric["notes"][0] if len(set(metric["notes"])) == 1 else ""
    return list(metrics.values())


@styled()
def raster(plot: Plot) -> str:
    """A figure made of pictures, as a `data:` URI of a WebP."""
    content, image = io.BytesIO(), io.BytesIO()
    plot.figure.savefig(image, format="png", dpi=RASTER)
    Image.open(image).convert("RGB").save(content, "WEBP", quality=82, method=4)
    return f"data:image/webp;base64,{base64.b64encode(content.getvalue()).decode()}"


def _swatch(look: Look) -> Markup:
    return Markup(swatch(look))


def _svg(plot: Plot) -> Markup:
    return Markup(inline_svg(plot))  # ours, not a user's: titles in it were escaped by matplotlib
