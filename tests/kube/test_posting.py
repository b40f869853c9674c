"""Posting from many tasks, and what Prometheus is shown of it."""

from __future__ import annotations

import asyncio

from prometheus_client import CollectorRegistry, generate_latest

from ledger.builders import activity, hold, release
from ullage_operator.ledger import Ledger
from ullage_operator.metrics import BooksCollector
from ullage_operator.posting import Poster

NOW_MS = 100_000


def opened(url: str) -> Ledger:
    return Ledger.open(url, cluster="test", now_ms=lambda: NOW_MS)


def test_of_what_is_posted_together_only_what_is_at_fault_is_refused(books_url: str) -> None:
    async def scenario(ledger: Ledger) -> list[str]:
        poster = Poster(ledger)
        posts = [poster.post([hold("w1")]), poster.post([release("unknown")]), poster.post([hold("w2")])]
        outcomes = await asyncio.gather(*posts, return_exceptions=True)
        poster.close()
        assert (poster.posted, poster.errors) == (2, 1)
        return [type(outcome).__name__ for outcome in outcomes]

    with opened(books_url) as ledger:
        assert asyncio.run(scenario(ledger)) == ["NoneType", "RefusedEntry", "NoneType"]
        assert [entry.worker_uid for entry in ledger.open_holds()] == ["w1", "w2"]


def test_counters_are_of_what_has_been_released_and_gauges_of_what_is_held(books_url: str) -> None:
    with opened(books_url) as ledger:
        ledger.post([hold("w1"), activity("w1"), release("w1"), hold("w2")])
        registry = CollectorRegistry()
        registry.register(BooksCollector(ledger))
        text = generate_latest(registry).decode()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    row = only(lines, "ullage_workers_total")
    assert row == 'ullage_workers_total{institution="north",model_family="mlp",outcome="Succeeded",stage="train"} 1.0'
    held = [line for line in lines if line.startswith("ullage_held_")]
    assert held == [
        'ullage_held_workers{institution="north",stage="train"} 1.0',
        'ullage_held_accelerators{institution="north",stage="train"} 2.0',
        'ullage_held_cpu_cores{institution="north",stage="train"} 1.5',
        'ullage_held_memory_bytes{institution="north",stage="train"} 2.147483648e+09',
    ]


def only(lines: list[str], name: str) -> str:
    (found,) = [line for line in lines if line.startswith(name)]
    return found
