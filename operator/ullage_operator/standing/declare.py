"""Posting what is declared: each accepted generation once, and what it stands for in the place of what it stood for."""

from __future__ import annotations

from collections.abc import Iterable

from ullage_operator.api import Declarations
from ullage_operator.ledger import Change, Declaration, Ledger

from .entries import Object, declaration_of, stated, subject_of

AUTHOR = "ullage"


def declare(ledger: Ledger, objects: Iterable[Object], declarations: Declarations, now_ms: int, author: str) -> int:
    """Post objects that were accepted; return how many generations were new.

    What an object stands for is posted before its declaration: one that the books refuse is not declared. Generations
    count up in the books by themselves where an object's own do not tell them apart: one from a file has none, and
    labels, which selectors look at, change without one.

    Raises
    ------
    LedgerError
        The books do not take it: a line that is drawn on would lose its award, for instance.
    """
    new = 0
    for each in objects:
        since = since_ms(ledger, each, now_ms)
        entry = _next(ledger, each, now_ms, author)
        change = Change(reason=f"{each.kind} {each.metadata.name} was declared anew", author=author, at_ms=now_ms)
        ledger.restate(subject_of(each), stated(each, declarations, since), change)
        if entry is not None:
            new += ledger.post([entry])
    return new


def withdraw(ledger: Ledger, kind: str, object_id: str, now_ms: int, author: str) -> None:
    """Post that an object is no longer there: what it gave ends now, and what it declared counts until then."""
    latest = _latest(_posted(ledger, kind, object_id))
    if latest is None or latest.spec is None:
        return
    gone = latest.model_copy(update={"spec": None, "from_ms": max(now_ms, latest.from_ms), "author": author})
    ledger.post([gone])


def since_ms(ledger: Ledger, declared: Object, now_ms: int) -> int:
    """Return since when an object is declared at all; now if it is new."""
    wanted = declaration_of(declared, 1, now_ms, author=AUTHOR)
    posted = _posted(ledger, wanted.kind, wanted.object_id)
    return min((entry.from_ms for entry in posted), default=now_ms)


def _next(ledger: Ledger, declared: Object, now_ms: int, author: str) -> Declaration | None:
    """Return the declaration to post; null where the books have it."""
    entry = declaration_of(declared, declared.metadata.generation or 1, now_ms, author=author)
    posted = _posted(ledger, entry.kind, entry.object_id)
    latest = _latest(posted)
    if latest is not None and (latest.spec, latest.object_uid) == (entry.spec, entry.object_uid):
        return None
    with ledger.books() as books:
        # Numbers of generations that were reversed are not given again.
        every = [one.entry for one in books.entries(about=f"declaration/{entry.kind}/{entry.object_id}")]
    numbered = [other for other in every if isinstance(other, Declaration)]
    taken = [other.generation for other in numbered if other.object_uid == entry.object_uid]
    generation = max([entry.generation, *(number + 1 for number in taken)])
    # Where the clock goes back, what is declared later still applies later.
    start_ms = max([entry.from_ms, *(other.from_ms for other in posted)])
    return entry.model_copy(update={"generation": generation, "from_ms": start_ms})


def _posted(ledger: Ledger, kind: str, object_id: str) -> list[Declaration]:
    """Return the declarations of an object that count, in the order they were posted."""
    with ledger.books() as books:
        found = books.standing(f"declaration/{kind}/{object_id}")
    return [entry for entry in found if isinstance(entry, Declaration)]


def _latest(posted: list[Declaration]) -> Declaration | None:
    """Return the one that applies now; of two from the same instant, the one posted later."""
    return max(enumerate(posted), key=lambda one: (one[1].from_ms, one[0]), default=(0, None))[1]
