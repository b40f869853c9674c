"""Institutions and investments on a cluster: what is declared, posted, measured and enforced."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest

from local.runs.harness import wait_until
from operator_tests.declared import Declared, fund, institution, tariff, vouchers
from operator_tests.install import Operator
from operator_tests.tenant import Tenant
from ullage_operator.cluster.names import GROUP, VERSION
from ullage_operator.ledger import HoldOpened


def test_an_institution_is_told_how_it_stands_and_its_namespaces_jobs_are_in_its_books(
    tenant: Tenant, declared: Declared, operator: Operator
) -> None:
    declared.apply("Institution", "polar", institution(tenant, "polar"))
    declared.apply("Investment", "polar-vouchers", vouchers("polar", 360_000))
    status = declared.wait("Institution", "polar", lambda told: bool(told.get("resources")), "figures")
    (row,) = (each for each in status["resources"] if each["resource"] == "compute" and each["type"] == "A100")
    figures = (row["required"], row["granted"], row["supply"], row["gap"], row["coverage"])
    assert figures == (1000, 100, 100, 900, 0.1)
    assert (status["bottleneck"], status["observedGeneration"]) == ("compute A100", 1)
    assert declared.conditions("Institution", "polar") == {
        "Accepted": ("True", "SpecValid", ""),
        "Ready": ("True", "InBooks", ""),
    }
    series = 'ullage_gap{institution="polar",resource="compute",type="A100",unit="accelerator_seconds"} 3.24e+06'
    assert series in operator.metrics().splitlines()
    job = tenant.waiting("unnamed")
    del job["spec"]["accounting"]
    tenant.apply(job)
    tenant.go("unnamed")
    tenant.wait_for_phase("unnamed", "Succeeded")
    (pod,) = tenant.pods().values()
    hold = operator.books.entry(f"hold/{pod.metadata.uid}")
    assert isinstance(hold, HoldOpened)
    assert hold.context.institution == "polar"
    assert operator.books.verified() == []


def test_the_report_is_served_and_commands_read_the_books_within_the_operators_pod(
    tenant: Tenant, declared: Declared, operator: Operator
) -> None:
    # Of another id than others of this file: what was granted to those this month stays granted.
    declared.apply("Institution", "aurora", institution(tenant, "aurora", displayName="Polar University"))
    declared.wait("Institution", "aurora", lambda told: bool(told.get("resources")), "figures")
    with urllib.request.urlopen(f"http://{operator.metrics_address()}/report?lang=zh", timeout=120) as answer:
        page = answer.read().decode()
    assert '<html lang="zh' in page
    assert "Polar University" in page
    said = operator.ullage("gap", "--output", "json")
    assert said.returncode == 0, said.stderr
    lines = json.loads(said.stdout)["lines"]
    (line,) = (each for each in lines if (each["institution"], each["thing"]["type"]) == ("aurora", "A100"))
    assert (line["required"]["value"], line["gap"]["value"]) == (1000, 1000)


def test_what_is_declared_against_each_other_is_told_with_its_place(tenant: Tenant, declared: Declared) -> None:
    declared.apply("Institution", "polar", institution(tenant, "polar"))
    declared.apply("Investment", "lost", vouchers("pole", 360))
    declared.wait("Investment", "lost", lambda told: bool(told.get("conditions")), "conditions")
    accepted = declared.conditions("Investment", "lost")["Accepted"]
    assert accepted[:2] == ("False", "SpecInvalid")
    assert accepted[2].startswith(
        "spec.lines[0].beneficiary: expected the id of an Institution, found 'pole', which there is not"
    )
    tenant.apply(tenant.waiting("claims", accounting={"institution": "north"}))
    tenant.wait("claims", lambda told: bool(told.get("conditions")), "a condition")
    told = tenant.condition("claims", "Accepted")
    assert told is not None
    assert (told[0], told[1]) == ("False", "SpecInvalid")
    whose = f"expected 'polar', the institution of namespace {tenant.namespace}, found 'north'"
    assert f"spec.accounting.institution: {whose}" in told[2]
    tenant.patch("claims", {"accounting": {"institution": "polar"}})
    tenant.go("claims")
    tenant.wait_for_phase("claims", "Succeeded")


def test_a_job_waits_where_its_grant_is_exhausted_and_goes_on_when_it_is_raised(
    accelerators: None, tenant: Tenant, declared: Declared, operator: Operator
) -> None:
    assert accelerators is None
    declared.apply("Institution", "polar", institution(tenant, "polar"))
    declared.apply("Investment", "vouchers", vouchers("polar", 20))
    declared.wait("Investment", "vouchers", lambda told: told.get("phase") == "Active", "an active grant")
    one = {"resources": {"train": {"requests": {"cpu": "50m"}, "limits": {"nvidia.com/gpu": "1"}}}}
    job = tenant.waiting("costly", workers=one | {"template": {"terminationGracePeriodSeconds": 2}})
    del job["spec"]["accounting"]
    uid = tenant.apply(job)
    before = spec_of(tenant, "costly")
    tenant.wait_for_phase("costly", "Suspended", 180)
    assert tenant.status("costly")["message"].startswith(
        "expected funds for 1 A100, found too little: vouchers/gpu has 0.0"
    )
    assert tenant.condition("costly", "Suspended") is not None
    assert "BudgetExhausted" in tenant.events("costly")
    assert spec_of(tenant, "costly") == before
    figures = declared.wait("Investment", "vouchers", lambda told: not line(told)["reserved"], "settled books")
    assert line(figures)["remaining"] >= -5 / 3600  # It was told to end in time; how long it took is an overdraft.
    declared.patch("Investment", "vouchers", {"lines": vouchers("polar", 3600)["lines"]})
    tenant.wait_for_phase("costly", "Running")
    tenant.go("costly")
    tenant.wait_for_phase("costly", "Succeeded")
    settled = declared.wait("Investment", "vouchers", lambda told: not line(told)["reserved"], "settled books")
    found = line(settled)
    assert found["released"] == pytest.approx(found["expended"] + found["remaining"])
    assert found["expended"] == pytest.approx(operator.books.accelerator_hours(uid))
    assert operator.books.verified() == []


def test_money_pays_across_a_restart_of_the_operator_and_a_share_that_is_spent_is_told(
    accelerators: None, tenant: Tenant, declared: Declared, operator: Operator
) -> None:
    assert accelerators is None
    declared.apply("PriceList", "tariff", tariff(3600))  # 1 CNY a second
    declared.apply("Institution", "polar", institution(tenant, "polar"))
    declared.apply("Investment", "fund", fund("polar", 2000, warnAt=[0.001]))
    declared.wait("Investment", "fund", lambda told: told.get("phase") == "Active", "an active grant")
    one = {"resources": {"train": {"requests": {"cpu": "50m"}, "limits": {"nvidia.com/gpu": "1"}}}}
    job = tenant.waiting("paid", workers=one)
    del job["spec"]["accounting"]
    uid = tenant.apply(job)
    tenant.wait_for_phase("paid", "Running")
    wait_until(lambda: operator.books.line("fund/money") > (0, 0), "a reservation")
    wait_until(lambda: operator.books.line("fund/money")[1] > 0, "an interval that is spent")
    operator.restart()
    before = operator.books.line("fund/money")[1]
    wait_until(lambda: operator.books.line("fund/money")[1] > before, "an interval that the next operator settles")
    wait_until(lambda: "GrantSpent" in events_of(tenant, "fund"), "the event that a share is spent")
    tenant.go("paid")
    tenant.wait_for_phase("paid", "Succeeded")
    settled = declared.wait("Investment", "fund", lambda told: not line(told)["reserved"], "settled books")
    hours = operator.books.accelerator_hours(uid)
    assert line(settled)["expended"] == pytest.approx(3600 * hours, abs=1e-3)  # Each interval is rounded up.
    assert line(settled)["expended"] + line(settled)["remaining"] == pytest.approx(2000)
    assert operator.books.verified() == []


def test_an_investment_that_is_deleted_while_a_job_draws_on_it_stops_nothing_and_loses_nothing(
    accelerators: None, tenant: Tenant, declared: Declared, operator: Operator
) -> None:
    assert accelerators is None
    declared.apply("Institution", "polar", institution(tenant, "polar"))
    declared.apply("Investment", "brief", vouchers("polar", 3600))
    declared.wait("Investment", "brief", lambda told: told.get("phase") == "Active", "an active grant")
    one = {"resources": {"train": {"requests": {"cpu": "50m"}, "limits": {"nvidia.com/gpu": "1"}}}}
    job = tenant.waiting("drawing", workers=one)
    del job["spec"]["accounting"]
    tenant.apply(job)
    wait_until(lambda: operator.books.line("brief/gpu") > (0, 0), "a reservation")
    tenant.wait_for_phase("drawing", "Running")
    declared.delete("Investment", "brief")
    wait_until(lambda: operator.books.line("brief/gpu")[0] == 0, "a settled interval")
    assert operator.books.line("brief/gpu")[1] > 0
    tenant.go("drawing")
    tenant.wait_for_phase("drawing", "Succeeded")
    assert operator.books.verified() == []


def events_of(tenant: Tenant, name: str) -> set[str]:
    """Return the reasons of the events of an object of the whole cluster."""
    found = tenant.core.list_namespaced_event("default", field_selector=f"involvedObject.name={name}").items
    return {event.reason for event in found}


def line(status: dict[str, Any]) -> dict[str, float]:
    """Return the figures of an investment's one line; none of one that has none yet."""
    (found,) = status.get("lines") or [{}]
    return {"reserved": 1.0, "remaining": 0.0} | found


def spec_of(tenant: Tenant, name: str) -> tuple[int, dict[str, Any]]:
    found = tenant.custom.get_namespaced_custom_object(GROUP, VERSION, tenant.namespace, "trainingjobs", name)
    return found["metadata"]["generation"], found["spec"]
