"""Changes to a ledger as nobody should make them, and what its tables then hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import Connection, create_engine, text

from ullage_operator.ledger.tables import append_only, metadata, triggers


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """A connection of one's own, with nothing of what a ledger sets up; what is done is committed at the end."""
    engine = create_engine(url)
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("BEGIN")
            yield connection
            connection.exec_driver_sql("COMMIT")
    finally:
        engine.dispose()


def tamper(url: str, statement: str, parameters: Mapping[str, object] | None = None) -> int:
    """Change a ledger without triggers and foreign keys, which are all as before after it. Return the rows changed."""
    with connected(url) as connection:
        sqlite = connection.dialect.name == "sqlite"
        if not sqlite:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for trigger in [name for table in metadata.tables for name in triggers(table)] if sqlite else []:
            connection.exec_driver_sql(f"DROP TRIGGER {trigger}")
        changed = connection.execute(text(statement), parameters).rowcount
        for put_back in append_only("sqlite", list(metadata.tables)) if sqlite else []:
            connection.exec_driver_sql(put_back)
    return changed


def rows_of(url: str, table: str) -> list[dict[str, object]]:
    """Return the rows of a table, in the order of its key."""
    with connected(url) as connection:
        found = metadata.tables[table]
        return [dict(row) for row in connection.execute(found.select().order_by(*found.primary_key)).mappings()]
