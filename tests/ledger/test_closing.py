from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.builders import activity, hold, release
from ledger.stores import EmptyBooks
from ledger.subject_builders import asset, award, close, declaration, expend, grant, imported, reversal
from ullage_operator.ledger import (
    Activity,
    AsOf,
    Change,
    Close,
    CloseRow,
    ComputeRow,
    Entry,
    Import,
    LateRow,
    Ledger,
    Provenance,
)
from ullage_operator.ledger.late import first_open
from ullage_trainer.config import Usage


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


def held(ledger: Ledger, from_ms: int, to_ms: int, as_of: AsOf | None = None) -> tuple[int, int]:
    """What was held, by workers as usage tells it and by all as the gap is measured from."""
    with ledger.books(as_of) as books:
        (row,) = books.usage(from_ms, to_ms)
        found = books.compute(from_ms, to_ms)
        return row.accelerator_ms, sum(each.held_ms for each in found if each.resource == "accelerator")


def test_a_closed_period_is_read_as_it_was_closed(books_of: Ledger, clock: Clock) -> None:
    books_of.post([hold(), asset()])
    books_of.post([close(0, 10_000)])
    clock.now_ms = 60_000
    books_of.post([release(to_ms=5_000)])
    books_of.restate("institution/north", [asset(amount=1)], Change(reason="recount", author="ana", at_ms=60_000))
    with books_of.books() as books:
        (closed,) = books.closes()
        assert closed == CloseRow(from_ms=0, to_ms=10_000, sequence=3, posted_at_ms=20_000, author="ullage")
        assert [row.amount for row in books.holdings(10_000)] == [1]
    # It held 4 of the 9 seconds that the books told at the closing: 5 are taken back from the open period.
    assert (held(books_of, 0, 10_000), held(books_of, 10_000, 50_000)) == ((2 * 9_000,) * 2, (-2 * 5_000,) * 2)
    assert held(books_of, 0, 50_000) == (2 * 4_000, 2 * 4_000)
    with books_of.books(AsOf(sequence=closed.sequence)) as books:
        assert [row.amount for row in books.holdings(10_000)] == [60]
        assert [held.id for held in books.open_holds()] == ["hold/worker-1"]
        assert books.find("release/worker-1") is None
    open_still = AsOf(posted_at_ms=59_999)
    assert held(books_of, 0, 10_000, open_still) == (18_000, 18_000)
    assert held(books_of, 10_000, 50_000, open_still) == (80_000, 80_000)


def test_an_import_for_a_closed_period_counts_in_the_one_that_was_open_and_stays_there(books_of: Ledger) -> None:
    books_of.post([close(0, 10_000)])
    books_of.post([imported(from_ms=6_000, to_ms=12_000, accelerator_active_ms=6_000)])
    books_of.post([close(10_000, 20_000)])
    books_of.post([reversal(imported(from_ms=6_000, to_ms=12_000))])
    with books_of.books() as books:
        rows = [books.compute(start, start + 10_000) for start in (0, 10_000, 20_000)]
        total = books.compute(0, 30_000)
    facts = {"scope": "slurm", "imported": True, "institution": "north", "programme": None, "model_family": None}
    late = ComputeRow(
        **facts,
        accelerator_type="a100",
        held_ms=12_000,
        measured_ms=12_000,
        held_provenance=Provenance.DECLARED,
        active_ms=6_000,
        active_provenance=Provenance.DECLARED,
        workers=1,
        late=True,
    )
    taken = {"held_provenance": Provenance.MEASURED, "active_provenance": Provenance.MEASURED, "workers": 0}
    back = replace(late, **taken, held_ms=-12_000, measured_ms=-12_000, active_ms=-6_000)
    assert (rows, total) == ([[], [late], [back]], [])


def test_what_a_worker_used_in_a_closed_period_counts_when_its_report_comes(books_of: Ledger) -> None:
    books_of.post([hold()])
    books_of.post([close(0, 10_000)])
    books_of.post([activity(), release()])
    with books_of.books() as books:
        told = [
            (row.jobs, row.holds, row.accelerator_ms, row.accelerator_active_ms, row.cpu_used_ms, row.joules)
            for row in (books.usage(start, start + 10_000)[0] for start in (0, 10_000))
        ]
    assert told == [(1, 1, 18_000, None, None, None), (1, 1, 2_000, 12_000, 9_000, 100)]


def test_a_period_that_was_opened_again_leaves_what_came_late_where_it_was_counted(books_of: Ledger) -> None:
    books_of.post([imported(from_ms=0, to_ms=1_000), close(0, 10_000)])
    books_of.post([imported(external_id="late", from_ms=2_000, to_ms=4_000)])
    books_of.post([close(10_000, 20_000)])
    books_of.post([reversal(close(0, 10_000))])
    books_of.post([imported(external_id="in time", from_ms=4_000, to_ms=7_000)])
    assert [held(books_of, start, start + 10_000)[1] for start in (0, 10_000, 20_000)] == [8_000, 4_000, 0]


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


