from __future__ import annotations

from collections.abc import Iterator

import pytest

from standing.clock import Clock
from ullage_operator.ledger import Ledger


@pytest.fixture
def ledger(books_url: str, clock: Clock) -> Iterator[Ledger]:
    """Empty books of the cluster ``here`` on either store; each file of tests has a clock of its own."""
    with Ledger.open(books_url, cluster="here", now_ms=clock) as opened:
        yield opened
