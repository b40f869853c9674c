from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ullage_operator.ledger import Ledger

NOW_MS = 100_000


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
