"""The human study's results as tables: Table 2 and the differences between methods."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from reports.plan.comparisons import FEWEST_RATED
from reports.plan.measures import criterion
from reports.plan.published import PublishedTable2
from reports.statistics.means import RESAMPLES
from reports.study.votes import EXPLORATORY, Naturalness, compared_with, contrasts, means
from reports.tables.documents import Table
from reports.tables.wording import count, number, p_value, signed_with_interval, with_interval

BANNER = "SIMULATED RATERS, NO PEOPLE: a test of the program, no evidence."
NONE_YET = "no ratings yet: `make study`"
COMMON = ["study", "dataset"]
SHARES = ["mean", "ci_low", "ci_high", "bootstrap_low", "bootstrap_high", "difference"]
SHARES += [f"{name}_everyone" for name in SHARES]
INTERVALS = (
    "Brackets: 95 % intervals of a logistic GLM (graded answers: the linear model) clustered by raters and by "
    "photographs, with Student's t. Degrees of freedom: for a mean, the smaller of both numbers minus 1; for a "
    "difference, those that its variance would have over independent answers. Intervals are about other raters and "
    "other photographs of this kind"
)


def criterion_name(key: str) -> str:
    """`Semantic correctness`."""
    return criterion(key).name


def percent(table: pd.DataFrame) -> pd.DataFrame:
    """The same with shares of the scale as points of per cent."""
    return table.assign(**{name: 100 * table[name] for name in SHARES if name in table})


def table2_document(studies: Sequence[Naturalness], published: PublishedTable2) -> Table:
    """Table 2 with the paper's values beside ours; without answers, only the paper's."""
    rows = pd.concat([_table2(study, published) for study in studies]) if studies else _printed(published)
    shown = pd.DataFrame(
        [
            {"Dataset": dataset, "Method": method}
            | _by_criterion(group)
            | {f"Published, {published.data}": _published(published, str(method), set(group["criterion"]))}
            for (dataset, method), group in rows.groupby(["dataset", "method"], sort=False)
        ]
    )
    what = INTERVALS if studies else NONE_YET.capitalize()
    caption = (
        "Mean of the answers in per cent of the scale; naturalness is the equally weighted mean of the criteria. "
        f"{what}. Published: {published.where} (saturability / semantic correctness / edge keeping / naturalness), of "
        f"{published.holds_for}."
    )
    notes = [note for study in studies for note in (sizes_note(study), *_alike_notes(study))]
    return Table("table2", rows, shown, marked(caption, studies), tuple(notes or [NONE_YET]))


def _table2(study: Naturalness, published: PublishedTable2) -> pd.DataFrame:
    rows = percent(means(study.kept)).drop(columns="alike")
    rows["published"] = [
        published.rows[method].percent(criterion, study.kept.criteria) if method in published.rows else None
        for method, criterion in zip(rows["method"], rows["criterion"], strict=True)
    ]
    return placed(study, rows.astype({"published": float}))


def _printed(published: PublishedTable2) -> pd.DataFrame:
    """The rows of a study that nobody has taken part in."""
    nothing: dict[str, float] = dict.fromkeys(("mean", "ci_low", "ci_high", "bootstrap_low", "bootstrap_high"), np.nan)
    rows = [
        {"study": "", "dataset": "", "method": method, "criterion": name}
        | nothing
        | {"n_raters": 0, "n_images": 0, "n_votes": 0, "published": value, "simulated": 0}
        for method, row in published.rows.items()
        for name, value in vars(row).items()
        if name != "printed_as"
    ]
    return pd.DataFrame(rows)


def _by_criterion(rows: pd.DataFrame) -> dict[str, str]:
    return {
        criterion_name(row["criterion"]): with_interval(row["mean"], row["ci_low"], row["ci_high"], 1)
        if np.isfinite(row["mean"])
        else "-"
        for row in rows.to_dict("records")
    }


def _published(published: PublishedTable2, method: str, criteria: set[str]) -> str:
    """The paper's four values beside a study that asked what the paper asked."""
    row = published.rows.get(method)
    values = {} if row is None else {name: value for name, value in vars(row).items() if name != "printed_as"}
    return " / ".join(f"{value:.2f}" for value in values.values()) if values.keys() == criteria else "-"


def _alike_notes(study: Naturalness) -> list[str]:
    rows = means(study.kept)
    return [
        f"{method}: all {group['n_votes'].iloc[0]} answers are the same ({', '.join(group['criterion'])}). A GLM "
        "has no estimate for them; the interval is Clopper and Pearson's at the effective number of votes."
        for method, group in rows[rows["alike"]].groupby("method", sort=False)
    ]


