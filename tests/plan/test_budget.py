"""What pays for a job's next interval, and what if nothing does."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ullage_operator.plan.budget import (
    MS_PER_HOUR,
    BudgetVerdict,
    Demand,
    FundingLine,
    Reservation,
    Terms,
    admit,
    draw_order,
)

HOUR = MS_PER_HOUR
TERMS = Terms(interval_ms=HOUR, grace_ms=HOUR // 10)
NOW = 1_000 * HOUR
TWO = Demand(2, "A100")
KIND = FundingLine("vouchers/north", 100 * HOUR, 0, 2_000 * HOUR, suspends=True)
MONEY = FundingLine(
    "fund/south", 10_000_000_000, 0, 1_500 * HOUR, suspends=True, micros_per_hour=20_000_000, currency="CNY"
)


def test_what_is_in_kind_pays_before_money_and_what_ends_first_before_what_ends_later() -> None:
    soon = replace(KIND, name="vouchers/soon", end_ms=1_200 * HOUR)
    past = replace(KIND, name="vouchers/past", end_ms=NOW)
    later = replace(KIND, name="vouchers/later", start_ms=NOW + 1)
    names = [line.name for line in draw_order([MONEY, past, KIND, later, soon], TWO, NOW)]
    assert names == ["vouchers/soon", "vouchers/north", "fund/south"]


def test_the_line_that_a_job_names_pays_first() -> None:
    named = replace(TWO, named="fund/south")
    assert [line.name for line in draw_order([KIND, MONEY], named, NOW)] == ["fund/south", "vouchers/north"]


def test_an_interval_and_the_grace_are_reserved() -> None:
    assert admit([KIND], TWO, None, NOW, TERMS) == BudgetVerdict(
        allowed=True,
        reserve=Reservation("vouchers/north", NOW, NOW + HOUR + HOUR // 10, 2 * (HOUR + HOUR // 10)),
        wake_at_ms=NOW + HOUR,
    )


def test_money_is_reserved_at_the_price_of_an_accelerator_hour() -> None:
    verdict = admit([MONEY], TWO, None, NOW, TERMS)
    assert verdict.reserve is not None
    assert verdict.reserve.amount == 44_000_000  # 2 accelerators × 1.1 h × 20 CNY


def test_nothing_more_is_reserved_before_the_interval_is_over() -> None:
    held = Reservation("vouchers/north", NOW, NOW + HOUR + HOUR // 10, 1)
    assert admit([KIND], TWO, held, NOW + HOUR - 1, TERMS) == BudgetVerdict(allowed=True, wake_at_ms=NOW + HOUR)
    assert admit([KIND], TWO, held, NOW + HOUR, TERMS).reserve is not None


def test_what_is_left_is_used_up_to_a_minute_and_the_grace() -> None:
    verdict = admit([replace(KIND, remaining=2 * (HOUR // 2))], TWO, None, NOW, TERMS)
    assert verdict.reserve == Reservation("vouchers/north", NOW, NOW + HOUR // 2, HOUR)
    assert not admit([replace(KIND, remaining=2 * HOUR // 10)], TWO, None, NOW, TERMS).allowed


SOON = replace(KIND, name="vouchers/soon", end_ms=NOW + HOUR // 2)
"""A line whose term ends in half an hour."""


def test_where_a_term_ends_a_job_asks_again_at_its_end_if_another_line_pays_then_and_a_grace_before_if_not() -> None:
    to_the_end = Reservation("vouchers/soon", NOW, SOON.end_ms, HOUR)
    later = replace(KIND, name="vouchers/later", start_ms=SOON.end_ms, remaining=0)
    spent = replace(KIND, remaining=0)
    told = [admit([SOON, other], TWO, None, NOW, TERMS) for other in (later, KIND, spent)]
    assert [(verdict.reserve, verdict.wake_at_ms) for verdict in told] == [
        (to_the_end, SOON.end_ms),
        (to_the_end, SOON.end_ms),
        (to_the_end, SOON.end_ms - TERMS.grace_ms),
    ]
    last = SOON.end_ms - TERMS.grace_ms
    assert admit([SOON, later], TWO, to_the_end, last, TERMS) == BudgetVerdict(allowed=True, wake_at_ms=SOON.end_ms)
    assert admit([replace(later, remaining=HOUR), SOON], TWO, None, SOON.end_ms, TERMS).reserve == Reservation(
        "vouchers/later", SOON.end_ms, SOON.end_ms + HOUR // 2, HOUR
    )


def test_in_the_last_minutes_of_a_term_a_job_goes_on_if_another_line_pays_from_its_end_on() -> None:
    last = SOON.end_ms - 1_000
    later = replace(KIND, name="vouchers/later", start_ms=SOON.end_ms)
    assert admit([SOON, later], TWO, None, last, TERMS) == BudgetVerdict(
        allowed=True, reserve=Reservation("vouchers/soon", last, SOON.end_ms, 2_000), wake_at_ms=SOON.end_ms
    )
    alone = admit([SOON], TWO, None, last, TERMS)
    assert (alone.allowed, alone.message) == (
        False,
        "expected funds for 2 A100, found too little: vouchers/soon ends at 1970-02-11T16:30:00Z",
    )


def test_a_job_without_a_line_for_what_it_holds_draws_on_nothing() -> None:
    assert admit([], TWO, None, NOW, TERMS) == BudgetVerdict(allowed=True)


def test_over_an_exhausted_grant_a_job_waits_and_is_told_what_is_lacking() -> None:
    lines = [replace(KIND, remaining=HOUR // 50), replace(MONEY, remaining=1_500_000)]
    assert admit(lines, TWO, None, NOW, TERMS) == BudgetVerdict(
        allowed=False,
        message=(
            "expected funds for 2 A100, found too little: "
            "vouchers/north has 0.02 accelerator-hours left, fund/south has 1.50 CNY left"
        ),
    )


def test_a_line_that_only_warns_is_overdrawn() -> None:
    verdict = admit([replace(KIND, remaining=0, suspends=False)], TWO, None, NOW, TERMS)
    assert verdict.allowed
    assert verdict.message == (
        "expected funds for 2 A100, found too little: vouchers/north has 0.00 accelerator-hours left; "
        "it goes on and overdraws vouchers/north"
    )


def test_a_job_that_no_line_can_charge_for_want_of_a_price_waits_for_one_or_goes_on_with_a_warning() -> None:
    unpriced = replace(MONEY, micros_per_hour=None, unpriced=True)
    lacking = (
        "expected a price of A100 in CNY to charge fund/south by, found none; "
        "add an entry for compute/A100 to the price list, or a line in kind"
    )
    assert admit([unpriced], TWO, None, NOW, TERMS) == BudgetVerdict(allowed=False, message=lacking)
    assert admit([replace(unpriced, suspends=False)], TWO, None, NOW, TERMS) == BudgetVerdict(
        allowed=True, message=f"{lacking}; it goes on uncharged", wake_at_ms=NOW + HOUR
    )


def test_a_line_that_lacks_a_price_pays_for_nothing_where_another_one_can() -> None:
    unpriced = replace(MONEY, micros_per_hour=None, unpriced=True, suspends=False)
    assert admit([unpriced, KIND], TWO, None, NOW, TERMS) == admit([KIND], TWO, None, NOW, TERMS)
    empty = replace(KIND, remaining=0)
    assert admit([unpriced, empty], TWO, None, NOW, TERMS) == admit([empty], TWO, None, NOW, TERMS)


def test_before_a_line_opens_a_job_waits_until_it_does() -> None:
    later = replace(KIND, start_ms=NOW + HOUR)
    assert admit([later], TWO, None, NOW, TERMS) == BudgetVerdict(
        allowed=False,
        message="expected a line for 2 A100 that can be drawn on now, found none of vouchers/north",
        wake_at_ms=NOW + HOUR,
    )


@st.composite
def journeys(draw: st.DrawFn) -> tuple[FundingLine, int, Terms, list[int]]:
    """A line, how many accelerators draw on it, and after how long each time it is asked again."""
    price = draw(st.one_of(st.none(), st.integers(1, 10**9)))
    terms = Terms(draw(st.integers(1_000, 10 * HOUR)), draw(st.integers(0, HOUR)))
    accelerators = draw(st.integers(1, 64))
    remaining = draw(st.integers(0, 10**12))
    line = FundingLine("a/line", remaining, 0, 10**15, suspends=True, micros_per_hour=price, currency="CNY")
    return line, accelerators, terms, draw(st.lists(st.integers(0, HOUR), max_size=30))


@given(journeys())
def test_a_line_is_overdrawn_at_most_by_the_time_past_the_reservation(
    journey: tuple[FundingLine, int, Terms, list[int]],
) -> None:
    line, accelerators, terms, lates = journey
    demand = Demand(accelerators, "A100")
    remaining, now, late_ms, intervals = line.remaining, 0, 0, 0
    for late in lates:
        verdict = admit([replace(line, remaining=remaining)], demand, None, now, terms)
        if verdict.reserve is None:
            break
        assert verdict.reserve.amount <= remaining
        # It is asked again when that is due, or later, and what it held until then is expended.
        then = (verdict.wake_at_ms or now) + late
        remaining -= line.cost(accelerators * (then - now))
        late_ms += max(0, then - verdict.reserve.until_ms)
        now, intervals = then, intervals + 1
    # Each interval's cost is rounded up to a whole unit.
    assert -remaining <= line.cost(accelerators * late_ms) + intervals
