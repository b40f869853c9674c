"""What nodes can give, and since when, as it is posted."""

from __future__ import annotations

from typing import Any

from ullage_operator.cluster.nodes import capacity, stated_capacity, subject_of_cluster
from ullage_operator.ledger import Capacity, Change, Ledger

CREATED_MS = 1_795_420_800_000
NOW_MS = CREATED_MS + 3_600_000


def node(name: str, ready: str = "True", **offered: str) -> dict[str, Any]:
    allocatable = {"cpu": "7500m", "memory": "32Gi", "pods": "110"} | offered
    status = {"conditions": [{"type": "Ready", "status": ready}], "allocatable": allocatable}
    return {"metadata": {"name": name, "creationTimestamp": "2026-11-23T08:00:00Z"}, "status": status}


def told(entries: list[Capacity]) -> list[tuple[str, str, int, int, int | None]]:
    return [(each.name, each.resource, each.amount, each.from_ms, each.to_ms) for each in entries]


def test_ready_nodes_are_summed_up() -> None:
    nodes = [node("a"), node("b", **{"nvidia.com/gpu": "4"}), node("c", ready="False")]
    assert capacity(nodes) == {"cpu": 15.0, "memory": 64.0 * 2**30, "nvidia.com/gpu": 4.0}


def test_a_new_node_gives_from_its_creation_on() -> None:
    assert told(stated_capacity([], [node("a", **{"nvidia.com/gpu": "4"})], "here", NOW_MS)) == [
        ("a", "cpu", 7500, CREATED_MS, None),
        ("a", "memory", 32 * 1024, CREATED_MS, None),
        ("a/nvidia.com/gpu", "accelerator", 4, CREATED_MS, None),
    ]


def test_what_changes_ends_and_begins_and_what_goes_ends() -> None:
    before = stated_capacity([], [node("a", **{"nvidia.com/gpu": "4"}), node("b")], "here", NOW_MS)
    later = NOW_MS + 1000
    now = stated_capacity(before, [node("a", **{"nvidia.com/gpu": "8"})], "here", later)
    assert told(now) == [
        ("a", "cpu", 7500, CREATED_MS, None),
        ("a", "memory", 32 * 1024, CREATED_MS, None),
        ("a/nvidia.com/gpu", "accelerator", 4, CREATED_MS, later),
        ("b", "cpu", 7500, CREATED_MS, later),
        ("b", "memory", 32 * 1024, CREATED_MS, later),
        ("a/nvidia.com/gpu", "accelerator", 8, later, None),
    ]
    assert stated_capacity(now, [node("a", **{"nvidia.com/gpu": "8"})], "here", later + 1000) == now
    back = stated_capacity(now, [node("a", **{"nvidia.com/gpu": "8"}), node("b")], "here", later + 1000)
    assert told(back)[6:] == [("b", "cpu", 7500, later + 1000, None), ("b", "memory", 32 * 1024, later + 1000, None)]


def test_the_books_have_what_there_was_to_hold(books_url: str) -> None:
    with Ledger.open(books_url, cluster="here", now_ms=lambda: NOW_MS + 10_000) as ledger:
        entries = stated_capacity([], [node("a", **{"nvidia.com/gpu": "4"})], "here", NOW_MS)
        change = Change(reason="nodes changed", author="ullage", at_ms=NOW_MS)
        ledger.restate(subject_of_cluster("here"), entries, change)
        gone = stated_capacity(entries, [], "here", NOW_MS)
        ledger.restate(subject_of_cluster("here"), gone, change)
        with ledger.books() as books:
            rows = books.capacity(0, 2 * NOW_MS)
        assert {(row.resource, row.resource_type, row.amount_ms) for row in rows} == {
            ("accelerator", "nvidia.com/gpu", 4 * 3_600_000),
            ("cpu", None, 7500 * 3_600_000),
            ("memory", None, 32 * 1024 * 3_600_000),
        }
        assert ledger.verify() == []
