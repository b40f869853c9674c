"""``ullage declare``: everything that is wrong said at once, and what changed in the books."""

from __future__ import annotations

from typing import Any

import yaml

from cli.office import FILES, Office, documents
from ullage_operator.ledger import Ledger
from ullage_operator.local import Workdir

SINCE = ("--since", "2026-10-31")
FROM = "declared, from 2026-10-31T00:00:00Z"


def manifest(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "ullage.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def institution(name: str, identifier: str, **more: Any) -> dict[str, Any]:
    spec = {"id": identifier, "displayName": name, "country": "CN", "kind": "university", "declaredBy": "Office"}
    return manifest("Institution", name, {**spec, **more})


def entries(office: Office) -> int:
    with (
        Ledger.open(
            Workdir(office.root / ".ullage").ledger_url, cluster="local", now_ms=lambda: 0, read_only=True
        ) as ledger,
        ledger.books() as books,
    ):
        return books.last_sequence()


def test_a_programme_is_declared_and_declared_again_changes_nothing(office: Office) -> None:
    named = ["Institution north", "Institution south", "Institution forge", "Institution karoo", "Institution fjord"]
    named += ["Investment compute-vouchers", "Investment people-and-money", "PriceList tariff"]
    first = office.ullage("declare", *FILES, *SINCE)
    assert (first.code, first.out, first.err) == (0, "".join(f"{name}: {FROM}\n" for name in named), "")
    before = entries(office)
    again = office.ullage("declare", *FILES, "--since", "2026-11-01")
    assert (again.code, again.out, again.err) == (0, "".join(f"{name}: unchanged\n" for name in named), "")
    assert entries(office) == before


def test_an_edit_is_a_generation_of_its_own_and_the_month_before_it_stays_as_it_was(office: Office) -> None:
    need = {"resource": "compute", "type": "A100", "unit": "acceleratorHours", "from": "2026-11-01", "to": "2027-01-01"}
    office.ullage(
        "declare", office.write("a.yaml", institution("north", "north", requires=[{**need, "amount": 6100}])), *SINCE
    )
    edited = office.write("b.yaml", institution("north", "north", requires=[{**need, "amount": 12200}]))
    ended = office.ullage("declare", edited, "--since", "2026-12-10")
    assert ended.out == "Institution north: generation 2 in the place of 1, from 2026-12-10T00:00:00Z\n"
    required = {
        month: office.json("gap", "--period", month)["lines"][0]["required"]["value"]
        for month in ("2026-11", "2026-12")
    }
    assert required == {"2026-11": 3000, "2026-12": 6200}


def test_all_that_is_wrong_is_said_at_once_and_nothing_is_posted(office: Office) -> None:
    line = {"id": "money", "beneficiary": "nroth", "channel": "money", "unit": "CNY", "amount": 1}
    grant = {"funder": "F", "from": "2026-01-01", "to": "2027-01-01", "currency": "CNY", "lines": [line]}
    one = office.write("one.yaml", institution("north", "north"), manifest("Investment", "grant", grant))
    two = office.write("two.yaml", institution("other", "north"))
    ended = office.ullage("declare", one, two)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "Institution other: spec.id: expected an id of its own, found 'north', which Institution north has; make this "
        "one again with another id\n"
        "Investment grant: spec.lines[0].beneficiary: expected the id of an Institution, found 'nroth', which there is "
        "not; did you mean 'north'?\n"
    )
    assert entries(office) == 0


def test_what_was_declared_before_counts(office: Office) -> None:
    office.ullage("declare", office.write("one.yaml", institution("north", "north")), *SINCE)
    ended = office.ullage("declare", office.write("two.yaml", institution("other", "north")), *SINCE)
    assert (ended.code, ended.out) == (2, "")
    assert "found 'north', which Institution north has" in ended.err
    ended = office.ullage("declare", office.write("two.yaml", institution("north", "nord")), *SINCE)
    assert ended.err == (
        "Institution north: spec.id: expected 'north', which never changes, found 'nord'; withdraw Institution/north "
        "first, or give this one another name\n"
    )


def test_a_job_and_an_object_that_comes_twice_are_refused_together(office: Office) -> None:
    one = office.write("one.yaml", institution("north", "north"))
    two = office.write("two.yaml", institution("north", "north"), documents("jobs.yaml")[2])
    ended = office.ullage("declare", one, two)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "two.yaml: expected each object once, found Institution north again, which one.yaml has\n"
        "two.yaml: expected Institution, Investment, PriceList, found TrainingJob forge-digits; leave it out here, and "
        "run it with `ullage run` or `ullage submit`\n"
    )


