"""Prints the end of `make repro`: the verdicts on the paper's claims, Tables 1 and 2, Figure 3 and the times.

The times are also written as files.

    python -m reports.summary

Reads results/report/claims.json, .scratch/runs and, of results/report/tables, table1.csv, figure3.csv, table2.csv,
fooling.csv, preference_methods_*.csv, methods.csv and size_and_time.csv. Ends with a comparison with
reports/reference/scenes.json if params.yaml is the one that it is about.
Imports no heavy library, so that it answers at once.
Writes results/report/times.{csv,md,html}.
"""

import subprocess
import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from pipeline.settings.errors import run_stage
from pipeline.settings.params import load_params
from pipeline.settings.paths import BUILD
from reports.inputs.files import read_json, read_table
from reports.inputs.reproduction import REFERENCE, params_digest, read_reference, reproduction
from reports.plan.claims import load_claims
from reports.plan.published import Published, load_published
from reports.tables.wording import number, p_value, with_interval
from reports.times import times
from reports.times.verdicts import speed_verdicts, widths_of

HEADINGS = ("method", "n", "PSNR [95 % interval]", "pooled", "published, VOC2012")
SEGMENTED = ("method", "n", "mIoU in % [95 % interval]", "published, VOC2012")
METHOD = itemgetter("method")
NONE_YET = "no ratings yet: `make study`"
ONLY_FLAGGED = "the screening rules flag all raters so far, sensitivity.csv has their means"
WIDTH = 100  # of the notes, in letters


def main() -> None:
    """Print the summary of the last report and write its times."""
    published = load_published().beside(load_params())
    measured = times.read_times(read_table(BUILD / "tables" / "methods.csv"), published.size_and_time)
    widths = widths_of(read_table(BUILD / "tables" / "size_and_time.csv"))
    verdicts = speed_verdicts(load_claims(), measured, widths)
    times.write_times(measured, published.size_and_time, verdicts, BUILD)
    print(summary(BUILD, measured, published, verdicts))
    for sentence in (reproduced(BUILD), lock_changed()):
        if sentence:
            print("\n" + textwrap.fill(sentence, WIDTH))


def reproduced(folder: Path) -> str:
    """Whether the results are those of the committed run; "" for other params, which are another experiment."""
    reference = read_reference(REFERENCE)
    if params_digest(load_params()) != reference.params:
        return ""
    found = reproduction(folder, reference)
    return f"{found}{' `make verify` lists the numbers.' * bool(found.moved)}"


def lock_changed() -> str:
    """What it means that dvc.lock is not the committed one."""
    try:
        done = subprocess.run(["git", "status", "--porcelain", "dvc.lock"], capture_output=True, text=True)
    except OSError:
        return ""
    if not done.stdout.strip():
        return ""
    return (
        "dvc.lock has changed: it holds the digests of your results. They differ from the committed ones in the last "
        "digits where a processor rounds otherwise. `git checkout dvc.lock` takes the committed file back."
    )


def summary(folder: Path, measured: Sequence[times.Time], published: Published, verdicts: Sequence[str]) -> str:
    """Claims, Table 1, Figure 3, Table 2 and times of each dataset, then the path of the report."""
    rows = read_table(folder / "tables" / "table1.csv")
    scores = [
        f"Table 1, {title}\n\n{_table1(list(group))}" for title, group in groupby(rows, lambda row: row["dataset"])
    ]
    psnr = f"PSNR in dB. Published: {published.table1.where}, for {published.table1.holds_for}."
    figure3 = folder / "tables" / "figure3.csv"
    segmented = [
        f"Figure 3, {title}, segmenter {segmenter}\n\n{_aligned(SEGMENTED, [_figure3_cells(row) for row in group])}"
        for (title, segmenter), group in groupby(
            read_table(figure3) if figure3.exists() else [], lambda row: (row["dataset"], row["segmenter"])
        )
    ]
    table2 = folder / "tables" / "table2.csv"
    answers = [_answers(title, list(group)) for title, group in _studies(read_table(table2) if table2.exists() else [])]
    fooling = folder / "tables" / "fooling.csv"
    answers += [
        _fooled(title, list(group)) for title, group in _studies(read_table(fooling) if fooling.exists() else [])
    ]
    preferences = sorted((folder / "tables").glob("preference_methods_*.csv"))
    answers += [_preferred(title, list(group)) for path in preferences for title, group in _studies(read_table(path))]
    entries = read_json(folder / "claims.json")
    claims = [_claims(title, list(group)) for title, group in groupby(entries, lambda entry: entry["data"])]
    spent = [_times(title, block) for title, block in times.blocks(measured).items()]
    notes = [textwrap.fill(note, WIDTH) for note in (psnr, times.notes(published.size_and_time))]
    sentences = [textwrap.fill(verdict, WIDTH) for verdict in verdicts]
    where = f"report: {folder / 'index.html'}"
    return "\n\n".join([*claims, *scores, notes[0], *segmented, *answers, *spent, notes[1], *sentences, where])


def _claims(title: str, entries: Sequence[dict[str, Any]]) -> str:
    """A line per claim: its name in reports/plan/claims.yaml, the verdict, and why it is none."""
    lines = [(_named(entry), str(entry["verdict"]), str(entry["reason"]).partition(" (")[0]) for entry in entries]
    width, wide = (max(map(len, column)) for column in list(zip(*lines, strict=True))[:2])
    wide = max(wide, len("contradicted"))
    rows = [f"  {name.ljust(width)}  {verdict.ljust(wide)}  {reason}".rstrip() for name, verdict, reason in lines]
    return "\n".join([f"The paper's claims on {title}\n", *rows])


