"""The table of fooling rates, with the rates that Zhang, Isola and Efros printed beside ours."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from reports.plan.comparisons import FEWEST_RATED
from reports.plan.published import PublishedFooling, PublishedRate
from reports.statistics.means import RESAMPLES
from reports.study.pairs.rates import CHANCE, fooling_rates
from reports.study.tables import OF_GUESSES, alike_notes, marked, missing_notes, percent, placed, sizes_note
from reports.study.votes import COUNTS, Analysis
from reports.tables.documents import Table
from reports.tables.wording import count, number, p_value, with_interval

ALPHA = 0.05


def fooling_document(studies: Sequence[Analysis], published: PublishedFooling, seed: int) -> Table:
    """How often each method's pictures passed for the photograph, tested against 50 %."""
    rows = pd.concat([_rows(study, published) for study in studies])
    shown = pd.DataFrame([_shown(row, published) for row in rows.to_dict("records")])
    caption = (
        "Share of pairs in which a volunteer took the photograph for the fake, in per cent. 50 % is a method that "
        f"nobody can tell from photographs. {OF_GUESSES}. p: that the rate is 50 %, at the level at which the interval "
        f"just reaches it, by Holm over methods. Bootstrap: raters and photographs resampled ({RESAMPLES:,} times, "
        f"seed {seed}), as a cross-check. Published, with its standard error: {published.paper}, {published.where}, of "
        f"{published.holds_for}."
    )
    notes = [note for study in studies for note in _notes(study, rows[rows["study"] == study.ratings.name])]
    return Table("fooling", rows, shown, marked(caption, studies), tuple(notes))


def _rows(study: Analysis, published: PublishedFooling) -> pd.DataFrame:
    """The rows of one study; of methods that none but flagged raters have seen, without numbers."""
    found = percent(fooling_rates(study.kept)).drop(columns=["criterion", "alike"]).set_index("method")
    rows = found.reindex(list(study.everyone.methods)).reset_index().astype(dict.fromkeys(found, float))
    rows = rows.assign(**{name: rows[name].fillna(0).astype(int) for name in COUNTS})
    rows.insert(2, "minus_chance", rows["mean"] - 100 * CHANCE)
    printed = [published.rows.get(method) for method in rows["method"]]
    rows["published"] = [row.percent if row else float("nan") for row in printed]
    rows["published_se"] = [row.standard_error if row else float("nan") for row in printed]
    return placed(study, rows)


def _shown(row: dict[Any, Any], published: PublishedFooling) -> dict[str, str]:
    return {
        "Dataset": row["dataset"],
        "Method": row["method"],
        "Fooled, % [95 % interval]": with_interval(row["mean"], row["ci_low"], row["ci_high"], 1),
        "p (50 %)": p_value(row["p_holm"]),
        "Bootstrap": f"[{number(row['bootstrap_low'], 1)}, {number(row['bootstrap_high'], 1)}]",
        "Votes": f"{row['n_votes']:,}",
        f"Published, {published.data}": printed(published.rows.get(row["method"])),
    }


def printed(row: PublishedRate | None) -> str:
    """`32.3 ± 2.2`; a dash where there is no published rate."""
    return f"{row.percent:.1f} ± {row.standard_error:.1f}" if row else "-"


def _notes(study: Analysis, rows: pd.DataFrame) -> list[str]:
    """The sizes, what is missing, and warnings for readers."""
    notes = [sizes_note(study), *missing_notes(study), *alike_notes(study)]
    known = rows[rows["p_bootstrap"].notna() & rows["p"].notna()]
    disagreeing = known[(known["p"] < ALPHA) != (known["p_bootstrap"] < ALPHA)]["method"]
    if len(disagreeing):
        notes.append(f"Interval and bootstrap disagree on 50 %, so the evidence is weak: {', '.join(disagreeing)}.")
    photographs = int(study.kept.votes["photograph"].nunique())
    if 0 < photographs < FEWEST_RATED:
        notes.append(
            f"{count(photographs, 'photograph')} are few: a difference from 50 % counts only where both say so."
        )
    return notes