def test_what_is_withdrawn_gives_until_then_and_comes_back_when_declared_again(office: Office) -> None:
    office.declare_vessel()
    ended = office.ullage("declare", "--withdraw", "Investment/compute-vouchers", "--since", "2026-11-10")
    assert (ended.code, ended.out, ended.err) == (
        0,
        "Investment compute-vouchers: withdrawn, from 2026-11-10T00:00:00Z\n",
        "",
    )
    # Its first instalment was released on the first of the month, and counts until it was withdrawn.
    assert [granted(office, month) for month in ("2026-11", "2026-12")] == [600, 0]
    ended = office.ullage("declare", FILES[1], "--since", "2026-11-11")
    assert ended.out == (
        "Investment compute-vouchers: declared, from 2026-11-11T00:00:00Z\nInvestment people-and-money: unchanged\n"
    )
    assert [granted(office, month) for month in ("2026-11", "2026-12")] == [600, 600]


def granted(office: Office, month: str) -> float:
    lines = office.json("gap", "--period", month)["lines"]
    return sum(
        each["granted"]["value"] for each in lines if each["thing"]["type"] == "A100" and each["institution"] == "north"
    )


def test_an_institution_that_a_grant_is_for_can_not_be_withdrawn_alone(office: Office) -> None:
    office.declare_vessel()
    ended = office.ullage("declare", "--withdraw", "Institution/forge", *SINCE)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "Investment people-and-money: spec.lines[1].collaboration.partner: expected the id of an Institution, found "
        "'forge', which there is not; declare it, or correct the name\n"
    )
    ended = office.ullage("declare", "--withdraw", "Institution/froge", *SINCE)
    assert (ended.code, ended.err) == (
        2,
        (
            "--withdraw: expected KIND/ID of what is declared, found 'Institution/froge'; did you mean "
            "'Institution/forge'?\n"
        ),
    )


def test_nothing_is_declared_before_what_was_declared_last(office: Office) -> None:
    name = office.write("one.yaml", institution("north", "north"))
    office.ullage("declare", name, *SINCE)
    ended = office.ullage("declare", name, "--since", "2026-10-01")
    assert (ended.code, ended.err) == (
        2,
        (
            "--since: expected an instant from 2026-10-31T00:00:00Z on, when Institution north was declared last, "
            "found 2026-10-01T00:00:00Z\n"
        ),
    )


def test_rates_are_added_to_a_price_list_and_never_edited(office: Office) -> None:
    def tariff(*entries: dict[str, Any]) -> str:
        return office.write("tariff.yaml", manifest("PriceList", "tariff", {"entries": [*entries]}))

    compute = {"resource": "compute", "type": "A100", "unit": "acceleratorHours", "currency": "CNY", "price": 20}
    compute |= {"from": "2026-01-01", "source": "tariff 2026"}
    people = {"resource": "talent", "type": "engineer", "unit": "hours", "currency": "CNY", "price": 300}
    people |= {"from": "2026-01-01", "source": "survey"}
    office.ullage("declare", tariff(compute, people), *SINCE)
    before = entries(office)
    edited = office.ullage("declare", tariff({**compute, "price": 25.5, "source": "tariff 2027"}))
    assert (edited.code, edited.out) == (2, "")
    hint = "rates are never edited: keep it, and add an entry from a later date\n"
    of = "compute A100 (acceleratorHours, CNY) from 2026-01-01"
    assert edited.err == (
        f"PriceList tariff: spec.entries[0].price: expected 20 as it was declared ({of}), found 25.5; {hint}"
        f"PriceList tariff: spec.entries[0].source: expected 'tariff 2026' as it was declared ({of}), found "
        f"'tariff 2027'; {hint}"
        "PriceList tariff: spec.entries: expected talent engineer (hours, CNY) from 2026-01-01, 300 as it was "
        f"declared, found no such entry; {hint}"
    )
    assert entries(office) == before
    added = office.ullage("declare", tariff(people, {**compute, "price": 25.5, "from": "2026-12-01"}, compute), *SINCE)
    assert added.out == "PriceList tariff: generation 2 in the place of 1, from 2026-10-31T00:00:00Z\n"


def test_a_pool_reaches_an_institution_that_gets_the_label_later(office: Office) -> None:
    line = {"id": "pool", "beneficiarySelector": {"matchLabels": {"in": "yes"}}, "channel": "money", "unit": "CNY"}
    grant = {"funder": "F", "from": "2026-11-01", "to": "2026-12-01", "currency": "CNY"}
    grant |= {"approval": {"by": "B", "date": "2026-10-01"}, "lines": [{**line, "amount": 9}]}
    one, two = institution("one", "one"), institution("two", "two")
    one["metadata"]["labels"] = two["metadata"]["labels"] = {"in": "yes"}
    office.ullage("declare", office.write("a.yaml", one, manifest("Investment", "grant", grant)), *SINCE)
    office.ullage("declare", office.write("b.yaml", two), *SINCE)
    awards = office.json("ledger", "entries", "--type", "award")["entries"]
    assert [(each["institution"], bool(each["reversed_by"])) for each in awards] == [
        ("one", True),
        ("pool:grant/pool", False),
    ]


