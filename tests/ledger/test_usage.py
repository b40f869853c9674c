from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.builders import NORTH, activity, data_use, hold, release
from ledger.stores import EmptyBooks
from ullage_operator.ledger import (
    OPEN,
    Activity,
    Energy,
    Entry,
    GroupKey,
    HoldOpened,
    HoldReleased,
    Ledger,
    Outcome,
    Provenance,
    RefusedEntry,
    Reversal,
    UsageRow,
)
from ullage_operator.ledger.usage import prorated, usage
from ullage_operator.ledger.workers import Worker
from ullage_trainer.config import Stage, Usage

SOUTH = NORTH.model_copy(update={"job_uid": "job-uid-2", "job": "mnist", "institution": "south", "programme": None})
SUMMED = (
    "accelerator_ms",
    "accelerator_measured_ms",
    "accelerator_active_ms",
    "cpu_held_core_us",
    "cpu_measured_core_us",
    "cpu_used_ms",
    "memory_held_mib_ms",
    "samples",
    "samples_counted",
    "flop",
    "bytes_read",
    "joules",
    "joules_low",
    "joules_high",
    "joules_estimated",
)


def test_a_whole_life_is_summed_in_whole_units(ledger: Ledger) -> None:
    ledger.post([hold(), activity(), release()])
    assert ledger.usage(0, 50_000) == [
        UsageRow(
            group={},
            jobs=1,
            holds=1,
            accelerator_ms=20_000,
            accelerator_measured_ms=20_000,
            accelerator_active_ms=12_000,
            cpu_held_core_us=15_000_000,
            cpu_measured_core_us=15_000_000,
            cpu_used_ms=9_000,
            memory_held_mib_ms=20_480_000,
            peak_memory_bytes=500_000_000,
            samples=4_000,
            samples_counted=0,
            bytes_read=1_000,
            joules=100,
            joules_low=30,
            joules_high=200,
            joules_estimated=100,
        )
    ]


def test_a_period_takes_its_seconds_of_a_hold_and_its_share_of_activity(ledger: Ledger) -> None:
    ledger.post([hold(), activity(), release()])
    # Seconds 4 to 6: two of ten held, two of eight active. Of 30 J, 7 by second 4 and 15 by second 6.
    assert ledger.usage(4_000, 6_000) == [
        UsageRow(
            group={},
            jobs=1,
            holds=1,
            accelerator_ms=4_000,
            accelerator_measured_ms=4_000,
            accelerator_active_ms=3_000,
            cpu_held_core_us=3_000_000,
            cpu_measured_core_us=3_000_000,
            cpu_used_ms=2_250,
            memory_held_mib_ms=4_096_000,
            peak_memory_bytes=500_000_000,
            samples=1_000,
            samples_counted=0,
            bytes_read=250,
            joules=25,
            joules_low=8,
            joules_high=50,
            joules_estimated=25,
        )
    ]


def test_an_open_hold_lasts_until_now_and_its_use_is_unknown_not_zero(ledger: Ledger) -> None:
    ledger.post([hold()])
    expected = UsageRow(
        group={},
        jobs=1,
        holds=1,
        holds_open=1,
        accelerator_ms=2 * 99_000,
        cpu_held_core_us=1500 * 99_000,
        memory_held_mib_ms=2048 * 99_000,
    )
    assert ledger.usage(0, 500_000) == [expected]
    assert ledger.usage(0, 100_000) == [expected]
    assert ledger.usage(200_000, 500_000, by=("job",)) == []


def test_a_period_without_holds_has_one_row_in_all_and_none_by_group(ledger: Ledger) -> None:
    ledger.post([hold(), release()])
    assert ledger.usage(11_000, 50_000) == [UsageRow()]
    assert ledger.usage(0, 1_000, by=("institution",)) == []


def test_activity_without_a_meter_for_accelerators_leaves_their_use_unknown(ledger: Ledger) -> None:
    ledger.post([hold(), activity(usage=Usage(cpu_ms=9_000)), hold("worker-2", index=1), activity("worker-2")])
    row = ledger.usage(0, 11_000)[0]
    assert (row.accelerator_ms, row.accelerator_measured_ms, row.accelerator_active_ms) == (40_000, 20_000, 12_000)


def test_energy_without_an_upper_bound_in_one_worker_has_none_in_the_sum(ledger: Ledger) -> None:
    at_least = Energy(joules=5, joules_low=1, joules_high=None, provenance=Provenance.ESTIMATED, method="a model")
    ledger.post([hold(), activity(energy=at_least), hold("worker-2"), activity("worker-2")])
    row = ledger.usage(0, 11_000)[0]
    assert (row.joules, row.joules_low, row.joules_high, row.joules_estimated) == (105, 31, None, 105)


