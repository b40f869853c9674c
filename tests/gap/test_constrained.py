"""Plans under limits on groups: exact where there are none, and never beyond them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gap.vessel import A100, ENGINEER
from ullage_operator.gap import Candidate, GroupLimit, Method, PlanImpossible, constrained_plan, plan
from ullage_operator.gap.plan import items

PRICE = Fraction(20)
VESSEL = (
    Candidate("north", A100, Fraction(2000), Fraction(600), PRICE),
    Candidate("south", A100, Fraction(1000), Fraction(740), PRICE),
    Candidate("forge", A100, Fraction(3000), Fraction(2160), PRICE),
)
BUDGET = Fraction(26_000)
SMALL = st.integers(0, 9).map(Fraction)
UP_TO_3 = st.integers(1, 3).map(Fraction)
PLANS = st.lists(st.tuples(st.integers(1, 9).map(Fraction), SMALL, UP_TO_3, UP_TO_3), min_size=1, max_size=5)
LEVELLING = st.sampled_from([method for method in Method if method is not Method.PROPORTIONAL])
LOOSE = [GroupLimit("all", frozenset("01234"))]


def amounts(limits: list[GroupLimit], method: Method = Method.COVERAGE) -> list[Fraction]:
    return [line.amount for line in constrained_plan(VESSEL, BUDGET, method, limits, currency="CNY").lines]


def test_without_limits_the_plan_is_the_exact_one() -> None:
    assert constrained_plan(VESSEL, BUDGET, Method.COVERAGE, [], currency="CNY") == plan(
        VESSEL, BUDGET, Method.COVERAGE, currency="CNY"
    )


def test_limits_that_do_not_bind_change_no_amount() -> None:
    assert amounts([GroupLimit("north", frozenset({"north"}))]) == [1000, 60, 240]
    assert amounts([GroupLimit("all", frozenset({"north", "south"}))], Method.HOLDINGS) == [1040, 260, 0]


def test_what_a_group_may_not_have_lifts_the_others_together() -> None:
    # North keeps 10,000 CNY = 500 h; 800 h lift south and forge to (740 + 2160 + 800) / 4000 = .925 of their need.
    limit = GroupLimit("universities", frozenset({"north"}), most=Fraction(10_000))
    assert amounts([limit]) == [500, 185, 615]


def test_what_a_group_must_have_is_taken_from_the_others_together() -> None:
    # Forge has 600 h. With the other 700 h north comes to 1300 / 2000 = .65, which south is above already.
    limit = GroupLimit("companies", frozenset({"forge"}), least=Fraction(12_000))
    assert amounts([limit]) == [700, 0, 600]


def test_limits_that_nothing_can_meet_are_refused() -> None:
    limit = GroupLimit("companies", frozenset({"forge"}), least=Fraction(20_000))
    with pytest.raises(PlanImpossible, match="lower a least, or raise the budget"):
        amounts([limit])
    with pytest.raises(ValueError, match="group g: expected 0 <= least <= most, found 2 and 1"):
        GroupLimit("g", frozenset(), Fraction(2), Fraction(1))


@pytest.mark.parametrize(
    "limited", [GroupLimit("g", frozenset("1")), GroupLimit("g", frozenset("0"), most=Fraction(1000))]
)
def test_no_rounding_passes_the_budget_or_a_limit(limited: GroupLimit) -> None:
    # 1000 / 1001 is .999000999: nearly the next millionth.
    found = [Candidate("0", A100, Fraction(9), Fraction(0), Fraction(1001))]
    budget = Fraction(1000) if limited.most is None else Fraction(2000)
    made = constrained_plan(found, budget, Method.COVERAGE, [limited], currency="CNY")
    assert (made.lines[0].amount, made.cost <= 1000) == (Fraction(999_000, 1_000_000), True)


def test_the_proportional_method_takes_no_limits() -> None:
    with pytest.raises(ValueError, match="method proportional: expected a method that levels"):
        amounts([GroupLimit("north", frozenset({"north"}))], Method.PROPORTIONAL)


def test_methods_that_compare_amounts_refuse_different_things() -> None:
    both = (*VESSEL, Candidate("north", ENGINEER, Fraction(860), Fraction(387), Fraction(300)))
    with pytest.raises(ValueError, match="expected one thing .*, found compute A100, talent engineer"):
        plan(both, BUDGET, Method.HOLDINGS, currency="CNY")


def test_the_proportional_plan_closes_each_gap_by_the_same_share() -> None:
    found = plan(VESSEL, BUDGET, Method.PROPORTIONAL, currency="CNY")
    assert [line.amount for line in found.lines] == [728, Fraction(676, 5), Fraction(2184, 5)]
    assert plan(VESSEL, Fraction(60_000), Method.PROPORTIONAL, currency="CNY").left == 10_000


@settings(max_examples=40, deadline=None)
@given(PLANS, st.integers(0, 40).map(Fraction), LEVELLING)
def test_the_solver_finds_what_the_breakpoints_give(
    drawn: list[tuple[Fraction, Fraction, Fraction, Fraction]], budget: Fraction, method: Method
) -> None:
    found = [Candidate(str(n), A100, *each) for n, each in enumerate(drawn)]
    exact = plan(found, budget, method, currency="CNY")
    solved = constrained_plan(found, budget, method, LOOSE, currency="CNY")
    expected = [float(line.amount) for line in exact.lines]
    assert [float(line.amount) for line in solved.lines] == pytest.approx(expected, abs=2e-6)


NAMES = "012"
FEW = st.lists(
    st.builds(
        lambda supply, gap, price, weight: (supply + gap, supply, price, weight),
        st.integers(0, 3).map(Fraction),
        UP_TO_3,
        st.integers(1, 2).map(Fraction),
        UP_TO_3,
    ),
    min_size=2,
    max_size=3,
)
LIMITS = st.lists(
    st.builds(
        lambda members, least, more: GroupLimit("g", members, least, None if more is None else least + more),
        st.frozensets(st.sampled_from(NAMES), min_size=1),
        st.sampled_from([0, 0, 1, 2, 4]).map(Fraction),
        st.none() | st.integers(0, 4).map(Fraction),
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=150, deadline=None)
@given(FEW, LIMITS, st.integers(0, 9).map(Fraction), LEVELLING)
def test_no_other_way_within_the_limits_lifts_the_worst_off_further(
    drawn: list[tuple[Fraction, Fraction, Fraction, Fraction]],
    limits: list[GroupLimit],
    budget: Fraction,
    method: Method,
) -> None:
    found = [Candidate(name, A100, *each) for name, each in zip(NAMES, drawn, strict=False)]
    listed = items(found, method)
    close = Fraction(1, 10_000)

    def allowed(amounts: Sequence[Fraction], slack: Fraction = Fraction(0)) -> bool:
        costs = {each.institution: each.price * x for each, x in zip(found, amounts, strict=True)}
        of_groups = [(limit, sum(costs.get(name, Fraction(0)) for name in limit.members)) for limit in limits]
        return sum(costs.values()) <= budget and all(
            limit.least - slack <= cost and (limit.most is None or cost <= limit.most) for limit, cost in of_groups
        )

    def levels(amounts: Sequence[Fraction]) -> list[Fraction]:
        return sorted((item.held + x) / item.weight for item, x in zip(listed, amounts, strict=True))

    halves = [[Fraction(n, 2) for n in range(int(2 * each.gap) + 1)] for each in found]
    ways = [amounts for amounts in product(*halves) if allowed(amounts)]
    try:
        made = constrained_plan(found, budget, method, limits, currency="CNY")
    except PlanImpossible:
        assert ways == []
        return
    amounts = [line.amount for line in made.lines]
    assert all(0 <= x <= each.gap for x, each in zip(amounts, found, strict=True))
    assert allowed(amounts, slack=close)
    reached = levels(amounts)
    for way in ways:
        differences = (mine - its for mine, its in zip(reached, levels(way), strict=True))
        assert next((each for each in differences if abs(each) > close), close) > 0, (amounts, way)
