"""The pages of documentation, and the code and the commands that they print."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
SHELLS = ("sh", "bash")
FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\n(?P<code>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`((?:[A-Z_]+=\S+\s+)*(?:python|make|dvc|torchrun|git|huebench)\s+[^`]+)`")
OPERATORS = {";", "&", "&&", "||", "|"}


@dataclass(frozen=True)
class Command:
    """One command of a page: its words without variables, `.venv/bin/` and `sudo -u NAME`."""

    page: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page}: {shlex.join(self.words)}"


def fenced(text: str, *languages: str) -> list[str]:
    """The contents of a page's fenced blocks of some languages, in order."""
    return [found["code"] for found in FENCE.finditer(text) if found["language"] in languages]


def commands(page: Path) -> Iterator[Command]:
    """Every command that a page prints, in blocks and in lines of text."""
    text, name = page.read_text(encoding="utf-8"), str(page.relative_to(ROOT))
    lines = [line for block in fenced(text, *SHELLS) for line in block.replace("\\\n", " ").splitlines()]
    lines += [" ".join(found.split()) for found in INLINE.findall(FENCE.sub("", text))]
    for line in lines:
        for words in _simple(line):
            yield Command(name, tuple(words))


def _simple(line: str) -> Iterator[list[str]]:
    """The simple commands of one line of shell, without what stands before the program's name."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|")
    lexer.whitespace_split, lexer.commenters = True, "#"
    words: list[str] = []
    for word in [*lexer, ";"]:
        if word not in OPERATORS:
            words.append(word)
            continue
        if words := _program(words):
            yield words
        words = []


def _program(words: list[str]) -> list[str]:
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words = words[1:]
    if words[:2] == ["sudo", "-u"]:
        return _program(words[3:])
    if words[:1] == ["time"]:
        return _program(words[1:])
    return [words[0].removeprefix(".venv/bin/"), *words[1:]] if words else []
