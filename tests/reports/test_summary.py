"""The closing summary and its times: aligned, complete, and quick to start."""

import shutil
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from pipeline.records.rows import read_rows, write_json
from pipeline.settings import paths
from pipeline.settings.errors import UserError
from pipeline.settings.params import load_params
from reports.inputs.reproduction import Reference, Tolerance, params_digest
from reports.plan.claims import load_claims
from reports.summary import main
from reports.times.times import NOWHERE, Time
from reports.times.verdicts import speed_verdicts
from tests.conftest import ROOT
from tests.reports.conftest import write_run

TABLE1 = """dataset,method,n,psnr_mean,ci_low,ci_high,psnr_pooled,psnr_same,n_same,published
scenes (synthetic),gray,200,21.500000,21.000000,22.000000,20.900000,21.500000,200,
scenes (synthetic),semantics_jbu,200,22.312345,22.051000,22.584000,21.800000,22.312345,200,22.000000
VOC2012,gray,1449,inf,inf,inf,inf,,0,
VOC2012,zhang,1449,22.000000,21.900000,22.100000,21.000000,,0,
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
    {"id": "segments", "data": "scenes (synthetic)", "segmenter": "small", "verdict": "undecided"}
    | {"reason": "about 934 photographs would decide"},
]


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with params of its own, a report's tables and the runs of two methods."""
    params = (ROOT / "params.yaml").read_text()
    (tmp_path / "params.yaml").write_text(params.replace("\nseed: 0", "\nseed: 9"))
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


@pytest.mark.parametrize("committed", [True, False])
def test_the_end_says_whether_it_is_the_committed_run_unless_params_are_others(
    workplace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:
    if committed:
        shutil.copy(ROOT / "params.yaml", workplace)
    for name in ("metrics", "defects"):
        (paths.BUILD / "tables" / f"{name}.csv").write_text("dataset,metric,method,value\n")
    tolerances, verdicts = {"miou_small": Tolerance(2, 2)}, {"jbu_psnr": "supported", "segments small": "supported"}
    numbers = {"miou_small": {"gray": 5.412345, "semantics_jbu": 28.0}}
    digest = params_digest(load_params(ROOT / "params.yaml"))
    reference = Reference("scenes (synthetic)", digest, "a test", tolerances, numbers, verdicts)
    write_json(workplace / "reference.json", asdict(reference))
    monkeypatch.setattr("reports.summary.REFERENCE", workplace / "reference.json")
    main()
    end = " ".join(capsys.readouterr().out.partition("index.html")[2].split())
    sentence = (
        "Not reproduced: 2 of 2 numbers within their tolerances of the committed run (1 identical); verdicts: 1 of 2 "
        "the same (not: segments small: undecided, was supported)."
    )
    assert end == (sentence if committed else "")


def test_summary_shows_claims_then_each_datasets_tables_then_the_reports_path(printed: str) -> None:
    lines = printed.splitlines()
    assert lines[:4] == [
        "The paper's claims on scenes (synthetic)",
        "",
        "  jbu_psnr          supported",
        "  segments (small)  undecided     about 934 photographs would decide",
    ]
    for title in (
        *("Table 1, scenes (synthetic)", "Table 1, VOC2012", "Times, scenes (synthetic): a <small> machine"),
        *(f"Figure 3, scenes (synthetic), segmenter {name}" for name in ("small", "deeplab")),
        *(f"Times, {name}: not measured here: gray." for name in ("VOC2012", "scenes (synthetic)")),
    ):
        assert lines.count(title) == 1, title
    assert lines[-1] == f"report: {paths.BUILD / 'index.html'}"


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("Table 1, VOC2012", "gray 1449 ∞ ∞ -"),
        ("Table 1, scenes", "semantics_jbu 200 22.31 [22.05, 22.58] 21.80 22.0"),
        ("Figure 3, scenes (synthetic), segmenter small", "gray 200 5.4 [4.9, 6.1] 79"),
        ("Times, scenes (synthetic): a <small> machine", "semantics 31.5 25 36,874,133 147.5"),
        ("Times, scenes (synthetic): a <small> machine", "their_net - - - -"),  # pictures from elsewhere
    ],
)
def test_rows_hold_values_beside_the_published_ones_in_aligned_columns(printed: str, table: str, row: str) -> None:
    lines = printed[printed.index(table) :].splitlines()[2:]
    block = lines[: lines.index("")]
    assert row in [" ".join(line.split()) for line in block] and len({len(line) for line in block}) == 1


