"""Where data comes from: named tables in files, with declared columns."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from ullage_trainer.config.base import MAX_ITEMS, ColumnName, Identifier, Model, StoragePath


class ColumnType(StrEnum):
    """What a column's values are coerced to."""

    STRING = "string"
    INT64 = "int64"
    FLOAT64 = "float64"
    BOOLEAN = "boolean"
    TIMESTAMP = "timestamp"


class Column(Model):
    """One declared column. Types are declared, never sniffed, so that two engines read the same values."""

    name: ColumnName
    """The column's name in the file."""
    type: ColumnType
    """What its values are coerced to; a value that does not fit is treated as ``onInvalid`` says."""


class CsvSource(Model):
    """Text with one record a line (RFC 4180), UTF-8, plain or gzip-compressed (``.gz``)."""

    paths: Annotated[list[StoragePath], Field(min_length=1, max_length=MAX_ITEMS)]
    """Files, relative to storage. Each is read alone and matched by column name."""
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    """The character between two fields."""
    quote: Annotated[str, Field(min_length=1, max_length=1)] = '"'
    """The character around a field that holds the delimiter."""
    null_values: Annotated[list[Annotated[str, Field(max_length=32)]], Field(max_length=16)] = ["", "NA"]
    """Texts that stand for a missing value."""


class ParquetSource(Model):
    """Apache Parquet files."""

    paths: Annotated[list[StoragePath], Field(min_length=1, max_length=MAX_ITEMS)]
    """Files, relative to storage."""


class JsonLinesSource(Model):
    """One JSON object a line, plain or gzip-compressed (``.gz``)."""

    paths: Annotated[list[StoragePath], Field(min_length=1, max_length=MAX_ITEMS)]
    """Files, relative to storage."""


class IdxSource(Model):
    """A pair of IDX files (the format of MNIST): images and their labels, plain or gzip-compressed."""

    images: StoragePath
    """The images: unsigned bytes, shape (samples, height, width)."""
    labels: StoragePath
    """The labels: unsigned bytes, shape (samples,)."""


class SplitName(StrEnum):
    """The three parts of a data set."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


class Source(Model):
    """A named table: exactly one of ``csv``, ``parquet``, ``jsonLines`` and ``idx``."""

    name: Identifier
    """How other parts of ``data`` call it."""
    csv: CsvSource | None = None
    """Comma-separated text."""
    parquet: ParquetSource | None = None
    """Parquet files."""
    json_lines: JsonLinesSource | None = None
    """JSON Lines files."""
    idx: IdxSource | None = None
    """IDX images and labels; the columns are ``image`` and ``label``."""
    columns: Annotated[list[Column], Field(max_length=256)] = []
    """The columns to read and their types; required but for ``idx``, where they are known."""
    split: SplitName | None = None
    """Puts all rows of this source into one part, for data that is published already split."""

    @model_validator(mode="after")
    def _one_format(self) -> Self:
        chosen = [name for name in ("csv", "parquet", "json_lines", "idx") if getattr(self, name) is not None]
        if len(chosen) != 1:
            found = ", ".join("jsonLines" if name == "json_lines" else name for name in chosen) or "none"
            raise ValueError(f"expected exactly one of csv, parquet, jsonLines, idx, found {found}")
        if self.idx is None and not self.columns:
            raise ValueError("expected columns with a name and a type each, found none")
        if self.idx is not None and self.columns:
            raise ValueError("expected no columns for idx (they are image and label), found some")
        names = [column.name for column in self.columns]
        if duplicates := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"expected each column once, found twice: {', '.join(duplicates)}")
        return self
