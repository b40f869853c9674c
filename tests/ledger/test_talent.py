from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.stores import EmptyBooks
from ledger.subject_builders import NORTH, close, transfer
from ullage_operator.ledger import (
    BalanceRow,
    Change,
    Ledger,
    Transfer,
    TransferRow,
    WorkRow,
    account_of,
    institution_of,
)

NORTH_ACCOUNT, SOUTH_ACCOUNT = account_of("north"), account_of("south")
ACCOUNTS = (NORTH_ACCOUNT, SOUTH_ACCOUNT, "abroad:FR", "recruits", "departures", "training", "work")


def test_an_account_is_of_an_institution_or_a_boundary() -> None:
    assert [institution_of(account) for account in ACCOUNTS] == ["north", "south", None, None, None, None, None]


def test_headcount_moves_at_the_start_and_hours_over_the_time(ledger: Ledger) -> None:
    lent = transfer(
        operation="collaborate",
        reference="exascale/1",
        from_account=NORTH_ACCOUNT,
        to_account=SOUTH_ACCOUNT,
        headcount_thousandths=0,
        seconds=100,
        from_ms=50_000,
        to_ms=60_000,
    )
    ledger.post([transfer(), lent])
    with ledger.books() as books:
        assert books.balances(0, 55_000) == [
            row(NORTH_ACCOUNT, "collaborate", 0, -50),
            row(NORTH_ACCOUNT, "opening", 3_000, 1_980),
            row(SOUTH_ACCOUNT, "collaborate", 0, 50),
            row("recruits", "opening", -3_000, -1_980),
        ]
        assert [
            (moved.reference, moved.headcount_thousandths, moved.seconds) for moved in books.transfers(0, 55_000)
        ] == [
            ("north/engineer", 3_000, 1_980),
            ("exascale/1", 0, 50),
        ]
        assert books.transfers(60_000, 100_000) == [
            TransferRow(
                operation="opening",
                reference="north/engineer",
                subject=NORTH,
                from_account="recruits",
                from_role="engineer",
                to_account=NORTH_ACCOUNT,
                to_role="engineer",
                from_ms=0,
                to_ms=100_000,
                headcount_thousandths=0,
                seconds=1_440,
            )
        ]


def worked(**changes: object) -> Transfer:
    """A job of north to which engineers gave 100 seconds, from second 50 to second 60."""
    facts = {"operation": "work", "reference": "job-1/engineer", "subject": "job/job-1", "job_uid": "job-1"}
    accounts = {"from_account": NORTH_ACCOUNT, "to_account": "work", "headcount_thousandths": 0, "seconds": 100}
    return transfer(**{**facts, **accounts, "from_ms": 50_000, "to_ms": 60_000, **changes})


def test_work_for_a_job_is_told_by_institution_and_role_over_its_time_and_sums_to_zero(ledger: Ledger) -> None:
    other = {"reference": "job-2/engineer", "subject": "job/job-2", "job_uid": "job-2"}
    ledger.post([transfer(), worked(), worked(**other, to_ms=50_000, seconds=7)])
    assert ledger.post([worked()]) == 0
    facts = {"scope": "local", "institution": "north", "role": "engineer"}
    with ledger.books() as books:
        assert [
            books.work(*period) for period in ((0, 50_000), (50_000, 56_000), (56_000, 100_000), (60_000, 61_000))
        ] == [
            [],
            [WorkRow(**facts, seconds=67)],
            [WorkRow(**facts, seconds=40)],
            [],
        ]
        balances = books.balances(0, 100_000)
        assert [one for one in balances if one.operation == "work"] == [
            row(NORTH_ACCOUNT, "work", 0, -107),
            row("work", "work", 0, 107),
        ]
        assert sum(one.seconds for one in balances) == 0


def test_work_that_is_posted_after_its_period_was_closed_counts_in_the_open_one(ledger: Ledger) -> None:
    ledger.post([close(50_000, 55_000)])
    ledger.post([worked()])
    with ledger.books() as books:
        rows = [books.work(50_000, 55_000), books.work(55_000, 60_000)]
    assert rows == [[], [WorkRow(scope="local", institution="north", role="engineer", seconds=100, late=True)]]


def test_work_names_its_job_and_nothing_else_does() -> None:
    for changes in ({"operation": "work", "job_uid": None}, {"operation": "collaborate", "to_account": "recruits"}):
        with pytest.raises(ValueError, match="expected job_uid with work and only there"):
            worked(**changes)


def row(account: str, operation: str, headcount_thousandths: int, seconds: int) -> BalanceRow:
    return BalanceRow(
        account=account,
        role="engineer",
        operation=operation,
        headcount_thousandths=headcount_thousandths,
        seconds=seconds,
    )


TRANSFERS = st.builds(
    lambda number, pair, roles, amounts, times: transfer(
        operation="exchange",
        reference=f"t{number}",
        from_account=pair[0],
        to_account=pair[1],
        from_role=roles[0],
        to_role=roles[1],
        headcount_thousandths=amounts[0],
        seconds=amounts[1],
        from_ms=times[0],
        to_ms=times[1],
    ),
    st.integers(min_value=0, max_value=3),
    st.lists(st.sampled_from(ACCOUNTS), min_size=2, max_size=2, unique=True),
    st.tuples(st.sampled_from(["engineer", "learner"]), st.sampled_from(["engineer", "learner"])),
    st.tuples(st.integers(min_value=0, max_value=5_000), st.integers(min_value=0, max_value=10**9)),
    st.tuples(st.integers(min_value=0, max_value=1_000), st.integers(min_value=0, max_value=1_000)).map(sorted),
)


def distinct(stated: list[Transfer]) -> list[Transfer]:
    return list({one.key: one for one in stated}.values())


@settings(max_examples=30, deadline=None)
@given(
    statements=st.lists(st.lists(TRANSFERS, max_size=4).map(distinct), min_size=1, max_size=4),
    cut=st.integers(min_value=0, max_value=1_000),
)
def test_the_sum_over_all_accounts_is_zero_after_any_sequence_of_postings_and_reversals(
    empty_books: EmptyBooks, statements: list[list[Transfer]], cut: int
) -> None:
    with empty_books(100_000) as ledger:
        for stated in statements:
            ledger.restate(NORTH, stated, Change(reason="restated", author="ana", at_ms=1))
            with ledger.books() as books:
                parts = [books.balances(0, cut), books.balances(cut, 2_000)]
                whole = books.balances(0, 2_000)
            for rows in (*parts, whole):
                assert sum(one.headcount_thousandths for one in rows) == 0
                assert sum(one.seconds for one in rows) == 0
            in_parts: dict[tuple[str, str], int] = {}
            for one in (*parts[0], *parts[1]):
                in_parts[one.account, one.role] = in_parts.get((one.account, one.role), 0) + one.seconds
            for one in whole:
                assert in_parts[one.account, one.role] == one.seconds
