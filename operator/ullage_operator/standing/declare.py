"""Posting what is declared: each accepted generation once, and what it stands for in the place of what it stood for."""

from __future__ import annotations

from collections.abc import Iterable

from ullage_operator.api import Declarations
from ullage_operator.ledger import Change, Declaration, Ledger

from .entries import Object, declaration_of, stated, subject_of

AUTHOR = "ullage"


def declare(ledger: Ledger, objects: Iterable[Object], declarations: Declarations, now_ms: int, author: str) -> int:
    """Post objects that were accepted; return how many generations were new.

    An object without a generation of its own, from a file, has the next one where it says something else.

    Raises
    ------
    LedgerError
        The books do not take it: a line that is drawn on would lose its award, for instance.
    """
    new = 0
    for each in objects:
        entry = _next(ledger, each, now_ms, author)
        if entry is not None:
            new += ledger.post([entry])
        change = Change(reason=f"{each.kind} {each.metadata.name} was declared anew", author=author, at_ms=now_ms)
        ledger.restate(subject_of(each), stated(each, declarations, since_ms(ledger, each, now_ms)), change)
    return new


def withdraw(ledger: Ledger, kind: str, object_id: str, now_ms: int, author: str) -> None:
    """Post that an object is no longer there: what it gave ends now, and what it declared counts until then."""
    latest = _latest(ledger, kind, object_id, now_ms)
    if latest is None:
        return
    gone = latest.model_copy(update={"spec": None, "from_ms": now_ms, "author": author})
    ledger.post([gone])


def since_ms(ledger: Ledger, declared: Object, now_ms: int) -> int:
    """Return since when an object is declared at all; now if it is new."""
    wanted = declaration_of(declared, 1, now_ms, author=AUTHOR)
    with ledger.books() as books:
        rows = books.declarations(0, now_ms + 1)
    starts = [row.declared_from_ms for row in rows if (row.kind, row.object_id) == (wanted.kind, wanted.object_id)]
    return min(starts, default=now_ms)


def _next(ledger: Ledger, declared: Object, now_ms: int, author: str) -> Declaration | None:
    """Return the declaration to post; null where the books have it."""
    latest = _latest(ledger, declared.kind, declaration_of(declared, 1, now_ms, author=author).object_id, now_ms)
    generation = declared.metadata.generation or (1 if latest is None else latest.generation + 1)
    entry = declaration_of(declared, generation, now_ms, author=author)
    if latest is not None and (latest.spec, latest.object_uid) == (entry.spec, entry.object_uid):
        # What was withdrawn comes back as a generation of its own.
        return (
            None if _applies(ledger, entry, now_ms) else entry.model_copy(update={"generation": latest.generation + 1})
        )
    return entry


def _applies(ledger: Ledger, wanted: Declaration, now_ms: int) -> bool:
    with ledger.books() as books:
        rows = books.declarations(now_ms, now_ms + 1)
    return any((row.kind, row.object_id) == (wanted.kind, wanted.object_id) for row in rows)


def _latest(ledger: Ledger, kind: str, object_id: str, now_ms: int) -> Declaration | None:
    with ledger.books() as books:
        rows = [row for row in books.declarations(0, now_ms + 1) if (row.kind, row.object_id) == (kind, object_id)]
        if not rows:
            return None
        found = [entry for entry in books.standing(f"declaration/{kind}/{object_id}") if isinstance(entry, Declaration)]
    standing = [entry for entry in found if entry.spec is not None]
    return max(standing, key=lambda entry: (entry.from_ms, entry.generation), default=None)
