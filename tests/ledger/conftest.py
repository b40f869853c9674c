from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from ullage_operator.ledger import Ledger

NOW_MS = 100_000
POSTGRES = os.environ.get("ULLAGE_TEST_POSTGRES")


@pytest.fixture(params=["sqlite", *(["postgresql"] if POSTGRES else [])])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An address with nothing behind it yet: a file, or a schema of its own on a real PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'ledger.db'}"
        return
    schema = f"ullage_{uuid.uuid4().hex}"
    admin = create_engine(str(POSTGRES))
    with admin.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    yield f"{POSTGRES}?options=-csearch_path%3D{schema}"
    with admin.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    admin.dispose()


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
