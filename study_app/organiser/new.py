"""Writes the file of a new study after five questions; what it does not say is taken over from the package.

    huebench study new [--to study.yaml]
    huebench study new --to mine.yaml --protocol naturalness --methods mine theirs original --photographs 30
        --volunteers 20 --languages en de --scale binary
    huebench study new --to best.yaml --protocol preference --pictures 3 --methods mine theirs older original

Each option answers its question beforehand. Where nobody can be asked, the answers not given are those in brackets. It
never overwrites a file.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from pipeline.settings import paths
from pipeline.settings.errors import UserError, run_stage, suggestion
from pipeline.settings.files import write_whole
from pipeline.settings.params import PARAMS_FILE, load_params
from study_app.design.inherited import known_languages
from study_app.design.records import MAXIMUM, ORIGINAL, TWO, Protocol
from study_app.design.study import MOST_PICTURES, STUDY_FILE, study_of
from study_app.organiser.template import TIES, Plan, content_of, text_of

PROTOCOLS = get_args(Protocol)
MANY = 40  # photographs that one volunteer is shown at most, without a wish for another number
FEW = 12  # and at least, where they are split
SEVERAL = 5  # methods; where there are pictures of more, somebody has to choose


@dataclass(frozen=True)
class Question:
    """One question: the option that answers it, its words, and what is taken if the answer is empty."""

    option: str
    words: str
    otherwise: str


Ask = Callable[[Question], list[str]]  # gets the words of an answer, at least one


def main() -> None:
    """Ask, and write."""
    arguments = _arguments()
    if arguments.to.exists():
        raise UserError(f"{arguments.to} is there already; name another file with --to.")
    plan = planned(arguments, asked if sys.stdin.isatty() else taken)
    study = study_of(content_of(plan), str(arguments.to))
    write_whole(arguments.to, text_of(plan, study, arguments.to).encode())
    print(f"{arguments.to}: {study.sessions} volunteers, {study.trials} trials each")
    for command in ("check", "stimuli", "serve"):
        print(f"    huebench study {command} {arguments.to}")


def planned(arguments: argparse.Namespace, ask: Ask) -> Plan:
    """The answers, each by its option or else as `ask` gets it."""

    def answer(option: str, words: str, otherwise: str) -> list[str]:
        given = getattr(arguments, option)
        return list(map(str, given)) if given else ask(Question(option, words, otherwise))

    protocol = _one_of(answer("protocol", f"Protocol: {', '.join(PROTOCOLS)}", PROTOCOLS[0])[0], PROTOCOLS, "protocol")
    dataset = arguments.dataset or _first_dataset()
    here = _usual(dataset, protocol)
    known = f" (here: {', '.join(here)})" if here else ""
    methods = answer("methods", f"Methods to compare{known}", " ".join(here) if len(here) <= SEVERAL else "")
    pictures = TWO
    if protocol == "preference" and len(methods) > TWO:
        most = min(MOST_PICTURES, len(methods))
        pictures = _number(answer("pictures", f"How many pictures at once, {TWO} to {most}", str(TWO))[0], "pictures")
    photographs = _number(answer("photographs", "How many photographs", "30")[0], "photographs")
    volunteers = _number(answer("volunteers", "How many volunteers", "20")[0], "volunteers")
    languages = answer("languages", f"Languages of the pages: {', '.join(known_languages())}", "en")
    for language in languages:
        _one_of(language, known_languages(), "languages")
    scales = {"naturalness": tuple(MAXIMUM), "preference": ("binary", TIES)}.get(protocol, ("binary",))
    scales = scales if pictures == TWO else ("binary",)
    scale = answer("scale", f"Scale: {', '.join(scales)}", scales[0])[0] if len(scales) > 1 else scales[0]
    _one_of(scale, scales, "scale")
    plan = Plan(
        protocol, dataset, tuple(methods), photographs, part_of(photographs), 1, tuple(languages), scale, pictures
    )
    return plan.for_volunteers(volunteers, study_of(content_of(plan), str(arguments.to)).sessions)


def part_of(photographs: int) -> int:
    """How many of the photographs one volunteer is shown: all, or as many as stay attentive and divide them."""
    if photographs <= MANY:
        return photographs
    return max((part for part in range(FEW, MANY + 1) if photographs % part == 0), default=photographs)


def asked(question: Question) -> list[str]:
    """What somebody types."""
    otherwise = f" [{question.otherwise}]" if question.otherwise else ""
    while True:
        words = input(f"{question.words}{otherwise}: ").replace(",", " ").split() or question.otherwise.split()
        if words:
            return words


def taken(question: Question) -> list[str]:
    """What is taken where nobody can be asked; raises `UserError` if that is nothing."""
    if not question.otherwise:
        raise UserError(f"--{question.option} is missing: {question.words[0].lower()}{question.words[1:]}.")
    return question.otherwise.split()


def _first_dataset() -> str:
    """The first dataset of params.yaml here, else a name to be replaced."""
    return load_params().datasets[0] if PARAMS_FILE.exists() else "mine"


def _usual(dataset: str, protocol: str) -> Sequence[str]:
    """The methods whose pictures are here; pairs have the original beside each, so that it is none of them."""
    folder = paths.archive(dataset, ORIGINAL).parent
    names = [path.stem for path in sorted(folder.glob("*.zip")) if "@" not in path.stem]
    return [name for name in names if protocol != "pairs" or name != ORIGINAL]


def _number(text: str, option: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise UserError(f"--{option} is {text!r}, but should be a whole number from 1 on.")
    return int(text)


def _one_of(text: str, known: Sequence[str], option: str) -> str:
    if text not in known:
        raise UserError(f"--{option} is {text!r}; {suggestion(text, list(known))}")
    return text


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, default=STUDY_FILE, help="the file to write")
    parser.add_argument("--protocol", nargs=1, metavar="NAME", help=", ".join(PROTOCOLS))
    parser.add_argument("--methods", nargs="+", metavar="NAME", help="what is compared; `original` may be one of them")
    parser.add_argument("--pictures", nargs=1, metavar="N", help="of preference: how many are shown at once, 2 to 6")
    parser.add_argument("--photographs", nargs=1, metavar="N", help="how many photographs are judged")
    parser.add_argument("--volunteers", nargs=1, metavar="N", help="rounded up to whole rounds of the design")
    parser.add_argument("--languages", nargs="+", metavar="CODE", help=", ".join(known_languages()))
    parser.add_argument("--scale", nargs=1, metavar="NAME", help=f"{', '.join(MAXIMUM)}; of preference: {TIES}")
    parser.add_argument("--dataset", help="the folder of the pictures' name, by default the first of params.yaml")
    return parser.parse_args()


if __name__ == "__main__":
    run_stage(main)
