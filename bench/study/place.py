"""A study large enough for load: pictures of about 120 kB, places for thousands of raters."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline.records.archive import write_archive
from study_app.design.study import Study
from study_app.simulation.effects import Effects, Leaving
from study_app.stimuli.manifest import Stimuli, load_stimuli
from study_app.stimuli.prepare import prepare
from tests.study_app.opinions import example
from tests.study_app.volunteers import small_study

PHOTOGRAPHS = [f"photograph-{number:02}" for number in range(26)]
SIDE = 200  # pixels of noise: a PNG of 120 kB


def large_place(folder: Path, **changes: object) -> tuple[Study, Stimuli]:
    """Write `study.yaml`, archives and stimuli: the repository's five methods, 15 + 9 trials of 4 s each."""
    study = small_study(
        folder,
        methods=list(example()[0].methods),
        photographs=15,
        photographs_per_session=15,
        votes_per_cell=1000,
        longest_side=640,
        exposure_ms=3000,
        mask_ms=0,
        practice=2,
        catch={"broken": 3, "originals": 3},
        repeats=3,
        **changes,
    )
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (len(PHOTOGRAPHS), SIDE, SIDE, 3), dtype=np.uint8)
    for method in study.methods:
        shifted = np.roll(pictures, study.methods.index(method), axis=1)
        write_archive(folder / "archives" / f"{method}.zip", zip(PHOTOGRAPHS, shifted, strict=True))
    prepare(study, folder / "archives", folder / "stimuli")
    return study, load_stimuli(study.digest, folder / "stimuli")


def steady_effects() -> Effects:
    """Raters who all stay, and who need about one second for three questions."""
    _, effects = example()
    times = replace(effects.times, pages_seconds=1.0, response_ms=327.0, spread=0.2)  # mean: 333 ms a question
    return replace(effects, times=times, leaving=Leaving(0, 0, 0), careless=replace(effects.careless, share=0.0))
