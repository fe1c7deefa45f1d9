"""The stage from end to end, on fabricated results of the others."""

import json
import math
import re
import subprocess
import sys
from dataclasses import asdict, replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.metrics.confusion import COLORS
from pipeline.records.rows import BleedingRow, ObjectColorRow, read_rows, write_json, write_rows
from pipeline.settings import paths
from pipeline.settings.errors import UserError
from pipeline.settings.params import Params
from reports.build import build
from tests.conftest import ROOT
from tests.reports.conftest import METHODS, ORIGIN, write_run

LOADING = {"src", "href", "xlink:href", "srcset", "data", "poster", "action"}


class Page(HTMLParser):
    """Every start tag of a page with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_build_leaves_every_promised_file(built: Path) -> None:
    files = {str(path.relative_to(built)) for path in built.rglob("*") if path.is_file()}
    names = ("table1", "figure3", "class_iou", "miou_differences", "paired", "defects", "confusion_differences")
    names += ("scores", "metrics", "methods", "size_and_time", "table2", "claims", "input_sizes")
    tables = {f"tables/{name}.{kind}" for name in names for kind in ("csv", "md", "tex")}
    drawn = ("table1", "figure3", "paired", "boundary", "confusion", "training", "examples", "figure4", "figure7")
    figures = {f"figures/{name}_scenes.{kind}" for name in drawn for kind in ("png", "pdf")}
    figures |= {f"figures/figure1_scenes_no_semantics.{kind}" for kind in ("png", "pdf")}
    paper = {f"paper/{name}" for name in tables | figures if name.endswith((".tex", ".pdf"))} | {"paper/main.tex"}
    metrics = {f"metrics/scenes/{method}.json" for method in METHODS}
    assert files == tables | figures | paper | {"tables/confusion.csv", "claims.json", "index.html"} | metrics


def test_two_builds_give_the_same_bytes_however_long_the_methods_took(
    built: Path, results: Path, params: Params
) -> None:
    write_run("semantics", 0.5)
    build(params, ORIGIN)
    for path in (path for path in built.rglob("*") if path.is_file()):
        assert path.read_bytes() == (results / paths.BUILD / path.relative_to(built)).read_bytes(), path.name


def test_metrics_are_finite_numbers_by_measure(built: Path) -> None:
    semantics, original = (
        json.loads((built / f"metrics/scenes/{name}.json").read_text()) for name in ("semantics", "original")
    )
    assert set(semantics) == {"n", "psnr_rgb", "ssim_rgb", "colorfulness", "miou_small", "miou_small_n"}
    assert set(original) == set(semantics) - {"psnr_rgb"}  # its PSNR is infinite
    assert (semantics["n"], semantics["miou_small_n"]) == (12, 11)  # the last photograph is all void
    table = pd.read_csv(built / "tables" / "metrics.csv").set_index(["method", "metric"])["value"]
    assert semantics["psnr_rgb"] == pytest.approx(table["semantics", "psnr_rgb"], abs=1e-4)


def test_page_loads_nothing_and_runs_the_browser_alone(built: Path) -> None:
    text = (built / "index.html").read_text()
    page = Page(text)
    assert not {"link", "iframe", "object", "embed"} & {tag for tag, _ in page.tags}
    # One script, ours, written into the page: it has no attribute and so no source, and nothing else runs on an event.
    assert [attributes for tag, attributes in page.tags if tag == "script"] == [{}]
    script = re.search(r"<script>\n(.*)</script>", text, re.DOTALL)
    ours = "".join((ROOT / "reports" / "page" / name).read_text() for name in ("browser.js", "contents.js"))
    assert script and script[1].strip() == ours.strip()
    assert not re.search(r"fetch|XMLHttp|import\b|https?:|eval|innerHTML|localStorage|cookie", script[1])
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    for tag, attributes in page.tags:
        for name in LOADING & set(attributes):
            link_to_times = (tag, attributes[name]) == ("a", "times.html")
            assert link_to_times or (attributes[name] or "").startswith(("data:", "#")), (tag, name)
    assert "@import" not in text and "url(http" not in text


def test_every_picture_has_words_and_every_wide_table_scrolls_in_its_own_box(built: Path) -> None:
    text = (built / "index.html").read_text()
    tags = Page(text).tags
    pictures = [attributes for tag, attributes in tags if tag == "img"]
    plots = [attributes for tag, attributes in tags if tag == "svg" and attributes.get("aria-hidden") != "true"]
    chosen = {"under", "over"}  # the browser's two pictures, whose words its script sets with them
    assert len(pictures) == 5 + 28 + 60 + 2
    assert all(picture.get("alt") for picture in pictures if picture.get("data-part") not in chosen)
    assert len(plots) == 6 and all(plot.get("role") == "img" and plot.get("aria-label") for plot in plots)
    boxes = re.findall(r'<div class="scroll">\s*<table class="[^"]*sticky', text)
    assert text.count("<table") == len(boxes) == 13


def test_the_contents_lead_to_every_section_and_each_claim_to_its_row(built: Path) -> None:
    tags = Page((built / "index.html").read_text()).tags
    places = [attributes["id"] for _, attributes in tags if "id" in attributes]
    links = {(attributes.get("href") or "").removeprefix("#") for tag, attributes in tags if tag == "a"}
    assert all(places.count(link) == 1 for link in links - {"times.html"})
    assert {attributes["id"] for tag, attributes in tags if tag == "section"} <= links
    assert {place for place in places if (place or "").startswith("claim-")} <= links


def test_page_names_its_data_its_settings_and_its_origin_and_escapes_them(built: Path) -> None:
    text = (built / "index.html").read_text()
    for promise in (
        *("scenes (synthetic)", "22.7", "32,230,393", "129.0", "588.2", "normalized", "0123abc"),
        "the photograph without its colours; nothing is learned",  # a method with nothing to state says so in words
        *("colder &amp; &lt;shorter&gt;", "broken &lt;1&gt;", "truncated &amp; cut", "a &lt;small&gt; machine"),
        '<div class="browser" hidden>',  # without its script, the browser is a list to read
    ):
        assert promise in text, promise
    store = text[text.index('<details class="store"') : text.index("</details>", text.index('<details class="store"'))]
    assert store.count("<figure") == 60 and store.count("PSNR, dB") == 60 + 1  # and once for the script
    assert "<strong>semantics_jbu</strong>: PSNR, dB " in store


def test_published_weights_need_no_training_and_remarks_alone_are_no_row_of_dashes(
    results: Path, params: Params
) -> None:
    write_json(paths.card("scenes", "semantics"), {"remarks": ["Pictures arrived as JPEG."]})
    for file in ("manifest.json", "history.csv"):
        (paths.trained("scenes", "semantics") / file).unlink()
    build(replace(params, models={"no_semantics": {}}, published={"semantics": {}}), ORIGIN)
    text = (paths.BUILD / "index.html").read_text()
    assert "not stated</td>" in text and "Pictures arrived as JPEG." in text and "loss_semantic" not in text


WHOLE = r".*elete it, `dvc repro` makes it"
WRONG = {
    "results/models/scenes/semantics/manifest.json": {None: " is missing; `dvc repro` makes it"},
    "results/models/scenes/semantics/history.csv": {None: " is missing; `dvc repro` makes it"},
    "results/colorized/scenes/semantics.zip": {"not a zip": " is not a whole zip file"},
    "results/colorized/scenes/semantics.json": {
        None: " is missing; `dvc repro` makes it",
        **dict.fromkeys(("", "{", "[]", '{"parameters": "many"}', '{"surprise": 1}'), WHOLE),
    },
}


@pytest.mark.parametrize(
    ("path", "text", "error"), [(path, text, error) for path, of in WRONG.items() for text, error in of.items()]
)
def test_a_missing_or_damaged_file_ends_in_one_sentence(
    results: Path, params: Params, path: str, text: str | None, error: str
) -> None:
    (results / path).unlink() if text is None else (results / path).write_text(text)
    with pytest.raises(UserError, match=path + error):
        build(params, ORIGIN)


def test_reports_never_import_torch() -> None:
    code = "import sys, reports.build, reports.summary; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_a_dataset_without_masks_and_segmenters_has_a_report_too(results: Path, params: Params) -> None:
    for method in params.methods:
        write_rows(paths.objects("scenes", method), ObjectColorRow, [])
        np.save(paths.object_colors("scenes", method), np.zeros(0, COLORS))
        rows = read_rows(paths.defects("scenes", method), BleedingRow)
        blank = {name: math.nan for name in asdict(rows[0]) if name.startswith(("kept", "bleeding_b", "boundary"))}
        write_rows(paths.defects("scenes", method), BleedingRow, [replace(row, **blank) for row in rows])
    build(replace(params, segmenters={}), ORIGIN)
    text = (paths.BUILD / "index.html").read_text()
    assert "params.yaml names no segmenter" in text and "Without masks" in text
    table = pd.read_csv(paths.BUILD / "tables" / "defects.csv")
    assert set(table["metric"]) == {"bleeding_flat", "bleeding_boundary", "boundary_contrast"}
    assert table[table["metric"] == "bleeding_boundary"]["value"].isna().all()
