"""YAML files as DVC reads them, by YAML 1.2: `1e-3` is a number, `no` is a word, and no key comes twice."""

import re
from pathlib import Path

from ruamel.yaml import YAML, YAMLError
from ruamel.yaml.constructor import DuplicateKeyError

from pipeline.settings.errors import UserError


def read_yaml(path: Path, where_from: str) -> object:
    """The content of a file; raises `UserError` for one that is missing, broken, or gives a key twice.

    `where_from`: what to do about a missing file, the end of its sentence.
    """
    try:
        return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise UserError(f"{path} is not here; {where_from}") from None
    except DuplicateKeyError as error:
        raise UserError(f"{path}{_twice(error)}") from None
    except (YAMLError, UnicodeDecodeError, ValueError) as error:  # ValueError: a date such as 2024-13-45
        raise UserError(f"{path} is not valid YAML: {' '.join(str(error).split())}.") from None


def _twice(error: DuplicateKeyError) -> str:
    """Name the key that comes twice; the reader has it in the middle of a sentence alone."""
    found = re.search(r'duplicate key "(.*?)" with', str(error.problem))
    line = "" if error.problem_mark is None else f", line {error.problem_mark.line + 1}"
    return f"{line}: the key {found[1] if found else ''!r} is there twice in one block; remove one of them."
