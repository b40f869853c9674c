"""Writing records one by one, in bounded memory: what the readers in Python share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from ullage_trainer.data.names import DAMAGE, DAMAGE_SEPARATOR, FILE, RAW, ROW

BATCH_RECORDS: Final = 8192
MAX_RAW_CHARACTERS: Final = 4096
"""So much of a damaged record's text is kept."""


@dataclass(frozen=True)
class Record:
    """One record of a file: its values as texts, or what is wrong with it."""

    values: Sequence[str | None] = ()
    damage: str | None = None
    """What was expected and found, as :func:`damage` puts it."""
    raw: str | None = None
    """The text of a damaged record."""


def damage(expected: str, found: object) -> str:
    """Return the text that says what is wrong with a record."""
    return f"{expected}{DAMAGE_SEPARATOR}{found}"


def raw_schema(columns: Sequence[str]) -> pa.Schema:
    """Return the schema that all readers write: identity, damage, then the declared columns as texts."""
    identity = [(FILE, pa.int32()), (ROW, pa.int64()), (DAMAGE, pa.string()), (RAW, pa.string())]
    return pa.schema([*identity, *((name, pa.string()) for name in columns)])


def write_records(records: Iterable[Record], columns: Sequence[str], file_number: int, target: Path) -> int:
    """Write records with their numbers from 1 and return how many there were."""
    schema, batch, count = raw_schema(columns), list[Record](), 0
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        for record in records:
            batch.append(record)
            if len(batch) == BATCH_RECORDS:
                writer.write_batch(_batch(batch, schema, file_number, count))
                count += len(batch)
                batch.clear()
        if batch:
            writer.write_batch(_batch(batch, schema, file_number, count))
            count += len(batch)
    return count


def _batch(records: Sequence[Record], schema: pa.Schema, file_number: int, before: int) -> pa.RecordBatch:
    width = len(schema) - 4
    arrays = [
        pa.array([file_number] * len(records), pa.int32()),
        pa.array(range(before + 1, before + len(records) + 1), pa.int64()),
        pa.array([record.damage for record in records], pa.string()),
        pa.array([record.raw[:MAX_RAW_CHARACTERS] if record.raw else None for record in records], pa.string()),
    ]
    columns = ([None if record.damage else record.values[index] for record in records] for index in range(width))
    arrays += [pa.array(column, pa.string()) for column in columns]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
