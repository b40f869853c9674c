"""The books follow the objects of a cluster: accepted, changed, refused, withdrawn."""

from __future__ import annotations

from typing import Any

import pytest

from gap.vessel import at
from standing.clock import Clock
from ullage_operator.accepting import accept
from ullage_operator.ledger import Ledger, Reserve
from ullage_operator.standing import declared_now, keep

NOVEMBER = at("2026-11-01")
DAY = 86_400_000


@pytest.fixture
def clock() -> Clock:
    return Clock(NOVEMBER)


def item(kind: str, name: str, spec: dict[str, Any], generation: int = 1, **metadata: Any) -> dict[str, Any]:
    """Return an object as the API server has it."""
    told = {"name": name, "uid": f"uid-{name}", "generation": generation, "resourceVersion": "1"}
    stamp = {"creationTimestamp": "2026-10-01T00:00:00Z"}
    return {"apiVersion": "ullage.dev/v1alpha1", "kind": kind, "metadata": told | stamp | metadata, "spec": spec}


def institution(name: str, generation: int = 1, **changes: Any) -> dict[str, Any]:
    spec = {"id": name, "displayName": name, "country": "CN", "kind": "university", "declaredBy": "Office"}
    labels = changes.pop("labels", {})
    return item("Institution", name, spec | changes, generation, labels=labels)


def investment(amount: float, generation: int = 1, **changes: Any) -> dict[str, Any]:
    line = {"id": "gpu", "beneficiary": "north", "channel": "inKind", "resource": "compute", "type": "A100"}
    line |= {"unit": "acceleratorHours", "amount": amount, "instalments": [{"date": "2026-11-01", "amount": amount}]}
    spec = {"funder": "Ministry", "from": "2026-11-01", "to": "2026-12-01", "lines": [line | changes]}
    return item("Investment", "grant", spec | {"approval": {"by": "Board", "date": "2026-10-01"}}, generation)


def kept(ledger: Ledger, clock: Clock, *items: dict[str, Any]) -> tuple[list[str], dict[Any, str]]:
    """Have the books as some objects are; return what is declared, and what was not accepted, and why."""
    accepted = accept(items, {})
    found = keep(ledger, list(accepted.objects.values()), accepted.present, clock.now_ms)
    names = [each.metadata.name for each in (*found.declarations.institutions, *found.declarations.investments)]
    return names, accepted.errors | found.refused


def remaining(ledger: Ledger, clock: Clock) -> dict[str, int]:
    with ledger.books() as books:
        return {row.line: row.remaining for row in books.lines(0, clock.now_ms + 1)}


def test_what_is_accepted_is_declared_and_what_is_gone_is_withdrawn(ledger: Ledger, clock: Clock) -> None:
    assert kept(ledger, clock, institution("north"), investment(10)) == (["north", "grant"], {})
    clock.now_ms += DAY
    assert kept(ledger, clock, institution("north")) == (["north"], {})
    assert [each.metadata.name for each in declared_now(ledger, NOVEMBER).investments] == ["grant"]
    clock.now_ms += DAY
    assert kept(ledger, clock, institution("north"), investment(10)) == (["north", "grant"], {})
    assert ledger.verify() == []


def test_what_a_withdrawn_line_was_drawn_on_for_stays_in_the_books(ledger: Ledger, clock: Clock) -> None:
    kept(ledger, clock, institution("north"), investment(10))
    facts = {"institution": "north", "line": "grant/gpu", "job_uid": "j", "unit": "accelerator-ms", "amount": 5}
    ledger.post([Reserve(**facts, from_ms=NOVEMBER, to_ms=NOVEMBER + DAY)])
    clock.now_ms += 2
    assert kept(ledger, clock, institution("north")) == (["north"], {})
    assert remaining(ledger, clock) == {"grant/gpu": 36_000_000 - 5}


def test_a_change_that_the_books_refuse_leaves_what_was_declared_before(ledger: Ledger, clock: Clock) -> None:
    kept(ledger, clock, institution("north"), investment(10))
    facts = {"institution": "north", "line": "grant/gpu", "job_uid": "j", "unit": "accelerator-ms", "amount": 5}
    ledger.post([Reserve(**facts, from_ms=NOVEMBER, to_ms=NOVEMBER + DAY)])
    clock.now_ms += DAY
    other = investment(10, 2, id="other")
    names, refused = kept(ledger, clock, institution("north"), other)
    assert (names, list(refused)) == (["north", "grant"], [("Investment", "grant")])
    assert "line grant/gpu: expected an award that counts" in refused["Investment", "grant"]
    (stands,) = declared_now(ledger, clock.now_ms).investments
    assert [line.id for line in stands.spec.lines] == ["gpu"]


def test_what_is_wrong_is_told_with_all_errors_and_what_was_declared_before_stands(
    ledger: Ledger, clock: Clock
) -> None:
    kept(ledger, clock, institution("north"), investment(10))
    clock.now_ms += DAY
    wrong = investment(-10, 2, beneficiary="nrth")
    wrong["spec"]["funder"] = 3
    names, errors = kept(ledger, clock, institution("north"), wrong)
    assert names == ["north", "grant"]
    assert [line.partition(":")[0] for line in errors["Investment", "grant"].splitlines()] == [
        "spec.funder",
        "spec.lines[0].amount",
        "spec.lines[0].instalments[0].amount",
    ]
    names, errors = kept(ledger, clock, institution("north"), investment(10, 3, beneficiary="nrth"))
    assert errors["Investment", "grant"].startswith("spec.lines[0].beneficiary: expected the id of an Institution")


