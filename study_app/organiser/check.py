"""Says what is to be known of a study before it begins: how long it takes, how many volunteers it needs, what is odd.

    huebench study check [study.yaml] [--repeats 200] [--seed 0]

Reads the study's file; looks whether its pictures are there, and simulates studies in memory, which takes seconds.
"""

import argparse
from pathlib import Path

from pipeline.settings.errors import run_stage
from study_app.design.duration import seconds
from study_app.design.records import BEST_OF
from study_app.design.study import STUDY_FILE, Study, load_study
from study_app.organiser.needed import needed
from study_app.organiser.odd import odd
from study_app.organiser.stopping import stopping
from study_app.server.languages import load_languages
from study_app.simulation.effects import EFFECTS_FILE, load_effects

SHOWN = {
    "naturalness": "one picture at a time",
    "pairs": "a colorization beside its original, which one is the fake",
    "preference": "two methods' pictures of a photograph, which one is preferred",
    BEST_OF: "{pictures} methods' pictures of a photograph at once, which one is best",
}
SCALES = {"binary": "yes or no", "0-10": "0 to 10", "0-100": "0 to 100"}


def main() -> None:
    """Read, compute, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", nargs="?", type=Path, default=STUDY_FILE)
    parser.add_argument("--repeats", type=int, default=200, help="simulated studies for each difference")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    study = load_study(arguments.study)
    load_languages(study.languages)
    print(outline(study), flush=True)
    print("\nhow many volunteers are needed:")
    for line in needed(study, load_effects(EFFECTS_FILE, study), arguments.repeats, arguments.seed):
        print(f"    {line}", flush=True)
    if study.stops is not None:
        print("\nwhen it stops:")
        for line in stopping(study, study.stops, arguments.repeats, arguments.seed):
            print(f"    {line}", flush=True)
    found = list(odd(study, arguments.study))
    print("\nwhat is odd:" if found else "\nnothing is odd")
    for sentence in found:
        print(f"    {sentence}")


def outline(study: Study) -> str:
    """What a study is, in a few lines."""
    questions = len(study.criteria)
    asked = f", {questions} question{'s' * (questions > 1)} ({SCALES[study.scale]})" if questions > 1 else ""
    beside = [f"{count} {what}" for count, what in _beside(study) if count]
    blocks = f", a part of {study.block_size} to each" if study.blocks > 1 else ""
    return "\n".join(
        (
            f"{SHOWN[study.kind].format(pictures=study.pictures)}{asked}",
            f"methods: {', '.join(study.methods)}; {study.photographs} photographs{blocks}",
            f"languages: {', '.join(study.languages)}",
            f"a session: about {seconds(study) / 60:.0f} minutes; {study.trials} trials, {', '.join(beside)}",
            f"volunteers: {study.sessions}, together about {study.sessions * seconds(study) / 3600:.1f} hours",
        )
    )


def _beside(study: Study) -> list[tuple[int, str]]:
    catch = study.catch.broken + study.catch.originals
    return [(catch, "of them catch items"), (study.repeats, "a second time"), (study.practice, "before, for practice")]


if __name__ == "__main__":
    run_stage(main)
