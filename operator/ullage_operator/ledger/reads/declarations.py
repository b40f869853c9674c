"""What was declared, and for which part of a period each generation applied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ullage_operator.ledger.entries import Declaration
from ullage_operator.ledger.selection import Posted

from .periods import Period


@dataclass(frozen=True, kw_only=True)
class DeclarationRow:
    """A generation of an object, for as long as it applied within a period."""

    kind: str
    """``Institution`` or ``Investment``."""
    object_id: str
    """The object's id."""
    generation: int
    """Which generation of its spec."""
    spec: str
    """The spec, as canonical JSON."""
    from_ms: int
    """Since when within the period."""
    to_ms: int
    """Until when within the period."""
    declared_from_ms: int
    """Since when at all."""
    posted_at_ms: int
    """When it was posted."""


def declarations(found: Sequence[Posted[Declaration]], period: Period) -> list[DeclarationRow]:
    """Return the generations that applied within a period, by kind, id and time.

    Each applies until the next one does; of two from the same instant, the one posted later. One that
    withdraws the object has no row. One from a closed period applies from the first instant that is open.
    """
    by_object: dict[tuple[str, str], list[Posted[Declaration]]] = {}
    for one in found:
        by_object.setdefault((one.entry.kind, one.entry.object_id), []).append(one)
    rows: list[DeclarationRow] = []
    for _, generations in sorted(by_object.items()):
        in_order = sorted(generations, key=lambda one: (_start_ms(one), one.sequence))
        ends = [_start_ms(later) for _, later in pairwise(in_order)]
        for one, end_ms in zip(in_order, [*ends, None], strict=True):
            clipped = period.clip(_start_ms(one), end_ms)
            if clipped is not None and one.entry.spec is not None:
                rows.append(
                    DeclarationRow(
                        kind=one.entry.kind,
                        object_id=one.entry.object_id,
                        generation=one.entry.generation,
                        spec=one.entry.spec,
                        from_ms=clipped[0],
                        to_ms=clipped[1],
                        declared_from_ms=one.entry.from_ms,
                        posted_at_ms=one.posted_at_ms,
                    )
                )
    return rows


def _start_ms(one: Posted[Declaration]) -> int:
    """Return since when a generation applies."""
    return one.entry.from_ms if one.booked_ms is None else one.booked_ms
