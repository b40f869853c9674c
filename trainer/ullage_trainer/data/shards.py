"""Writing virtual shards: a stream of rows in their final order becomes Parquet files of fixed row groups."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from .names import IMAGE, LABEL, PART, PARTS, SHARD

ROW_GROUP_ROWS: Final = 4096
"""Rows that are read at once: 4,096 rows of 100 features are 1.6 MB."""


@dataclass(frozen=True)
class Layout:
    """What a row of the data set is."""

    shape: tuple[int, ...]
    """The shape of ``x`` without the batch."""
    widths: tuple[int, ...]
    """For each column of the stream how many places it takes in ``x``: 0 a number as it is, n one of n categories."""
    regression: bool
    virtual_shards: int
    """Shards of each part."""

    @property
    def is_image(self) -> bool:
        """Whether ``x`` is bytes."""
        return len(self.shape) > 1

    @property
    def schema(self) -> pa.Schema:
        """The columns of a shard."""
        number = np.dtype(np.uint8 if self.is_image else "<f4")
        # A row's numbers as bytes: lists are decoded number by number, which takes four times as long.
        x = pa.binary(int(np.prod(self.shape)) * number.itemsize)
        return pa.schema([pa.field("x", x, nullable=False), ("y", pa.float32() if self.regression else pa.int32())])


def shard_name(part: str, shard: int) -> str:
    """Return a shard's path within the data set."""
    return f"{part}/shard-{shard:05d}.parquet"


def write_shards(batches: Iterable[pa.RecordBatch], output: Path, layout: Layout) -> dict[str, list[int]]:
    """Write every shard of every part, the empty ones too, and return how many rows each has, by part.

    Parameters
    ----------
    batches
        Rows sorted by part and shard: those two, the label, then the columns of the features or the image.
    output
        The data set's folder.
    layout
        What a row is, and how many shards a part has.
    """
    written = {str(part): [0] * layout.virtual_shards for part in PARTS}
    pieces = _pieces(batches)
    piece = next(pieces, None)
    for number, part in enumerate(PARTS):
        (output / part).mkdir(parents=True, exist_ok=True)
        for shard in range(layout.virtual_shards):
            with pq.ParquetWriter(
                output / shard_name(part, shard),
                layout.schema,
                # Training decodes rows of numbers over and over: LZ4 does in a third less time, images shrink by ZSTD.
                compression="zstd" if layout.is_image else "lz4",
                use_dictionary=False,
                write_page_checksum=True,
            ) as writer:
                waiting, rows = list[pa.Table](), 0
                while piece is not None and piece[:2] == (number, shard):
                    waiting.append(_encoded(piece[2], layout))
                    rows += piece[2].num_rows
                    waiting = _flush(writer, waiting, whole_only=True)
                    piece = next(pieces, None)
                _flush(writer, waiting, whole_only=False)
                written[part][shard] = rows
    return written


def _pieces(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[int, int, pa.RecordBatch]]:
    """Cut batches where part or shard changes."""
    for batch in batches:
        if not batch.num_rows:
            continue
        parts, shards = (batch.column(name).to_numpy() for name in (PART, SHARD))
        changes = np.flatnonzero((np.diff(parts) != 0) | (np.diff(shards) != 0)) + 1
        bounds = [0, *(int(change) for change in changes), batch.num_rows]
        for first, last in itertools.pairwise(bounds):
            yield int(parts[first]), int(shards[first]), batch.slice(first, last - first)


def _flush(writer: pq.ParquetWriter, waiting: list[pa.Table], *, whole_only: bool) -> list[pa.Table]:
    """Write whole row groups, or all that is waiting, and return what still waits."""
    if sum(table.num_rows for table in waiting) < (ROW_GROUP_ROWS if whole_only else 1):
        return waiting
    table = pa.concat_tables(waiting).combine_chunks()
    end = table.num_rows // ROW_GROUP_ROWS * ROW_GROUP_ROWS if whole_only else table.num_rows
    writer.write_table(table.slice(0, end), row_group_size=ROW_GROUP_ROWS)
    return [table.slice(end)]


def _encoded(batch: pa.RecordBatch, layout: Layout) -> pa.Table:
    x = _pixels(batch, layout) if layout.is_image else _numbers(batch, layout.widths)
    kind = layout.schema.field("x").type
    values = pa.FixedSizeBinaryArray.from_buffers(kind, batch.num_rows, [None, pa.py_buffer(np.ascontiguousarray(x))])
    y = batch.column(LABEL).cast(layout.schema.field("y").type)
    return pa.Table.from_arrays([values, y], schema=layout.schema)


def _pixels(batch: pa.RecordBatch, layout: Layout) -> NDArray[np.uint8]:
    images = batch.column(IMAGE).cast(pa.binary(int(np.prod(layout.shape))))
    data = np.frombuffer(images.buffers()[1], np.uint8)
    size = int(np.prod(layout.shape))
    return data[images.offset * size : (images.offset + len(images)) * size]


def _numbers(batch: pa.RecordBatch, widths: Sequence[int]) -> NDArray[np.float32]:
    x = np.zeros((batch.num_rows, sum(max(width, 1) for width in widths)), np.float32)
    place = 0
    for name, width in zip(batch.schema.names[3:], widths, strict=True):
        column = batch.column(name)
        if width:
            known = np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False))
            x[known, place + column.drop_null().to_numpy()] = 1
        else:
            x[:, place] = column.to_numpy(zero_copy_only=False)
        place += max(width, 1)
    return x
