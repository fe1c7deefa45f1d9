"""The results of a study of preference as tables."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from pipeline.records.ratings import FLAGS
from reports.preference.estimates import Estimates
from reports.preference.reading import Preferences
from reports.statistics.luce import PickedStrengths
from reports.statistics.paired import holm
from reports.study.tables import BANNER
from reports.tables.documents import Table
from reports.tables.wording import number, p_value, with_interval

INTERVALS = (
    "Brackets: 95 % intervals, clustered by raters and by photographs at once, with Student's t: about other raters "
    "and other photographs of this kind"
)
STRENGTHS = (
    "Strength: Bradley and Terry's, of a logistic GLM that also knows what the left side is worth; the mean of all is "
    "0, and a difference of 1 is a preference of 73 %. Rank: by strength, and the ranks that Holm's test over all "
    "pairs leaves possible, all at once with 95 % confidence. Preferred: in how many of its comparisons, a tie being "
    "half"
)
PICKED_STRENGTHS = (
    "Strength: Luce's, of a conditional logit that also knows what each place is worth; the mean of all is 0, and a "
    "difference of 1 means 73 % of the picks of either. Rank: by strength, and the ranks that Holm's test over all "
    "pairs leaves possible, all at once with 95 % confidence. Picked: in how many of the trials that showed it; p: "
    "that this is 1 in {pictures}, as by chance, by Holm over methods"
)


def documents(study: Preferences, kept: Estimates, everyone: Estimates) -> dict[str, Table]:
    """All tables by name. `kept`: without those who broke a screening rule; `everyone`: with them."""
    tables = [_methods(study, kept, everyone), _pairs(study, kept), _wins(study, kept), _checks(study, kept)]
    return {table.name: table for table in tables}


def ranked(kept: Estimates) -> list[int]:
    """The methods from the strongest on; by their shares where there are no strengths."""
    values = kept.strengths.values
    return list(np.argsort(-(values if np.isfinite(values).all() else kept.shares.means), kind="stable"))


def who(study: Preferences, kept: Estimates) -> str:
    """Whose answers a table is about."""
    raters, photographs = kept.seen.groups.max(axis=0) + 1
    left = f" ({len(study.flagged)} more left out by the screening rules)" if study.flagged else ""
    what = f"picks of the best of {study.pictures}" if study.pictures > 2 else "comparisons"
    return f"{study.name}: {raters} raters{left}, {photographs} photographs, {len(kept.seen.raters)} {what}"


def banner(study: Preferences) -> str:
    """What every caption begins with where programs answered."""
    return f"{BANNER} " if study.simulated else ""


def _methods(study: Preferences, kept: Estimates, everyone: Estimates) -> Table:
    best, worst = kept.strengths.ranks()
    rows: list[dict[str, Any]] = []
    for rank, place in enumerate(ranked(kept), start=1):
        strength, share = kept.strengths.strength(place), kept.share(place)
        strengths = dict(zip(("strength", "ci_low", "ci_high"), vars(strength).values(), strict=False))
        strengths |= {"strength": kept.strengths.values[place]}
        shares = {"preferred": 100 * kept.shares.means[place]}
        shares |= {"preferred_low": 100 * share[0], "preferred_high": 100 * share[1]}
        shares |= {"preferred_everyone": 100 * everyone.shares.means[place]}
        ranks = {"rank": rank, "rank_best": best[place], "rank_worst": worst[place]}
        chance = {"chance_p": kept.chance_p(place, study.pictures)} if study.pictures > 2 else {}
        method = {"method": study.methods[place], **ranks, **strengths, **shares, **chance}
        rows.append(method | {"n": kept.shares.votes[place]})
    table = pd.DataFrame(rows)
    is_best = study.pictures > 2
    if is_best:
        table.insert(len(table.columns) - 1, "chance_p_holm", holm(table["chance_p"]))
    shown = pd.DataFrame(
        {
            "Method": table["method"],
            "Rank": [f"{row['rank']} [{row['rank_best']}, {row['rank_worst']}]" for row in rows],
            "Strength": _intervals(rows, "strength", "ci"),
            f"{'Picked' if is_best else 'Preferred'}, %": _intervals(rows, "preferred", "preferred", 1),
            **({"p (Holm)": [p_value(value) for value in table["chance_p_holm"]]} if is_best else {}),
            "With flagged raters, %": [number(value, 1) for value in table["preferred_everyone"]],
            "Shown" if is_best else "Comparisons": table["n"].astype(str),
        }
    )
    strengths_are = PICKED_STRENGTHS.format(pictures=study.pictures) if is_best else STRENGTHS
    caption = f"{banner(study)}Which method is preferred. {strengths_are}. {INTERVALS}."
    notes = [f"{who(study, kept)}."]
    if not np.isfinite(kept.strengths.values).all():
        notes.append("No strengths: some methods were always preferred to all others, or there is one rater alone.")
    return Table("preference_methods", table, shown, caption, tuple(notes))


def _pairs(study: Preferences, kept: Estimates) -> Table:
    tied = _tied(study)
    rows: list[dict[str, Any]] = []
    for place, (a, b) in enumerate(kept.pairs):
        names = study.methods[a], study.methods[b]
        low, high = kept.win(place)
        gap = kept.strengths.difference(a, b)
        rows.append(
            {
                "method_a": names[0],
                "method_b": names[1],
                "preferred": 100 * kept.cells.means[place],
                "preferred_low": 100 * low,
                "preferred_high": 100 * high,
                **({"ties": 100 * tied.get(names, tied.get(names[::-1], 0.0))} if study.pictures == 2 else {}),
                "difference": gap.value,
                "ci_low": gap.low,
                "ci_high": gap.high,
                "p": gap.p,
                "unexplained": kept.surplus[place],
                "unexplained_p": kept.surplus_p[place],
                "n": kept.cells.votes[place],
            }
        )
    table = pd.DataFrame(rows)
    table.insert(list(table.columns).index("p") + 1, "p_holm", holm(table["p"]))
    shown = pd.DataFrame(
        {
            "First": table["method_a"],
            "Second": table["method_b"],
            f"First {'picked' if study.pictures > 2 else 'preferred'}, %": _intervals(
                rows, "preferred", "preferred", 1
            ),
            **({"Ties, %": [number(value, 1) for value in table["ties"]]} if study.ties else {}),
            "Difference of strengths": _intervals(rows, "difference", "ci"),
            "p (Holm)": [p_value(value) for value in table["p_holm"]],
            "Unexplained": [number(value) for value in table["unexplained"]],
            "its p (Holm)": [p_value(value) for value in table["unexplained_p"]],
            "n": table["n"].astype(str),
        }
    )
    caption = (
        f"{banner(study)}Every two methods. {_own(study)}. Difference of "
        "strengths: from all comparisons, in log-odds, with p by Holm over all pairs. Unexplained: log-odds of the "
        f"pair's own comparisons beyond that difference. {INTERVALS}."
    )
    return Table("preference_pairs", table, shown, caption, (f"{who(study, kept)}.",), ("First", "Second"))


def _own(study: Preferences) -> str:
    """What a pair's own answers are."""
    if study.pictures > 2:
        return "First picked: of the picks of either in trials that showed both"
    return "First preferred: from their own comparisons alone"


