"""The human study's results as tables: Table 2 and the differences between methods."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from reports.plan.comparisons import FEWEST_RATED
from reports.plan.measures import criterion
from reports.plan.published import PublishedNaturalness, PublishedTable2
from reports.statistics.means import RESAMPLES
from reports.study.export import NATURALNESS, Protocol
from reports.study.votes import COUNTS, EXPLORATORY, Analysis, contrasts, means
from reports.tables.documents import Table
from reports.tables.wording import count, number, p_value, signed_with_interval, with_interval

BANNER = "SIMULATED RATERS, NO PEOPLE: a test of the program, no evidence."
CONTRASTS: dict[Protocol, str] = {  # what the differences of a protocol are called in files
    "naturalness": "naturalness_contrasts",
    "pairs": "fooling_contrasts",
    "other": "contrasts",
}
NONE_YET = "no ratings yet: `make study`"
COMMON = ["study", "dataset"]
STOPPING = ("stopping_low", "stopping_high", "stopping_alpha")
SHARES = ["mean", "ci_low", "ci_high", "bootstrap_low", "bootstrap_high", "difference"]
SHARES += [f"{name}_everyone" for name in SHARES]
INTERVALS = (
    "Brackets: 95 % intervals of a logistic GLM (graded answers: the linear model) clustered by raters and by "
    "photographs, with Student's t. Degrees of freedom: for a mean, the smaller of both numbers minus 1; for a "
    "difference, those that its variance would have over independent answers. Intervals are about other raters and "
    "other photographs of this kind"
)
OF_GUESSES = (
    "Brackets: 95 % intervals of a logistic GLM clustered by raters and by photographs, with Student's t at the "
    "degrees of freedom that the variance would have over independent answers, as guesses are. Intervals are about "
    "other raters and other photographs of this kind"
)


def intervals_of(studies: Sequence[Analysis]) -> str:
    """What the brackets of means and differences are."""
    pairs = {study.ratings.protocol == "pairs" for study in studies}
    return f"{INTERVALS}. Of pairs: {OF_GUESSES}" if len(pairs) > 1 else OF_GUESSES if True in pairs else INTERVALS


def criterion_name(key: str) -> str:
    """`Semantic correctness`."""
    return criterion(key).name


def percent(table: pd.DataFrame) -> pd.DataFrame:
    """The same with shares of the scale as points of per cent."""
    return table.assign(**{name: 100 * table[name] for name in SHARES if name in table})


def published_rows(study: Analysis, published: PublishedTable2) -> Mapping[str, PublishedNaturalness]:
    """The paper's rows by method; none where the study asks for other criteria than the paper's."""
    asked = set(study.ratings.criteria)
    return {
        method: row for method, row in published.rows.items() if set(vars(row)) - {"printed_as", NATURALNESS} == asked
    }


def table2_document(studies: Sequence[Analysis], published: PublishedTable2) -> Table:
    """Table 2 with the paper's values beside ours; without answers, only the paper's."""
    rows = pd.concat([_table2(study, published) for study in studies]) if studies else _printed(published)
    shown = pd.DataFrame(
        [
            _table2_shown(group, published)
            for _, group in rows.groupby(["study", "dataset", "method"], sort=False, dropna=False)
        ]
    )
    overall = " or ".join(dict.fromkeys(study.ratings.overall for study in studies)) or NATURALNESS
    what = INTERVALS if studies else NONE_YET.capitalize()
    caption = (
        f"Mean of the answers in per cent of the scale; {overall} is the equally weighted mean of the criteria. "
        f"{what}. Published: {published.where} (saturability / semantic correctness / edge keeping / naturalness), of "
        f"{published.holds_for}."
    )
    notes = [note for study in studies for note in (sizes_note(study), *missing_notes(study), *alike_notes(study))]
    return Table("table2", rows, shown, marked(caption, studies), tuple(notes or [NONE_YET]))


def mean_rows(study: Analysis) -> pd.DataFrame:
    """The means of one study in per cent; of methods that none but flagged raters have rated, without numbers."""
    names = pd.MultiIndex.from_product([study.kept.criteria, study.everyone.methods], names=["criterion", "method"])
    found = percent(means(study.kept)).drop(columns="alike").set_index(["criterion", "method"])
    rows = found.reindex(names).reset_index().astype(dict.fromkeys(found, float))
    return rows.assign(**{name: rows[name].fillna(0).astype(int) for name in COUNTS})


def _table2(study: Analysis, published: PublishedTable2) -> pd.DataFrame:
    """The rows of one study with the paper's values."""
    rows, printed = mean_rows(study), published_rows(study, published)
    rows["published"] = [
        printed[method].percent(criterion, study.kept.criteria) if method in printed else None
        for method, criterion in zip(rows["method"], rows["criterion"], strict=True)
    ]
    order = ["method", "criterion", *(name for name in rows if name not in ("method", "criterion"))]
    return placed(study, rows[order].astype({"published": float}))


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


def _table2_shown(rows: pd.DataFrame, published: PublishedTable2) -> dict[str, str]:
    """One method of one study for people; a criterion that is named as another column is called a criterion."""
    first, last = rows.iloc[0], f"Published, {published.data}"
    shown = {"Dataset": str(first["dataset"]), "Method": str(first["method"])}
    for row in rows.to_dict("records"):
        name = criterion_name(row["criterion"])
        heading = f"{name} (criterion)" if name in ("Dataset", "Method", last) else name
        shown[heading] = with_interval(row["mean"], row["ci_low"], row["ci_high"], 1)
    return shown | {last: _published(published, shown["Method"]) if rows["published"].notna().any() else "-"}


