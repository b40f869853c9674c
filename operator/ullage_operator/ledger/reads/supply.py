"""What there is to hold: capacity; and what was charged for what was held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ullage_operator.ledger.entries import Capacity, Charge, Entry, Rate
from ullage_operator.ledger.selection import Posted

from .periods import Period, Timed, flows


@dataclass(frozen=True, kw_only=True)
class CapacityRow:
    """A resource of a node or a pool, within a period."""

    scope: str
    """Which cluster, or which other place."""
    name: str
    """Which node or pool."""
    institution: str | None
    """Whose it is; null is not known."""
    resource: str
    """``accelerator``, ``cpu`` or ``memory``."""
    resource_type: str | None
    """Which kind of accelerator."""
    amount: int
    """Accelerators, thousandths of a core, or MiB."""
    from_ms: int
    """Since when within the period."""
    to_ms: int
    """Until when within the period."""

    @property
    def amount_ms(self) -> int:
        """The amount times milliseconds."""
        return self.amount * (self.to_ms - self.from_ms)


@dataclass(frozen=True, kw_only=True)
class ChargeRow:
    """What a job was charged for within a period, by one line or none."""

    institution: str | None
    """Whose job."""
    job_uid: str
    """The job."""
    line: str | None
    """What pays; null is its own machines."""
    resource: str
    """Which resource."""
    resource_type: str | None
    """Which kind of accelerator."""
    rate: Rate | None
    """At what price; null where it has none."""
    quantity_ms: int
    """The amount times milliseconds; negative where more of a closed period was taken back."""


def capacity(found: Sequence[Posted[Capacity]], period: Period) -> list[CapacityRow]:
    """Return the capacity that was there within a period, by place, name, resource and time."""
    return [
        CapacityRow(
            scope=entry.scope,
            name=entry.name,
            institution=entry.institution,
            resource=entry.resource,
            resource_type=entry.resource_type,
            amount=entry.amount,
            from_ms=clipped[0],
            to_ms=clipped[1],
        )
        for entry in sorted((one.entry for one in found), key=lambda e: (e.scope, e.name, e.resource, e.from_ms))
        if (clipped := period.clip(entry.from_ms, entry.to_ms)) is not None
    ]


def charges(found: Sequence[Posted[Entry]], period: Period) -> list[ChargeRow]:
    """Sum what was charged within a period, reversals taken off; of charges and all that reverses them."""
    timed = {
        one.entry.id: (one.entry, Timed(one.entry.quantity_ms, one.entry.from_ms, one.entry.to_ms))
        for one in found
        if isinstance(one.entry, Charge)
    }
    sums: dict[tuple[str, str, str | None, str, str | None, Rate | None], int] = {}
    for flow in flows(found, timed, period):
        entry = flow.entry
        place = entry.institution or "", entry.job_uid, entry.line, entry.resource, entry.resource_type, entry.rate
        sums[place] = sums.get(place, 0) + (-flow.amount if flow.reversed else flow.amount)
    rows = [
        ChargeRow(
            institution=institution or None,
            job_uid=job_uid,
            line=line,
            resource=resource,
            resource_type=kind,
            rate=rate,
            quantity_ms=quantity_ms,
        )
        for (institution, job_uid, line, resource, kind, rate), quantity_ms in sums.items()
        if quantity_ms
    ]
    return sorted(rows, key=lambda row: (row.institution or "", row.job_uid, row.line or "", row.resource))