def test_operations_of_failed_attempts_count_and_the_greatest_model_is_told(ledger: Ledger) -> None:
    ledger.post(
        [
            *(hold(), activity(usage=Usage(samples=10, flop=10 * 171), parameters=33)),
            *(hold("worker-2", index=1), activity("worker-2", usage=Usage(samples=9, flop=9 * 171))),
            *(release(outcome=Outcome.FAILED), release("worker-2", outcome=Outcome.FAILED)),
            *(hold("worker-3", attempt=2), activity("worker-3", usage=Usage(samples=100, flop=17_100), parameters=33)),
        ]
    )
    rows = [*ledger.usage(0, 50_000, by=("outcome",)), *ledger.usage(0, 50_000)]
    assert [(row.group, row.samples, row.samples_counted, row.flop, row.parameters) for row in rows] == [
        ({"outcome": "Failed"}, 19, 19, 3_249, 33),
        ({"outcome": OPEN}, 100, 100, 17_100, 33),
        ({}, 119, 119, 20_349, 33),
    ]


def test_groups_hold_what_is_theirs_and_a_job_is_counted_once(ledger: Ledger) -> None:
    ledger.post(
        [
            hold(),
            release(),
            hold("worker-2", index=1),
            release("worker-2", outcome=Outcome.LOST, provenance=Provenance.ESTIMATED, source="last heartbeat"),
            hold("worker-3", context=SOUTH, stage=Stage.PREPARE, accelerators=0),
        ]
    )

    def groups(*by: GroupKey) -> list[tuple[dict[GroupKey, str | None], int, int, int]]:
        return [({**row.group}, row.jobs, row.holds, row.holds_estimated) for row in ledger.usage(0, 50_000, by=by)]

    assert groups("institution") == [({"institution": "north"}, 1, 2, 1), ({"institution": "south"}, 1, 1, 0)]
    assert groups("programme") == [({"programme": "open-models"}, 1, 2, 1), ({"programme": None}, 1, 1, 0)]
    assert groups("model_family") == [({"model_family": "mlp"}, 2, 3, 1)]
    assert groups("job", "stage") == [
        ({"job": "physics/flights", "stage": "train"}, 1, 2, 1),
        ({"job": "physics/mnist", "stage": "prepare"}, 1, 1, 0),
    ]
    assert groups("outcome") == [
        ({"outcome": "Lost"}, 1, 1, 1),
        ({"outcome": OPEN}, 1, 1, 0),
        ({"outcome": "Succeeded"}, 1, 1, 0),
    ]


def test_a_worker_that_never_ran_is_in_the_period_of_its_instant_and_in_no_other(ledger: Ledger) -> None:
    ledger.post([hold(from_ms=5_000), release(to_ms=5_000, outcome=Outcome.LOST), data_use(at_ms=5_000)])
    periods = [(0, 5_000), (5_000, 5_001), (5_001, 50_000)]
    assert [ledger.usage(*period)[0] for period in periods] == [UsageRow(), UsageRow(jobs=1, holds=1), UsageRow()]
    assert [len(ledger.assets(*period)) for period in periods] == [0, 1, 0]


def test_usage_of_one_job_leaves_the_others_out(ledger: Ledger) -> None:
    ledger.post([hold(), release(), hold("worker-2", context=SOUTH, from_ms=3_000), release("worker-2", context=SOUTH)])
    (row,) = ledger.usage(0, 50_000, by=("stage",), job_uid=SOUTH.job_uid)
    assert (row.jobs, row.holds, row.accelerator_ms) == (1, 1, 16_000)
    assert ledger.usage(0, 50_000, job_uid="another-job") == [UsageRow()]


def test_a_period_the_wrong_way_round_and_an_unknown_key_are_refused(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match=r"ends at or after its start 10 \(ms\), found end 9"):
        ledger.usage(10, 9)
    with pytest.raises(ValueError, match=r"expected keys among institution, .*, found 'colour'"):
        ledger.usage(0, 10, by=("colour",))  # type: ignore[arg-type]  # what a caller without types may pass


@given(
    total=st.integers(min_value=0, max_value=2**63 - 1),
    times=st.lists(st.integers(min_value=0, max_value=2**45), min_size=2, max_size=8).map(sorted),
    span=st.tuples(st.integers(min_value=0, max_value=2**45), st.integers(min_value=0, max_value=2**45)).map(sorted),
)
def test_parts_over_adjacent_periods_sum_to_the_part_over_all_of_them(
    total: int, times: list[int], span: list[int]
) -> None:
    def part(start_ms: int, end_ms: int) -> int:
        return prorated(total, span[0], span[1], start_ms=start_ms, end_ms=end_ms)

    parts = [part(start, end) for start, end in pairwise(times)]
    assert sum(parts) == part(times[0], times[-1])
    assert all(0 <= value <= total for value in parts)
    assert part(0, 2**46) == total