def test_two_institutions_that_select_one_namespace_are_both_told() -> None:
    selector = {"namespaceSelector": {"matchLabels": {"team": "x"}}}
    found = accept([institution("north", **selector), institution("south", **selector)], {"shared": {"team": "x"}})
    assert list(found.errors) == [("Institution", "north"), ("Institution", "south")]
    assert found.objects == {}


def test_labels_change_without_a_generation_and_are_declared_all_the_same(ledger: Ledger, clock: Clock) -> None:
    kept(ledger, clock, institution("north"))
    clock.now_ms += DAY
    assert kept(ledger, clock, institution("north", labels={"region": "cold"})) == (["north"], {})
    clock.now_ms += DAY
    assert kept(ledger, clock, institution("north", 2, country="DE", labels={"region": "cold"})) == (["north"], {})
    (stands,) = declared_now(ledger, clock.now_ms).institutions
    assert (stands.metadata.labels, stands.spec.country) == ({"region": "cold"}, "DE")
    assert ledger.verify() == []


def test_where_the_clock_goes_back_what_is_declared_last_applies(ledger: Ledger, clock: Clock) -> None:
    kept(ledger, clock, institution("north"))
    clock.now_ms -= DAY
    assert kept(ledger, clock, institution("north", 2, country="DE"))[1] == {}
    (stands,) = declared_now(ledger, NOVEMBER).institutions
    assert stands.spec.country == "DE"


def fund_of(amount: float) -> dict[str, Any]:
    """Return an investment of money, all of which is released on 1 November."""
    fund = investment(1)
    line = {"id": "fund", "beneficiary": "north", "channel": "money", "unit": "CNY", "amount": amount}
    fund["spec"]["lines"] = [line | {"instalments": [{"date": "2026-11-01", "amount": amount}]}]
    fund["spec"]["currency"] = "CNY"
    return fund


def bought(cost: float, day: str = "2026-11-05") -> dict[str, Any]:
    """Return an institution that buys a machine with it."""
    machines = {"type": "A100", "count": 1, "from": day}
    money = {"name": "grant", "line": "fund", "cost": cost}
    return institution("north", round(cost), holds={"accelerators": [machines | {"acquiredBy": money}]})


def test_machines_that_were_bought_with_a_grant_are_spent_of_it_and_what_is_declared_anew_corrects_that(
    ledger: Ledger, clock: Clock
) -> None:
    fund = fund_of(9000)
    assert kept(ledger, clock, bought(5000), fund) == (["north", "grant"], {})
    clock.now_ms += 10 * DAY
    assert remaining(ledger, clock) == {"grant/fund": 4_000_000_000}
    assert kept(ledger, clock, bought(5000), fund)[1] == {}
    assert kept(ledger, clock, bought(6000.5), fund)[1] == {}
    assert remaining(ledger, clock) == {"grant/fund": 2_999_500_000}
    clock.now_ms += DAY
    # What is bought stays bought, though its institution is withdrawn.
    assert list(kept(ledger, clock, fund)[1]) == [("Investment", "grant")]  # Its beneficiary is gone.
    assert remaining(ledger, clock) == {"grant/fund": 2_999_500_000}
    clock.now_ms += DAY
    assert kept(ledger, clock, institution("north", 9000), fund)[1] == {}
    assert remaining(ledger, clock) == {"grant/fund": 9_000_000_000}
    assert ledger.verify() == []


def test_machines_that_were_bought_stay_bought_though_the_investment_is_withdrawn_but_for_those_of_a_later_day(
    ledger: Ledger, clock: Clock
) -> None:
    def spent() -> int:
        with ledger.books() as books:
            (row,) = books.lines(0, at("2026-12-01"), names=["grant/fund"])
        return (row.expended - row.reversed) // 1_000_000

    assert kept(ledger, clock, bought(6000), fund_of(9000))[1] == {}
    clock.now_ms = at("2026-11-04")
    # An institution that names an investment which is gone is in error; what it declared before stands.
    kept(ledger, clock, bought(6000))
    assert spent() == 0
    assert kept(ledger, clock, bought(6000), fund_of(9000))[1] == {}
    assert spent() == 6000
    clock.now_ms = at("2026-11-10")
    kept(ledger, clock, bought(6000))
    assert spent() == 6000
    assert kept(ledger, clock, bought(6000), fund_of(9000))[1] == {}
    assert spent() == 6000
    assert ledger.verify() == []


def test_what_is_bought_later_is_not_spent_yet_for_jobs_and_status_alike(ledger: Ledger, clock: Clock) -> None:
    assert kept(ledger, clock, bought(6000, "2026-11-20"), fund_of(10_000))[1] == {}
    found = []
    for clock.now_ms in (at("2026-11-10"), at("2026-11-20") - 1, at("2026-11-20")):
        with ledger.books() as books:
            found.append(books.remaining(["grant/fund"]))
        assert found[-1] == remaining(ledger, clock)
    assert [each["grant/fund"] // 1_000_000 for each in found] == [10_000, 10_000, 4_000]
