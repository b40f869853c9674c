"""DuckDB through Ibis: bounded memory, its own temporary folder, no network, no settings from outside."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import ibis
from ibis.backends.duckdb import Backend
from ibis.expr.types import Table, Value

from .names import FILE, ROW

BUFFER_BYTES: Final = 1 << 30
"""DuckDB's limit for buffers; beyond it spills to disk. The process needs about twice as much."""


@contextmanager
def engine(work: Path) -> Iterator[Backend]:
    """Open an engine that spills into ``work`` and is closed at the end."""
    connection = ibis.duckdb.connect(
        threads=len(os.sched_getaffinity(0)),
        memory_limit=f"{BUFFER_BYTES // (1 << 20)}MiB",
        temp_directory=str(work / "spill"),
        autoinstall_known_extensions=False,
        autoload_known_extensions=False,
        # Row numbers are given in the order of the file.
        preserve_insertion_order=True,
    )
    try:
        # Texts without an offset are UTC, on any machine.
        connection.raw_sql("SET TimeZone = 'UTC'")
        connection.raw_sql("SET enable_progress_bar = false")
        yield connection
    finally:
        connection.disconnect()


def materialize(connection: Backend, table: Table, path: Path) -> Table:
    """Write a step to Parquet and return it read back: what follows does not compute the chain again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection.to_parquet(table, path)
    return connection.read_parquet(path)


def by_identity(table: Table) -> list[Value]:
    """Return the sort keys that put rows into the order of their files; unique within one source."""
    return [table[FILE], table[ROW]]
