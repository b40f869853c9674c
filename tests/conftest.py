"""The two stores of books, SQLite and a real PostgreSQL, for all tests of what keeps books."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cluster.lacking import without
from ledger import postgres
from ledger.stores import EmptyBooks, EmptyBooksUrl, Schemas
from ullage_operator.ledger import Ledger, sqlite_url

STORES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgres_schemas() -> Iterator[Schemas]:
    """Schemas on a PostgreSQL that runs for as long as the tests."""
    without(postgres.missing(), "PostgreSQL to keep books in")
    with postgres.server() as url:
        yield Schemas(url)


@pytest.fixture
def postgres_schema_url(postgres_schemas: Schemas) -> Iterator[str]:
    """The address of a schema of its own on a real PostgreSQL, with nothing in it."""
    with postgres_schemas.bare() as url:
        yield url


@pytest.fixture(params=STORES)
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An address with nothing behind it yet: a file, or a schema of its own on a real PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.db'}"
    return str(request.getfixturevalue("postgres_schema_url"))


@pytest.fixture
def postgres_books_url(postgres_schemas: Schemas) -> Iterator[str]:
    """The address of empty books in a real PostgreSQL."""
    with postgres_schemas.books() as url:
        yield url


@pytest.fixture(params=STORES)
def books_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of empty books, or of a file where such will be."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "ledger.sqlite3")
    return str(request.getfixturevalue("postgres_books_url"))


@pytest.fixture(scope="module", params=STORES)
def empty_books_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> EmptyBooksUrl:
    """Gives addresses as ``books_url``, for each example of a property."""
    if request.param == "postgresql":
        schemas: Schemas = request.getfixturevalue("postgres_schemas")
        return schemas.books

    @contextmanager
    def file() -> Iterator[str]:
        yield sqlite_url(tmp_path_factory.mktemp("books") / "ledger.sqlite3")

    return file


@pytest.fixture(scope="module")
def empty_books(empty_books_url: EmptyBooksUrl) -> EmptyBooks:
    """Opens empty books, for each example of a property."""

    @contextmanager
    def opened(now_ms: int) -> Iterator[Ledger]:
        with empty_books_url() as url, Ledger.open(url, cluster="local", now_ms=lambda: now_ms) as ledger:
            yield ledger

    return opened
