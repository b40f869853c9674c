"""Posting what a file gave: good rows go in, whatever is wrong with the others."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ullage_operator.ledger.entries import Import, Reversal
from ullage_operator.ledger.errors import ConflictingEntry, RefusedEntry
from ullage_operator.ledger.store import Ledger

from .parsed import BadRow, Parsed


@dataclass(frozen=True)
class Imported:
    """What became of a file's rows."""

    new: int
    """Entries that were posted now."""
    held: int
    """Entries that the ledger held already."""
    bad: tuple[BadRow, ...]
    """Rows that gave no entry, or contradict what the ledger holds, in the file's order."""


def post_imports(ledger: Ledger, parsed: Parsed) -> Imported:
    """Post entries and tell what became of the rows; importing a file again changes nothing.

    Raises
    ------
    LedgerUnavailable
        The database refused.
    """
    refused: list[BadRow] = []
    parsed = replace(parsed, entries=_revised(ledger, parsed))
    try:
        new = ledger.post([entry for _, entry in parsed.entries])
    except (ConflictingEntry, RefusedEntry):
        new, refused = _one_by_one(ledger, parsed)
    bad = tuple(sorted((*parsed.bad, *refused), key=lambda row: row.row))
    return Imported(new=new, held=len(parsed.entries) - len(refused) - new, bad=bad)


def _revised(ledger: Ledger, parsed: Parsed) -> tuple[tuple[int, Import], ...]:
    """Return the entries, each as the revision that is next where those before it were reversed."""
    with ledger.books() as books:
        entries = [one.entry for one in books.entries(type_=Reversal.type)]
    gone = {entry.reverses for entry in entries if isinstance(entry, Reversal)}
    found: list[tuple[int, Import]] = []
    for row, entry in parsed.entries:
        revision = entry.revision
        while entry.id_of_revision(revision) in gone:
            revision += 1
        found.append((row, entry.model_copy(update={"revision": revision})))
    return tuple(found)


def _one_by_one(ledger: Ledger, parsed: Parsed) -> tuple[int, list[BadRow]]:
    new = 0
    refused: list[BadRow] = []
    for row, entry in parsed.entries:
        try:
            new += ledger.post([entry])
        except (ConflictingEntry, RefusedEntry) as error:
            refused.append(BadRow(parsed.origin.file, row, "a job as the books hold it", "; ".join(error.problems)))
    return new, refused
