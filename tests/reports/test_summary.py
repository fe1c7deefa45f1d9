"""The closing summary and its times: aligned, complete, and quick to start."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.records.rows import read_rows, write_json
from pipeline.settings import paths
from pipeline.settings.errors import UserError
from reports.plan.claims import load_claims
from reports.summary import main
from reports.times.times import NOWHERE, Time
from reports.times.verdicts import speed_verdicts
from tests.conftest import ROOT
from tests.reports.conftest import write_run

TABLE1 = """dataset,method,n,psnr_mean,ci_low,ci_high,psnr_pooled,published
scenes (synthetic),gray,200,21.500000,21.000000,22.000000,20.900000,
scenes (synthetic),semantics_jbu,200,22.312345,22.051000,22.584000,21.800000,22.000000
VOC2012,gray,1449,inf,inf,inf,inf,
"""

FIGURE3 = """dataset,method,miou,ci_low,ci_high,n,segmenter,published
scenes (synthetic),gray,5.412345,4.900000,6.100000,200,small,79.000000
scenes (synthetic),semantics_jbu,29.000000,27.000000,31.000000,200,small,81.000000
scenes (synthetic),gray,40.000000,39.000000,41.000000,200,deeplab,79.000000
"""

METHODS = """dataset,dataset_name,method,parameters,weights_megabytes,weights,weights_sha256
scenes (synthetic),scenes,gray,,,,
scenes (synthetic),scenes,semantics,36874133,147.513876,trained here,0a
scenes (synthetic),scenes,their_net,,,,
VOC2012,voc2012,gray,,,,
"""

SIZES = """dataset,method,width
scenes (synthetic),semantics,1.000000
scenes (synthetic),zhang,1.000000
scenes (synthetic),iizuka,
"""
CLAIMS = [
    {"id": "jbu_psnr", "data": "scenes (synthetic)", "segmenter": "", "verdict": "supported", "reason": ""},
    {
        "id": "segments",
        "data": "scenes (synthetic)",
        "segmenter": "small",
        "verdict": "undecided",
        "reason": "about 934 photographs would decide",
    },
]


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with a report's tables and the runs of two methods."""
    monkeypatch.chdir(tmp_path)
    tables = paths.BUILD / "tables"
    tables.mkdir(parents=True)
    (tables / "table1.csv").write_text(TABLE1)
    (tables / "figure3.csv").write_text(FIGURE3)
    (tables / "methods.csv").write_text(METHODS)
    (tables / "size_and_time.csv").write_text(SIZES)
    write_json(paths.BUILD / "claims.json", CLAIMS)
    write_run("semantics", 0.0315)
    write_run("their_net", None)
    return tmp_path


