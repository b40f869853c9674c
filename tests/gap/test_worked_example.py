"""Every figure of the specification's worked example."""

from __future__ import annotations

from fractions import Fraction

import pytest

from gap.vessel import A100, ABROAD, BEFORE_MONEY, DECEMBER, ENGINEER, INPUTS, NOVEMBER, TEXT, G
from ullage_operator.gap import (
    Account,
    CourseHours,
    Figure,
    GapReport,
    Method,
    Need,
    Plan,
    Subject,
    candidates,
    fte,
    gap_report,
    need_weighted,
    plan,
    raw,
    with_neighbours,
)

NAMES = ("north", "south", "forge")
REPORT = gap_report(INPUTS, NOVEMBER)


def values(subject: Subject, measure: str, report: GapReport = REPORT) -> list[Fraction | None]:
    found = [getattr(report.row(name, subject), measure) for name in NAMES]
    return [each.value if isinstance(each, Figure) else each for each in found]


def use(measure: str) -> list[Fraction | None]:
    found = [getattr(REPORT.row(name, A100).usage, measure) for name in NAMES]
    return [each.value if isinstance(each, Figure) else each for each in found]


def compute_plan(budget: int, method: Method = Method.COVERAGE) -> Plan:
    found, _ = candidates(REPORT, INPUTS.prices, "CNY", subjects=[A100])
    return plan(found, Fraction(budget), method, currency="CNY")


def amounts(found: Plan, subject: Subject = A100) -> list[Fraction]:
    by_name = {line.candidate.institution: line.amount for line in found.lines if line.candidate.subject == subject}
    return [by_name[name] for name in NAMES]


def test_need_supply_gap_and_coverage_of_compute() -> None:
    assert values(A100, "required") == [2000, 1000, 3000]
    assert values(A100, "own") == [0, 540, 2160]
    assert values(A100, "granted") == [600, 200, 0]
    assert values(A100, "supply") == [600, 740, 2160]
    assert values(A100, "gap") == [1400, 260, 840]
    assert values(A100, "coverage") == [Fraction(3, 10), Fraction(37, 50), Fraction(18, 25)]
    total = REPORT.total(A100)
    assert (total.supply, total.gap) == (Figure(Fraction(3500)), Figure(Fraction(2500)))


def test_the_gap_of_compute_in_money() -> None:
    assert [REPORT.money[name, "CNY"].costs[A100].value for name in NAMES] == [28_000, 5_200, 16_800]
    assert REPORT.money_totals["CNY"].costs[A100].value == 50_000


def test_the_frontier_ratio_says_how_many_times_more_the_best_supplied_has() -> None:
    assert raw(REPORT.row(name, A100) for name in NAMES).frontier == {
        "north": Fraction(18, 5),
        "south": Fraction(108, 37),
        "forge": 1,
    }
    assert round(108 / 37, 4) == 2.9189


def test_what_was_allocated_and_used_over_the_measured_part() -> None:
    assert use("allocated") == [500, 220, 0]
    assert use("used") == [300, 110, None]
    assert use("measured") == [400, 220, 0]
    assert use("intensity") == [Fraction(3, 4), Fraction(1, 2), None]
    assert use("idle") == [100, 110, None]
    assert use("measured_share") == [Fraction(4, 5), 1, None]
    total = REPORT.total(A100).usage
    assert total.allocated is not None
    assert total.used is not None
    assert total.measured is not None
    assert total.idle is not None
    assert total.unmeasured is not None
    found = (total.allocated, total.used, total.measured, total.idle, total.unmeasured)
    assert [figure.value for figure in found] == [720, 410, 620, 210, 100]
    assert total.books == {"here"}


def test_what_was_allocated_on_own_machines_is_unknown_where_no_books_tell() -> None:
    assert values(A100, "own_allocated") == [0, None, None]
    assert REPORT.total(A100).own_allocated is None


def test_engineers_by_double_entry() -> None:
    assert values(ENGINEER, "own") == [430, 215, 860]
    assert values(ENGINEER, "supply") == [387, 301, 774]
    assert REPORT.total(ENGINEER).supply.value == 1462
    assert REPORT.moved == {
        Account("north", "engineer"): -43,
        Account("south", "engineer"): 86,
        Account("forge", "engineer"): -86,
        ABROAD: 43,
    }
    assert REPORT.total(ENGINEER).supply.value + REPORT.moved[ABROAD] == 1505


def test_the_gap_of_talent_in_hours_full_time_equivalents_and_money() -> None:
    assert values(ENGINEER, "gap") == [473, 129, 0]
    assert values(ENGINEER, "surplus") == [0, 0, 344]
    gap = REPORT.total(ENGINEER).gap
    assert gap == Figure(Fraction(602))
    ftes = [REPORT.gap_fte(name, ENGINEER) for name in NAMES]
    assert ftes == [Fraction(33, 10), Fraction(9, 10), 0]
    assert fte(gap.value, NOVEMBER) == Fraction(21, 5)
    assert fte(Fraction(430, 3), NOVEMBER) == 1
    assert [REPORT.money[name, "CNY"].costs[ENGINEER].value for name in NAMES] == [141_900, 38_700, 0]
    assert REPORT.money_totals["CNY"].costs[ENGINEER].value == 180_600


def test_data_is_a_stock_that_the_programme_counts_once_and_whose_gaps_are_not_summed() -> None:
    assert values(TEXT, "supply") == [48 * G, 48 * G, 40 * G]
    assert values(TEXT, "gap") == [Fraction(10176 * G, 100), 0, 0]
    total = REPORT.total(TEXT)
    assert (total.supply.value, total.gap, total.required) == (88 * G, None, None)


