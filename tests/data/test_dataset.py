from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from data.support import Storage, table
from ullage_trainer.config import DataInvalid, InputMissing, StorageFailure
from ullage_trainer.data import Dataset, Part


@pytest.fixture
def prepared(storage: Storage) -> Storage:
    storage.write("t.csv", "y,a\n" + "".join(f"{n % 2},{n}\n" for n in range(9000)))
    storage.prepare(table({"a": "int64"}, virtualShards=2))
    return storage


def test_blocks_are_row_groups_of_4096_rows_and_together_every_row_once(prepared: Storage) -> None:
    dataset = Dataset.open(prepared.output)
    assert sum(dataset.shard_rows(Part.TRAIN)) == 9000
    sizes = [
        [len(dataset.read_block(Part.TRAIN, shard, block)[0]) for block in range(dataset.blocks(Part.TRAIN, shard))]
        for shard in range(2)
    ]
    assert [sum(of_shard) for of_shard in sizes] == dataset.shard_rows(Part.TRAIN)
    assert all(size == 4096 for of_shard in sizes for size in of_shard[:-1])
    x, y = prepared.rows(Part.TRAIN)
    assert (x.shape, x.dtype.name, y.dtype.name) == ((9000, 1), "float32", "int32")
    assert sorted(x.ravel().tolist()) == list(range(9000))
    assert np.array_equal(x.ravel() % 2, y)


def test_empty_parts_have_shards_too(prepared: Storage) -> None:
    dataset = Dataset.open(prepared.output)
    assert dataset.shard_rows(Part.TEST) == [0, 0]
    assert sorted(path.name for path in (prepared.output / "test").iterdir()) == [
        "shard-00000.parquet",
        "shard-00001.parquet",
    ]


def test_nothing_of_the_work_is_left_behind(prepared: Storage) -> None:
    assert sorted(path.name for path in prepared.output.iterdir()) == [
        "dataset.json", "report.json", "report.md", "test", "train", "validation",
    ]  # fmt: skip


def test_a_data_set_that_is_not_there_or_of_another_version_is_refused(prepared: Storage, tmp_path: Path) -> None:
    with pytest.raises(InputMissing, match="found none"):
        Dataset.open(tmp_path / "nowhere")
    path = prepared.output / "dataset.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": "ullage.dev/dataset/v9"}))
    with pytest.raises(DataInvalid, match=r"expected version ullage.dev/dataset/v1alpha2, found version: "):
        Dataset.open(prepared.output)
    path.write_text("{")
    with pytest.raises(DataInvalid, match="prepare the data again"):
        Dataset.open(prepared.output)


def test_a_shard_that_is_missing_cut_off_or_altered_is_named(prepared: Storage) -> None:
    file = prepared.output / "train" / "shard-00001.parquet"
    whole = file.read_bytes()
    altered = bytearray(whole)
    altered[len(whole) // 3] ^= 0xFF
    for content in (whole[:-50], bytes(altered)):
        file.write_bytes(content)
        with pytest.raises(StorageFailure, match=r"train/shard-00001.parquet: block 0 of this shard can't be read"):
            Dataset.open(prepared.output).read_block(Part.TRAIN, 1, 0)
    file.unlink()
    with pytest.raises(InputMissing, match=r"train/shard-00001.parquet: expected this shard"):
        Dataset.open(prepared.output).read_block(Part.TRAIN, 1, 0)


def test_a_block_of_another_length_than_the_data_set_says_is_refused(prepared: Storage) -> None:
    path = prepared.output / "dataset.json"
    info = json.loads(path.read_text())
    info["shardRows"]["train"][0] += 1
    path.write_text(json.dumps(info))
    dataset = Dataset.open(prepared.output)
    last = dataset.blocks(Part.TRAIN, 0) - 1
    with pytest.raises(
        StorageFailure, match=r"train/shard-00000.parquet: .*: expected \d+ rows, as dataset.json has it"
    ):
        dataset.read_block(Part.TRAIN, 0, last)
