"""One source: each of its files is read alone, checked against the declared columns, and united by column name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import ibis
from ibis.backends.duckdb import Backend
from ibis.expr.types import Table

from ullage_trainer.config import DataInvalid, InputMissing, TrainerError
from ullage_trainer.config.data import Source
from ullage_trainer.data.files import SourceFile, plain
from ullage_trainer.data.schema import suggestion

from .csv import CsvTable, read_header, write_csv
from .idx import write_idx
from .json_lines import KeysSeen, json_records
from .parquet import parquet_columns, write_parquet
from .records import write_records


@dataclass(frozen=True)
class RawFile:
    """A file's records as texts."""

    files: tuple[SourceFile, ...]
    """The file; of IDX both."""
    rows: int
    table: Path
    image_shape: tuple[int, int] | None = None
    """Height and width, of images."""


def read_source(connection: Backend, source: Source, files: Sequence[SourceFile], work: Path) -> list[RawFile]:
    """Write each file of a source as texts below ``work``; of IDX the two files make one table.

    Raises
    ------
    InputMissing
        Declared columns are not in a file; all that are missing are named.
    DataInvalid
        A file can't be used at all, or the files hold no record.
    """
    work.mkdir(parents=True)
    if source.idx:
        images, labels = files
        target = work / "raw-0.parquet"
        rows, shape = write_idx((images, plain(images, work)), (labels, plain(labels, work)), target)
        return [RawFile((images, labels), rows, target, shape)]
    columns, raw, problems = [column.name for column in source.columns], list[RawFile](), list[TrainerError]()
    for number, file in enumerate(files):
        try:
            raw.append(_read_file(connection, source, file, columns, number, work))
        except TrainerError as error:
            problems.append(error)
    if problems:
        kind = next((type(p) for p in problems if not isinstance(p, InputMissing)), InputMissing)
        raise kind("\n".join(str(problem) for problem in problems))
    if not any(file.rows for file in raw):
        names = ", ".join(repr(file.name) for file in files)
        raise DataInvalid(f"source {source.name!r}: expected at least one record in {names}, found none")
    return raw


def _read_file(
    connection: Backend, source: Source, file: SourceFile, columns: list[str], number: int, work: Path
) -> RawFile:
    target = work / f"raw-{number}.parquet"
    if source.csv:
        path = plain(file, work)
        header = read_header(path, source.csv, file.field, file.name)
        _require(file, columns, header)
        rows = write_csv(connection, CsvTable(path, source.csv, header, columns), number, target)
    elif source.json_lines:
        seen = KeysSeen()
        rows = write_records(json_records(plain(file, work), columns, seen), columns, number, target)
        if seen.names:
            _require(file, columns, list(seen.names))
    else:
        _require(file, columns, parquet_columns(file))
        rows = write_parquet(connection, file, columns, number, target)
    return RawFile((file,), rows, target)


def _require(file: SourceFile, columns: Sequence[str], there: Sequence[str]) -> None:
    missing = [name for name in columns if name not in there]
    if missing:
        raise InputMissing(
            "\n".join(
                f"{file.field}: {file.name!r}: expected a column {name!r}, found none; {suggestion(name, there)}"
                for name in missing
            )
        )


def unite(connection: Backend, raw: Sequence[RawFile]) -> Table:
    """Return the records of all files of a source."""
    first, *others = (connection.read_parquet(file.table) for file in raw)
    # Each file was written with its columns in the declared order, so that uniting by position is by name.
    return ibis.union(first, *others) if others else first