@pytest.fixture
def printed(workplace: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What the command prints."""
    main()
    return capsys.readouterr().out.rstrip()


def test_summary_shows_each_datasets_tables_and_the_reports_path(printed: str) -> None:
    assert "Table 1, scenes (synthetic)" in printed and "Table 1, VOC2012" in printed
    assert "22.31 [22.05, 22.58]" in printed and "∞" in printed
    assert "Times, scenes (synthetic): a <small> machine" in printed
    assert printed.splitlines()[-1] == f"report: {paths.BUILD / 'index.html'}"


def test_claims_come_first_with_the_reason_for_no_verdict(printed: str) -> None:
    assert printed.splitlines()[:4] == [
        "The paper's claims on scenes (synthetic)",
        "",
        "  jbu_psnr          supported",
        "  segments (small)  undecided     about 934 photographs would decide",
    ]


def test_claims_about_time_are_judged_where_the_times_are(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    methods = paths.BUILD / "tables" / "methods.csv"
    methods.write_text(METHODS + "scenes (synthetic),scenes,zhang,1,1,,\n")
    write_run("zhang", 0.0315 / 1.1)
    main()
    told = " ".join(capsys.readouterr().out.split())
    assert (
        "scenes (synthetic): The network is about as fast as Zhang et al.'s. Supported (semantics / zhang 1.10)."
        in told
    )
    page = (paths.BUILD / "times.html").read_text()
    assert "Supported (semantics / zhang 1.10)." in page and "Not tested (iizuka: not measured here" in page


def test_times_of_narrow_networks_or_of_two_machines_are_no_verdict() -> None:
    claims = load_claims()
    times = [Time("VOC2012", method, "a machine", 10.0, None, 1, 1.0) for method in ("semantics", "zhang")]
    narrow = {("VOC2012", "semantics"): 1.0, ("VOC2012", "zhang"): 0.25}
    assert "1.00 times, but networks here are not of full width" in speed_verdicts(claims, times, narrow)[0]
    wide = dict.fromkeys(narrow, 1.0)
    assert "Supported (semantics / zhang 1.00)" in speed_verdicts(claims, times, wide)[0]
    elsewhere = [times[0], replace(times[1], device="another")]
    assert "measured on two machines" in speed_verdicts(claims, elsewhere, wide)[0]


def test_each_segmenter_has_a_figure_3(printed: str) -> None:
    assert printed.count("Figure 3, scenes (synthetic), segmenter ") == 2
    (line,) = (line for line in printed.splitlines() if "5.4 [4.9, 6.1]" in line)
    assert line.split() == ["gray", "200", "5.4", "[4.9,", "6.1]", "79"]


def test_without_segmenters_there_is_no_figure_3(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (paths.BUILD / "tables" / "figure3.csv").unlink()
    main()
    assert "Figure 3" not in capsys.readouterr().out


def test_columns_of_the_summary_are_aligned(printed: str) -> None:
    lines = printed[printed.index("Table 1, scenes") :].splitlines()[2:5]
    assert len({len(line) for line in lines}) == 1
    assert lines[0].split()[0] == "method" and lines[2].split()[-1] == "22.0"


def test_times_stand_beside_the_papers_and_the_sizes(printed: str) -> None:
    (line,) = (line for line in printed.splitlines() if line.split()[:1] == ["semantics"])
    assert line.split() == ["semantics", "31.5", "25", "36,874,133", "147.5"]


def test_pictures_from_elsewhere_have_no_time(printed: str) -> None:
    (line,) = (line for line in printed.splitlines() if "their_net" in line)
    assert line.split()[1:] == ["-", "-", "-", "-"]


def test_methods_that_did_not_run_here_are_told_apart(printed: str) -> None:
    assert "Times, VOC2012: not measured here: gray." in printed
    assert "Times, scenes (synthetic): not measured here: gray." in printed


@pytest.mark.parametrize("text", ["", "[]", "{}", "null"])
def test_a_damaged_record_of_a_run_is_no_time(workplace: Path, text: str) -> None:
    (paths.RUNS / "colorize-scenes-semantics.json").write_text(text)
    main()
    times = {time.method: time for time in read_rows(paths.BUILD / "times.csv", Time)}
    assert times["semantics"].milliseconds is None and times["semantics"].device == NOWHERE


def test_times_are_written_as_csv_markdown_and_a_page(printed: str) -> None:
    times = read_rows(paths.BUILD / "times.csv", Time)
    assert [time.milliseconds for time in times] == [None, 31.5, None, None]
    assert "| semantics | 31.5 | 25 | 36,874,133 | 147.5 |" in (paths.BUILD / "times.md").read_text()
    page = (paths.BUILD / "times.html").read_text()
    assert "scenes (synthetic): a &lt;small&gt; machine" in page and "<td>31.5</td>" in page
    assert 'href="index.html"' in page and "src=" not in page


def test_summary_without_a_report_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"methods.csv is missing; `make repro` makes it"):
        main()


def test_summary_loads_no_heavy_library() -> None:
    heavy = "{'torch', 'pandas', 'numpy', 'matplotlib', 'jinja2'}"
    code = f"import sys, reports.summary; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_summary_runs_as_a_command(workplace: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "reports.summary"],
        cwd=workplace,
        env={"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and "semantics_jbu" in done.stdout
