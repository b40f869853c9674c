from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.builders import hold, release
from ledger.stores import EmptyBooks
from ledger.subject_builders import asset, award, close, declaration, expend, grant, reversal
from ullage_operator.ledger import AsOf, Change, Close, CloseRow, LateRow, Ledger
from ullage_operator.ledger.late import first_open


class Clock:
    """A clock that tests set."""

    now_ms = 20_000

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def books_of(ledger_url: str, clock: Clock) -> Iterator[Ledger]:
    """A ledger under a clock that tests set."""
    with Ledger.open(ledger_url, cluster="local", now_ms=clock) as ledger:
        yield ledger


def spent(ledger: Ledger, from_ms: int, to_ms: int, as_of: AsOf | None = None) -> tuple[int, int]:
    with ledger.books(as_of) as books:
        (line,) = books.lines(from_ms, to_ms)
    return line.expended, line.reversed


def test_a_late_spending_keeps_its_date_and_counts_in_the_open_period(books_of: Ledger) -> None:
    books_of.post([award(), close(0, 10_000)])
    books_of.post([expend(from_ms=9_000, to_ms=11_000)])
    assert [spent(books_of, 0, 10_000), spent(books_of, 10_000, 50_000)] == [(0, 0), (16_000, 0)]
    with books_of.books() as books:
        assert books.late(0, 10_000) == []
        assert books.late(10_000, 50_000) == [
            LateRow(
                id="expend/exascale/a100/job-uid-1/9000",
                type="expend",
                institution="north",
                line="exascale/a100",
                reverses=None,
                reason=None,
                service_from_ms=9_000,
                service_to_ms=11_000,
                booked_ms=10_000,
                posted_at_ms=20_000,
            )
        ]
    assert books_of.verify() == []


def test_a_reversal_into_a_closed_period_counts_in_the_open_one_and_otherwise_in_its_own(books_of: Ledger) -> None:
    other = expend(job_uid="job-2")
    books_of.post([award(), expend(), other, reversal(other)])
    assert spent(books_of, 0, 10_000) == (32_000, 16_000)
    books_of.post([close(0, 10_000)])
    books_of.post([reversal(expend())])
    assert [spent(books_of, 0, 10_000), spent(books_of, 10_000, 50_000)] == [(32_000, 16_000), (0, 16_000)]
    with books_of.books() as books:
        assert [(row.reverses, row.reason, row.booked_ms) for row in books.late(0, 50_000)] == [
            ("expend/exascale/a100/job-uid-1/2000", "mistaken", 10_000)
        ]


def test_a_closed_period_is_read_as_it_was_closed(books_of: Ledger, clock: Clock) -> None:
    books_of.post([hold(), asset()])
    books_of.post([close(0, 10_000)])
    clock.now_ms = 60_000
    books_of.post([release(to_ms=5_000)])
    books_of.restate("institution/north", [asset(amount=1)], Change(reason="recount", author="ana", at_ms=60_000))
    with books_of.books() as books:
        (closed,) = books.closes()
        assert closed == CloseRow(from_ms=0, to_ms=10_000, sequence=3, posted_at_ms=20_000, author="ullage")
        assert ([row.held_ms for row in books.compute(0, 10_000)], [row.amount for row in books.holdings(10_000)]) == (
            [2 * 4_000],
            [1],
        )
    with books_of.books(AsOf(sequence=closed.sequence)) as books:
        assert ([row.held_ms for row in books.compute(0, 10_000)], [row.amount for row in books.holdings(10_000)]) == (
            [2 * 9_000],
            [60],
        )
        assert [held.id for held in books.open_holds()] == ["hold/worker-1"]
        assert books.find("release/worker-1") is None
    assert books_of.usage(0, 10_000, as_of=AsOf(posted_at_ms=59_999))[0].accelerator_ms == 2 * 9_000


