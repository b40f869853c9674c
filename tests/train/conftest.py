"""A data set in memory with the reading side of one on disk."""

from dataclasses import dataclass

import numpy as np
import pytest


@dataclass
class MemoryBlocks:
    """Rows are numbered through all shards of a part; a feature is the number, a label its parity."""

    rows: dict
    group: int = 4
    dtype: str = "float32"
    bytes_read: int = 0

    def shard_rows(self, part):
        return list(self.rows[part])

    def block_rows(self, part, shard):
        rows = self.rows[part][shard]
        return [min(self.group, rows - first) for first in range(0, rows, self.group)]

    def read_block(self, part, shard, block):
        start = sum(self.rows[part][:shard]) + block * self.group
        numbers = np.arange(start, start + self.block_rows(part, shard)[block])
        return numbers.astype(self.dtype)[:, None], (numbers % 2).astype(np.int32)

    def sample_spec(self):
        return (1,), np.dtype(self.dtype), np.dtype(np.int32)


@pytest.fixture(scope="session")
def memory_blocks():
    return MemoryBlocks
