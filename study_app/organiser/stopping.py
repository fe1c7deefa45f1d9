"""How many volunteers a study takes that stops once its contrast is decided, by simulation."""

from collections.abc import Iterator
from statistics import fmean

from pipeline.settings.errors import UserError
from study_app.design.stops import Stops
from study_app.design.study import Study
from study_app.simulation.effects import EFFECTS_FILE, load_effects
from study_app.simulation.power.stopping import ends, planned, with_contrast

POINTS = (15.0, 10.0, 5.0, 0.0)  # by which the second method is below the first, or the only one below 50 %


def stopping(study: Study, stops: Stops, repeats: int, seed: int) -> Iterator[str]:
    """A line for each difference, computed one after the other."""
    plan, effects = planned(study, stops), load_effects(EFFECTS_FILE, study)
    for points in POINTS:
        what = f"{_called(study, stops, points)}: "
        try:
            drawn = with_contrast(study, stops, effects, -points)
        except UserError:  # a rate has no room for it
            continue
        found = list(ends(plan, drawn, repeats, seed))
        decided = 100 * fmean(bool(decision) for decision, _ in found)
        raters = fmean(count for _, count in found)
        yield (
            f"{what}{raters:.0f} volunteers on average instead of {stops.largest}; decided in {decided:.0f} % of "
            "studies"
            f"{'' if points or stops.margin else ', wrongly'}"
        )
    screened = "volunteers who count: who is flagged or set aside comes on top"
    yield f"at alpha {stops.alpha:g}, looking from {stops.smallest} to {stops.largest} {screened}"


def _called(study: Study, stops: Stops, points: float) -> str:
    if study.protocol == "preference":
        return f"preferred in {50 + points:.0f} %"
    return f"{points:2.0f} points" if len(stops.between) > 1 else f"fooling rate of {50 - points:.0f} %"
