"""``ullage ledger verify``, ``close``, ``reverse``, ``migrate``: the books checked, corrected, closed, kept up."""

from __future__ import annotations

import typer

from ullage_operator.ledger import Close, Ledger, LedgerError, LedgerTooOld, Reversal, tables
from ullage_operator.local.books import now_ms

from .books import Place, author
from .exits import Exit
from .instants import period_of, told
from .ledger_lists import reversals
from .manifests import Unusable, complain


def verify_command(place: Place) -> Exit:
    """Print what in the books is not as it was posted; return how the command ends."""
    try:
        with place.reading() as ledger:
            found = ledger.verify()
            with ledger.books() as books:
                last = books.last_sequence()
    except Unusable as error:
        return error.code
    if found:
        complain("\n".join(found))
        complain(f"{len(found)} problem(s); restore the books from a backup, or keep these to find out what happened")
        return Exit.ENVIRONMENT
    typer.echo(f"{last} entries are as they were posted, and add up.")
    return Exit.OK


def close_command(place: Place, month: str) -> Exit:
    """Close a period; return how the command ends."""
    try:
        now = now_ms()
        period = period_of(month, None, None, now)
        if period.end_ms > now:
            complain(f"--period: expected one that has ended, found {month}, which ends on {told(period.end_ms)}")
            return Exit.INVALID
        close = Close(
            from_ms=period.start_ms, to_ms=period.end_ms, at_ms=now, source="ullage ledger close", author=author()
        )
        with place.existing() as ledger:
            with ledger.books() as books:
                closed = any((row.from_ms, row.to_ms) == (close.from_ms, close.to_ms) for row in books.closes())
            if not closed:
                ledger.post([close])
    except Unusable as error:
        return error.code
    typer.echo(
        f"{month} {'was closed before' if closed else 'is closed'}: what is posted for it from now on counts later"
    )
    return Exit.OK


def reverse_command(place: Place, entry_id: str, reason: str) -> Exit:
    """Take an entry out of the books; return how the command ends."""
    if not reason.strip():
        complain("--reason: expected why it no longer counts, found nothing")
        return Exit.INVALID
    try:
        with place.existing() as ledger:
            entry = ledger.find(entry_id)
            if entry is None:
                complain(
                    f"{entry_id}: expected the id of an entry in these books, found none; `ullage ledger entries` "
                    "lists them"
                )
                return Exit.INVALID
            with ledger.books() as books:
                gone = reversals(books)
            if entry_id in gone:
                typer.echo(f"{entry_id} was reversed before")
                return Exit.OK
            ledger.post([Reversal.of(entry, reason=reason, author=author(), at_ms=now_ms())])
    except Unusable as error:
        return error.code
    typer.echo(f"{entry_id} no longer counts; it stays listed, with its reversal")
    return Exit.OK


def migrate_command(place: Place) -> Exit:
    """Bring books to this version's schema; return how the command ends."""
    try:
        with Ledger.open(place.url, cluster=place.cluster, now_ms=now_ms, read_only=True):
            typer.echo(f"The books have schema version {tables.SCHEMA_VERSION}, which is this Ullage's.")
            return Exit.OK
    except LedgerTooOld:
        pass
    except LedgerError as error:
        complain(str(error))
        return Exit.ENVIRONMENT
    try:
        with place.writing():
            typer.echo(f"The books are brought to schema version {tables.SCHEMA_VERSION}.")
    except Unusable as error:
        return error.code
    return Exit.OK
