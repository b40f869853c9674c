"""Rates are dated, sourced and never edited: what a price list said stays in it, so that charges stay explained."""

from __future__ import annotations

from collections.abc import Iterator

from .errors import FieldError, format_path
from .types import PriceList
from .types.prices import Price

_HINT = "rates are never edited: keep it, and add an entry from a later date"


def edited_rates(before: PriceList, now: PriceList) -> Iterator[FieldError]:
    """Yield what a list no longer says as it did: an entry that is gone, or has another price or source."""
    places = {_key(entry): index for index, entry in enumerate(now.spec.entries)}
    for entry in before.spec.entries:
        index = places.get(_key(entry))
        if index is None:
            expected = f"{_told(entry)}, {entry.price:.15g} as it was declared"
            yield FieldError(format_path(("spec", "entries")), expected, "no such entry", _HINT)
            continue
        found, at = now.spec.entries[index], ("spec", "entries", index)
        if found.price != entry.price:
            expected = f"{entry.price:.15g} as it was declared ({_told(entry)})"
            yield FieldError(format_path((*at, "price")), expected, f"{found.price:.15g}", _HINT)
        if found.source != entry.source:
            expected = f"{entry.source!r} as it was declared ({_told(entry)})"
            yield FieldError(format_path((*at, "source")), expected, repr(found.source), _HINT)


def _key(entry: Price) -> tuple[object, ...]:
    return entry.resource, entry.type, entry.unit, entry.currency, entry.start


def _told(entry: Price) -> str:
    return f"{entry.resource.value} {entry.type} ({entry.unit.value}, {entry.currency}) from {entry.start}"
