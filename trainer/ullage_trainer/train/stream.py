"""Rows of the shards that a rank owns, block by block: memory holds one block a shard, however large the data.

Batches are put together in chunks of some steps: what a chunk costs in Python does not depend on its steps, and a
small batch takes hardly longer to train on than to put together.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from .schedule import Rows, apportion, block_order, owned_shards, row_order, steps_per_epoch

Array = npt.NDArray[np.generic]

CHUNK_STEPS = 16
"""Steps of a chunk at most."""
CHUNK_BYTES = 4 << 20
"""Bytes of the features of a chunk, about at most, but for one that is a single step."""


class Blocks(Protocol):
    """The reading side of a data set: :class:`ullage_trainer.train.blocks.DatasetBlocks`."""

    bytes_read: int
    """Bytes given out so far."""

    def shard_rows(self, part: str) -> list[int]:
        """Return the rows of each shard."""

    def block_rows(self, part: str, shard: int) -> list[int]:
        """Return the rows of each row group of a shard."""

    def read_block(self, part: str, shard: int, block: int) -> tuple[Array, Array]:
        """Return features (rows, *shape) and labels (rows,) of one row group."""

    def sample_spec(self) -> tuple[tuple[int, ...], np.dtype[np.generic], np.dtype[np.generic]]:
        """Return the shape and dtype of one sample's features, and the dtype of its label."""


@dataclass(frozen=True)
class Batch:
    """A rank's part of one global batch."""

    features: Array
    """Shape (rows, *shape)."""
    labels: Array
    """Shape (rows,)."""
    rows: int
    """Its samples; 0 where the rank has none, and one row that does not count stands in."""
    global_rows: int
    """Samples of the global batch, over all ranks."""


@dataclass
class _ShardCursor:
    """Goes through one shard in the order of one epoch; its block lies in the pool from row ``first`` on."""

    shard: int
    first: int
    blocks_to_come: list[int]
    rows: Rows
    """Rows of the pool that come next, as far as they are read."""

    def take(self, count: int) -> Rows:
        """Return the next rows of the pool, so many or as many as are read."""
        taken, self.rows = self.rows[:count], self.rows[count:]
        return taken


class _Epoch:
    """Goes through the shards of a rank in the order of one epoch.

    The blocks that are gone through, one a shard, lie in one array, the pool: a batch is copied once, out of it.
    """

    def __init__(self, blocks: Blocks, shards: Sequence[int], seed: int, epoch: int) -> None:
        self._blocks = blocks
        self._seed, self._epoch = seed, epoch
        sizes = [blocks.block_rows("train", shard) for shard in shards]
        room = max((rows for of_shard in sizes for rows in of_shard), default=0)
        shape, dtype, label_dtype = blocks.sample_spec()
        self._features = np.empty((len(sizes) * room, *shape), dtype)
        self._labels = np.empty(len(sizes) * room, label_dtype)
        self._cursors = [
            _ShardCursor(
                shard, slot * room, block_order(seed, epoch, shard, len(sizes[slot])).tolist(), np.empty(0, np.int64)
            )
            for slot, shard in enumerate(shards)
        ]

    def skip(self, counts: Sequence[int]) -> None:
        """Leave out rows of each shard that an earlier attempt went through; whole blocks are not read."""
        for cursor, count in zip(self._cursors, counts, strict=True):
            sizes, rows = self._blocks.block_rows("train", cursor.shard), count
            while rows and cursor.blocks_to_come and rows >= sizes[cursor.blocks_to_come[0]]:
                rows -= sizes[cursor.blocks_to_come.pop(0)]
            if rows:
                self._load(cursor)
                cursor.take(rows)

    def batches(self, counts: Rows, global_rows: Sequence[int]) -> list[Batch]:
        """Return the batches of some steps, of which each takes ``counts`` (steps, shards) rows."""
        taken: list[tuple[Array, Array]] = []
        while len(taken) < len(counts):
            to_come = counts[len(taken) :]
            # Steps for which all rows are read: none where a block ends within the next.
            read = [len(cursor.rows) for cursor in self._cursors]
            steps = int((to_come.cumsum(axis=0) <= read).all(axis=1).sum())
            taken += self._steps(to_come[:steps]) if steps else [self._step(to_come[0].tolist())]
        return [
            self._batch(features, labels, rows) for (features, labels), rows in zip(taken, global_rows, strict=True)
        ]

    def _steps(self, counts: Rows) -> Iterator[tuple[Array, Array]]:
        rows = [cursor.take(count) for cursor, count in zip(self._cursors, counts.sum(axis=0).tolist(), strict=True)]
        # They come shard by shard and go step by step; within a step shards keep their order.
        steps = np.repeat(np.tile(np.arange(len(counts)), counts.shape[1]), counts.T.ravel())
        by_step = np.concatenate([np.empty(0, np.int64), *rows]).take(np.argsort(steps, kind="stable"))
        ends = counts.sum(axis=1).cumsum().tolist()
        for start, end in zip([0, *ends], ends, strict=False):
            yield self._copies(by_step[start:end])

    def _step(self, counts: Sequence[int]) -> tuple[Array, Array]:
        """Take a step of which some shard's rows come from more than one block."""
        pieces = []
        for cursor, count in zip(self._cursors, counts, strict=True):
            left = count
            while left:
                if not len(cursor.rows):
                    self._load(cursor)
                rows = cursor.take(left)
                pieces.append(self._copies(rows))
                left -= len(rows)
        return np.concatenate([x for x, _ in pieces]), np.concatenate([y for _, y in pieces])

    def _copies(self, rows: Rows) -> tuple[Array, Array]:
        return self._features.take(rows, axis=0), self._labels.take(rows)

    def _load(self, cursor: _ShardCursor) -> None:
        block = cursor.blocks_to_come.pop(0)
        features, labels = self._blocks.read_block("train", cursor.shard, block)
        place = slice(cursor.first, cursor.first + len(labels))
        self._features[place], self._labels[place] = features, labels
        cursor.rows = cursor.first + row_order(self._seed, self._epoch, cursor.shard, block, len(labels))

    def _batch(self, features: Array, labels: Array, global_rows: int) -> Batch:
        if len(labels):
            return Batch(features, labels, len(labels), global_rows)
        # Layers such as batch normalisation give NaN for no rows at all: one row that does not count stands in.
        shape, dtype, label_dtype = self._blocks.sample_spec()
        return Batch(np.zeros((1, *shape), dtype), np.zeros(1, label_dtype), 0, global_rows)