def _published(published: PublishedTable2, method: str) -> str:
    row = published.rows[method]
    return " / ".join(f"{value:.2f}" for value in vars(row).values() if value != row.printed_as)


def missing_notes(study: Analysis) -> list[str]:
    """What is not there, and why."""
    notes = []
    if study.unrated:
        notes.append(
            f"{', '.join(study.unrated)}: no numbers, since all who rated them so far are flagged by the screening "
            "rules. The table sensitivity has the means with flagged raters."
        )
    if len(study.kept.methods) == 1:
        notes.append(f"{study.kept.methods[0]} alone has votes, so there are no differences between methods.")
    return notes


def alike_notes(study: Analysis) -> list[str]:
    """The methods to which all answers are the same, and what their intervals are."""
    rows = means(study.kept)
    return [
        f"{method}: all {group['n_votes'].iloc[0]} answers are the same ({', '.join(group['criterion'])}). A GLM "
        "has no estimate for them; the interval is Clopper and Pearson's at the effective number of votes."
        for method, group in rows[rows["alike"].astype(bool)].groupby("method", sort=False)
    ]


def sizes_note(study: Analysis) -> str:
    """The numbers of raters, of those left out, of photographs and of votes."""
    votes, flagged = study.kept.votes, study.everyone.raters - study.kept.raters
    each = " on each criterion" if len(study.ratings.criteria) > 1 else ""
    return (
        f"{study.dataset or study.ratings.name}: {count(study.kept.raters, 'rater')} ({flagged} more left out by the "
        f"screening rules), {count(votes['photograph'].nunique(), 'photograph')}, {count(len(votes), 'vote')}{each}, "
        f"scale {study.ratings.minimum:g} to {study.ratings.maximum:g}."
    )


def marked(caption: str, studies: Sequence[Analysis]) -> str:
    """The caption under the banner, where raters are simulated."""
    return f"{BANNER} {caption}" if any(study.simulated for study in studies) else caption


def placed(study: Analysis, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with the study and dataset as first columns, and `simulated` as the last."""
    placed = rows.assign(study=study.ratings.name, dataset=study.dataset, simulated=int(study.simulated))
    return placed[[*COMMON, *(name for name in placed if name not in (*COMMON, "simulated")), "simulated"]]


def contrasts_document(studies: Sequence[Analysis], seed: int) -> Table:
    """All differences between methods, of studies of one protocol."""
    rows = pd.concat([placed(study, watched(study, percent(contrasts(study.kept)))) for study in studies])
    shown = pd.DataFrame([_contrast_shown(row) for row in rows.to_dict("records")])
    averaged = list(dict.fromkeys(study.kept.mean for study in studies if study.kept.mean))
    over_mean = f", and over {' or '.join(averaged)}" if averaged else ""
    caption = (
        f"Differences of mean answers, first method minus second, in points of per cent. {intervals_of(studies)}. The "
        "interval of a difference comes from the intervals of both means, at its degrees of freedom, and from their "
        "correlation; so does p. p is adjusted by Holm over the primary family (one method minus each other method on "
        f"each criterion){over_mean}. All other pairs are exploratory: there p is adjusted by "
        "Benjamini and Hochberg's false discovery rate (FDR). Bootstrap: "
        f"raters and photographs resampled ({RESAMPLES:,} times, seed {seed}), as a cross-check. OR: odds ratio. h: "
        "Cohen's h, or Cohen's d for graded answers"
    )
    notes = [note for study in studies for note in contrast_notes(study, rows[rows["study"] == study.ratings.name])]
    words = ("Dataset", "Criterion", "Difference of")
    return Table(
        CONTRASTS[studies[0].ratings.protocol], rows, shown, marked(f"{caption}.", studies), tuple(notes), words
    )


def watched(study: Analysis, rows: pd.DataFrame) -> pd.DataFrame:
    """Differences with the interval and the alpha of the study's stopping rule; NaN where it is about others."""
    rule = study.ratings.stopping
    found = []
    for row in rows.to_dict("records"):
        is_asked = rule is not None and row["criterion"] == (rule.criterion or study.ratings.overall)
        ends = rule.interval(row["method_a"], row["method_b"]) if rule and is_asked else None
        found.append((*ends, rule.alpha) if rule and ends else (np.nan,) * len(STOPPING))
    return rows.assign(**dict(zip(STOPPING, np.array(found).reshape(-1, len(STOPPING)).T, strict=True)))


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


def contrast_notes(study: Analysis, rows: pd.DataFrame) -> list[str]:
    """Warnings for readers: the family, disagreement with the bootstrap, few photographs."""
    ours = study.kept.first
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
    if study.ratings.stopping:
        notes.append(study.ratings.stopping.told)
    photographs = int(study.kept.votes["photograph"].nunique())
    if photographs < FEWEST_RATED:  # a difference counts only where the crossed bootstrap says so too
        notes.append(f"{count(photographs, 'photograph')} are few: a difference counts only where both say so.")
    return notes
