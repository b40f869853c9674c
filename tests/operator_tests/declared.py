"""Institutions and investments that a test declares on the cluster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from kubernetes import client

from local.runs.harness import wait_until
from operator_tests.tenant import Tenant
from ullage_operator.cluster.names import GROUP, VERSION
from ullage_operator.cluster.objects import KINDS


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


def fund(beneficiary: str, amount: float, **changes: Any) -> dict[str, Any]:
    """Return an investment of so much money, all of it released; the prices are those of the list ``tariff``."""
    made = vouchers(beneficiary, 1, currency="CNY", priceListRef={"name": "tariff"}, **changes)
    day = made["from"]
    line = {"id": "money", "beneficiary": beneficiary, "channel": "money", "unit": "CNY", "amount": amount}
    return made | {"lines": [line | {"instalments": [{"date": day, "amount": amount}]}]}


def tariff(price: float) -> dict[str, Any]:
    """Return a price list on which an hour of A100 costs so many CNY."""
    entry = {"resource": "compute", "type": "A100", "unit": "acceleratorHours", "currency": "CNY", "price": price}
    return {"entries": [entry | {"from": "2026-01-01", "source": "tariff"}]}