def test_what_was_open_is_counted_until_the_moment_that_the_books_are_read_at(books_of: Ledger, clock: Clock) -> None:
    books_of.post([hold()])
    clock.now_ms = 90_000
    assert [
        books_of.usage(0, 200_000, as_of=as_of)[0].accelerator_ms
        for as_of in (None, AsOf(posted_at_ms=50_000), AsOf(sequence=1), AsOf(posted_at_ms=19_999))
    ] == [2 * 89_000, 2 * 49_000, 2 * 19_000, 0]


def test_a_moment_is_a_sequence_or_an_instant() -> None:
    for given_values in ({}, {"sequence": 1, "posted_at_ms": 1}):
        with pytest.raises(ValueError, match="expected either a sequence or an instant"):
            AsOf(**given_values)


def test_a_clock_that_goes_back_leaves_what_was_posted_in_order(books_of: Ledger, clock: Clock) -> None:
    books_of.post([declaration()])
    clock.now_ms = 5
    books_of.post([declaration(generation=2)])
    with books_of.books(AsOf(posted_at_ms=20_000)) as books:
        assert (books.last_sequence(), [row.posted_at_ms for row in books.declarations(0, 30_000)]) == (2, [20_000])
    with books_of.books(AsOf(posted_at_ms=19_999)) as books:
        assert books.declarations(0, 30_000) == []


def test_what_reaches_into_a_closed_period_counts_whole_where_it_starts(books_of: Ledger) -> None:
    books_of.post([award(), close(10_000, 20_000, at_ms=20_000)])
    books_of.post([expend(from_ms=8_000, to_ms=12_000)])
    assert [spent(books_of, 0, 10_000), spent(books_of, 10_000, 20_000)] == [(16_000, 0), (0, 0)]


def test_a_period_that_was_opened_again_takes_facts_as_before(books_of: Ledger) -> None:
    books_of.post([award(), close(0, 10_000)])
    books_of.post([reversal(close(0, 10_000))])
    books_of.post([expend()])
    assert spent(books_of, 0, 10_000) == (16_000, 0)


@given(at_ms=st.integers(min_value=0, max_value=60), bounds=st.sets(st.integers(min_value=0, max_value=60), max_size=7))
def test_the_first_open_instant_is_in_no_closed_period_and_none_before_it_is_open(at_ms: int, bounds: set[int]) -> None:
    ends = sorted(bounds)
    closes: list[Close] = [close(start, end) for start, end in zip(ends[::2], ends[1::2], strict=False)]

    def closed(instant: int) -> bool:
        return any(one.from_ms <= instant < one.to_ms for one in closes)

    found = first_open(at_ms, closes)
    assert found >= at_ms
    assert not closed(found)
    assert all(closed(instant) for instant in range(at_ms, found))


STEPS = st.lists(
    st.tuples(st.sampled_from(["spend", "reverse", "close"]), st.integers(min_value=0, max_value=5)), max_size=10
)


@settings(max_examples=30, deadline=None)
@given(steps=STEPS)
def test_figures_of_a_closed_period_never_change_and_all_periods_sum_to_what_counts(
    empty_books: EmptyBooks, steps: list[tuple[str, int]]
) -> None:
    with empty_books(100_000) as ledger:
        ledger.post([award(), grant()])
        standing: dict[int, int] = {}
        closed: dict[int, tuple[int, int]] = {}
        number = 0
        for what, month in steps:
            if what == "spend":
                number += 1
                posted = expend(job_uid=f"j{number}", amount=number, from_ms=month * 10 + 3, to_ms=month * 10 + 17)
                ledger.post([posted])
                standing[number] = month
            elif what == "reverse" and standing:
                taken, of_month = standing.popitem()
                entry = expend(job_uid=f"j{taken}", amount=taken, from_ms=of_month * 10 + 3, to_ms=of_month * 10 + 17)
                ledger.post([reversal(entry)])
            elif what == "close" and month not in closed:
                ledger.post([close(month * 10, month * 10 + 10)])
                closed[month] = spent(ledger, month * 10, month * 10 + 10)
            months = [spent(ledger, start, start + 10) for start in range(0, 90, 10)]
            assert {closed_month: months[closed_month] for closed_month in closed} == closed
            assert sum(expended - taken for expended, taken in months) == sum(standing)
        assert ledger.verify() == []
