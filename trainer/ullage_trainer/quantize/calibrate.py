"""Which training samples calibrate a quantized model: a uniform sample of the whole part, the same for a seed."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ullage_trainer.train.stream import Blocks

Floats = npt.NDArray[np.float32]


def sample_rows(shard_rows: Sequence[int], samples: int, seed: int) -> list[npt.NDArray[np.int64]]:
    """Return, for each shard, which of its rows are taken, ascending: all rows are as likely, none is taken twice."""
    total = sum(shard_rows)
    chosen = np.random.default_rng(seed).choice(total, size=min(samples, total), replace=False)
    chosen.sort()
    edges = np.cumsum([0, *shard_rows])
    return [chosen[(chosen >= low) & (chosen < high)] - low for low, high in itertools.pairwise(edges)]


def calibration_samples(blocks: Blocks, samples: int, seed: int, feature_scale: float) -> list[Floats]:
    """Return training samples of shape (1, *shape), as the model is fed; memory holds one row group and these."""
    found: list[Floats] = []
    for shard, rows in enumerate(sample_rows(blocks.shard_rows("train"), samples, seed)):
        first = 0
        for block, size in enumerate(blocks.block_rows("train", shard)):
            mine = rows[(rows >= first) & (rows < first + size)] - first
            first += size
            if len(mine):
                features = blocks.read_block("train", shard, block)[0][mine].astype(np.float32)
                found += list((features * np.float32(feature_scale))[:, None])
    return found
