"""CSV: DuckDB reads a sound file in parallel; a damaged one is taken apart record by record, so that none is lost.

Both ways follow RFC 4180 and skip empty lines. A delimiter after the last field is no field.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb
import ibis
import pyarrow.parquet as pq
from ibis.backends.duckdb import Backend

from ullage_trainer.config import DataInvalid
from ullage_trainer.config.data import CsvSource
from ullage_trainer.data.names import DAMAGE, FILE, RAW, ROW

from .records import Record, damage, write_records

NEVER_NULL: Final = "\x01ullage\x02"
"""DuckDB insists on a text for null; texts for null are a matter of cleaning, so it gets one that no file holds."""
MAX_RECORD_LINES: Final = 1000
"""A quote that is not closed within so many lines is broken, rather than the start of a very long field."""


def read_header(path: Path, spec: CsvSource, field: str, name: str) -> list[str]:
    """Return the names in a file's first line.

    Raises
    ------
    DataInvalid
        The line is no header: not UTF-8, broken, or with a name twice.
    """
    with path.open("rb") as file:
        line = file.readline()
    try:
        names = _fields(line.decode("utf-8-sig").rstrip("\r\n"), spec)
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataInvalid(
            f"{field}: {name!r} line 1: expected a header in UTF-8, found {line[:80]!r} ({error})"
        ) from error
    folded = [column.lower() for column in names]
    if twice := sorted({column for column in names if folded.count(column.lower()) > 1}):
        raise DataInvalid(
            f"{field}: {name!r} line 1: expected each column name once (whatever its case), found again: "
            f"{', '.join(twice)}; rename one"
        )
    return names


@dataclass(frozen=True)
class CsvTable:
    """A file that is not compressed, and how to read it."""

    path: Path
    spec: CsvSource
    header: Sequence[str]
    """The names in its first line."""
    columns: Sequence[str]
    """The columns to read."""


def write_csv(connection: Backend, table: CsvTable, file_number: int, target: Path) -> int:
    """Write a file's records to Parquet and return how many there are."""
    try:
        return _write_sound(connection, table, file_number, target)
    except (duckdb.InvalidInputException, duckdb.ConversionException, duckdb.BinderException):
        return write_records(damaged_records(table), table.columns, file_number, target)


def _write_sound(connection: Backend, table: CsvTable, file_number: int, target: Path) -> int:
    texts = connection.read_csv(
        table.path,
        header=True,
        auto_detect=False,
        columns=dict.fromkeys(table.header, "VARCHAR"),
        delim=table.spec.delimiter,
        quote=table.spec.quote,
        escape=table.spec.quote,
        nullstr=NEVER_NULL,
    )
    numbered = texts.select(
        **{
            FILE: ibis.literal(file_number, "int32"),
            ROW: ibis.row_number() + 1,
            DAMAGE: ibis.null("string"),
            RAW: ibis.null("string"),
        },
        **{name: texts[name] for name in table.columns},
    )
    connection.to_parquet(numbered, target)
    return int(pq.read_metadata(target).num_rows)


def damaged_records(table: CsvTable) -> Iterator[Record]:
    """Yield every record of a file after its header, those that can't be taken apart with what is wrong."""
    places = [list(table.header).index(name) for name in table.columns]
    lines = _lines(table.path)
    next(lines, None)
    waiting: list[bytes] = []
    while True:
        line = waiting.pop(0) if waiting else next(lines, None)
        if line is None:
            return
        text, used = _whole_record(line, waiting, lines, table.spec.quote)
        if not text.strip(b"\r\n"):
            continue
        record = _parse(text, table, places)
        if record.damage and used:
            # The lines that a broken quote swallowed are records of their own.
            record = _parse(line, table, places)
        else:
            del waiting[:used]
        yield record


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from file


def _whole_record(line: bytes, waiting: list[bytes], lines: Iterator[bytes], quote: str) -> tuple[bytes, int]:
    """Return a record that may go on over further lines, and how many of ``waiting`` it takes up."""
    mark, used, pieces, quotes = quote.encode(), 0, [line], line.count(quote.encode())
    while quotes % 2 and used < MAX_RECORD_LINES:
        if used == len(waiting):
            following = next(lines, None)
            if following is None:
                break
            waiting.append(following)
        pieces.append(waiting[used])
        quotes += waiting[used].count(mark)
        used += 1
    return b"".join(pieces), used


def _parse(record: bytes, table: CsvTable, places: Sequence[int]) -> Record:
    width = len(table.header)
    try:
        text = record.decode()
    except UnicodeDecodeError as error:
        found = f"byte {record[error.start]:#04x} at position {error.start + 1}"
        return Record(damage=damage("UTF-8", found), raw=record.rstrip(b"\r\n").decode(errors="backslashreplace"))
    line = text.removesuffix("\n").removesuffix("\r")
    try:
        fields = _fields(line, table.spec)
    except csv.Error as error:
        return Record(damage=damage("quotes in pairs around a field", error), raw=line)
    if len(fields) == width + 1 and not fields[-1]:
        fields.pop()
    if len(fields) != width:
        return Record(damage=damage(f"{width} fields", f"{len(fields)} fields"), raw=line)
    return Record([fields[place] for place in places])


def _fields(line: str, spec: CsvSource) -> list[str]:
    return next(csv.reader([line], delimiter=spec.delimiter, quotechar=spec.quote, strict=True), [])
