"""The words of the pages: every language has all of them, and mistakes are named."""

from pathlib import Path

import pytest
import yaml

from pipeline.settings.errors import UserError
from study_app.design.study import load_study
from study_app.pages.acts import SECTIONS
from study_app.server.languages import FOLDER, best_language, load_languages, load_texts
from tests.conftest import ROOT

LANGUAGES = sorted(path.stem for path in FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_keys_and_places(language: str) -> None:
    name, texts = load_texts(language)  # which compares them with the English ones; see the mistakes below
    assert name and texts.keys() == load_texts("en")[1].keys()


def test_every_text_is_used_by_a_page_and_every_used_one_exists() -> None:
    paths = [path for folder in ("pages", "browser") for path in (ROOT / "study_app" / folder).iterdir()]
    paths += (ROOT / "study_app" / "pages" / "static").iterdir()
    paths += [
        ROOT / "study_app" / "server" / name for name in ("languages.py", "shell.py")
    ]  # what there is to read before somebody takes part
    code = "".join(path.read_text(encoding="utf-8") for path in paths if path.suffix in (".py", ".js"))
    _, texts = load_texts("en")
    named_by_server = {"natural", "oversaturated", "recolored", "bleeding", *texts["refused"]}
    for section, words in texts.items():
        for key in words:
            is_used = f'"{key}"' in code or f"'{key}'" in code or key in named_by_server
            assert is_used, f"{section}.{key}"
    assert {section for sections in SECTIONS.values() for section in sections} <= set(texts)
    languages = load_study(ROOT / "study.yaml").languages
    assert "en" in languages and len(languages) >= 3 and list(load_languages(languages)) == list(languages)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content["trial"].pop("show"), r"trial\.show is missing"),
        (lambda content: content["trial"].update(more="x"), r"trial\.more is unknown"),
        (lambda content: content["trial"].update(picture="Bild {number}"), r"should have the places count, number"),
        (lambda content: content["trial"].update(show=True), "quotation marks"),
        (lambda content: content.pop("name"), "no `name`"),
    ],
)
def test_a_mistake_in_a_language_is_named(tmp_path: Path, change: object, message: str) -> None:
    for language in ("en", "de"):
        (tmp_path / f"{language}.yaml").write_bytes((FOLDER / f"{language}.yaml").read_bytes())
    content = yaml.safe_load((tmp_path / "de.yaml").read_text(encoding="utf-8"))
    assert callable(change)
    change(content)
    (tmp_path / "de.yaml").write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    with pytest.raises(UserError, match=message):
        load_texts("de", tmp_path)
    with pytest.raises(UserError, match="no words for the language 'tlh'"):
        load_texts("tlh")


@pytest.mark.parametrize(
    ("wanted", "best"), [("de-CH", "de"), ("DE", "de"), ("en", "en"), ("ja", "fr"), (None, "fr"), ("", "fr")]
)
def test_a_browser_gets_its_language_or_the_first_of_the_study(wanted: str | None, best: str) -> None:
    assert best_language(wanted, ["fr", "de", "en"]) == best