def test_money_needed_before_and_after_what_was_awarded() -> None:
    assert [REPORT.money[name, "CNY"].gross.value for name in NAMES] == [169_900, 43_900, 16_800]
    assert [REPORT.money[name, "CNY"].net.value for name in NAMES] == [169_900, 33_900, 16_800]
    total = REPORT.money_totals["CNY"]
    assert (total.gross.value, total.awarded.value, total.net.value) == (230_600, 10_000, 220_600)
    assert total.unpriced == (Need("north", TEXT, Figure(Fraction(10176 * G, 100))),)
    assert [REPORT.money[name, "CNY"].at_least for name in NAMES] == [True, False, False]
    assert total.at_least


def test_the_bottleneck_is_what_is_covered_least() -> None:
    found = {name: (row.subject, row.coverage) for name, row in REPORT.bottlenecks.items()}
    assert found == {
        "north": (A100, Figure(Fraction(3, 10))),
        "south": (ENGINEER, Figure(Fraction(7, 10))),
        "forge": (A100, Figure(Fraction(18, 25))),
    }


def test_a_run_over_the_months_end_is_split_between_the_months() -> None:
    december = gap_report(INPUTS, DECEMBER).row("south", A100).usage.allocated
    assert december is not None
    assert december.value == 20


def test_what_nobody_held_of_the_node() -> None:
    (found,) = REPORT.not_held
    assert found.share is not None
    assert (found.capacity.value, found.rest.value, found.share.value, found.idle) == (
        2880,
        2160,
        Fraction(3, 4),
        False,
    )


def test_education_is_reported_and_supplies_nothing_before_it_is_complete() -> None:
    assert REPORT.courses == (CourseHours("north", Fraction(100), 4, DECEMBER.start_ms),)
    assert REPORT.row("north", ENGINEER).moved.value == -43
    later = gap_report(INPUTS, DECEMBER)
    assert later.row("north", ENGINEER).moved.value == 4 * Fraction(430, 3)
    assert sum(later.moved.values()) == 0


def test_disparity_of_compute() -> None:
    rows = [REPORT.row(name, A100) for name in NAMES]
    found, by_need = raw(rows), need_weighted(rows)
    assert (found.gini, by_need.gini) == (Fraction(52, 175), Fraction(173, 1050))
    assert (found.theil, by_need.theil) == (pytest.approx(0.169884, abs=5e-7), pytest.approx(0.066205, abs=5e-7))
    assert (found.lorenz, found.left_out) == ((), {})


def test_levelling_on_coverage_with_26000() -> None:
    found = compute_plan(26_000)
    assert (found.level, amounts(found)) == (Fraction(4, 5), [1000, 60, 240])
    assert (sum(line.gap_after for line in found.lines), found.gap_cost_after, found.left) == (1200, 24_000, 0)
    assert found.disparity(A100, after=True, by_need=True).gini == 0
    assert found.disparity(A100, after=True, by_need=False).gini == Fraction(2, 9)
    assert (found.least_coverage_before, found.least_coverage_after) == (Fraction(3, 10), Fraction(4, 5))


def test_a_fifth_less_and_a_fifth_more() -> None:
    listed, _ = candidates(REPORT, INPUTS.prices, "CNY", subjects=[A100])
    less, same, more = with_neighbours(listed, Fraction(26_000), Method.COVERAGE, currency="CNY")
    assert (less.budget, less.level, less.gap_cost_after) == (20_800, Fraction(227, 300), 29_200)
    assert amounts(less) == [Fraction(2740, 3), Fraction(50, 3), 110]
    assert (same.budget, same.level) == (26_000, Fraction(4, 5))
    assert (more.budget, more.level, more.gap_cost_after) == (31_200, Fraction(253, 300), 18_800)
    assert amounts(more) == [Fraction(3260, 3), Fraction(310, 3), 370]


def test_a_budget_that_lifts_only_the_least_covered() -> None:
    found = compute_plan(16_800)
    assert (found.level, amounts(found), found.gap_cost_after) == (Fraction(18, 25), [840, 0, 0], 33_200)
    assert found.disparity(A100, after=True, by_need=True).gini == Fraction(5, 1302)


def test_levelling_on_holdings() -> None:
    found = compute_plan(26_000, Method.HOLDINGS)
    coverage = {line.candidate.institution: line.coverage_after for line in found.lines}
    assert amounts(found) == [1040, 260, 0]
    assert coverage == {"north": Fraction(41, 50), "south": 1, "forge": Fraction(18, 25)}
    assert found.disparity(A100, after=True, by_need=False).gini == Fraction(29, 180)
    assert found.disparity(A100, after=True, by_need=True).gini == Fraction(1, 16)


def test_levelling_compute_and_talent_jointly_over_money() -> None:
    before = gap_report(BEFORE_MONEY, NOVEMBER)
    listed, skipped = candidates(before, INPUTS.prices, "CNY")
    found = plan(listed, Fraction(129_200), Method.COVERAGE, currency="CNY")
    assert found.level == Fraction(4, 5)
    assert amounts(found) == [1000, 60, 240]
    assert amounts(found, ENGINEER) == [301, 43, 0]
    assert found.cost == 129_200
    assert [(each.institution, each.subject) for each in skipped] == [(name, TEXT) for name in sorted(NAMES)]


def test_whole_units_are_rounded_down_and_what_that_frees_is_left() -> None:
    found = compute_plan(20_800).whole()
    assert (amounts(found), found.cost, found.left) == ([913, 16, 110], 20_780, 20)
