"""Institutions and investments on a cluster: what is declared, posted, measured and enforced."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from kubernetes import client

from local.runs.harness import wait_until
from operator_tests.install import Operator
from operator_tests.tenant import Tenant
from ullage_operator.cluster.names import GROUP, VERSION
from ullage_operator.cluster.objects import KINDS
from ullage_operator.ledger import HoldOpened


@dataclass
class Declared:
    """Objects of the whole cluster, which go when a test ends."""

    custom: client.CustomObjectsApi
    made: list[tuple[str, str]] = field(default_factory=list)

    def apply(self, kind: str, name: str, spec: dict[str, Any]) -> None:
        body = {"apiVersion": f"{GROUP}/{VERSION}", "kind": kind, "metadata": {"name": name}, "spec": spec}
        self.custom.create_cluster_custom_object(GROUP, VERSION, KINDS[kind], body)
        self.made.append((kind, name))

    def patch(self, kind: str, name: str, spec: dict[str, Any]) -> None:
        self.custom.patch_cluster_custom_object(GROUP, VERSION, KINDS[kind], name, {"spec": spec})

    def delete(self, kind: str, name: str) -> None:
        self.custom.delete_cluster_custom_object(GROUP, VERSION, KINDS[kind], name)
        self.made.remove((kind, name))

    def status(self, kind: str, name: str) -> dict[str, Any]:
        found = self.custom.get_cluster_custom_object(GROUP, VERSION, KINDS[kind], name)
        status: dict[str, Any] = found.get("status") or {}
        return status

    def conditions(self, kind: str, name: str) -> dict[str, tuple[str, str, str]]:
        found = self.status(kind, name).get("conditions", [])
        return {each["type"]: (each["status"], each["reason"], each.get("message", "")) for each in found}

    def wait(self, kind: str, name: str, holds: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
        wait_until(lambda: holds(self.status(kind, name)), what, 60)
        return self.status(kind, name)


@pytest.fixture
def declared(tenant: Tenant) -> Iterator[Declared]:
    objects = Declared(tenant.custom)
    yield objects
    for kind, name in reversed(objects.made):
        tenant.custom.delete_cluster_custom_object(GROUP, VERSION, KINDS[kind], name)


def this_month() -> dict[str, str]:
    first = datetime.now(UTC).date().replace(day=1)
    return {"from": str(first), "to": str((first + timedelta(days=32)).replace(day=1))}


def institution(tenant: Tenant, name: str, **changes: Any) -> dict[str, Any]:
    """Return an institution whose namespace the tenant's is; it needs 1,000 hours of A100."""
    need = {"resource": "compute", "type": "A100", "unit": "acceleratorHours", "amount": 1000, **this_month()}
    spec = {"id": name, "displayName": name, "country": "CN", "kind": "university", "declaredBy": "Office"}
    selector = {"matchLabels": {"kubernetes.io/metadata.name": tenant.namespace}}
    return spec | {"namespaceSelector": selector, "requires": [need]} | changes


def vouchers(beneficiary: str, seconds: float, **changes: Any) -> dict[str, Any]:
    """Return an investment of so many accelerator-seconds in kind, all of them released."""
    today = str(datetime.now(UTC).date())
    line = {"id": "gpu", "beneficiary": beneficiary, "channel": "inKind", "resource": "compute", "type": "A100"}
    amount = {"unit": "acceleratorHours", "amount": seconds / 3600}
    line |= amount | {"instalments": [{"date": today, "amount": seconds / 3600}]}
    term = {"from": today, "to": str(date.fromisoformat(today) + timedelta(days=30))}
    spec = {"funder": "Ministry", "approval": {"by": "Board", "date": today}, "lines": [line]}
    return spec | term | {"whenExhausted": "Suspend"} | changes


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
    assert told[2].startswith(
        f"spec.accounting.institution: expected 'polar', the institution of namespace {tenant.namespace}, found 'north'"
    )
    tenant.patch("claims", {"accounting": {"institution": "polar"}})
    tenant.go("claims")
    tenant.wait_for_phase("claims", "Succeeded")
