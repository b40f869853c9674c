from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.builders import NORTH, activity, hold, release
from ledger.subject_builders import (
    LINE,
    RATE,
    access,
    asset,
    award,
    capacity,
    charge,
    declaration,
    expend,
    grant,
    imported,
    reserve,
    reversal,
    unreserve,
)
from ullage_operator.ledger import (
    CapacityRow,
    ChargeRow,
    ComputeRow,
    DeclarationRow,
    HoldingRow,
    Ledger,
    LineRow,
    Provenance,
    ReservationRow,
)
from ullage_operator.ledger.reads.periods import Period

ROW = LineRow(
    line=LINE,
    institution="north",
    channel="inKind",
    resource="accelerator",
    resource_type="a100",
    unit="accelerator-ms",
    currency=None,
    from_ms=0,
    to_ms=100_000,
    awarded=100_000,
    released=50_000,
    reserved=0,
    expended=16_000,
    reversed=0,
)


def test_a_line_is_awarded_released_reserved_expended_and_has_a_rest(ledger: Ledger) -> None:
    ledger.post([award(), grant(), reserve()])
    with ledger.books() as books:
        (row,) = books.lines(0, 50_000)
        assert (row.released, row.reserved, row.expended, row.remaining) == (50_000, 20_000, 0, 30_000)
        assert books.reservations() == [
            ReservationRow(
                line=LINE,
                institution="north",
                job_uid="job-uid-1",
                purchase=None,
                unit="accelerator-ms",
                currency=None,
                from_ms=2_000,
                to_ms=12_000,
                amount=20_000,
                rate=None,
            )
        ]
    ledger.post([unreserve(), expend()])
    with ledger.books() as books:
        assert books.lines(0, 50_000) == [ROW]
        assert (ROW.remaining, books.reservations()) == (34_000, [])
        assert books.lines(0, 50_000, names=["another/line"]) == []
        assert [row.expended for row in books.lines(4_000, 6_000, names=[LINE])] == [4_000]
    ledger.post([reversal(expend())])
    with ledger.books() as books:
        (row,) = books.lines(0, 50_000)
        assert (row.expended, row.reversed, row.remaining) == (16_000, 16_000, 50_000)


def test_an_instalment_counts_whole_at_its_instant_and_a_grant_with_an_end_evenly(ledger: Ledger) -> None:
    spread = grant(from_ms=10_000, to_ms=20_000, amount=1_000)
    ledger.post([award(), grant(), spread])
    with ledger.books() as books:
        released = [books.lines(*period)[0].released for period in ((0, 1_000), (1_000, 1_001), (12_000, 15_000))]
    assert released == [0, 50_000, 300]


def test_each_generation_applies_until_the_next_and_a_withdrawal_ends_it(ledger: Ledger) -> None:
    second = declaration(generation=2, spec="{}", from_ms=5_000)
    ledger.post([second, declaration(), declaration(generation=3, spec=None, from_ms=8_000)])
    first_row = DeclarationRow(
        kind="Institution",
        object_id="north",
        generation=1,
        spec='{"a":"ü","b":1}',
        from_ms=2_000,
        to_ms=5_000,
        declared_from_ms=1_000,
        posted_at_ms=100_000,
    )
    with ledger.books() as books:
        rows = books.declarations(2_000, 20_000)
        assert rows[0] == first_row
        assert [(row.generation, row.from_ms, row.to_ms) for row in rows] == [(1, 2_000, 5_000), (2, 5_000, 8_000)]
        assert books.declarations(8_000, 20_000) == []


def test_accelerators_and_cores_are_summed_by_place_institution_and_type_with_the_part_that_was_measured(
    ledger: Ledger,
) -> None:
    south = NORTH.model_copy(update={"institution": "south", "job_uid": "job-uid-2"})
    ended = release("worker-2", provenance=Provenance.ESTIMATED)
    ledger.post([hold(), activity(), release(), hold("worker-2", index=1), ended, hold("worker-3", context=south)])
    ledger.post([imported(), imported(external_id="78", accelerator_active_ms=5_000)])
    ours = {"scope": "local", "imported": False, "programme": "open-models", "model_family": "mlp"}
    # The second worker's end was written down after the period; there is no sign of life of it in the period.
    unsure = {"institution": "north", "held_provenance": Provenance.ESTIMATED, "workers": 2}
    open_still = {"institution": "south", "workers": 1, "workers_open": 1}
    with ledger.books() as books:
        assert books.compute(6_000, 11_000) == [
            ComputeRow(
                **ours,
                **unsure,
                accelerator_type="a100",
                held_ms=20_000,
                held_low_ms=10_000,
                held_high_ms=20_000,
                measured_ms=10_000,
                active_ms=6_000,
            ),
            ComputeRow(
                **ours,
                **unsure,
                resource="cpu",
                accelerator_type=None,
                held_ms=15_000_000,
                held_low_ms=7_500_000,
                held_high_ms=15_000_000,
                measured_ms=7_500_000,
                active_ms=4_500_000,
            ),
            ComputeRow(**ours, **open_still, accelerator_type="a100", held_ms=10_000),
            ComputeRow(**ours, **open_still, resource="cpu", accelerator_type=None, held_ms=7_500_000),
            ComputeRow(
                scope="slurm",
                imported=True,
                institution="north",
                programme=None,
                model_family=None,
                accelerator_type="a100",
                held_ms=20_000,
                held_provenance=Provenance.DECLARED,
                measured_ms=10_000,
                active_ms=2_500,
                active_provenance=Provenance.DECLARED,
                workers=2,
            ),
        ]
        assert books.compute(200_000, 300_000) == []