def test_a_ledger_elsewhere_can_be_named_by_option_and_environment(office: Office, monkeypatch) -> None:
    name = office.write("one.yaml", institution("north", "north"))
    url = f"sqlite:///{office.root}/books.sqlite3"
    assert office.ullage("declare", name, "--ledger", url, *SINCE).out == f"Institution north: {FROM}\n"
    monkeypatch.setenv("ULLAGE_LEDGER_URL", url)
    assert office.ullage("declare", name).out == "Institution north: unchanged\n"
    assert sorted(path.name for path in office.root.iterdir() if path.is_dir()) == []


def test_manifests_that_are_no_yaml_are_told_beside_each_other(office: Office) -> None:
    (office.root / "a.yaml").write_text("kind: [")
    (office.root / "b.yaml").write_text(yaml.safe_dump(institution("north", "north", country="China")))
    ended = office.ullage("declare", "a.yaml", "b.yaml", "c.yaml")
    assert (ended.code, ended.out) == (2, "")
    assert [line.split(":")[0] for line in ended.err.splitlines() if not line.startswith(" ")] == [
        "a.yaml",
        "b.yaml",
        "c.yaml",
    ]


def test_what_is_declared_ahead_of_time_is_not_declared_again_before_it(office: Office) -> None:
    ahead = office.ullage("declare", office.write("a.yaml", institution("north", "north")), "--since", "2100-01-01")
    assert (ahead.code, ahead.out) == (0, "Institution north: declared, from 2100-01-01T00:00:00Z\n")
    before = entries(office)
    now = office.ullage("declare", office.write("b.yaml", institution("north", "north", country="DE")), *SINCE)
    assert (now.code, now.out) == (2, "")
    assert now.err == (
        "--since: expected an instant from 2100-01-01T00:00:00Z on, when Institution north was declared last, found "
        "2026-10-31T00:00:00Z\n"
    )
    assert entries(office) == before


def test_what_was_declared_wrongly_and_taken_back_is_declared_anew_as_the_next_generation(office: Office) -> None:
    path = office.write("a.yaml", institution("north", "north"))
    office.ullage("declare", path, *SINCE)
    office.ullage("ledger", "reverse", "declaration/Institution/north/1", "--reason", "wrong")
    again = office.ullage("declare", path, *SINCE)
    assert (again.code, again.out, again.err) == (0, f"Institution north: {FROM}\n", "")
    assert [each["id"] for each in office.json("ledger", "entries", "--type", "declaration")["entries"]] == [
        "declaration/Institution/north/1",
        "declaration/Institution/north/2",
    ]


def test_what_is_declared_for_a_closed_month_counts_from_the_first_day_that_is_open(office: Office) -> None:
    def machines(count: int) -> dict[str, Any]:
        return institution(
            "north", "north", holds={"accelerators": [{"type": "A100", "count": count, "from": "2025-01-01"}]}
        )

    def own(month: str) -> float:
        (line,) = office.json("gap", "--period", month)["lines"]
        return float(line["own"]["value"])

    office.ullage("declare", office.write("a.yaml", machines(1)), "--since", "2026-09-01")
    office.ullage("ledger", "close", "--period", "2026-10")
    office.ullage("declare", office.write("b.yaml", machines(2)), "--since", "2026-10-01")
    assert [own(month) for month in ("2026-09", "2026-10", "2026-11")] == [720, 744, 1440]


def test_machines_can_not_cost_more_than_the_line_that_paid_for_them_nor_be_bought_after_its_term(
    office: Office,
) -> None:
    (south,) = (each for each in documents("institutions.yaml") if each["spec"]["id"] == "south")
    bought = {"name": "people-and-money", "line": "south-money", "cost": 70000}
    south["spec"]["holds"]["accelerators"] = [{"type": "A100", "count": 1, "from": "2026-12-05", "acquiredBy": bought}]
    office.ullage("declare", *FILES, *SINCE)
    refused = office.ullage("declare", office.write("south.yaml", south), *SINCE)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == (
        "Institution south: spec.holds.accelerators[0].acquiredBy.cost: expected at most what line south-money of "
        "Investment people-and-money gives, 10,000 CNY, found 70,000\n"
        "Institution south: spec.holds.accelerators[0].from: expected a day in the term of Investment "
        "people-and-money, from 2026-11-01 until before 2026-12-01, found 2026-12-05; it is bought on the day it is "
        "held from\n"
    )
