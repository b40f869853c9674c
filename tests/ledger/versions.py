"""Books that earlier versions of Ullage wrote, in either store."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, MetaData

from ledger.tampering import connected
from ullage_operator.ledger.migrations import upgrade


def written(url: str, version: int) -> str:
    """Have the books that a version wrote: its dump, or its rows in the schema that its revision makes."""
    dump = (Path(__file__).parent / f"version_{version}.sql").read_text(encoding="utf-8")
    with connected(url) as connection, closing(sqlite3.connect(":memory:")) as wrote:
        wrote.executescript(dump)
        if connection.dialect.name == "sqlite":
            for statement in wrote.iterdump():
                if not statement.startswith(("BEGIN", "COMMIT")):
                    connection.exec_driver_sql(statement)
            return url
        upgrade(connection, since=0, to=version)
        connection.exec_driver_sql("DROP TABLE alembic_version" if version == 1 else "DELETE FROM alembic_version")
        wrote.row_factory = sqlite3.Row
        for table in reflected(connection).sorted_tables:
            rows = [dict(row) for row in wrote.execute(f"SELECT * FROM {table.name}")]  # noqa: S608  # our own names
            if rows:
                connection.execute(table.insert(), rows)
    return url


def reflected(connection: Connection) -> MetaData:
    found = MetaData()
    found.reflect(connection)
    return found
