from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from standing.clock import Clock
from standing.scenes import START, Scene, in_kind
from standing.test_keep import institution
from ullage_operator.ledger import Ledger


@pytest.fixture
def ledger(books_url: str, clock: Clock) -> Iterator[Ledger]:
    """Empty books of the cluster ``here`` on either store; each file of tests has a clock of its own."""
    with Ledger.open(books_url, cluster="here", now_ms=clock) as opened:
        yield opened


@pytest.fixture
def scene_of(books_url: str) -> Iterator[Callable[..., Scene]]:
    """Make a scene in which objects are declared; its books are closed after the test."""
    with ExitStack() as opened:

        def made(*items: dict[str, Any], now_ms: int = START) -> Scene:
            scene = Scene(books_url, list(items), now_ms)
            opened.callback(scene.close_books)
            return scene

        yield made


@pytest.fixture
def scene(scene_of: Callable[..., Scene]) -> Scene:
    return scene_of(institution("north"), in_kind(10))
