"""The rows of details of an entry, before they are facts."""

from __future__ import annotations

from sqlalchemy import Table

Row = dict[str, int | str | None]

Details = dict[str, list[Row]]
"""Rows by the name of their table."""


def single(details: Details, table: Table) -> Row:
    """Return the one row of details that an entry has.

    Raises
    ------
    ValueError
        It has none, several, or some in another table.
    """
    rows = details.get(table.name, [])
    if len(rows) != 1 or set(details) != {table.name}:
        found = ", ".join(f"{len(found)} in {name}" for name, found in details.items()) or "none"
        raise ValueError(f"expected one row of details in {table.name}, found {found}")
    return rows[0]