def test_what_an_estimated_end_leaves_open_lies_between_the_last_sign_of_life_and_when_it_was_written_down(
    ledger: Ledger,
) -> None:
    ledger.post([hold(), activity(to_ms=8_000, provenance=Provenance.ESTIMATED)])
    ledger.post([release(provenance=Provenance.ESTIMATED), hold("worker-2", index=1, from_ms=5_000)])
    ledger.post([release("worker-2", to_ms=9_000, provenance=Provenance.ESTIMATED)])

    def told(from_ms: int, to_ms: int) -> list[tuple[int, int | None, int | None, Provenance, int | None, Provenance]]:
        with ledger.books() as books:
            return [
                (
                    row.held_ms,
                    row.held_low_ms,
                    row.held_high_ms,
                    row.held_provenance,
                    row.active_ms,
                    row.active_provenance,
                )
                for row in books.compute(from_ms, to_ms)
                if row.resource == "accelerator"
            ]

    estimated = Provenance.ESTIMATED
    # Seen for 7 s and not at all; written down at second 100.
    assert told(0, 200_000) == [(28_000, 14_000, 2 * 99_000 + 2 * 95_000, estimated, 12_000, estimated)]
    assert told(50_000, 60_000) == [(0, 0, 40_000, estimated, None, Provenance.MEASURED)]
    assert told(100_000, 200_000) == []


def test_the_cores_of_an_import_are_held_and_used_as_those_of_workers(ledger: Ledger) -> None:
    ledger.post([imported(accelerators=0, accelerator_type=None, cpu_millis=4_000, cpu_ms=30_000)])
    ledger.post([imported(external_id="78", cpu_millis=2_000, provenance=Provenance.MEASURED)])
    facts = {"scope": "slurm", "imported": True, "institution": "north", "programme": None, "model_family": None}
    with ledger.books() as books:
        assert books.compute(2_000, 7_000) == [
            ComputeRow(**facts, accelerator_type="a100", held_ms=10_000, workers=1),
            ComputeRow(
                **facts,
                resource="cpu",
                accelerator_type=None,
                held_ms=20_000_000 + 10_000_000,
                held_provenance=Provenance.DECLARED,
                measured_ms=20_000_000,
                active_ms=15_000_000,
                active_provenance=Provenance.DECLARED,
                workers=2,
            ),
        ]


def test_every_cluster_of_the_books_is_a_scope_of_its_own(ledger: Ledger, ledger_url: str) -> None:
    ledger.post([hold(), release()])
    with Ledger.open(ledger_url, cluster="elsewhere", now_ms=lambda: 100_000) as other:
        other.post([hold("worker-2"), release("worker-2")])
        with other.books() as books:
            rows = [(row.scope, row.held_ms) for row in books.compute(0, 50_000) if row.resource == "accelerator"]
    assert rows == [("elsewhere", 20_000), ("local", 20_000)]


def test_capacity_lasts_until_it_ends_or_until_now(ledger: Ledger) -> None:
    ledger.post([capacity(), capacity(name="n2", to_ms=3_000)])
    with ledger.books() as books:
        rows = books.capacity(2_000, 200_000)
        assert rows[1] == CapacityRow(
            scope="local",
            name="n2",
            institution=None,
            resource="accelerator",
            resource_type="a100",
            amount=4,
            from_ms=2_000,
            to_ms=3_000,
        )
        assert [row.amount_ms for row in rows] == [4 * 98_000, 4_000]
        assert books.capacity(150_000, 200_000) == []


def test_charges_are_summed_without_those_that_were_reversed(ledger: Ledger) -> None:
    own = charge(line=None, rate=None, from_ms=12_000, to_ms=22_000)
    later = charge(from_ms=12_000, to_ms=14_000, quantity_ms=4_000)
    ledger.post([charge(), own, later, reversal(later)])
    with ledger.books() as books:
        assert books.charges(7_000, 17_000) == [
            ChargeRow(
                institution="north",
                job_uid="job-uid-1",
                line=line,
                resource="accelerator",
                resource_type="a100",
                rate=rate,
                quantity_ms=10_000,
            )
            for line, rate in ((None, None), (LINE, RATE))
        ]


def test_data_is_a_stock_at_the_end_of_a_period(ledger: Ledger) -> None:
    ledger.post([asset(to_ms=9_000), access(to_ms=5_000)])
    row = HoldingRow(
        owner="north",
        asset_id="corpus",
        fingerprint=None,
        unit="tokens",
        amount=60,
        unique_millionths=800_000,
        licence=None,
        from_ms=1_000,
        to_ms=9_000,
        provenance="declared",
        shared_with=("south",),
    )
    with ledger.books() as books:
        assert [books.holdings(at_ms) for at_ms in (1_000, 5_000, 9_001)] == [[], [row], []]
        assert [held.shared_with for held in books.holdings(9_000)] == [()]


def test_a_period_the_wrong_way_round_is_refused(ledger: Ledger) -> None:
    with ledger.books() as books, pytest.raises(ValueError, match=r"ends at or after its start 10 \(ms\), found end 9"):
        books.lines(10, 9)


TIMES = st.lists(st.integers(min_value=0, max_value=50), min_size=2, max_size=2).map(sorted)


@given(period=TIMES, from_ms=st.integers(min_value=0, max_value=50), length=st.none() | st.integers(0, 50))
def test_a_clipped_time_has_exactly_the_instants_of_both(period: list[int], from_ms: int, length: int | None) -> None:
    to_ms = None if length is None else from_ms + length
    clipped = Period(period[0], period[1]).clip(from_ms, to_ms)
    both = [at for at in range(period[0], period[1]) if from_ms <= at and (to_ms is None or at < to_ms)]
    assert ([] if clipped is None else list(range(*clipped))) == both