def training_chunks(
    blocks: Blocks, *, seed: int, epoch: int, global_batch_size: int, rank: int, size: int, first_step: int = 0
) -> Iterator[list[Batch]]:
    """Yield a rank's part of each global batch of an epoch, some steps at a time, from ``first_step`` on.

    The union over ranks of the parts of step ``t`` holds the same samples for every ``size``.
    """
    rows = blocks.shard_rows("train")
    total, steps = sum(rows), steps_per_epoch(rows, global_batch_size)
    owned = owned_shards(len(rows), rank, size)
    position = _Epoch(blocks, owned, seed, epoch)
    mine = sum(rows[shard] for shard in owned)
    at_once = _steps_at_once(blocks, -(-global_batch_size * mine // max(1, total)))
    for first in range(first_step, steps, at_once):
        marks = range(first, min(first + at_once, steps) + 1)
        ends = apportion(rows, [min(step * global_batch_size, total) for step in marks])[:, owned]
        if first == first_step:
            position.skip(ends[0].tolist())
        global_rows = [min(global_batch_size, total - step * global_batch_size) for step in marks[:-1]]
        yield position.batches(np.diff(ends, axis=0), global_rows)


def ahead(chunks: Iterator[list[Batch]], depth: int = 2) -> Generator[Batch]:
    """Yield batches that a background thread reads while the step runs; what reading raises is raised here.

    Closed before its end, it reads nothing more once the chunk that is being read is there.
    """
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="feed") as reader:
        coming = deque(reader.submit(next, chunks, None) for _ in range(depth))
        try:
            while (chunk := coming.popleft().result()) is not None:
                coming.append(reader.submit(next, chunks, None))
                yield from chunk
        finally:
            reader.shutdown(cancel_futures=True)


def part_batches(blocks: Blocks, part: str, *, rank: int, size: int) -> Iterator[tuple[Array, Array]]:
    """Yield the row groups of the shards of a part that a rank owns, each row once, in the order they are kept."""
    for shard in owned_shards(len(blocks.shard_rows(part)), rank, size):
        for block in range(len(blocks.block_rows(part, shard))):
            yield blocks.read_block(part, shard, block)


def _steps_at_once(blocks: Blocks, rows: int) -> int:
    """Return the steps of a chunk, if a step has so many rows."""
    shape, dtype, _ = blocks.sample_spec()
    step_bytes = rows * math.prod(shape) * dtype.itemsize
    return max(1, min(CHUNK_STEPS, CHUNK_BYTES // max(1, step_bytes)))
