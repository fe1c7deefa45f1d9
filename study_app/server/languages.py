"""The words of the pages: a YAML file for each language, all with the same keys."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

from pipeline.settings.errors import UserError
from study_app.design.study import Study

FOLDER = Path(__file__).parent / "languages"
REFERENCE = "en"
PLACE = re.compile(r"\{(\w+)\}")
# The lines of `stored`, in their order. A test compares them with all that there is.
STORED = ("answers", "times", "screen", "vision", "interruptions", "language", "identifiers", "device")
RECRUITED = "recruited"  # one line more, where a platform or an invitation knows the volunteer

Texts = Mapping[str, Mapping[str, str]]


def load_texts(language: str, folder: Path = FOLDER) -> tuple[str, Texts]:
    """A language's own name and its texts, by section and key; raises `UserError` if a word is missing or too many."""
    name, texts = _read(folder / f"{language}.yaml")
    if language != REFERENCE:
        _, reference = _read(folder / f"{REFERENCE}.yaml")
        if difference := _difference(texts, reference):
            raise UserError(f"{folder / language}.yaml: {difference}.")
    return name, texts


def load_languages(languages: Iterable[str], folder: Path = FOLDER) -> dict[str, tuple[str, Texts]]:
    """What `load_texts` gives, for every language of a study, in its order."""
    return {language: load_texts(language, folder) for language in languages}


def worded(texts: Texts, kind: str) -> Texts:
    """The texts of a kind of study: words of `<kind>_<section>` replace those of the section.

    Preference shows pairs too: it has their words where it has none of its own.
    """
    for layer in {"preference": ("pairs", "preference")}.get(kind, (kind,)):
        texts = {section: {**words, **texts.get(f"{layer}_{section}", {})} for section, words in texts.items()}
    return texts


def best_language(wanted: str | None, languages: Iterable[str]) -> str:
    """The language of the study for a browser's language such as `de-CH`; the study's first if there is none."""
    known = list(languages)
    plain = (wanted or "").partition("-")[0].lower()
    return plain if plain in known else known[0]


def told(study: Study, texts: Texts, language: str) -> tuple[str, ...]:
    """What there is to read before somebody takes part, as Markdown: consent, what is stored, and what will come."""
    outline = texts["welcome"]["outline" if study.practice else "outline_short"]
    return (
        study.consent[language],
        stored(texts, study.recruitment is not None),
        outline.format(practice=study.practice, trials=study.trials),
    )


def stored(texts: Texts, recruited: bool = False) -> str:
    """What the consent says beside the study's own words: all that is stored, as Markdown. `recruited`: by an id."""
    words = texts["stored"]
    lines = "\n".join(f"- {words[key]}" for key in (*STORED, *((RECRUITED,) if recruited else ())))
    return "\n\n".join((words["heading"] + ":", lines, words["nothing_but_id" if recruited else "nothing_else"]))


def _read(path: Path) -> tuple[str, Texts]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = ", ".join(sorted(one.stem for one in path.parent.glob("*.yaml")))
        raise UserError(f"the pages have no words for the language {path.stem!r} ({known}); write {path}.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not valid YAML: {' '.join(str(error).split())}.") from None
    if not isinstance(content, dict) or not isinstance(name := content.pop("name", None), str):
        raise UserError(f"{path} has no `name`, the language's own name for itself.")
    for section, words in content.items():
        if not isinstance(words, dict) or not all(isinstance(text, str) and text for text in words.values()):
            raise UserError(f"{path}: {section} should hold keys and texts; put yes, no and on in quotation marks.")
    return name, content


def _difference(texts: Texts, reference: Texts) -> str:
    """The first difference in keys or {places}, as the rest of a sentence."""
    ours = {(section, key): text for section, words in texts.items() for key, text in words.items()}
    theirs = {(section, key): text for section, words in reference.items() for key, text in words.items()}
    for section, key in sorted(ours.keys() ^ theirs.keys()):
        return f"{section}.{key} is {'unknown' if (section, key) in ours else 'missing'}"
    for (section, key), text in ours.items():
        wanted = set(PLACE.findall(theirs[section, key]))
        if set(PLACE.findall(text)) != wanted:
            return f"{section}.{key} should have the places {', '.join(sorted(wanted)) or '(none)'}"
    return ""
