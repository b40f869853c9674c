"""Restating a subject: what it stands for now takes the place of what it stood for. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .corrections import counting
from .entries import Entry, Reversal, Stated, StatedEntry


@dataclass(frozen=True)
class Restated:
    """What a restatement wrote."""

    posted: int
    """Entries that are new, or the next revision of one that changed."""
    reversed: int
    """Entries that no longer count."""


@dataclass(frozen=True)
class Change:
    """Why a subject is restated."""

    reason: str
    """Why, on one line."""
    author: str
    """Who decided."""
    at_ms: int
    """When, in milliseconds since 1970."""


def restatement(held: Sequence[Entry], wanted: Sequence[Stated], change: Change) -> list[Reversal | Stated]:
    """Return what has to be posted so that, of a subject's entries, exactly the wanted ones count.

    What stands unchanged is left alone, whoever wrote it; what changed is reversed and posted as its next
    revision; what is no longer wanted is reversed; what was reversed before comes back as its next revision.

    Parameters
    ----------
    held
        All entries of the subject.
    wanted
        The entries that ought to count, whatever their revision; each business key once.
    """
    standing = {(entry.type, entry.key): entry for entry in counting(held) if isinstance(entry, StatedEntry)}
    last: dict[tuple[str, str], int] = {}
    for entry in held:
        if isinstance(entry, StatedEntry):
            place = entry.type, entry.key
            last[place] = max(last.get(place, 0), entry.revision)
    kept = {place for entry in wanted if _same(standing.get(place := (entry.type, entry.key)), entry)}
    gone = [entry for place, entry in standing.items() if place not in kept]
    new = [entry for entry in wanted if (entry.type, entry.key) not in kept]
    return [
        *(Reversal.of(entry, reason=change.reason, author=change.author, at_ms=change.at_ms) for entry in gone),
        *(entry.model_copy(update={"revision": last.get((entry.type, entry.key), 0) + 1}) for entry in new),
    ]


def unfit(subject: str, wanted: Sequence[Stated]) -> list[str]:
    """Return why entries can't be what a subject stands for: of another subject, or one key with two meanings."""
    found = [
        f"{entry.id}: expected the subject {subject}, found {entry.subject}"
        for entry in wanted
        if entry.subject != subject
    ]
    by_key: dict[tuple[str, str], Stated] = {}
    for entry in wanted:
        other = by_key.setdefault((entry.type, entry.key), entry)
        if not _same(other, entry):
            found.append(f"{entry.id}: expected one meaning, found two: {other.facts()} and {entry.facts()}")
    return found


def _same(one: StatedEntry | None, other: StatedEntry) -> bool:
    return one is not None and _meaning(one) == _meaning(other)


def _meaning(entry: StatedEntry) -> dict[str, object]:
    return {name: value for name, value in entry.facts().items() if name != "revision"}
