"""A prepared data set on disk: what it holds, and reading it in blocks."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Annotated, Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from ullage_trainer.config import DataInvalid, InputMissing, Model, StorageFailure
from ullage_trainer.config.data import LabelTask, SplitName

from .shards import shard_name

DATASET_VERSION: Final = "ullage.dev/dataset/v1alpha2"
INFO_NAME: Final = "dataset.json"
OPEN_FILES: Final = 32

Part = SplitName
Rows = Annotated[int, Field(ge=0)]


class DatasetInfo(Model):
    """What a data set holds: ``dataset.json``, written last."""

    version: Literal["ullage.dev/dataset/v1alpha2"] = DATASET_VERSION
    """The format's version."""
    task: LabelTask
    """What is predicted."""
    shape: tuple[Annotated[int, Field(ge=1)], ...]
    """The shape of one sample's ``x``."""
    dtype: Literal["float32", "uint8"]
    """The type of ``x``: bytes (0 to 255, for the model to scale) for images."""
    classes: list[str]
    """The classes' names in their order; empty for regression."""
    features: list[str]
    """The names of the columns of ``x``, in order; empty for images."""
    rows: dict[Part, Rows]
    """Rows of each part."""
    shard_rows: dict[Part, list[Rows]]
    """Rows of each shard of each part."""
    row_group_rows: Annotated[int, Field(ge=1)]
    """Rows of each block but a shard's last."""
    seed: int
    """The split's seed."""
    train_class_rows: list[Rows]
    """Rows of each class in the training part; empty for regression."""
    checksums: dict[str, str]
    """SHA-256 of each shard, by its path within the data set."""

    @property
    def class_count(self) -> int:
        """How many classes there are; 0 for regression."""
        return len(self.classes)


class Dataset:
    """A data set that is read block by block. Not for several threads at once.

    Examples
    --------
    >>> dataset = Dataset.open(Path("prepared"))  # doctest: +SKIP
    >>> x, y = dataset.read_block(Part.TRAIN, shard=0, block=0)  # doctest: +SKIP
    """

    def __init__(self, path: Path, info: DatasetInfo) -> None:
        self.path = path
        self.info = info
        self._files: OrderedDict[str, pq.ParquetFile] = OrderedDict()

    @classmethod
    def open(cls, path: Path) -> Dataset:
        """Open a data set.

        Raises
        ------
        InputMissing
            There is none, or it was not finished.
        DataInvalid
            ``dataset.json`` is damaged, or of another version.
        """
        file = path / INFO_NAME
        try:
            text = file.read_text()
        except FileNotFoundError as error:
            raise InputMissing(
                f"{file.name}: expected a prepared data set in {path.name!r}, found none (it is written last, "
                "so the prepare stage has not finished); run the prepare stage"
            ) from error
        except OSError as error:
            raise StorageFailure(f"{file.name} in {path.name!r} can't be read: {error}") from error
        try:
            return cls(path, DatasetInfo.model_validate_json(text))
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(str(place) for place in problem['loc']) or 'the document'}: {problem['msg']}"
                for problem in error.errors()
            )
            raise DataInvalid(
                f"{file.name} in {path.name!r}: expected version {DATASET_VERSION}, found {problems}; "
                "prepare the data again"
            ) from error

    def shard_rows(self, part: Part) -> list[int]:
        """Return how many rows each shard of a part has."""
        return list(self.info.shard_rows[part])

    def blocks(self, part: Part, shard: int) -> int:
        """Return how many blocks a shard has."""
        return -(-self.info.shard_rows[part][shard] // self.info.row_group_rows)

    def read_block(self, part: Part, shard: int, block: int) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
        """Read one block: rows ``block * row_group_rows`` onwards of a shard.

        Returns
        -------
        x
            Shape ``(rows, *info.shape)``, of ``info.dtype``.
        y
            Shape ``(rows,)``: int32 classes, or float32 for regression.

        Raises
        ------
        InputMissing
            The shard's file is not there.
        StorageFailure
            It can't be read, or is damaged.
        """
        name = shard_name(part, shard)
        try:
            table = self._file(name).read_row_group(block, use_threads=False)
            first = block * self.info.row_group_rows
            _check_rows(table.num_rows, min(self.info.row_group_rows, self.info.shard_rows[part][shard] - first))
            x = np.frombuffer(_bytes_of(table.column("x")), self.info.dtype).reshape(table.num_rows, *self.info.shape)
            return x, table.column("y").to_numpy()
        except FileNotFoundError as error:
            raise InputMissing(
                f"{name}: expected this shard of the data set, found none; prepare the data again"
            ) from error
        except (OSError, pa.ArrowException, KeyError, ValueError) as error:
            self._files.pop(name, None)
            raise StorageFailure(f"{name}: block {block} of this shard can't be read: {error}") from error

    def _file(self, name: str) -> pq.ParquetFile:
        if name in self._files:
            self._files.move_to_end(name)
        else:
            # Not mapped into memory: a file that is cut off meanwhile would end the process by SIGBUS, without a word.
            self._files[name] = pq.ParquetFile(self.path / name, pre_buffer=False, page_checksum_verification=True)
            if len(self._files) > OPEN_FILES:
                self._files.popitem(last=False)[1].close()
        return self._files[name]

    def close(self) -> None:
        """Close all files."""
        while self._files:
            self._files.popitem()[1].close()


def _bytes_of(column: pa.ChunkedArray) -> memoryview:
    """Return the bytes of values that are all as long, one after the other."""
    values = column.combine_chunks()
    size = values.type.byte_width
    return memoryview(values.buffers()[1])[values.offset * size : (values.offset + len(values)) * size]


def _check_rows(found: int, expected: int) -> None:
    if found != expected:
        raise ValueError(f"expected {expected} rows, as {INFO_NAME} has it, found {found}")
