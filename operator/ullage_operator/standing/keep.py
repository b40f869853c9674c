"""Keeping the books as the objects are: what was accepted is declared, what is no longer there is withdrawn."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ullage_operator import gap
from ullage_operator.api import Declarations
from ullage_operator.api.types import Institution
from ullage_operator.ledger import ConflictingEntry, Ledger, RefusedEntry

from .declare import AUTHOR, declare, withdraw
from .entries import Object
from .purchases import post_purchases
from .stand import declarations_of

Key = tuple[str, str]
"""What kind of object, and its id in the books: an Institution's id, or a name."""


@dataclass(frozen=True)
class Kept:
    """What the books have now."""

    declarations: Declarations
    """What is declared; of an object whose last change was not accepted, what it said before."""
    refused: dict[Key, str]
    """Objects that the books did not take, and why."""


def key_of(declared: Object) -> Key:
    """Return what an object is called in the books."""
    name = declared.spec.id if isinstance(declared, Institution) else declared.metadata.name
    return declared.kind, name


def keep(ledger: Ledger, accepted: Sequence[Object], present: Collection[Key], now_ms: int) -> Kept:
    """Declare what was accepted and withdraw what is not there.

    Parameters
    ----------
    accepted
        Objects without errors, the oldest first.
    present
        All objects that there are, those with errors too: these are not withdrawn.

    Raises
    ------
    LedgerUnavailable
        The database refused; done again, it goes on.
    """
    standing = {key_of(each): each for each in _objects(declared_now(ledger, now_ms))}
    for kind, object_id in sorted(standing.keys() - set(present)):
        withdraw(ledger, kind, object_id, now_ms, AUTHOR)
    there = {key: each for key, each in standing.items() if key in present}
    wanted = Declarations.of([*(there | {key_of(each): each for each in accepted}).values()])
    refused: dict[Key, str] = {}
    for each in accepted:
        try:
            declare(ledger, [each], wanted, now_ms, AUTHOR)
        except (ConflictingEntry, RefusedEntry) as error:
            refused[key_of(each)] = str(error)
    declared = declared_now(ledger, now_ms)
    try:
        post_purchases(ledger, declared, now_ms, AUTHOR)
    except (ConflictingEntry, RefusedEntry) as error:
        buyers = (key_of(each) for each in accepted if isinstance(each, Institution) and _buys(each))
        refused |= dict.fromkeys(buyers, str(error))
    return Kept(declared, refused)


def _buys(institution: Institution) -> bool:
    return any(machines.acquired_by is not None for machines in institution.spec.holds.accelerators)


def declared_now(ledger: Ledger, now_ms: int) -> Declarations:
    """Return what is declared at an instant, as the books have it."""
    with ledger.books() as books:
        return declarations_of(books, gap.Period(now_ms, now_ms + 1))


def _objects(declarations: Declarations) -> list[Object]:
    return [*declarations.institutions, *declarations.investments, *declarations.price_lists]
