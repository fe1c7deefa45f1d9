"""Files that stages left, read with one clear sentence for what is missing or damaged."""

import csv
import json
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar, cast

from pipeline.settings.errors import UserError
from pipeline.settings.params import parse_record

Record = TypeVar("Record")


def read_record(path: Path, record: type[Record]) -> Record:
    """The keys of a JSON file that the dataclass `record` names; a stage may write more."""
    content = read_json(path)
    try:
        return record(**{field.name: content[field.name] for field in fields(cast(Any, record))})
    except (KeyError, TypeError) as error:
        raise damaged(path, error) from None


def read_exact_record(path: Path, record: type[Record]) -> Record:
    """A JSON file that holds the fields of `record` and nothing else, each of its type."""
    content = read_json(path)
    try:
        return parse_record(record, content, str(path))
    except UserError as error:
        raise UserError(f"{error} Delete it, `dvc repro` makes it.") from None


def read_json(path: Path) -> Any:
    """What a JSON file holds."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise missing(path) from None
    except ValueError as error:  # neither JSON nor even text
        raise damaged(path, error) from None


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of a table of the report, as text and without a heavy library."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    except FileNotFoundError:
        raise missing(path, "make repro") from None


def missing(path: Path, command: str = "dvc repro") -> UserError:
    """What to say of a file that is not there."""
    return UserError(f"{path} is missing; `{command}` makes it.")


def damaged(path: Path, error: Exception) -> UserError:
    """What to say of a file that holds something else than it should."""
    return UserError(f"{path} is not whole ({error}); delete it, `dvc repro` makes it.")
