"""Groups, trends, estimates, pools, and what is not known."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gap.vessel import A100, BOTH, DECEMBER, ENGINEER, INPUTS, NOVEMBER, TEXT, figure, held, measured
from ullage_operator.gap import (
    DataUse,
    Figure,
    Grant,
    Inputs,
    Institution,
    Provenance,
    Release,
    Requirement,
    Resource,
    Subject,
    Unit,
    estimated,
    gap_report,
    grouped,
    need_weighted,
    trend,
    usage_by,
)

REPORT = gap_report(INPUTS, NOVEMBER)


def test_groups_sum_clipped_gaps_and_count_data_once() -> None:
    by_country = grouped(INPUTS, REPORT, lambda institution: institution.country)
    compute = {each.name: next(row for row in each.totals if row.subject == A100) for each in by_country}
    amounts = ("required", "own", "granted", "supply", "gap", "surplus", "coverage", "met")
    assert {name: [getattr(row, each).value for each in amounts] for name, row in compute.items()} == {
        "CN": [3000, 540, 800, 1340, 1660, 0, Fraction(67, 150), Fraction(67, 150)],
        "DE": [3000, 2160, 0, 2160, 840, 0, Fraction(18, 25), Fraction(18, 25)],
    }
    data = {each.name: next(row for row in each.totals if row.subject == TEXT) for each in by_country}
    assert {name: (row.own.value, row.granted, row.supply.value, row.coverage) for name, row in data.items()} == {
        "CN": (48 * 10**9, None, 48 * 10**9, None),
        "DE": (40 * 10**9, None, 40 * 10**9, None),
    }
    by_kind = grouped(INPUTS, REPORT, lambda institution: institution.kind)
    assert [(each.name, each.members) for each in by_kind] == [
        ("company", {"forge"}),
        ("institute", {"south"}),
        ("university", {"north"}),
    ]


def test_a_group_has_its_money_and_what_its_needs_are_met_least_in() -> None:
    by_country = grouped(INPUTS, REPORT, lambda institution: institution.country)
    money = {each.name: each.money["CNY"] for each in by_country}
    assert {name: (each.gross.value, each.net.value, each.at_least) for name, each in money.items()} == {
        "CN": (213_800, 203_800, True),
        "DE": (16_800, 16_800, False),
    }
    assert {each.name: each.bottleneck and each.bottleneck.subject for each in by_country} == {"CN": A100, "DE": A100}
    inputs = replace(INPUTS, requirements=())
    needless = grouped(inputs, gap_report(inputs, NOVEMBER), lambda institution: institution.id)
    assert [each.bottleneck for each in needless] == [None, None, None]


def test_a_surplus_raises_the_coverage_of_a_group_and_never_what_is_met() -> None:
    (everyone,) = grouped(INPUTS, REPORT, lambda _: "all")
    engineers = next(row for row in everyone.totals if row.subject == ENGINEER)
    assert (engineers.coverage, engineers.met) == (figure(Fraction(1462, 1720)), figure(Fraction(1118, 1720)))


@given(groups=st.tuples(*[st.sampled_from("abc")] * 3))
def test_groups_add_up_to_all_institutions_however_they_are_drawn(groups: tuple[str, str, str]) -> None:
    named = dict(zip(("north", "south", "forge"), groups, strict=True))
    found = grouped(INPUTS, REPORT, lambda institution: named[institution.id])
    for total in REPORT.totals:
        rows = [row for each in found for row in each.totals if row.subject == total.subject]
        for amount in ("required", "own", "granted", "moved", "gap", "surplus"):
            parts = [getattr(row, amount) for row in rows]
            whole = getattr(total, amount)
            assert (whole is None) == (None in parts)
            assert whole is None or sum(part.value for part in parts) == whole.value
    for currency, money in REPORT.money_totals.items():
        assert sum(each.money[currency].gross.value for each in found) == money.gross.value
        assert sum(each.money[currency].net.value for each in found) == money.net.value


def test_a_trend_has_every_month_with_its_own_instalments() -> None:
    found = trend(INPUTS, BOTH)
    assert [report.period for report in found] == [NOVEMBER, DECEMBER]
    assert [report.row("north", A100).supply.value for report in found] == [600, 600]
    assert [report.row("south", A100).required for report in found] == [figure(1000), None]


def test_needs_are_prorated_by_time() -> None:
    year = Requirement("north", A100, figure(8760), replace(NOVEMBER, end_ms=NOVEMBER.start_ms + 365 * 86_400_000))
    found = gap_report(replace(INPUTS, requirements=(year,)), NOVEMBER)
    assert found.row("north", A100).required == figure(720)
    assert found.row("south", A100).missing[0] == "R: no need declared"


def test_data_needed_in_a_period_and_not_at_its_end_keeps_its_row_and_says_when_the_need_ended() -> None:
    need = Requirement("south", TEXT, figure(7), NOVEMBER)
    inputs = replace(INPUTS, requirements=(need,), assets=())
    row = gap_report(inputs, BOTH).row("south", TEXT)
    assert (row.required, row.needed, row.need_ended_ms) == (None, False, NOVEMBER.end_ms)
    assert row.missing == ("R: its need ended on 2026-12-01, before the period's end",)
    there = gap_report(inputs, NOVEMBER).row("south", TEXT)
    assert (there.required, there.need_ended_ms) == (figure(7), None)
    assert [row.subject for row in gap_report(inputs, DECEMBER).rows if row.subject == TEXT] == []
    replaced = replace(inputs, requirements=(need, replace(need, amount=figure(9), period=DECEMBER)))
    assert gap_report(replaced, BOTH).row("south", TEXT).required == figure(9)


def test_an_estimated_need_carries_its_bounds_into_gap_and_coverage() -> None:
    need = Requirement("north", A100, estimated(Fraction(1000), Fraction(500), Fraction(2000)), NOVEMBER)
    row = gap_report(replace(INPUTS, requirements=(need,)), NOVEMBER).row("north", A100)
    assert row.gap == estimated(Fraction(400), Fraction(0), Fraction(1400))
    assert row.coverage == estimated(Fraction(3, 5), Fraction(3, 10), Fraction(6, 5))


def test_a_need_whose_amount_is_unknown_is_no_need_of_nothing() -> None:
    need = Requirement("north", A100, None, NOVEMBER)
    report = gap_report(replace(INPUTS, requirements=(need,)), NOVEMBER)
    row = report.row("north", A100)
    assert (row.required, row.gap, row.coverage, row.missing[0]) == (None, None, None, "R: the amount of a need")
    assert report.money["north", "CNY"].at_least
    assert need_weighted([row, report.row("south", A100)]).left_out == {
        "north": "its need is not known",
        "south": "it declares no need",
    }


def test_a_pool_is_in_nobodys_supply_and_closes_gaps_of_the_whole() -> None:
    pool = Grant("pool/all", frozenset({"north", "south"}), A100, Release(figure(1500), NOVEMBER))
    found = gap_report(replace(INPUTS, grants=(*INPUTS.grants, pool)), NOVEMBER)
    total = found.total(A100)
    assert found.row("north", A100).supply == figure(600)
    assert (total.supply, total.pooled, total.gap, total.gap_after_pools) == (
        figure(3500),
        figure(1500),
        figure(2500),
        1000,
    )


def test_without_books_nothing_is_known_of_allocation() -> None:
    found = gap_report(replace(INPUTS, allocations=(), books=frozenset()), NOVEMBER)
    row = found.row("north", A100)
    assert (row.usage.allocated, row.usage.used, found.total(A100).usage.allocated) == (None, None, None)
    assert row.missing == ("A and U: no books were read",)


@given(hours=st.integers(1, 1000), less=st.integers(0, 1000), more=st.integers(0, 1000), part=st.fractions(0, 1))
def test_of_an_estimated_a_what_was_not_measured_is_the_rest_of_it_at_both_bounds(
    hours: int, less: int, more: int, part: Fraction
) -> None:
    low, value, high = (Fraction(each) for each in (max(0, hours - less), hours, hours + more))
    used = figure(1) if part else None
    mine = replace(held("north", 1, 1, 1), held=estimated(value, low, high), measured=part * value, used=used)
    use = usage_by([mine], "institution", NOVEMBER)["north", A100]
    rest = 1 - part
    # Of what was measured in whole, nothing is left for certain.
    assert use.unmeasured == estimated(rest * value, rest * low, rest * high)


@pytest.mark.parametrize("hours", [0, 10])
def test_what_was_not_measured_is_exact_where_a_is(hours: int) -> None:
    use = usage_by([held("north", 10, hours, 1 if hours else None)], "institution", NOVEMBER)["north", A100]
    assert use.unmeasured == measured(10 - hours)


def test_use_is_told_by_model_family_and_what_nobody_is_charged_with_stands_apart() -> None:
    mine = replace(held("north", 10, 10, 5), model_family="bert")
    nobodys = replace(held("north", 7, 7, 7), institution=None)
    found = usage_by([mine, nobodys], "model_family", NOVEMBER)
    assert [(key, use.allocated) for key, use in found.items()] == [
        (("bert", A100), measured(10)),
        ((None, A100), measured(7)),
    ]
    report = gap_report(replace(INPUTS, allocations=(mine, nobodys)), NOVEMBER)
    assert {subject: use.allocated for subject, use in report.unattributed.items()} == {A100: measured(7)}
    assert report.total(A100).usage.allocated == measured(10)


def test_an_asset_that_several_jobs_use_counts_once() -> None:
    uses = tuple(DataUse("north", "corpus", TEXT, measured(rows), NOVEMBER) for rows in (5, 9, 7))
    found = gap_report(replace(INPUTS, data_uses=uses), NOVEMBER)
    assert found.row("north", TEXT).usage.used == Figure(Fraction(9), Provenance.MEASURED)


def test_sums_over_a_longer_time_than_the_period_are_refused() -> None:
    long = replace(held("north", 10, 0, None), period=BOTH)
    with pytest.raises(ValueError, match="sum the books over each period that is asked for"):
        gap_report(replace(INPUTS, allocations=(long,)), NOVEMBER)


def test_institutions_that_are_not_there_are_named_all_at_once() -> None:
    inputs = Inputs((Institution("north", "CN", "university"),), INPUTS.requirements, staff=INPUTS.staff)
    with pytest.raises(ValueError, match=r"requirements: .*'forge'; requirements: .*'south'; staff: .*'forge'"):
        gap_report(inputs, NOVEMBER)
    with pytest.raises(KeyError, match="north has no row of"):
        gap_report(Inputs((Institution("north", "CN", "university"),)), NOVEMBER).row("north", A100)


def test_use_in_the_name_of_an_institution_that_is_not_declared_is_told_and_in_the_totals_of_use() -> None:
    declared, lab = held("north", 10, 10, 5), held("lab", 7, 4, 2)
    cores = Subject(Resource.COMPUTE, "cpu", Unit.CORE_HOURS)
    others = replace(held("lab", 3, 3, 1), subject=cores)
    used = DataUse("lab", "corpus", TEXT, measured(9), NOVEMBER)
    found = gap_report(replace(INPUTS, allocations=(declared, lab, others), data_uses=(used,)), NOVEMBER)
    told = {key: (use.allocated, use.used) for key, use in found.undeclared.items()}
    assert told == {
        ("lab", A100): (measured(7), measured(2)),
        ("lab", cores): (measured(3), measured(1)),
        ("lab", TEXT): (None, measured(9)),
    }
    total, only_theirs = found.total(A100), found.total(cores)
    assert (total.members, total.usage.allocated, total.usage.used) == (
        ("forge", "north", "south"),
        measured(17),
        measured(7),
    )
    assert (only_theirs.members, only_theirs.required, only_theirs.supply.value, only_theirs.gap) == ((), None, 0, None)
    assert only_theirs.usage.allocated == measured(3)
    assert only_theirs.own_allocated is None
    assert found.total(TEXT).usage.used == measured(9)
    assert {row.institution for row in found.rows} == {"forge", "north", "south"}