def test_claims_about_time_are_beside_the_times(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    methods = paths.BUILD / "tables" / "methods.csv"
    methods.write_text(METHODS + "scenes (synthetic),scenes,zhang,1,1,,\n")
    write_run("zhang", 0.0315 / 1.1)
    main()
    printed = " ".join(capsys.readouterr().out.split())
    assert "The network is about as fast as Zhang et al.'s. Supported (semantics / zhang 1.10)." in printed
    page = (paths.BUILD / "times.html").read_text()
    assert "Supported (semantics / zhang 1.10)." in page and "Not tested (iizuka: not measured here" in page


@pytest.mark.parametrize(
    ("width", "device", "expected"),
    [
        (1.0, "a machine", "Supported (semantics / zhang 1.00)"),
        (0.25, "a machine", "1.00 times, but networks here are not of full width"),
        (1.0, "another", "measured on two machines"),
    ],
)
def test_times_of_narrow_networks_or_of_two_machines_are_no_verdict(width: float, device: str, expected: str) -> None:
    times = [Time("VOC2012", "semantics", "a machine", 10.0, None, 1, 1.0)]
    times.append(replace(times[0], method="zhang", device=device))
    widths = {("VOC2012", "semantics"): 1.0, ("VOC2012", "zhang"): width}
    assert expected in speed_verdicts(load_claims(), times, widths)[0]


def test_without_segmenters_there_is_no_figure_3_and_without_a_report_it_says_what_to_do(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (paths.BUILD / "tables" / "figure3.csv").unlink()
    main()
    assert "Figure 3" not in capsys.readouterr().out
    (paths.BUILD / "tables" / "methods.csv").unlink()
    with pytest.raises(UserError, match=r"methods.csv is missing; `make repro` makes it"):
        main()


@pytest.mark.parametrize("text", ["", "[]", "{}", "null"])
def test_a_damaged_record_of_a_run_is_no_time(workplace: Path, text: str) -> None:
    (paths.RUNS / "colorize-scenes-semantics.json").write_text(text)
    main()
    (time,) = (time for time in read_rows(paths.BUILD / "times.csv", Time) if time.method == "semantics")
    assert (time.milliseconds, time.device) == (None, NOWHERE)


def test_times_are_written_as_csv_markdown_and_a_page(printed: str) -> None:
    times = read_rows(paths.BUILD / "times.csv", Time)
    assert [time.milliseconds for time in times] == [None, 31.5, None, None]
    assert "| semantics | 31.5 | 25 | 36,874,133 | 147.5 |" in (paths.BUILD / "times.md").read_text()
    page = (paths.BUILD / "times.html").read_text()
    for promise in ("scenes (synthetic): a &lt;small&gt; machine", "<td>31.5</td>", 'href="index.html"'):
        assert promise in page
    assert "src=" not in page


def test_summary_runs_as_a_command_and_loads_no_heavy_library(workplace: Path) -> None:
    heavy = "{'torch', 'pandas', 'numpy', 'matplotlib', 'jinja2'}"
    code = f"import sys, reports.summary as it; it.main(); sys.exit(bool({heavy} & set(sys.modules)))"
    environment = {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    for command in (["-c", code], ["-m", "reports.summary"]):
        done = subprocess.run([sys.executable, *command], env=environment, capture_output=True, text=True)
        assert done.returncode == 0 and "semantics_jbu" in done.stdout
