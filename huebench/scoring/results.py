"""The files of a result: a row for each picture, and everything as JSON."""

import math
from typing import Any

import pandas as pd

from huebench.scoring.measures import DIVERSITY
from huebench.scoring.run import Scored
from pipeline.settings import provenance
from reports.tables.documents import Table

SCHEMA = 1  # of scores.json and per_image.csv: a number that changes with the meaning of what is there (docs/score.md)


def per_image(scored: Scored) -> pd.DataFrame:
    """method, id, answer, format, problem, remark, and a column for each measure; empty where there is no value."""
    keys = [measure.key for measure in (*scored.task.evaluator.measures, DIVERSITY)]
    return pd.DataFrame(
        [
            {
                "method": row.method,
                "id": row.id,
                "answer": row.answer,
                "format": row.format,
                "problem": row.problem,
                "remark": row.remark,
                **{key: row.values.get(key) for key in keys},
            }
            for row in scored.rows
        ]
    ).dropna(axis="columns", how="all")


def result_json(scored: Scored, tables: list[Table]) -> dict[str, Any]:
    """Everything but the pictures' own rows; null where there is no number."""
    return {
        "schema": SCHEMA,
        "originals": str(scored.task.originals.path),
        "photographs": len(scored.task.originals.files),
        "methods": {name: str(matched.source.path) for name, matched in scored.task.methods.items()},
        "measures": {
            measure.key: {"name": measure.name, "better": measure.better, "convention": measure.convention}
            for measure in scored.measures
        },
        **{table.name: [finite(row) for row in table.rows.to_dict("records")] for table in tables},
        "problems": scored.problems,
        "provenance": provenance.describe(),
    }


def finite(row: dict[Any, Any]) -> dict[str, Any]:
    """A row in which JSON can hold every number; infinity becomes text."""
    return {str(key): plain(value) for key, value in row.items()}


def plain(value: Any) -> Any:
    """A number, or null for NaN and "inf" for infinity."""
    if not isinstance(value, float) or math.isfinite(value):
        return value
    return None if math.isnan(value) else ("inf" if value > 0 else "-inf")