def sizes_note(study: Naturalness) -> str:
    """The numbers of raters, of those left out, of photographs and of votes."""
    votes, flagged = study.kept.votes, study.everyone.raters - study.kept.raters
    return (
        f"{study.dataset or study.ratings.name}: {count(study.kept.raters, 'rater')} ({flagged} more left out by the "
        f"screening rules), {count(votes['photograph'].nunique(), 'photograph')}, {count(len(votes), 'vote')} on each "
        f"criterion, scale 0 to {study.ratings.maximum}."
    )


def marked(caption: str, studies: Sequence[Naturalness]) -> str:
    """The caption under the banner, where raters are simulated."""
    return f"{BANNER} {caption}" if any(study.simulated for study in studies) else caption


def placed(study: Naturalness, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with the study and dataset as first columns, and `simulated` as the last."""
    placed = rows.assign(study=study.ratings.name, dataset=study.dataset, simulated=int(study.simulated))
    return placed[[*COMMON, *(name for name in placed if name not in (*COMMON, "simulated")), "simulated"]]


def contrasts_document(studies: Sequence[Naturalness], seed: int) -> Table:
    """All differences between methods."""
    rows = pd.concat([placed(study, percent(contrasts(study.kept))) for study in studies])
    shown = pd.DataFrame([_contrast_shown(row) for row in rows.to_dict("records")])
    caption = (
        f"Differences of mean answers, first method minus second, in points of per cent. {INTERVALS}. The "
        "interval of a difference comes from the intervals of both means, at its degrees of freedom, and from their "
        "correlation; so does p. p is adjusted by Holm over the primary family (the first method minus each other "
        "method on each criterion), and over naturalness. All other pairs are exploratory: there p is adjusted by "
        "Benjamini and Hochberg's false discovery rate (FDR). Bootstrap: "
        f"raters and photographs resampled ({RESAMPLES:,} times, seed {seed}), as a cross-check. OR: odds ratio. h: "
        "Cohen's h, or Cohen's d for graded answers"
    )
    notes = [note for study in studies for note in contrast_notes(study, rows[rows["study"] == study.ratings.name])]
    words = ("Dataset", "Criterion", "Difference of")
    return Table("naturalness_contrasts", rows, shown, marked(f"{caption}.", studies), tuple(notes), words)


def _contrast_shown(row: dict[Any, Any]) -> dict[str, str]:
    adjusted = f"{p_value(row['p_fdr'])} (FDR)" if row["family"] == EXPLORATORY else p_value(row["p_holm"])
    effect = row["cohens_d"] if np.isnan(row["cohens_h"]) else row["cohens_h"]
    return {
        "Dataset": row["dataset"],
        "Criterion": criterion_name(row["criterion"]),
        "Difference of": f"{row['method_a']} - {row['method_b']}",
        "Points [95 % interval]": signed_with_interval(row["difference"], row["ci_low"], row["ci_high"], 1),
        "p": adjusted,
        "Bootstrap": f"[{number(row['bootstrap_low'], 1)}, {number(row['bootstrap_high'], 1)}]",
        "OR": number(row["odds_ratio"]),
        "h": number(effect),
    }


def contrast_notes(study: Naturalness, rows: pd.DataFrame) -> list[str]:
    """Warnings for readers: the family, disagreement with the bootstrap, few photographs."""
    ours = compared_with(study.kept.methods)
    family = rows[rows["family"] == "primary"]
    notes = [f"Primary family: {ours} minus each other method, {len(family)} differences."]
    family = family[family["bootstrap_low"].notna()]
    glm = (family["ci_low"] > 0) | (family["ci_high"] < 0)
    boot = (family["bootstrap_low"] > 0) | (family["bootstrap_high"] < 0)
    disagreeing = family[glm != boot]
    if len(disagreeing):
        pairs = ", ".join(
            f"{row['method_b']} ({criterion_name(row['criterion']).lower()})" for row in disagreeing.to_dict("records")
        )
        notes.append(f"Interval and bootstrap disagree on zero, so the evidence is weak: {ours} minus {pairs}.")
    photographs = int(study.kept.votes["photograph"].nunique())
    if photographs < FEWEST_RATED:  # a difference counts only where the crossed bootstrap says so too
        notes.append(f"{count(photographs, 'photograph')} are few: a difference counts only where both say so.")
    return notes
