"""What the tables are made of: integers of 64 bits and text."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData, Table, Text

BIG: Final = BigInteger().with_variant(Integer, "sqlite")
"""64 bits on both: SQLite's strict tables know it as INTEGER."""

metadata: Final = MetaData()


def number(name: str, *, nullable: bool = False) -> Column[int]:
    """Return a column of integers."""
    return Column(name, BIG, nullable=nullable)


def words(name: str, *, nullable: bool = False, unique: bool = False, index: bool = False) -> Column[str]:
    """Return a column of text."""
    return Column(name, Text, nullable=nullable, unique=unique or None, index=index or None)


def of_entry() -> Column[int]:
    """Return the key of a table of details: the entry's place in the chain."""
    return Column("sequence", BIG, ForeignKey("entry.sequence"), primary_key=True, autoincrement=False)


def details(name: str, *columns: Column[int] | Column[str]) -> Table:
    """Return a table with the facts of one type of entry."""
    return Table(name, metadata, of_entry(), *columns, sqlite_strict=True)
