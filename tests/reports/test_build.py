"""The stage from end to end, on fabricated results of the others."""

import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pipeline import layout
from pipeline.errors import UserError
from pipeline.params import Params
from reports.build import build
from tests.conftest import ROOT
from tests.reports.conftest import ORIGIN, fabricate

LOADING = {"src", "href", "xlink:href", "srcset", "data", "poster", "action"}


class Page(HTMLParser):
    """Every start tag of a page with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def built(params: Params, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report that tests only read."""
    folder = tmp_path_factory.mktemp("built")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        fabricate("scenes", "scenes (synthetic)")
        build(params, ORIGIN)
    return folder / layout.BUILD


def test_build_leaves_every_promised_file(built: Path) -> None:
    files = {str(path.relative_to(built)) for path in built.rglob("*") if path.is_file()}
    tables = {f"tables/{name}.{kind}" for name in ("table1", "scores") for kind in ("csv", "md", "tex")}
    figures = {
        f"figures/{name}_scenes.{kind}" for name in ("table1", "training", "examples") for kind in ("png", "pdf")
    }
    assert files == tables | figures | {"metrics.json", "index.html"}


def test_two_builds_give_the_same_bytes(built: Path, results: Path, params: Params) -> None:
    build(params, ORIGIN)
    for path in (path for path in built.rglob("*") if path.is_file()):
        assert path.read_bytes() == (results / layout.BUILD / path.relative_to(built)).read_bytes(), path.name


def test_metrics_are_nested_finite_numbers(built: Path) -> None:
    metrics = json.loads((built / "metrics.json").read_text())
    assert set(metrics["scenes"]["semantics"]) == {"psnr_mean", "ssim", "colorfulness"}
    assert set(metrics["scenes"]["original"]) == {"ssim", "colorfulness"}


def test_page_loads_nothing_and_runs_nothing(built: Path) -> None:
    text = (built / "index.html").read_text()
    page = Page(text)
    assert not {"script", "link", "iframe"} & {tag for tag, _ in page.tags}
    for tag, attributes in page.tags:
        for name in LOADING & set(attributes):
            assert (attributes[name] or "").startswith(("data:", "#")), (tag, name)
    assert "@import" not in text and "url(http" not in text


def test_every_picture_has_words(built: Path) -> None:
    tags = Page((built / "index.html").read_text()).tags
    pictures = [attributes for tag, attributes in tags if tag == "img"]
    plots = [attributes for tag, attributes in tags if tag == "svg"]
    assert len(pictures) == 25 and all(picture.get("alt") for picture in pictures)
    assert len(plots) == 2 and all(plot.get("role") == "img" and plot.get("aria-label") for plot in plots)


def test_page_names_its_data_its_settings_and_its_origin(built: Path) -> None:
    text = (built / "index.html").read_text()
    for promise in ("scenes (synthetic)", "22.7", "32,230,393", "128.92 MB", "normalized", "0123abc", "make repro"):
        assert promise in text


def test_names_from_outside_are_escaped(built: Path) -> None:
    text = (built / "index.html").read_text()
    assert "broken &lt;1&gt;" in text and "truncated &amp; cut" in text and "a &lt;small&gt; machine" in text


@pytest.mark.parametrize("path", ["models/scenes/semantics/manifest.json", "models/scenes/semantics/history.csv"])
def test_missing_model_ends_in_one_sentence(results: Path, params: Params, path: str) -> None:
    (results / path).unlink()
    with pytest.raises(UserError, match=f"{path} is missing; `dvc repro` makes it"):
        build(params, ORIGIN)


def test_archive_without_a_photograph_ends_in_one_sentence(results: Path, params: Params) -> None:
    layout.archive("scenes", "semantics").write_bytes(b"not a zip")
    with pytest.raises(UserError, match=r"colorized/scenes/semantics.zip is damaged or not complete"):
        build(params, ORIGIN)


def test_reports_never_import_torch() -> None:
    code = "import sys, reports.build, reports.summary; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
