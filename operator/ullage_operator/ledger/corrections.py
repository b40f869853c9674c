"""Reversals and revisions: which entries count, and the rules of correcting. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .entries import BaseEntry, Entry, OfSubject, OfWorker, Reversal


def counting(entries: Sequence[Entry]) -> list[OfWorker | OfSubject]:
    """Return the entries that count: neither reversed nor reversals."""
    reversed_ids = {entry.reverses for entry in entries if isinstance(entry, Reversal)}
    return [entry for entry in entries if not isinstance(entry, Reversal) and entry.id not in reversed_ids]


def problems(entries: Sequence[Entry]) -> Iterator[str]:
    """Tell what is wrong with the corrections in a group of entries.

    The rules: a revision follows a reversed one; a reversal names an entry of the same group and the same
    books, and no other reversal.
    """
    reversed_ids = {entry.reverses for entry in entries if isinstance(entry, Reversal)}
    for entry in entries:
        before = entry.id_of_revision(entry.revision - 1)
        if entry.revision > 1 and before not in reversed_ids:
            yield f"{entry.id}: expected {before} to be reversed before it is corrected, found no reversal of it"
    by_id = {entry.id: entry for entry in entries}
    for entry in entries:
        if not isinstance(entry, Reversal):
            continue
        target = by_id.get(entry.reverses)
        if target is None:
            yield f"{entry.id}: expected an entry of {entry.group}, found none with id {entry.reverses!r}"
        elif isinstance(target, Reversal):
            yield f"{entry.id}: a reversal is final; post the next revision of {target.reverses} instead"
        elif target.ownership() != entry.ownership():
            yield other_books(entry, target)


def other_books(entry: BaseEntry, other: BaseEntry) -> str:
    """Tell that an entry is in other books than the one it belongs to."""
    mine, theirs = entry.ownership(), other.ownership()
    differing = ", ".join(
        f"{name} {theirs[name]!r}, found {mine[name]!r}" for name in mine if mine[name] != theirs[name]
    )
    return f"{entry.id}: expected the context of {other.id}: {differing}"
