"""What the tests of the data stage share."""

from __future__ import annotations

import gzip
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ullage_trainer.config import Data
from ullage_trainer.data import Dataset, Part
from ullage_trainer.data.prepare import Prepared, prepare


@dataclass
class Storage:
    """A storage directory with helpers to fill it and to look at what the stage made of it."""

    root: Path
    output: Path

    def write(self, name: str, content: str | bytes) -> None:
        data = content.encode() if isinstance(content, str) else content
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)

    def prepare(self, data: dict[str, Any], output: str = "") -> Prepared:
        return prepare(Data.model_validate(data), self.root, self.output / output)

    def rejected(self, source: str, output: str = "") -> list[dict[str, Any]]:
        path = self.output / output / "rejected" / f"{source}.parquet"
        return pq.read_table(path).to_pylist() if path.exists() else []

    def rows(self, part: Part, output: str = "") -> tuple[NDArray[Any], NDArray[Any]]:
        dataset = Dataset.open(self.output / output)
        blocks = [
            dataset.read_block(part, shard, block)
            for shard in range(len(dataset.shard_rows(part)))
            for block in range(dataset.blocks(part, shard))
        ]
        dataset.close()
        return np.concatenate([x for x, _ in blocks]), np.concatenate([y for _, y in blocks])


def table(columns: dict[str, str], **more: object) -> dict[str, Any]:
    """Return `data` for one CSV `t.csv` with a column `y` for the label and one feature a number."""
    names = {"y": "int64", **columns}
    numbers = [name for name, kind in columns.items() if kind in ("int64", "float64")]
    return {
        "sources": [{
            "name": "t",
            "csv": {"paths": ["t.csv"]},
            "columns": [{"name": name, "type": kind} for name, kind in names.items()],
        }],
        "label": {"source": "t", "column": "y"},
        "split": {"validation": 0, "test": 0},
        "features": [{"column": name, "impute": "Zero"} for name in numbers],
        "virtualShards": 1,
        **more,
    }  # fmt: skip


def idx(values: NDArray[Any]) -> bytes:
    """Return an array of bytes as an IDX file."""
    return struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape) + values.astype(np.uint8).tobytes()