MONTHS = range(0, 90, 10)
POSTS = st.lists(
    st.tuples(
        st.sampled_from(["hold", "end", "import", "reverse", "close"]),
        st.integers(min_value=0, max_value=5),
        st.integers(min_value=0, max_value=25),
    ),
    max_size=12,
)
SUMMED = ("accelerator_ms", "accelerator_active_ms", "cpu_held_core_us", "cpu_used_ms", "samples", "joules")


def figures(ledger: Ledger, from_ms: int, to_ms: int, as_of: AsOf | None = None) -> dict[str, int]:
    """Every figure of a period that adds up over time: of workers, by their institution, and of all by place."""
    with ledger.books(as_of) as books:
        sums: Counter[str] = Counter()
        for row in books.usage(from_ms, to_ms, by=("institution",)):
            sums.update({name: getattr(row, name) or 0 for name in SUMMED})
        for each in books.compute(from_ms, to_ms):
            sums.update({f"{each.scope} {each.resource} A": each.held_ms})
            sums.update({f"{each.scope} {each.resource} U": each.active_ms or 0})
        return {name: amount for name, amount in sums.items() if amount}


def entries_of(what: str, number: int, start: int, length: int) -> list[Entry]:
    """Make what one step of a history posts: a hold, its end with what was used, or an import."""
    if what == "hold":
        return [hold(f"w{number}", from_ms=start)]
    if what == "end":
        times = {"from_ms": start, "to_ms": start + length}
        used = Usage(cpu_ms=7 * number, samples=length, gpu_active_ms=length)
        return [
            activity(f"w{number}", **times, usage=used, ranks=()),
            release(f"w{number}", to_ms=start + length),
        ]
    facts = {"external_id": str(number), "accelerator_active_ms": length // 2, "cpu_millis": 500, "cpu_ms": number}
    return [imported(**facts, from_ms=start, to_ms=start + length)]


@settings(max_examples=25, deadline=None)
@given(steps=POSTS)
def test_what_a_closed_period_held_and_used_never_changes_and_all_periods_sum_to_what_the_entries_say(
    steps: list[tuple[str, int, int]],
) -> None:
    now = 30
    with Ledger.open("sqlite://", cluster="local", now_ms=lambda: now) as ledger:
        running: list[tuple[int, int]] = []
        posted: list[Entry] = []
        closed: dict[int, dict[str, int]] = {}
        closing: dict[int, int] = {}
        for number, (what, month, length) in enumerate(steps):
            new: list[Entry] = []
            if what == "hold":
                new = entries_of(what, number, month * 10 + 3, 0)
                running.append((number, month * 10 + 3))
            elif what == "end" and running:
                new = entries_of(what, *running.pop(0), length)
            elif what == "import":
                new = entries_of(what, number, month * 10 + 3, length)
            elif what == "reverse" and posted:
                new = [reversal(posted.pop())]
            elif what == "close" and month not in closed:
                ledger.post([close(month * 10, month * 10 + 10)])
                closed[month] = figures(ledger, month * 10, month * 10 + 10)
                with ledger.books() as books:
                    closing[month] = books.last_sequence()
            ledger.post(new)
            posted += [entry for entry in new if isinstance(entry, Import | Activity)]
            now += 7
        months = {start // 10: figures(ledger, start, start + 10) for start in MONTHS}
        assert {month: months[month] for month in closed} == closed
        assert sum_of(months.values()) == without_closes(ledger, now)
        as_closed = {month: AsOf(sequence=sequence) for month, sequence in closing.items()}
        assert {m: figures(ledger, m * 10, m * 10 + 10, as_of) for m, as_of in as_closed.items()} == closed
        assert ledger.verify() == []


def sum_of(found: Iterable[dict[str, int]]) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for each in found:
        sums.update(each)
    return {name: amount for name, amount in sums.items() if amount}


def without_closes(ledger: Ledger, now_ms: int) -> dict[str, int]:
    """The figures of the same entries in books that were never closed."""
    with ledger.books() as books:
        found = [one.entry for one in books.entries()]
    kept = [entry for entry in found if not isinstance(entry, Close)]
    with Ledger.open("sqlite://", cluster="local", now_ms=lambda: now_ms) as plain:
        plain.post(kept)
        return figures(plain, MONTHS[0], MONTHS[-1] + 10)


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


def test_a_hold_that_was_open_when_its_period_was_closed_is_not_open_once_it_is_released(ledger: Ledger) -> None:
    ledger.post([hold("w"), close(0, 4_000)])
    with ledger.books() as books:
        assert (books.open_holds_of("job-uid-1"), books.usage(0, 20_000)[0].holds_open) == (1, 1)
    ledger.post([release("w")])
    with ledger.books() as books:
        assert books.open_holds_of("job-uid-1") == 0
        assert [row.holds_open for row in books.usage(0, 20_000)] == [0]
        assert [(row.workers, row.workers_open) for row in books.compute(0, 20_000)] == [(1, 0), (1, 0)]
        assert [row.holds_open for row in books.usage(0, 4_000)] == [1]
