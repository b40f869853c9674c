"""What keeps tables append-only: triggers in the database itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

REFUSAL: Final = "the ledger is append-only: post a reversal instead"
"""What the database answers to whoever changes or deletes a row."""

_SQLITE: Final = ("UPDATE", "DELETE")


def triggers(table: str, dialect: str = "sqlite") -> list[str]:
    """Return the names of the triggers that keep a table append-only."""
    if dialect == "sqlite":
        return [f"{table}_refuses_{operation.lower()}" for operation in _SQLITE]
    return [f"{table}_append_only"]


def append_only(dialect: str, tables: Sequence[str]) -> list[str]:
    """Return the statements that keep tables append-only on SQLite or PostgreSQL."""
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {name} BEFORE {operation} ON {table} BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            for table in tables
            for operation, name in zip(_SQLITE, triggers(table), strict=True)
        ]
    function = (
        "CREATE OR REPLACE FUNCTION ullage_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"
    )
    return [function] + [
        f"CREATE TRIGGER {name} BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION ullage_append_only()"
        for table in tables
        for name in triggers(table, dialect)
    ]
