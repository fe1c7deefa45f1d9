"""How often the intervals of a study of preference hold the truth, and how often its tests find what is not there.

    python -m bench.preference [--studies 1000] [--seed 0]
    python -m bench.preference --best    # the same where the best of several pictures is picked
    python -m bench.preference --checks [--studies 1000]     # what attention checks cost and save
    python -m bench.preference --at-once [--studies 1000]    # what more pictures at once gain and lose

Figures of a long run stand in docs/results/preference_statistics.md.
"""

import argparse
import time
from dataclasses import replace
from itertools import product

from bench.preference.coverage import measure
from bench.preference.truths import EQUAL, FIVE, FOUR, SIX, Truth
from bench.statistics import percent
from reports.statistics.clustered import ALPHA
from study_app.design.study import study_of
from study_app.simulation.effects import EFFECTS_FILE, load_effects
from study_app.simulation.power.comparing import Asked, power, with_preference

DESIGNS = {
    "4 methods: 24 raters, 30 photographs": Truth(FOUR, 24, 30),
    "4 methods: 12 raters, 30 photographs": Truth(FOUR, 12, 30),
    "4 methods: 60 raters, 60 photographs": Truth(FOUR, 60, 60),
    "4 methods: 24 x 30, tastes and photographs differ twice as much": Truth(FOUR, 24, 30, 0.6, 1.0),
    "4 methods: 24 x 30, nobody differs": Truth(FOUR, 24, 30, 0, 0),
    "4 methods: 24 x 30, ties": Truth(FOUR, 24, 30, ties=1.0),
    "4 methods: 24 x 30, the left side is liked": Truth(FOUR, 24, 30, side=0.4),
    "4 equal methods: 24 x 30": Truth(EQUAL, 24, 30),
    "5 methods with an original: 20 x 40": Truth(FIVE, 20, 40),
    "2 methods: 20 x 30": Truth((0.0, 0.5), 20, 30),
}
AS_LONG = 56  # trials of two pictures, 5.7 s each, instead of 30 of more, 10.7 s each
BEST = {
    "3 of 4 methods: 24 raters, 30 photographs": Truth(FOUR, 24, 30, pictures=3),
    "3 of 4 methods: 12 raters, 30 photographs": Truth(FOUR, 12, 30, pictures=3),
    "3 of 4 methods: 60 raters, 60 photographs": Truth(FOUR, 60, 60, pictures=3),
    "3 of 4 methods: 24 x 30, tastes and photographs differ twice as much": Truth(FOUR, 24, 30, 0.6, 1.0, pictures=3),
    "3 of 4 methods: 24 x 30, nobody differs": Truth(FOUR, 24, 30, 0, 0, pictures=3),
    "3 of 4 methods: 24 x 30, the first place is liked": Truth(FOUR, 24, 30, side=0.4, pictures=3),
    "3 of 4 equal methods: 24 x 30": Truth(EQUAL, 24, 30, pictures=3),
    "all of 4 methods: 24 x 30": Truth(FOUR, 24, 30, pictures=4),
    "all of 5 methods with an original: 20 x 40": Truth(FIVE, 20, 40, pictures=5),
    "3 of 6 methods: 36 x 30": Truth(SIX, 36, 30, pictures=3),
    "5 of 6 methods: 24 x 30": Truth(SIX, 24, 30, pictures=5),
}