def _named(entry: dict[str, Any]) -> str:
    return entry["id"] + (f" ({entry['segmenter']})" if entry["segmenter"] else "")


def _studies(rows: Sequence[dict[str, str]]) -> Iterator[tuple[str, Iterator[dict[str, str]]]]:
    """The rows of Table 2 by study, each under its title."""
    return groupby(rows, lambda row: " ".join(part for part in (row["dataset"], row["study"]) if part))


def _answers(title: str, rows: Sequence[dict[str, str]]) -> str:
    """Table 2 of one study, a line per method; its published values where nobody has answered."""
    criteria = list(dict.fromkeys(row["criterion"] for row in rows))
    rated = any(row["mean"] for row in rows)
    lines = [(method, *(_percent(row, rated) for row in group)) for method, group in groupby(_by_method(rows), METHOD)]
    none = ONLY_FLAGGED if rows[0]["study"] else NONE_YET
    about = f", {title}" if rated else f": {none}; the paper's own values"
    mark = "SIMULATED RATERS, no evidence\n\n" if rows[0]["simulated"] == "1" else ""
    note = "Natural, in % [95 % interval] (published, of the paper's own photographs and raters)." if rated else ""
    return f"Table 2{about}\n\n{mark}{_aligned(('method', *criteria), lines)}" + (f"\n\n{note}" if note else "")


def _fooled(title: str, rows: Sequence[dict[str, str]]) -> str:
    """The fooling rates of one study of pairs, a line per method."""
    mark = "SIMULATED RATERS, no evidence\n\n" if rows[0]["simulated"] == "1" else ""
    lines = [(row["method"], _percent(row, True), p_value(float(row["p_holm"] or "nan"))) for row in rows]
    note = "Fooled, in % of pairs [95 % interval] (published, of ImageNet). p: that it is 50 %, where nobody can tell."
    return f"Real or fake, {title}\n\n{mark}{_aligned(('method', 'fooled', 'p'), lines)}\n\n{note}"


def _preferred(title: str, rows: Sequence[dict[str, str]]) -> str:
    """The ranks of one study of preference, a line per method."""
    mark = "SIMULATED RATERS, no evidence\n\n" if rows[0]["simulated"] == "1" else ""
    lines = []
    for row in rows:
        mean, low, high = (float(row[name] or "nan") for name in ("preferred", "preferred_low", "preferred_high"))
        rank = f"{row['rank']} [{row['rank_best']}, {row['rank_worst']}]"
        lines.append((row["method"], rank, with_interval(mean, low, high, 1)))
    note = "Rank [those that are possible]. Preferred, in % of a method's comparisons [95 % interval]."
    return f"Preference, {title}\n\n{mark}{_aligned(('method', 'rank', 'preferred'), lines)}\n\n{note}"


def _by_method(rows: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """The same rows, those of a method together, methods in the order in which they come first."""
    order = list(dict.fromkeys(row["method"] for row in rows))
    return sorted(rows, key=lambda row: order.index(row["method"]))


def _percent(row: dict[str, str], rated: bool) -> str:
    published = number(float(row["published"] or "nan"), 2 if not rated else 1)
    if not rated:
        return published
    mean, low, high = (float(row[column] or "nan") for column in ("mean", "ci_low", "ci_high"))
    return f"{with_interval(mean, low, high, 1)} ({published})"


def _times(title: str, block: Sequence[times.Time]) -> str:
    """A table, or only the names of the methods where no time was measured."""
    if all(time.milliseconds is None for time in block):
        return textwrap.fill(f"Times, {title}: {', '.join(time.method for time in block)}.", WIDTH)
    return f"Times, {title}\n\n{_aligned(times.HEADINGS, [time.cells for time in block])}"


def _aligned(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Columns as wide as their widest cell; names are aligned left, numbers right."""
    cells = [headings, *rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = []
    for name, *numbers in cells:
        right = [text.rjust(width) for text, width in zip(numbers, widths[1:], strict=True)]
        lines.append("  ".join([f"  {name.ljust(widths[0])}", *right]))
    return "\n".join(lines)


def _table1(rows: Sequence[dict[str, str]]) -> str:
    """A line per method; where means are of different photographs, also that of those that all have."""
    headings: tuple[str, ...] = HEADINGS
    lines = [_table1_cells(row) for row in rows]
    if any(row["n_same"] not in ("0", row["n"]) for row in rows):
        headings = (*HEADINGS[:3], f"on the same {rows[0]['n_same']}", *HEADINGS[3:])
        same = [number(float(row["psnr_same"] or "nan")) for row in rows]
        lines = [(*line[:3], cell, *line[3:]) for line, cell in zip(lines, same, strict=True)]
    return _aligned(headings, lines)


def _table1_cells(row: dict[str, str]) -> tuple[str, ...]:
    mean, low, high, pooled = (float(row[column]) for column in ("psnr_mean", "ci_low", "ci_high", "psnr_pooled"))
    published = number(float(row["published"] or "nan"), 1)
    return row["method"], row["n"], with_interval(mean, low, high), number(pooled), published


def _figure3_cells(row: dict[str, str]) -> tuple[str, ...]:
    mean, low, high = (float(row[column]) for column in ("miou", "ci_low", "ci_high"))
    return row["method"], row["n"], with_interval(mean, low, high, 1), number(float(row["published"] or "nan"), 0)


if __name__ == "__main__":
    run_stage(main)
