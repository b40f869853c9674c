"""The prepared data set as training reads it: parts in row groups, features scaled on the way in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ullage_trainer.data.dataset import Dataset
from ullage_trainer.data.dataset import Part as PartName

from .stream import Array

BYTE_SCALE = 1 / 255


class DatasetBlocks:
    """:class:`~ullage_trainer.train.stream.Blocks` over a data set on disk; counts the bytes it gives out."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self.bytes_read = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one sample."""
        return tuple(self._dataset.info.shape)

    @property
    def classes(self) -> int | None:
        """How many classes there are; null for regression."""
        return self._dataset.info.class_count or None

    @property
    def class_counts(self) -> Sequence[int]:
        """Training rows of each class."""
        return self._dataset.info.train_class_rows

    @property
    def feature_scale(self) -> float:
        """What stored features are multiplied with: bytes become numbers from 0 to 1."""
        return BYTE_SCALE if self._dataset.info.dtype == "uint8" else 1.0

    def shard_rows(self, part: str) -> list[int]:
        """Return the rows of each shard."""
        return self._dataset.shard_rows(PartName(part))

    def block_rows(self, part: str, shard: int) -> list[int]:
        """Return the rows of each row group of a shard."""
        rows, group = self.shard_rows(part)[shard], self._dataset.info.row_group_rows
        return [min(group, rows - first) for first in range(0, rows, group)]

    def read_block(self, part: str, shard: int, block: int) -> tuple[Array, Array]:
        """Return features (rows, *shape) and labels (rows,) of one row group."""
        features, labels = self._dataset.read_block(PartName(part), shard, block)
        self.bytes_read += features.nbytes + labels.nbytes
        return features, labels

    def sample_spec(self) -> tuple[tuple[int, ...], np.dtype[np.generic], np.dtype[np.generic]]:
        """Return the shape and dtype of one sample's features, and the dtype of its label."""
        label = np.dtype(np.float32) if self.classes is None else np.dtype(np.int32)
        return self.shape, np.dtype(self._dataset.info.dtype), label
