"""From rows in their final order to a data set: counting the parts, fitting the features, writing the shards."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from ibis.backends.duckdb import Backend
from ibis.expr.types import Table

from ullage_trainer.config import Data, DataInvalid
from ullage_trainer.config.data import Encode, LabelTask, SplitName

from .dataset import DatasetInfo
from .digest import file_digest
from .features import FittedFeature, applied, fit
from .names import HASH, IDENTITY, IMAGE, LABEL, PART, PARTS, SHARD
from .progress import Progress
from .report import DataReport, PartReport
from .shards import ROW_GROUP_ROWS, Layout, shard_name, write_shards

BATCH_ROWS: Final = 8192


def count_parts(rows: Table, class_names: Sequence[str]) -> dict[str, PartReport]:
    """Count the rows of each part and of its classes.

    Raises
    ------
    DataInvalid
        The training part is empty, or lacks a class that another part has.
    """
    keys = [PART, LABEL] if class_names else [PART]
    found = rows.group_by(keys).aggregate(n=rows.count()).to_pyarrow().to_pylist()
    parts = {}
    for number, name in enumerate(PARTS):
        mine = [row for row in found if row[PART] == number]
        classes = {row[LABEL]: row["n"] for row in mine} if class_names else {}
        parts[str(name)] = PartReport(
            rows=sum(row["n"] for row in mine),
            classes=[classes.get(number, 0) for number in range(len(class_names))],
        )
    train = parts[SplitName.TRAIN]
    if not train.rows:
        raise DataInvalid(
            f"data.split: expected rows in the training part, found none ({_sizes(parts)}); "
            "lower split.validation and split.test, choose a key with more values, or leave a source without split"
        )
    unseen = [
        f"class {class_names[number]!r} ({counts.classes[number]:,} rows in {name})"
        for name, counts in parts.items()
        for number in range(len(class_names))
        if counts.classes[number] and not train.classes[number]
    ]
    if unseen:
        raise DataInvalid(
            f"data.split: expected every class in the training part, found none there of {', '.join(unseen)}; "
            "choose another seed or key, or reject these rows"
        )
    return parts


def _sizes(parts: dict[str, PartReport]) -> str:
    return ", ".join(f"{name} {part.rows:,}" for name, part in parts.items())


def fit_features(connection: Backend, rows: Table, data: Data) -> list[FittedFeature]:
    """Fit the features on one thread: sums of floats in the order of the rows are the same every time."""
    threads = connection.raw_sql("SELECT current_setting('threads')").fetchone()[0]
    connection.raw_sql("SET threads = 1")
    try:
        return fit(rows, data.features)
    finally:
        connection.raw_sql(f"SET threads = {int(threads)}")


def layout_of(data: Data, fitted: Sequence[FittedFeature], image_shape: tuple[int, int] | None) -> Layout:
    """Return what a row of the data set is; an image has one channel."""
    regression = data.label.task is LabelTask.REGRESSION
    if not fitted and image_shape:
        return Layout((*image_shape, 1), (), regression, data.virtual_shards)
    widths: list[int] = []
    for one in fitted:
        value = {Encode.NUMBER: [0], Encode.CYCLIC: [0, 0], Encode.ONE_HOT: [one.categories]}[one.feature.encode]
        widths += value + [0] * one.feature.indicator
    return Layout((sum(max(width, 1) for width in widths),), tuple(widths), regression, data.virtual_shards)


def write_parts(
    connection: Backend, rows: Table, fitted: Sequence[FittedFeature], layout: Layout, output: Path
) -> dict[str, list[int]]:
    """Write all shards and return how many rows each has, by part."""
    columns: dict[str, Any] = applied(rows, fitted) if fitted else {IMAGE: rows[IMAGE]}
    # The order is there already; to ask for it again costs little, and no engine has to promise to keep it.
    ordered = rows.order_by([PART, SHARD, HASH, IDENTITY])
    chosen = ordered.select(PART, SHARD, LABEL, **columns)
    # Not Ibis's to_pyarrow_batches: it calls what DuckDB has deprecated.
    batches: pa.RecordBatchReader = connection.raw_sql(connection.compile(chosen)).to_arrow_reader(BATCH_ROWS)
    return write_shards(batches, output, layout)


def describe(data: Data, layout: Layout, report: DataReport, shard_rows: dict[str, list[int]]) -> DatasetInfo:
    """Return what ``dataset.json`` says, but for the checksums of the shards."""
    return DatasetInfo(
        task=data.label.task,
        shape=layout.shape,
        dtype="uint8" if layout.is_image else "float32",
        classes=report.class_names,
        features=[name for feature in report.features for name in feature.names],
        rows={SplitName(name): part.rows for name, part in report.split.items()},
        shard_rows={SplitName(name): rows for name, rows in shard_rows.items()},
        row_group_rows=ROW_GROUP_ROWS,
        seed=data.split.seed,
        train_class_rows=report.split[SplitName.TRAIN].classes,
        checksums={},
    )


def checksums(info: DatasetInfo, output: Path, progress: Progress) -> DatasetInfo:
    """Return the description with the checksum of every shard."""
    names = [shard_name(part, shard) for part, rows in info.shard_rows.items() for shard in range(len(rows))]
    return info.model_copy(update={"checksums": {name: file_digest(output / name, progress) for name in names}})
