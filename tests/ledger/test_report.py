from __future__ import annotations

import json

from ledger.builders import activity, hold, release
from ullage_operator.ledger import Ledger, Provenance, Scope, UsageLine, UsageTable, usage_table
from ullage_trainer.config import Usage

EMPTY = UsageLine(
    group={},
    jobs=0,
    workers=0,
    workers_open=0,
    workers_end_estimated=0,
    accelerator_held_seconds=0,
    accelerator_active_seconds=None,
    accelerator_measured_share=None,
    accelerator_active_share=None,
    cpu_held_core_seconds=0,
    cpu_used_core_seconds=None,
    cpu_measured_share=None,
    cpu_used_share=None,
    memory_held_gib_seconds=0,
    peak_memory_bytes=None,
    samples=None,
    parameters=None,
    flop=None,
    flop_counted_share=None,
    bytes_read=None,
    energy_joules=None,
    energy_low_joules=None,
    energy_high_joules=None,
    energy_kwh=None,
    energy_provenance=None,
)
LINE = UsageLine(
    group={},
    jobs=1,
    workers=2,
    workers_open=0,
    workers_end_estimated=0,
    accelerator_held_seconds=40,
    accelerator_active_seconds=12,
    accelerator_measured_share=0.5,
    accelerator_active_share=0.6,
    cpu_held_core_seconds=30,
    cpu_used_core_seconds=9,
    cpu_measured_share=0.5,
    cpu_used_share=0.6,
    memory_held_gib_seconds=40,
    peak_memory_bytes=500_000_000,
    samples=4_000,
    parameters=None,
    flop=None,
    flop_counted_share=0,
    bytes_read=1_000,
    energy_joules=100,
    energy_low_joules=30,
    energy_high_joules=200,
    energy_kwh=100 / 3_600_000,
    energy_provenance=Provenance.ESTIMATED,
)


def table(ledger: Ledger, from_ms: int, to_ms: int) -> UsageTable:
    rows, (total,) = ledger.usage(from_ms, to_ms, by=("job",)), ledger.usage(from_ms, to_ms)
    return usage_table(rows, total, Scope(cluster="local", from_ms=from_ms, to_ms=to_ms, now_ms=100_000))


def test_usage_has_units_scope_and_the_share_that_was_measured(ledger: Ledger) -> None:
    ledger.post([hold(), activity(), release(), hold("worker-2", index=1), release("worker-2")])
    assert table(ledger, 0, 200_000) == UsageTable(
        cluster="local",
        period_from="1970-01-01T00:00:00.000Z",
        period_to="1970-01-01T00:03:20.000Z",
        as_of="1970-01-01T00:01:40.000Z",
        lines=(LINE.model_copy(update={"group": {"job": "physics/flights"}}),),
        total=LINE,
    )


def test_operations_are_exact_beyond_64_bits_with_the_share_of_samples_that_they_are_of(ledger: Ledger) -> None:
    counted = Usage(samples=12_000, flop=314 * 10**21 + 1)
    ledger.post([hold(), activity(), hold("worker-2"), activity("worker-2", usage=counted, parameters=175 * 10**9)])
    found = json.loads(json.dumps(table(ledger, 0, 50_000).to_json()))["total"]
    told = (found["samples"], found["parameters"], found["flop"], found["flop_counted_share"])
    assert told == (16_000, 175 * 10**9, 314 * 10**21 + 1, 0.75)


def test_a_period_in_which_nothing_was_held_has_nulls_where_nothing_is_known(ledger: Ledger) -> None:
    found = table(ledger, 0, 1_000)
    assert (found.lines, found.total) == ((), EMPTY)


def test_the_document_for_programs_is_plain_json_with_the_same_content(ledger: Ledger) -> None:
    ledger.post([hold(), activity(), release()])
    found = table(ledger, 0, 50_000)
    assert UsageTable.model_validate_json(json.dumps(found.to_json())) == found
