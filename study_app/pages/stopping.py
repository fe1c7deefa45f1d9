"""A part of the researcher's page: the contrast that decides when the study stops, its interval now, and a forecast."""

import base64
from collections.abc import Sequence

import streamlit as st

from reports.statistics.stopping import Estimate, Rule, chance, forecast
from study_app.design.stops import Stops
from study_app.design.study import Study
from study_app.export.watch import Standing
from study_app.server.service import Service

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 420, 200, 46, 12, 12, 38  # of the chart and its margins, in CSS pixels
INK = "#fff"  # on the grey of the pages


def show(service: Service) -> None:
    """Show it, if the study has such a rule."""
    study = service.store.study
    if study.stops is None:
        return
    standing = service.watch.standing(study.stops)
    st.header("Stops when it knows", anchor=False)
    st.markdown(f"**{contrast_words(study, study.stops)}** {state(study, standing)}")
    if standing.looks:
        st.html(picture(chart(standing.looks, study.stops.rule), spoken(study.stops, standing.looks[-1])))
    st.caption(
        f"By volunteers who have finished and broke no rule, in this order; looked at after each from number "
        f"{study.stops.smallest} to {study.stops.largest}. All intervals hold together with {confidence(study.stops)} "
        "confidence, whenever the study stops."
    )


def contrast_words(study: Study, stops: Stops) -> str:
    """Which contrast it is, as the beginning of a sentence."""
    asked = f" on {stops.criterion}" if stops.criterion and len(study.criteria) > 1 else ""
    if len(stops.between) == 1:
        return f"Fooling rate of {stops.between[0]} minus 50 %:"
    first, second = stops.between
    what = {"naturalness": "answers", "pairs": "fooling rates", "preference": "shares of preferences"}[study.protocol]
    return f"{second} minus {first}, {what}{asked}:"


def state(study: Study, standing: Standing) -> str:
    """The interval now, what is decided, and the forecast."""
    stops = standing.stops
    if not standing.looks:
        count = standing.volunteers
        return f"{count} volunteers count so far; the first look is after {stops.smallest}."
    last = standing.looks[-1]
    low, high = stops.rule.interval(last)
    now = f"{100 * last.value:+.1f} points, {confidence(stops)} interval {100 * low:+.1f} to {100 * high:+.1f}, "
    now += f"after {last.raters} volunteers."
    if standing.ended is not None:
        return f"{now} {decision(stops, standing.ended)} {ended(standing)}"
    if last.raters >= stops.largest:
        return f"{now} Nothing was decided by {stops.largest} volunteers. {ended(standing)}"
    return f"{now} Not decided yet. {forecast_words(last, stops.rule)}"


def decision(stops: Stops, found: Estimate) -> str:
    """What was decided, and when."""
    name, after = stops.between[-1], f"after {found.raters} volunteers"
    what = {
        "above": f"{name} is higher",
        "below": f"{name} is lower",
        "within": f"the difference is smaller than {stops.margin:g} points either way",
    }[stops.rule.decision(found)]
    return f"Decided {after}: {what}."


def ended(standing: Standing) -> str:
    """What became of the study."""
    if standing.stops.act == "advise":
        return "The study goes on until you close it (`act: advise`)."
    if standing.noted is None:
        return "The study closes with the next volunteer who finishes."
    if standing.noted.get("closed"):
        return "So the study was closed to new volunteers; those under way may finish, and their answers are kept."
    return "The study had been closed before."


def forecast_words(now: Estimate, rule: Rule) -> str:
    """How many volunteers it will take, and whether more photographs are needed instead."""
    after, likely = forecast(now, rule), 100 * chance(now, rule)
    share = "less than 1 %" if likely < 1 else "more than 99 %" if likely > 99 else f"{likely:.0f} %"
    by = f"the chance that a difference is found by {rule.largest} is {share}"
    if after is not None:
        return f"If effect and spread stay as they are, it will be after about {after} volunteers; {by}."
    never = " Even with any number of volunteers these photographs would leave it open." if lasts(now, rule) else ""
    return f"If effect and spread stay as they are, {rule.largest} volunteers will not do; {by}.{never}"


