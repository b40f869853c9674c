"""Which rows a step takes: pure functions of the data set, the seed and the step, never of the number of ranks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]


def steps_per_epoch(shard_rows: Sequence[int], global_batch_size: int) -> int:
    """Return how many global batches an epoch has; the last may be short."""
    return -(-sum(shard_rows) // global_batch_size)


def apportion(shard_rows: Sequence[int], taken: Sequence[int]) -> Rows:
    """Return how many rows of each shard lie within the first so many rows of an epoch.

    Rows of all shards are thought in one order in which row ``i`` of a shard of ``n`` stands at
    ``(i + 1/2) / n``; equal places go by shard. This is Webster's apportionment (Sainte-Laguë): shares
    stay within one row of proportional for shards of like size, and, other than with largest
    remainders, no share shrinks when ``taken`` grows (Balinski and Young, *Fair Representation*,
    1982). So each batch takes the next rows of every shard, no row twice, none left out, and an empty
    shard gives none.

    Parameters
    ----------
    shard_rows
        Rows of each shard.
    taken
        Numbers of rows of the epoch.

    Returns
    -------
    shares
        Shape (numbers, shards); row ``k`` adds up to ``taken[k]``.

    Raises
    ------
    ValueError
        If one of ``taken`` is negative or greater than the number of rows.
    """
    total = sum(shard_rows)
    if taken and not 0 <= min(taken) <= max(taken) <= total:
        raise ValueError(f"expected 0 <= taken <= {total}, found {min(taken)} to {max(taken)}")
    if total == 0:
        return np.zeros((len(taken), len(shard_rows)), np.int64)
    # Products of row numbers may not fit in 64 bits; then Python's integers are taken, at Python's speed.
    kind = np.int64 if 2 * total * (max(shard_rows) + 1) < 2**63 else np.object_
    products: Any = np.multiply.outer(np.array(taken, kind), np.array(shard_rows, kind))
    # Proportional shares, rounded to the nearest, are off by a few rows in all; single rows settle that.
    shares: Rows = ((2 * products + total) // (2 * total)).astype(np.int64)
    excess = shares.sum(axis=1) - np.array(taken, np.int64)
    rows = np.array(shard_rows, np.int64)
    width = 2.0 * np.maximum(rows, 1)
    while (over := np.flatnonzero(excess > 0)).size:
        # The row that stands last is left out; of equal places, that of the last shard.
        last = np.where(shares[over] > 0, (2 * shares[over] - 1) / width, -np.inf)
        shares[over, len(rows) - 1 - last[:, ::-1].argmax(axis=1)] -= 1
        excess[over] -= 1
    while (under := np.flatnonzero(excess < 0)).size:
        following = np.where(shares[under] < rows, (2 * shares[under] + 1) / width, np.inf)
        shares[under, following.argmin(axis=1)] += 1
        excess[under] += 1
    return shares


def owned_shards(shards: int, rank: int, size: int) -> range:
    """Return the shards that a rank owns: whole shards, dealt in turn."""
    return range(rank, shards, size)


def block_order(seed: int, epoch: int, shard: int, blocks: int) -> Rows:
    """Return the order in which an epoch goes through the row groups of a shard."""
    return _generator(seed, epoch, shard, 0).permutation(blocks)


def row_order(seed: int, epoch: int, shard: int, block: int, rows: int) -> Rows:
    """Return the order in which an epoch goes through the rows of a row group."""
    return _generator(seed, epoch, shard, block + 1).permutation(rows)


def _generator(seed: int, epoch: int, shard: int, stream: int) -> np.random.Generator:
    """Return a generator of its own for each stream: NumPy's SeedSequence keeps them independent."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, epoch, shard, stream))))
