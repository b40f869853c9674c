"""Rows of the shards that a rank owns, block by block: memory holds one block a shard, however large the data."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from .schedule import apportion, block_order, owned_shards, row_order, steps_per_epoch

Array = npt.NDArray[np.generic]


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
    """Goes through one shard in the order of one epoch."""

    blocks: Blocks
    shard: int
    seed: int
    epoch: int
    _order: list[int] = field(init=False)
    _features: list[Array] = field(default_factory=list, init=False)
    _labels: list[Array] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        sizes = self.blocks.block_rows("train", self.shard)
        self._order = block_order(self.seed, self.epoch, self.shard, len(sizes)).tolist()

    def skip(self, rows: int) -> None:
        """Leave out rows that an earlier attempt went through; whole blocks are not read."""
        sizes = self.blocks.block_rows("train", self.shard)
        while rows and self._order and rows >= sizes[self._order[0]]:
            rows -= sizes[self._order.pop(0)]
        if rows:
            self.take(rows)

    def take(self, rows: int) -> tuple[list[Array], list[Array]]:
        """Return the next rows, in pieces."""
        features: list[Array] = []
        labels: list[Array] = []
        while rows:
            if not self._features:
                self._load()
            piece, target = self._features.pop(), self._labels.pop()
            if len(piece) > rows:
                self._features.append(piece[rows:])
                self._labels.append(target[rows:])
                piece, target = piece[:rows], target[:rows]
            features.append(piece)
            labels.append(target)
            rows -= len(piece)
        return features, labels

    def _load(self) -> None:
        block = self._order.pop(0)
        features, labels = self.blocks.read_block("train", self.shard, block)
        order = row_order(self.seed, self.epoch, self.shard, block, len(labels))
        self._features.append(features[order])
        self._labels.append(labels[order])


def training_batches(
    blocks: Blocks, *, seed: int, epoch: int, global_batch_size: int, rank: int, size: int, first_step: int = 0
) -> Iterator[Batch]:
    """Yield a rank's part of each global batch of an epoch, from ``first_step`` on.

    The union over ranks of the parts of step ``t`` holds the same samples for every ``size``.
    """
    rows = blocks.shard_rows("train")
    total = sum(rows)
    owned = owned_shards(len(rows), rank, size)
    cursors = {shard: _ShardCursor(blocks, shard, seed, epoch) for shard in owned}
    done = apportion(rows, min(first_step * global_batch_size, total))
    for shard, cursor in cursors.items():
        cursor.skip(done[shard])
    for step in range(first_step, steps_per_epoch(rows, global_batch_size)):
        upto = apportion(rows, min((step + 1) * global_batch_size, total))
        features: list[Array] = []
        labels: list[Array] = []
        for shard, cursor in cursors.items():
            more_features, more_labels = cursor.take(upto[shard] - done[shard])
            features += more_features
            labels += more_labels
        yield _batch(blocks, features, labels, sum(upto) - sum(done))
        done = upto


def ahead(batches: Iterator[Batch], depth: int = 4) -> Iterator[Batch]:
    """Yield batches that a background thread reads while the step runs; what reading raises is raised here."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="feed") as reader:
        coming = deque(reader.submit(next, batches, None) for _ in range(depth))
        while (batch := coming.popleft().result()) is not None:
            coming.append(reader.submit(next, batches, None))
            yield batch


def part_batches(blocks: Blocks, part: str, *, rank: int, size: int) -> Iterator[tuple[Array, Array]]:
    """Yield the row groups of the shards of a part that a rank owns, each row once, in the order they are kept."""
    for shard in owned_shards(len(blocks.shard_rows(part)), rank, size):
        for block in range(len(blocks.block_rows(part, shard))):
            yield blocks.read_block(part, shard, block)


def _batch(blocks: Blocks, features: list[Array], labels: list[Array], global_rows: int) -> Batch:
    if features:
        joined = np.concatenate(labels)
        return Batch(np.concatenate(features), joined, len(joined), global_rows)
    # Layers such as batch normalisation give NaN for no rows at all: one row that does not count stands in.
    shape, dtype, label_dtype = blocks.sample_spec()
    return Batch(np.zeros((1, *shape), dtype), np.zeros(1, label_dtype), 0, global_rows)