def lasts(now: Estimate, rule: Rule) -> bool:
    """Whether the photographs' part of the variance alone is too much for an effect like this."""
    alone = Estimate(now.raters, now.value, now.lasting, now.lasting, now.degrees)
    return now.lasting > 0 and abs(now.value) < rule.reach(alone)


def confidence(stops: Stops) -> str:
    """The level of the intervals."""
    return f"{100 * (1 - stops.alpha):g} %"


def spoken(stops: Stops, now: Estimate) -> str:
    """What the chart says, for those who do not see it."""
    low, high = stops.rule.interval(now)
    return f"After {now.raters} volunteers {100 * now.value:+.1f} points, {100 * low:+.1f} to {100 * high:+.1f}"


def picture(svg: str, alternative: str) -> str:
    """An SVG as HTML; by its address, since Streamlit takes SVG out of HTML."""
    content = base64.b64encode(svg.encode()).decode()
    return (
        f'<img src="data:image/svg+xml;base64,{content}" alt="{alternative}" width="{WIDTH}" style="max-width: 100%">'
    )


def chart(found: Sequence[Estimate], rule: Rule) -> str:
    """The estimate and its interval after each number of volunteers, as SVG; what is too wide is cut off."""
    ends = [rule.interval(one) for one in found]
    last = max(abs(end) for end in ends[-1])
    top = 100 * min(1.0, max(1.6 * last, max(abs(one.value) for one in found), rule.margin, 0.02))

    def x(raters: float) -> float:
        span = max(1, rule.largest - rule.smallest)
        return round(LEFT + (raters - rule.smallest) / span * (WIDTH - LEFT - RIGHT), 1)

    def y(points: float) -> float:
        inside = max(-top, min(top, points))
        return round(TOP + (top - inside) / (2 * top) * (HEIGHT - TOP - BOTTOM), 1)

    high = [f"{x(one.raters)},{y(100 * end[1])}" for one, end in zip(found, ends, strict=True)]
    low = [f"{x(one.raters)},{y(100 * end[0])}" for one, end in zip(found, ends, strict=True)]
    line = [f"{x(one.raters)},{y(100 * one.value)}" for one in found]
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    marks = [(0.0, "none")] + ([(sign * 100 * rule.margin, "4 4") for sign in (1, -1)] if rule.margin else [])
    across = "".join(
        f'<line x1="{LEFT}" x2="{right}" y1="{y(at)}" y2="{y(at)}" stroke="{INK}" stroke-dasharray="{dash}"/>'
        for at, dash in marks
    )
    side = "".join(
        f'<text x="{LEFT - 6}" y="{y(at) + 4}" text-anchor="end">{f"{at:+.0f}" if at else 0}</text>'
        for at in (-top, 0.0, top)
    )
    below = "".join(
        f'<text x="{x(at)}" y="{bottom + 16}" text-anchor="{anchor}">{at}</text>'
        for at, anchor in ((rule.smallest, "start"), (rule.largest, "end"))
    )
    middle = (LEFT + right) / 2
    here = found[-1]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-size="13" '
        f'font-family="sans-serif" fill="{INK}"><polygon points="{" ".join([*high, *reversed(low)])}" fill="{INK}" '
        f'fill-opacity="0.25"/>{across}<polyline points="{" ".join(line)}" fill="none" stroke="{INK}" '
        f'stroke-width="2"/>'
        f'<circle cx="{x(here.raters)}" cy="{y(100 * here.value)}" r="4"/>{side}{below}'
        f'<text x="{middle}" y="{HEIGHT - 4}" text-anchor="middle">points with interval, by volunteers</text></svg>'
    )
