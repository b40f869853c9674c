"""The rules by which the books of a subject add up: a draw's interval, and closed periods. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from . import corrections
from .entries import Close, Draw, Entry, Reserve, Unreserve


def problems(entries: Sequence[Entry]) -> list[str]:
    """Return everything that does not add up in the entries of one subject, in the order they were posted.

    The rules, beside those of corrections: no more is given back than was reserved, entries of one draw
    count the same unit, and closed periods do not overlap.
    """
    return [*corrections.problems(entries), *_draws(entries), *_closes(entries)]


def _draws(entries: Sequence[Entry]) -> Iterator[str]:
    kept = [entry for entry in corrections.counting(entries) if isinstance(entry, Draw)]
    reserve = next((entry for entry in kept if isinstance(entry, Reserve)), None)
    given_back = [entry for entry in kept if isinstance(entry, Unreserve)]
    if reserve is None:
        for entry in given_back:
            yield f"{entry.id}: expected a reservation of {entry.group}, found none that counts"
    elif (total := sum(entry.amount for entry in given_back)) > reserve.amount:
        yield f"{given_back[-1].id}: expected at most the {reserve.amount} of {reserve.id} given back, found {total}"
    for one, other in pairwise(kept):
        mine, theirs = ((entry.unit, entry.currency, entry.institution) for entry in (other, one))
        if mine != theirs:
            yield f"{other.id}: expected the unit, currency and institution of {one.id}: {theirs}, found {mine}"


def _closes(entries: Sequence[Entry]) -> Iterator[str]:
    closes = [entry for entry in corrections.counting(entries) if isinstance(entry, Close)]
    for one, other in pairwise(sorted(closes, key=lambda close: close.from_ms)):
        if other.from_ms < one.to_ms:
            yield f"{other.id}: expected it to start at or after {one.to_ms} (ms), where {one.id} ends"
