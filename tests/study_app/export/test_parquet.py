"""Parquet files hold what the CSV files hold, with types, for one study or none."""

from pathlib import Path

import pandas as pd
import pytest

from study_app.export.parquet import write_parquet
from study_app.export.tables import Export, gather, write_export
from study_app.storage.store import Store
from study_app.storage.withdrawal import withdraw
from tests.study_app.volunteers import Newcomer

FILES = ("ratings", "participants", "log")


def test_both_kinds_of_files_hold_the_same(store: Store, volunteer: Newcomer, tmp_path: Path) -> None:
    volunteer().take()
    volunteer().take(3)
    withdraw(store, volunteer().code)
    export = gather(store.database, store.study, simulated=False)
    write_export(tmp_path, store.study, export)
    write_parquet(tmp_path, store.study, export)
    for name in FILES:
        ours, csv = pd.read_parquet(tmp_path / f"{name}.parquet"), pd.read_csv(tmp_path / f"{name}.csv")
        assert list(ours.columns) == list(csv.columns) and len(ours) == len(csv) > 0
        for column in csv.columns:
            for typed, text in zip(ours[column], csv[column], strict=True):
                is_text = isinstance(typed, str) and typed
                is_same = typed == text if is_text else (typed or 0) == pytest.approx(text if text == text else 0)
                assert is_same or (pd.isna(typed) and pd.isna(text)), (name, column, typed, text)
        assert (tmp_path / f"{name}.parquet").stat().st_mode & 0o777 == 0o600
    kinds = pd.read_parquet(tmp_path / "ratings.parquet").dtypes
    assert kinds["simulated"] == "bool" and kinds["value"] == "int64" and kinds["shown_ms"] == "float64"


def test_a_study_without_answers_has_files_with_columns(store: Store, tmp_path: Path) -> None:
    write_parquet(tmp_path, store.study, Export([], [], []))
    assert len(pd.read_parquet(tmp_path / "ratings.parquet").columns) > 20
