"""Empty books for tests of whatever keeps some, on either store."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy import create_engine, make_url, text

from ullage_operator.ledger import Ledger
from ullage_operator.ledger.tables import metadata, schema_version

EmptyBooksUrl = Callable[[], AbstractContextManager[str]]
"""Gives the address of empty books, or of a file where such will be; of several at once, one each."""


class EmptyBooks(Protocol):
    """Opens empty books, at a fixed time; several at once are apart from each other."""

    def __call__(self, now_ms: int) -> AbstractContextManager[Ledger]: ...


@dataclass(frozen=True)
class Schemas:
    """Schemas on a PostgreSQL. Those with books in them are used again: to empty one is quicker than to make one."""

    server_url: str
    free: list[str] = field(default_factory=list)

    @contextmanager
    def bare(self) -> Iterator[str]:
        """The address of a schema with nothing in it, which is dropped afterwards."""
        url, name = self._created()
        try:
            yield url
        finally:
            self._execute(f"DROP SCHEMA {name} CASCADE")

    @contextmanager
    def books(self) -> Iterator[str]:
        """The address of empty books, which are emptied afterwards."""
        url = self.free.pop() if self.free else self._with_books()
        yield url
        emptied(url)
        self.free.append(url)

    def _created(self) -> tuple[str, str]:
        name = f"ullage_{uuid.uuid4().hex}"
        self._execute(f"CREATE SCHEMA {name}")
        own = make_url(self.server_url).update_query_dict({"options": f"-csearch_path={name}"})
        return own.render_as_string(hide_password=False), name

    def _with_books(self) -> str:
        url, _ = self._created()
        Ledger.open(url, cluster="local", now_ms=lambda: 0).close()
        return url

    def _execute(self, statement: str) -> None:
        engine = create_engine(self.server_url)
        with engine.begin() as connection:
            connection.execute(text(statement))
        engine.dispose()


def emptied(url: str) -> None:
    """Delete all entries of books in PostgreSQL, as only who runs the server can."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))  # no triggers, no foreign keys
        for table in metadata.sorted_tables:
            if table is not schema_version:
                connection.execute(table.delete())
    engine.dispose()
