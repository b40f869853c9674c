from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from cluster.fixtures import without
from ledger import postgres
from ullage_operator.ledger import Ledger

NOW_MS = 100_000


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of a PostgreSQL that runs for as long as the tests."""
    without(postgres.missing(), "PostgreSQL to keep books in")
    with postgres.server() as url:
        yield url


@pytest.fixture
def postgres_schema_url(postgres_url: str) -> Iterator[str]:
    """The address of a schema of its own on a real PostgreSQL, with nothing in it."""
    schema = f"ullage_{uuid.uuid4().hex}"
    admin = create_engine(postgres_url)
    with admin.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    own = make_url(postgres_url).update_query_dict({"options": f"-csearch_path={schema}"})
    yield own.render_as_string(hide_password=False)
    with admin.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    admin.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An address with nothing behind it yet: a file, or a schema of its own on a real PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ledger.db'}"
    return str(request.getfixturevalue("postgres_schema_url"))


@pytest.fixture
def open_ledger(ledger_url: str) -> Callable[..., Ledger]:
    """Opens the ledger, at a fixed time."""

    def opened(**options: bool) -> Ledger:
        return Ledger.open(ledger_url, cluster="local", now_ms=lambda: NOW_MS, **options)

    return opened


@pytest.fixture
def ledger(open_ledger: Callable[..., Ledger]) -> Iterator[Ledger]:
    """An empty ledger."""
    with open_ledger() as opened:
        yield opened


@pytest.fixture
def ledger_file(tmp_path: Path) -> Path:
    """Where a ledger in SQLite may be."""
    return tmp_path / "ledger.db"
