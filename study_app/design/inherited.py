"""What a study takes over from the package (`defaults/`): settings and words that its file does not give.

A file that gives everything takes over nothing. A key that holds keys itself (`catch`, `screening`) takes over those
that it does not give. Words are taken over whole: a title, a consent, or all words of a criterion.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from pipeline.settings.errors import UserError, suggestion
from study_app.design.records import BEST_OF, TWO

DEFAULTS = Path(__file__).parent / "defaults"
LANGUAGES = Path(__file__).parents[1] / "server" / "languages"
WORDED = ("title", "consent")
EVERY = "every"  # the settings of all protocols
Content = dict[str, Any]


def default_words(protocol: str) -> Content:
    """The package's `title`, `consent` and `criteria` of a protocol, in all its languages."""
    words: Content = yaml.safe_load((DEFAULTS / f"{protocol}.yaml").read_text(encoding="utf-8"))
    return words


def default_settings() -> Content:
    """The package's settings: those of `every` study and those of each protocol."""
    settings: Content = yaml.safe_load((DEFAULTS / "settings.yaml").read_text(encoding="utf-8"))
    return settings


def known_languages() -> list[str]:
    """The languages that the pages have words for."""
    return sorted(path.stem for path in LANGUAGES.glob("*.yaml"))


def inherited(content: object, where: str) -> object:
    """The content of a study's file with what it takes over; anything else than keys and values as it is.

    Raises `UserError`, beginning with `where`, for a protocol, or a criterion by its name alone, that is not known.
    """
    if not isinstance(content, Mapping):
        return content
    settings = default_settings()
    protocol = content.get("protocol", "naturalness")
    protocols = [name for name in settings if name not in (EVERY, BEST_OF)]
    if protocol not in protocols:
        raise UserError(f"{where}: protocol is {protocol!r}; {suggestion(str(protocol), protocols)}")
    pictures = content.get("pictures")
    is_best_of = protocol == "preference" and isinstance(pictures, int) and pictures > TWO
    kind = BEST_OF if is_best_of else protocol
    whole = _filled(content, {**settings[EVERY], **settings[kind]})
    words = default_words(kind)
    for key in WORDED:
        whole.setdefault(key, words[key])
    whole["criteria"] = _criteria(whole.get("criteria"), words["criteria"], where)
    languages = whole.get("languages")
    return _in_languages(whole, languages) if isinstance(languages, list) else whole


def _filled(content: Mapping[Any, Any], defaults: Content) -> Content:
    """The content, then the defaults that it lacks, also within blocks."""
    whole = {key: value for key, value in defaults.items() if key not in content}
    for key, value in content.items():
        block = defaults.get(key)
        whole[key] = {**block, **value} if isinstance(block, dict) and isinstance(value, Mapping) else value
    return whole


def _criteria(given: object, defaults: list[Content], where: str) -> object:
    """All criteria of the package if none are given; one that is only a name has the package's words."""
    if given is None:
        return defaults
    if not isinstance(given, list):
        return given
    known = {criterion["name"]: criterion for criterion in defaults}
    for one in given:
        if isinstance(one, str) and one not in known:
            told = suggestion(one, list(known))
            raise UserError(f"{where}: criteria names {one!r}, of which the package has no words; {told}")
    return [known[one] if isinstance(one, str) else one for one in given]


def _in_languages(whole: Content, languages: list[Any]) -> Content:
    """Without the words of languages that pages could show, but that this study does not name."""
    unused = set(known_languages()) - set(map(str, languages))

    def used(wording: Any) -> Any:
        if not isinstance(wording, Mapping):
            return wording
        return {language: words for language, words in wording.items() if language not in unused}

    for key in WORDED:
        whole[key] = used(whole[key])
    if isinstance(whole["criteria"], list):
        whole["criteria"] = [
            {key: used(value) for key, value in one.items()} if isinstance(one, Mapping) else one
            for one in whole["criteria"]
        ]
    return whole
