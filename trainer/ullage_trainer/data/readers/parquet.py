"""Parquet: typed already; values become texts that coercion reads back without loss, as from any other file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import ibis
import ibis.expr.datatypes as dt
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.backends.duckdb import Backend
from ibis.expr.types import Value

from ullage_trainer.config import DataInvalid
from ullage_trainer.data.files import SourceFile
from ullage_trainer.data.names import DAMAGE, FILE, RAW, ROW


def parquet_columns(file: SourceFile) -> list[str]:
    """Return the names of a file's columns.

    Raises
    ------
    DataInvalid
        It is no Parquet file, or is cut off.
    """
    try:
        return list(pq.read_schema(file.path).names)
    except (pa.ArrowException, OSError) as error:
        raise DataInvalid(
            f"{file.field}: expected a Parquet file at {file.name!r}, found: {error}; write it anew"
        ) from error


def write_parquet(connection: Backend, file: SourceFile, columns: Sequence[str], file_number: int, target: Path) -> int:
    """Write a file's rows as texts and return how many there are.

    Raises
    ------
    DataInvalid
        A declared column holds lists, structs or bytes.
    """
    table = connection.read_parquet(file.path)
    nested = [
        f"{name!r} of type {table[name].type()}"
        for name in columns
        if not isinstance(table[name].type(), (dt.Primitive, dt.String, dt.Decimal, dt.Temporal, dt.Null, dt.UUID))
    ]
    if nested:
        raise DataInvalid(
            f"{file.field}: {file.name!r}: expected columns with a single value a row, found {', '.join(nested)}"
        )
    texts = table.select(
        **{
            FILE: ibis.literal(file_number, "int32"),
            ROW: ibis.row_number() + 1,
            DAMAGE: ibis.null("string"),
            RAW: ibis.null("string"),
        },
        **{name: _text(table[name]) for name in columns},
    )
    try:
        connection.to_parquet(texts, target)
    except duckdb.Error as error:
        raise DataInvalid(f"{file.field}: expected a whole Parquet file at {file.name!r}, found: {error}") from error
    return int(pq.read_metadata(target).num_rows)


def _text(column: Value) -> Value:
    if isinstance(column.type(), dt.Timestamp) and column.type().timezone:
        # The session's time zone is UTC.
        return column.cast("timestamp").cast("string")
    return column.cast("string")
