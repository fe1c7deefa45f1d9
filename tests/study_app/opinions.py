"""Effects for the small studies of tests, whose methods have names of their own."""

from dataclasses import replace
from pathlib import Path

from study_app.design.study import Study, load_study
from study_app.simulation.effects import Effects, Leaving, load_effects
from tests.study_app.volunteers import METHODS, ROOT

PLAYED = dict(zip(METHODS, ("larsson", "semantics_jbu", "original"), strict=True))  # test's method: effects.yaml's


def example() -> tuple[Study, Effects]:
    """The repository's own study and example of effects."""
    study = load_study(ROOT / "study.yaml")
    return study, load_effects(ROOT / "study_app" / "effects.yaml", study)


def small_effects(**changes: object) -> Effects:
    """The example's effects for the methods of tests, whose raters all stay; `changes` replace top-level keys."""
    _, effects = example()
    rates = {name: {ours: of[theirs] for ours, theirs in PLAYED.items()} for name, of in effects.rates.items()}
    kept = replace(effects, rates=rates, leaving=Leaving(share=0, come_back=0, away_minutes=25))
    return replace(kept, **changes)  # type: ignore[arg-type]


def effects_file(folder: Path, text: str) -> Path:
    """The example with parts of its text replaced: `"old -> new"` a line."""
    content = (ROOT / "study_app" / "effects.yaml").read_text(encoding="utf-8")
    for line in text.splitlines():
        old, new = line.split(" -> ")
        assert old in content
        content = content.replace(old, new, 1)
    path = folder / "effects.yaml"
    path.write_text(content, encoding="utf-8")
    return path