def _tied(study: Preferences) -> Mapping[tuple[str, str], float]:
    """How often two methods were found equal; nothing where one of several was picked."""
    if study.pictures > 2:
        return {}
    votes = study.votes(study.flagged)
    ties = (2 * votes["value"] == votes["maximum"]).groupby([votes["method"], votes["other"]]).mean()
    return dict(zip(ties.index.to_flat_index(), ties.astype(float), strict=True))


def _wins(study: Preferences, kept: Estimates) -> Table:
    order, wins = ranked(kept), kept.seen.wins
    with np.errstate(invalid="ignore"):
        shares = 100 * wins / (wins + wins.T)
    names = [study.methods[place] for place in order]
    table = pd.DataFrame(shares[np.ix_(order, order)], columns=names)
    table.insert(0, "method", names)
    shown = pd.DataFrame({name: [number(value, 0) for value in table[name]] for name in names})
    shown.insert(0, "Method", names)
    caption = f"{banner(study)}How often the method of a row was preferred to that of a column, in per cent."
    if study.pictures > 2:
        caption = (
            f"{banner(study)}How often the method of a row was picked, in per cent of the picks of it or of that of "
            "the column where both were shown."
        )
    return Table("preference_wins", table, shown, caption, (f"{who(study, kept)}.",))