def checks(studies: int, seed: int) -> None:
    """Print the power of 24 volunteers of 38 trials, with and without attention checks among them.

    With them 30 trials compare methods, and careless raters are left out (all of them, the most that checks can do).
    Without them 38 do, and nobody is left out.
    """
    content = {"protocol": "preference", "dataset": "drawn", "methods": ["a", "b", "c", "d"], "languages": ["en"]}
    print("| careless raters | preferred in | 38 comparisons of all | 30 of those who are not careless |")
    print("| ---: | ---: | ---: | ---: |")
    for share, points in product((0.0, 0.08, 0.2, 0.35), (10.0, 15.0)):
        found = []
        for photographs, careless, raters in ((38, share, 24), (30, 0.0, round(24 * (1 - share)))):
            study = study_of({**content, "photographs": photographs, "votes_per_cell": 2}, "drawn")
            effects = load_effects(EFFECTS_FILE, study)
            effects = replace(effects, careless=replace(effects.careless, share=careless))
            asked = Asked("a", "b", ALPHA, studies, seed)
            found.append(power(study, with_preference(study, effects, "a", "b", points), asked, raters) / studies)
        print(f"| {100 * share:.0f} % | {50 + points:.0f} % | {' | '.join(map(percent, found))} |", flush=True)


def at_once(studies: int, seed: int) -> None:
    """Print the power of volunteers of 30 trials each, by how many pictures they see at once, and with an original.

    The last line: two pictures, for as long as 30 trials of more take with the settings of the package.
    """
    print("| methods | pictures at once | trials | 60 % | 65 % |\n| --- | ---: | ---: | ---: | ---: |")
    alone, more = ["a", "b", "c", "d"], ["a", "b", "c", "d", "original"]
    designs = [*product((alone,), (2, 3, 4), (30,)), *product((more,), (2, 3, 5), (30,)), (alone, 2, AS_LONG)]
    for methods, pictures, trials in designs:
        content = {"protocol": "preference", "dataset": "drawn", "methods": methods, "languages": ["en"]}
        study = study_of({**content, "pictures": pictures, "photographs": trials, "votes_per_cell": 1}, "drawn")
        effects, asked = load_effects(EFFECTS_FILE, study), Asked("a", "b", ALPHA, studies, seed)
        raters = 20 if methods is more else 24  # whole rounds of all designs
        found = [power(study, with_preference(study, effects, "a", "b", one), asked, raters) for one in (10.0, 15.0)]
        cells = [
            f"{len(alone)}{' and an original' * (methods is more)}: {raters} volunteers",
            str(pictures),
            str(trials),
        ]
        print(f"| {' | '.join([*cells, *(percent(one / studies) for one in found)])} |", flush=True)


def main() -> None:
    """Measure all designs and print a table."""
    parser = argparse.ArgumentParser(
        "python -m bench.preference", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--studies", type=int, default=1000, help="simulated studies for each line")
    parser.add_argument("--seed", type=int, default=0, help="of all studies")
    parser.add_argument("--checks", action="store_true", help="what attention checks cost and save, instead")
    parser.add_argument("--best", action="store_true", help="where the best of several pictures is picked, instead")
    parser.add_argument("--at-once", action="store_true", help="what more pictures at once gain and lose, instead")
    arguments = parser.parse_args()
    if arguments.checks or arguments.at_once:
        (checks if arguments.checks else at_once)(arguments.studies, arguments.seed)
        return
    start = time.perf_counter()
    print(f"Coverage of 95 % intervals and false positives at 5 %, in per cent; {arguments.studies} studies a line.\n")
    heads = [
        "truth",
        "strengths",
        "lowest, highest",
        "differences",
        "shares",
        "wins",
        "ranks",
        "false positives",
        "Holm",
    ]
    heads += ["misfit", "no estimate"]
    print(f"| {' | '.join(heads)} |\n| --- | {' | '.join(['---:'] * (len(heads) - 1))} |")
    for title, truth in (BEST if arguments.best else DESIGNS).items():
        one = measure(truth, arguments.studies, arguments.seed)
        cells = [title, percent(one.strengths.mean())]
        cells += [f"{percent(one.strengths.min())}, {percent(one.strengths.max())}", percent(one.differences)]
        cells += [percent(value) for value in (one.shares.mean(), one.cells, one.ranks, one.false, one.family)]
        cells += [percent(one.misfit), percent(one.without)]
        print(f"| {' | '.join(cells)} |", flush=True)
    print(f"\n{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
