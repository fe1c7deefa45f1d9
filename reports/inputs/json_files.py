"""JSON that the other stages left, read with one clear sentence for what is missing or broken."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar, cast

from pipeline.settings.errors import UserError

Record = TypeVar("Record")


def read_record(path: Path, record: type[Record]) -> Record:
    """The keys of a JSON file that the dataclass `record` names; a stage may write more."""
    content = read_json(path)
    try:
        return record(**{field.name: content[field.name] for field in fields(cast(Any, record))})
    except (KeyError, TypeError) as error:
        raise UserError(f"{path} is not whole ({error}); delete it, `dvc repro` makes it.") from None


def read_json(path: Path) -> Any:
    """What a JSON file holds."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} is missing; `dvc repro` makes it.") from None
    except ValueError as error:  # neither JSON nor even text
        raise UserError(f"{path} is not whole ({error}); delete it, `dvc repro` makes it.") from None