def _checks(study: Preferences, kept: Estimates) -> Table:
    """What could make the other tables say something else than they seem to."""
    circular, threes = kept.circular
    fit = np.nanmin(kept.surplus_p) if np.isfinite(kept.surplus_p).any() else np.nan
    again = _agreement(study)
    rows: list[tuple[str, float, float, float, float]] = [
        *_places(kept),
        *((("circular threesomes of methods", circular, np.nan, np.nan, np.nan),) if threes else ()),
        *((("threesomes of methods", threes, np.nan, np.nan, np.nan),) if threes else ()),
        ("strengths explain all preferences", np.nan, np.nan, np.nan, fit),
        ("repeated comparisons with the same answer, %", again, np.nan, np.nan, np.nan),
    ]
    if study.participants is not None:
        flags = study.participants["flags"].str.split(";")
        for rule in FLAGS:
            count = int(flags.map(lambda broken, rule=rule: rule in broken).sum())
            rows.append((f"flagged: {rule}", count, np.nan, np.nan, np.nan))
    table = pd.DataFrame(rows, columns=["what", "value", "ci_low", "ci_high", "p"])
    shown = pd.DataFrame(
        {
            "What": table["what"],
            "Value": [_value(*row[1:4]) for row in rows],
            "p": [p_value(value) for value in table["p"]],
        }
    )
    caption = (
        f"{banner(study)}What else there is to know. p of a side or place: that it is worth nothing. p of the fit: the "
        "smallest of the pairs' unexplained parts, by Holm; small where strengths do not tell the whole story."
    )
    return Table("preference_checks", table, shown, caption, (f"{who(study, kept)}.",), ("What",))


def _places(kept: Estimates) -> list[tuple[str, float, float, float, float]]:
    """What the left side is worth, or each of more places."""
    strengths = kept.strengths
    if isinstance(strengths, PickedStrengths):
        found = [strengths.place(number) for number in range(len(strengths.places))]
        return [(f"place {number}, log-odds", *vars(one).values()) for number, one in enumerate(found, start=1)]
    side = strengths.side
    left = [100 * float(expit(end)) for end in (side.value, side.low, side.high)]
    return [("left side preferred between equals, %", left[0], left[1], left[2], side.p)]


def _intervals(rows: Sequence[Mapping[str, float]], value: str, ends: str, digits: int = 2) -> list[str]:
    """`value` of each row with its interval, in `<ends>_low` and `<ends>_high`."""
    return [with_interval(row[value], row[f"{ends}_low"], row[f"{ends}_high"], digits) for row in rows]


def _value(value: float, low: float, high: float) -> str:
    """A number with its interval, or alone: a count without decimals, a dash where there is none."""
    if np.isfinite(low):
        return with_interval(value, low, high, 1 if abs(value) >= 5 else 2)
    return number(value, 0 if value == np.floor(value) else 1)


def _agreement(study: Preferences) -> float:
    """In per cent, of those who are not flagged; NaN without repeats. Of several pictures, places have changed."""
    what = "method" if study.pictures > 2 else "value"
    counted = study.answers[~study.answers["participant"].isin(study.flagged)]
    again = counted[counted["kind"] == "repeat"]
    first = counted.set_index(["participant", "trial"])[what]
    keys = [(who, int(trial)) for who, trial in zip(again["participant"], again["repeat_of"], strict=True)]
    return 100 * float((again[what].to_numpy() == first.reindex(keys).to_numpy()).mean()) if len(again) else np.nan
