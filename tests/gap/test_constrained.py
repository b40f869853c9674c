"""Plans under limits on groups: exact where there are none, and never beyond them."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gap.vessel import A100, ENGINEER
from ullage_operator.gap import Candidate, GroupLimit, Method, PlanImpossible, constrained_plan, plan

PRICE = Fraction(20)
VESSEL = (
    Candidate("north", A100, Fraction(2000), Fraction(600), PRICE),
    Candidate("south", A100, Fraction(1000), Fraction(740), PRICE),
    Candidate("forge", A100, Fraction(3000), Fraction(2160), PRICE),
)
BUDGET = Fraction(26_000)
SMALL = st.integers(0, 9).map(Fraction)
PLANS = st.lists(
    st.tuples(st.integers(1, 9).map(Fraction), SMALL, st.integers(1, 3).map(Fraction)), min_size=1, max_size=5
)
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
@given(PLANS, st.integers(0, 40).map(Fraction), st.sampled_from([Method.COVERAGE, Method.HOLDINGS, Method.MAX_MIN]))
def test_the_solver_finds_what_the_breakpoints_give(
    drawn: list[tuple[Fraction, Fraction, Fraction]], budget: Fraction, method: Method
) -> None:
    found = [Candidate(str(n), A100, *each) for n, each in enumerate(drawn)]
    exact = plan(found, budget, method, currency="CNY")
    solved = constrained_plan(found, budget, method, LOOSE, currency="CNY")
    expected = [float(line.amount) for line in exact.lines]
    assert [float(line.amount) for line in solved.lines] == pytest.approx(expected, abs=2e-6)