LIVES = st.tuples(
    st.integers(min_value=0, max_value=1_000),
    st.integers(min_value=0, max_value=1_000),
    st.booleans(),
    st.booleans(),
    st.integers(min_value=0, max_value=99_999),
    st.none() | st.integers(min_value=0, max_value=99_999),
)


def life(number: int, facts: tuple[int, int, bool, bool, int, int | None]) -> list[Entry]:
    """Make the entries of a worker that add up."""
    start, length, ended, active, amount, gpu_active_ms = facts
    uid, end = f"worker-{number}", start + length
    context = SOUTH if number % 2 else NORTH
    entries: list[Entry] = [hold(uid, context=context, from_ms=start)]
    if ended:
        entries.append(release(uid, context=context, to_ms=end))
    if active:
        flop = None if amount % 5 == 0 else amount**3 * 10**9 + amount
        used = Usage(cpu_ms=amount, samples=amount // 7, bytes_read=amount, gpu_active_ms=gpu_active_ms, flop=flop)
        times = {"from_ms": start + length // 3, "to_ms": end}
        size = gpu_active_ms if number == 0 else None
        entries.append(activity(uid, context=context, **times, usage=used, ranks=(), parameters=size))
    return entries


def as_worker(entries: list[Entry]) -> Worker:
    return Worker(
        hold=next(entry for entry in entries if isinstance(entry, HoldOpened)),
        release=next((entry for entry in entries if isinstance(entry, HoldReleased)), None),
        activities=tuple(entry for entry in entries if isinstance(entry, Activity)),
        uses=(),
    )


@given(
    lives=st.lists(LIVES, max_size=6),
    cuts=st.lists(st.integers(min_value=0, max_value=2_500), max_size=5).map(sorted),
)
def test_usage_of_adjacent_periods_sums_to_the_whole_in_every_quantity(
    lives: list[tuple[int, int, bool, bool, int, int | None]], cuts: list[int]
) -> None:
    workers = [as_worker(life(number, facts)) for number, facts in enumerate(lives)]

    def sums(start_ms: int, end_ms: int) -> dict[str, int]:
        (row,) = usage(workers, from_ms=start_ms, to_ms=end_ms, now_ms=1_500)
        return {name: getattr(row, name) or 0 for name in SUMMED}

    bounds = [0, *cuts, 3_000]
    parts = [sums(start, end) for start, end in pairwise(bounds)]
    assert {name: sum(part[name] for part in parts) for name in SUMMED} == sums(0, 3_000)


@settings(max_examples=25, deadline=None)
@given(data=st.data(), lives=st.lists(LIVES, min_size=1, max_size=4))
def test_any_order_with_repeats_gives_the_same_books(
    empty_books: EmptyBooks, data: st.DataObject, lives: list[tuple[int, int, bool, bool, int, int | None]]
) -> None:
    entries = [entry for number, facts in enumerate(lives) for entry in life(number, facts)]
    arriving = data.draw(st.permutations(entries + data.draw(st.lists(st.sampled_from(entries), max_size=5))))
    pending = list(arriving)
    with empty_books(1_500) as shuffled, empty_books(1_500) as in_order:
        assert in_order.post(entries) == len(entries)
        new = 0
        while pending:
            entry = pending.pop(0)
            try:
                new += shuffled.post([entry])
            except RefusedEntry:
                pending.append(entry)  # its hold has not arrived yet: the writer tries again
        assert new == len(entries)
        by: tuple[GroupKey, ...] = ("institution", "job", "stage", "outcome")
        assert shuffled.usage(0, 3_000, by=by) == in_order.usage(0, 3_000, by=by)
        assert shuffled.verify() == []


KEYS: tuple[GroupKey, ...] = ("institution", "programme", "model_family", "job", "stage", "outcome")


@settings(max_examples=50, deadline=None)
@given(
    lives=st.lists(LIVES, max_size=8),
    gone=st.sets(st.integers(min_value=0, max_value=7), max_size=3),
    by=st.lists(st.sampled_from(KEYS), unique=True, max_size=3),
)
def test_what_the_database_sums_is_what_is_summed_entry_by_entry(
    empty_books: EmptyBooks,
    lives: list[tuple[int, int, bool, bool, int, int | None]],
    gone: set[int],
    by: list[GroupKey],
) -> None:
    keys: tuple[GroupKey, ...] = (*by, "outcome") if "outcome" not in by else tuple(by)
    entries = [entry for number, facts in enumerate(lives) for entry in life(number, facts)]
    with empty_books(10_000) as ledger:
        ledger.post(entries)
        taken = [
            Reversal.of(entry, reason="not its own", author="auditor", at_ms=3_000)
            for entry in entries
            if isinstance(entry, Activity) and int(entry.worker_uid.rpartition("-")[2]) in gone
        ]
        ledger.post(taken)
        with ledger.books() as books:
            rows = [row for row in books.usage(0, 10_000, by=keys) if row.group["outcome"] != OPEN]
            assert books.totals(by=keys) == rows
