"""The tables of an export as Parquet files beside the CSV ones: the same columns, with types, for large studies."""

import io
import typing
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.records.ratings import Participant
from pipeline.settings.files import PRIVATE_FILE, write_whole
from study_app.design.study import Study
from study_app.export.codebook import LogLine, LookLine, rating_record
from study_app.export.tables import Export, looks_of

TYPES = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}


def write_parquet(folder: Path, study: Study, export: Export) -> None:
    """Write ratings, participants, log and looks; each file is whole or absent, and its owner's alone."""
    tables: dict[str, tuple[type, Sequence[object]]] = {
        "ratings": (rating_record(study), export.ratings),
        "participants": (Participant, export.participants),
        "log": (LogLine, export.log),
    }
    if study.stops is not None:
        tables["stopping"] = (LookLine, looks_of(study, study.stops, export))
    for name, (record, rows) in tables.items():
        content = io.BytesIO()
        pq.write_table(table(record, rows), content)
        write_whole(folder / f"{name}.parquet", content.getvalue(), PRIVATE_FILE)


def table(record: type, rows: Sequence[object]) -> pa.Table:
    """The rows as columns of their types, also where there is no row; what is unknown is null."""
    hints = typing.get_type_hints(record)
    schema = pa.schema([(one.name, _type(hints[one.name])) for one in fields(typing.cast(Any, record))])
    return pa.Table.from_pylist([asdict(typing.cast(Any, row)) for row in rows], schema)


def _type(hint: Any) -> pa.DataType:
    plain = [one for one in typing.get_args(hint) or (hint,) if one is not type(None)]
    return TYPES[plain[0]]
