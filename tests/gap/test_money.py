"""What gaps cost, and how pools and earmarked money meet them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gap.vessel import A100, BOTH, DECEMBER, ENGINEER, NOVEMBER, at, figure
from ullage_operator.gap import Award, Figure, Instalment, Need, Period, Price, Release, Resource, estimated, price_at
from ullage_operator.gap.flow import Pot, absorbed
from ullage_operator.gap.money import money
from ullage_operator.gap.periods import MS_PER_HOUR

PRICES = (Price(A100, "CNY", Fraction(20), 0, "tariff"), Price(ENGINEER, "CNY", Fraction(300), 0, "survey"))
NEEDS = (
    Need("north", A100, figure(100)),
    Need("south", A100, figure(50)),
    Need("north", ENGINEER, figure(10)),
)
AMOUNTS = st.integers(0, 30).map(Fraction)
REACHES = st.frozensets(st.integers(0, 3), max_size=4)


def award(amount: int, *names: str, resource: Resource | None = None) -> Award:
    return Award("line", frozenset(names), "CNY", Release(figure(amount), NOVEMBER), resource)


def net(*awards: Award) -> Fraction:
    return money(NEEDS, PRICES, awards, NOVEMBER, "CNY").net.value


def test_unearmarked_money_meets_any_need_and_what_is_left_of_it_helps_nobody_else() -> None:
    assert net() == 6000
    assert net(award(4500, "north")) == 1500
    assert net(award(9000, "north")) == 1000


def test_earmarked_money_meets_only_what_it_is_for() -> None:
    assert net(award(2500, "north", resource=Resource.COMPUTE)) == 4000
    assert net(award(2500, "north", resource=Resource.TALENT)) == 3500


def test_a_pool_goes_where_nothing_else_does() -> None:
    # South's own 1,000 leave the pool of both to north.
    assert net(award(4000, "north", "south"), award(1000, "south")) == 1000


def test_money_counts_in_the_period_that_it_is_released_in() -> None:
    half = Award("line", frozenset({"south"}), "CNY", Release(figure(100), NOVEMBER))
    assert money(NEEDS, PRICES, [half], DECEMBER, "CNY").awarded == figure(0)


def test_nothing_is_exchanged_and_what_has_no_price_makes_sums_at_least() -> None:
    prices = [PRICES[0], Price(ENGINEER, "EUR", Fraction(40), 0, "survey")]
    cny, eur = (money(NEEDS, prices, [], NOVEMBER, currency) for currency in ("CNY", "EUR"))
    assert (cny.gross.value, cny.unpriced, cny.at_least) == (3000, (NEEDS[2],), True)
    assert (eur.gross.value, eur.unpriced, eur.at_least) == (400, NEEDS[:2], True)


def test_an_unknown_gap_makes_sums_at_least_and_a_gap_of_none_needs_no_price() -> None:
    found = money([Need("north", A100, None), Need("south", ENGINEER, figure(0))], PRICES[:1], [], NOVEMBER, "CNY")
    assert (found.gross, found.unpriced) == (figure(0), (Need("north", A100, None),))


def test_an_estimated_gap_gives_an_estimated_net_between_its_bounds() -> None:
    gap = estimated(Fraction(100), Fraction(50), Fraction(200))
    found = money([Need("north", A100, gap)], PRICES, [award(1500, "north")], NOVEMBER, "CNY")
    assert found.net == estimated(Fraction(500), Fraction(0), Fraction(2500))


def test_the_price_in_force_is_the_last_that_began() -> None:
    dearer = Price(A100, "CNY", Fraction(25), NOVEMBER.end_ms, "tariff")
    assert price_at([*PRICES, dearer], A100, "CNY", NOVEMBER.end_ms) == PRICES[0]
    assert price_at([*PRICES, dearer], A100, "CNY", DECEMBER.end_ms) == dearer
    assert price_at(PRICES, A100, "EUR", NOVEMBER.end_ms) is None


def test_a_negative_price_is_refused() -> None:
    with pytest.raises(ValueError, match="price of compute A100: expected 0 or more, found -1"):
        Price(A100, "CNY", Fraction(-1), 0, "nobody")


@given(st.lists(AMOUNTS, min_size=4, max_size=4), st.lists(st.builds(Pot, AMOUNTS, REACHES), max_size=4))
def test_pots_meet_as_much_as_the_tightest_cut_lets_them(needs: list[Fraction], pots: list[Pot]) -> None:
    chosen = [subset for size in range(len(pots) + 1) for subset in combinations(pots, size)]
    cuts = [
        sum(pot.amount for pot in pots if pot not in subset)
        + sum(needs[index] for index in frozenset[int]().union(*(pot.reach for pot in subset)))
        for subset in chosen
    ]
    assert absorbed(needs, pots) == min(cuts)


def test_bounds_belong_to_estimates_and_enclose_the_value() -> None:
    with pytest.raises(ValueError, match="expected low and high with estimated alone, found them with declared"):
        Figure(Fraction(1), low=Fraction(0), high=Fraction(2))
    with pytest.raises(ValueError, match="expected low <= value <= high, found 2, 1, 3"):
        estimated(Fraction(1), Fraction(2), Fraction(3))


def fund(release: Release, *bought: tuple[str, int]) -> Award:
    purchases = tuple(Instalment(at(day), Fraction(cost)) for day, cost in bought)
    return Award("fund/money", frozenset({"north"}), "CNY", release, purchases=purchases)


IN_TWO = Release(
    figure(10_000),
    BOTH,
    (Instalment(NOVEMBER.start_ms, Fraction(5000)), Instalment(DECEMBER.start_ms, Fraction(5000))),
)


@pytest.mark.parametrize(
    ("bought", "november", "december"),
    [
        ([], 5000, 5000),
        # Until it is bought it is money; from then on it is capacity.
        ([("2026-12-05", 3000)], 5000, 5000),
        ([("2026-12-01", 6000)], 5000, 4000),
        ([("2026-11-30", 3000)], 2000, 5000),
        ([("2026-11-30", 6000)], 0, 4000),
        ([("2026-11-10", 6000), ("2026-12-10", 4000)], 0, 0),
    ],
)
def test_what_is_bought_is_no_longer_money_from_then_on(
    bought: list[tuple[str, int]], november: int, december: int
) -> None:
    line = fund(IN_TWO, *bought)
    assert [line.within(each).value for each in (NOVEMBER, DECEMBER)] == [november, december]


@given(
    amounts=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 1000)), max_size=6),
    bought=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 3000)), max_size=4),
    cuts=st.sets(st.integers(1, 60)),
)
def test_money_is_what_is_released_less_what_is_bought_whatever_the_periods(
    amounts: list[tuple[int, int]], bought: list[tuple[int, int]], cuts: set[int]
) -> None:
    day = 24 * MS_PER_HOUR
    parts = tuple(Instalment(NOVEMBER.start_ms + place * day, Fraction(amount)) for place, amount in amounts)
    release = Release(figure(sum(amount for _, amount in amounts)), BOTH, parts)
    costs = tuple(Instalment(NOVEMBER.start_ms + place * day, Fraction(cost)) for place, cost in bought)
    line = Award("fund/money", frozenset({"north"}), "CNY", release, purchases=costs)
    ends = [NOVEMBER.start_ms, *(NOVEMBER.start_ms + cut * day for cut in sorted(cuts)), BOTH.end_ms]
    periods = [Period(*pair) for pair in pairwise(ends)]
    found = [line.within(each).value for each in periods]
    assert all(0 <= each <= release.within(period).value for each, period in zip(found, periods, strict=True))
    spent = sum((cost.amount for cost in costs), Fraction(0))
    whole = max(Fraction(0), release.amount.value - spent)
    assert line.within(BOTH).value == whole
    # Spent before anything is released, it is taken from what is released first: no period counts it again.
    at_once = replace(line, purchases=(Instalment(0, spent),))
    assert sum(at_once.within(each).value for each in periods) == whole
    assert sum(found) >= whole
