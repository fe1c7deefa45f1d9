"""Effects for the small studies of tests, whose methods have names of their own."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from study_app.design.study import Study, load_study
from study_app.simulation.effects import EFFECTS_FILE, Effects, Leaving, load_effects
from tests.conftest import ROOT
from tests.study_app.volunteers import METHODS

PLAYED = dict(zip(METHODS, ("larsson", "semantics_jbu", "original"), strict=True))  # test's method: effects.yaml's


def example() -> tuple[Study, Effects]:
    """The repository's own study and example of effects."""
    study = load_study(ROOT / "study.yaml")
    return study, load_effects(ROOT / EFFECTS_FILE, study)


def small_effects(**changes: object) -> Effects:
    """The example's effects for the methods of tests, whose raters all stay; `changes` replace top-level keys."""
    _, effects = example()
    rates = {
        name: {ours: of[theirs] for ours, theirs in PLAYED.items() if theirs in of}
        for name, of in effects.rates.items()
    }
    kept = replace(effects, rates=rates, leaving=Leaving(share=0, come_back=0, away_minutes=25))
    return replace(kept, **changes)  # type: ignore[arg-type]


def effects_file(folder: Path, text: str, methods: Mapping[str, str] = {}) -> Path:
    """The example with parts of its text replaced, `"old -> new"` a line, and methods renamed (new name: old name)."""
    content = (ROOT / EFFECTS_FILE).read_text(encoding="utf-8")
    for line in text.splitlines():
        old, new = line.split(" -> ")
        assert old in content
        content = content.replace(old, new, 1)
    for ours, theirs in methods.items():
        content = content.replace(f"{theirs}:", f"{ours}:")
    path = folder / "effects.yaml"
    path.write_text(content, encoding="utf-8")
    return path
