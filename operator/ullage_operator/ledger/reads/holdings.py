"""Data that institutions hold or may use. A stock: what there is at the end of a period, never prorated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ullage_operator.ledger.entries import Access, Asset
from ullage_operator.ledger.selection import Posted


@dataclass(frozen=True, kw_only=True)
class HoldingRow:
    """A data asset as an institution holds it, and who else may use it."""

    owner: str
    """The institution that holds it."""
    asset_id: str
    """Which asset."""
    fingerprint: str | None
    """A digest of it, where it was measured."""
    unit: str
    """In what it is counted."""
    amount: int
    """How many units."""
    unique_millionths: int
    """The share of it that is not repeated, in millionths."""
    licence: str | None
    """Under which terms."""
    from_ms: int
    """Since when."""
    to_ms: int | None
    """Until when; null is open."""
    provenance: str
    """How its figures are known."""
    shared_with: tuple[str, ...]
    """Other institutions with access."""


def holdings(assets: Sequence[Posted[Asset]], access: Sequence[Posted[Access]], at_ms: int) -> list[HoldingRow]:
    """Return the assets that are held at the end ``at_ms`` of a period, by owner and asset.

    What ends at that moment is still there; what starts then is not yet.
    """

    def there(entry: Asset | Access) -> bool:
        return entry.from_ms < at_ms and (entry.to_ms is None or entry.to_ms >= at_ms)

    shared: dict[tuple[str, str], set[str]] = {}
    for entry in (one.entry for one in access if there(one.entry)):
        shared.setdefault((entry.owner, entry.asset_id), set()).add(entry.institution)
    held = sorted((one.entry for one in assets if there(one.entry)), key=lambda entry: entry.key)
    return [
        HoldingRow(
            owner=entry.institution,
            asset_id=entry.asset_id,
            fingerprint=entry.fingerprint,
            unit=entry.unit,
            amount=entry.amount,
            unique_millionths=entry.unique_millionths,
            licence=entry.licence,
            from_ms=entry.from_ms,
            to_ms=entry.to_ms,
            provenance=entry.provenance.value,
            shared_with=tuple(sorted(shared.get((entry.institution, entry.asset_id), set()))),
        )
        for entry in held
    ]
