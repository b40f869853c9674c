"""What can go wrong with a ledger.

    LedgerError
    ├── LedgerMissing      no ledger there, and it was to be read only
    ├── NotALedger         what is there is something else, or damaged
    ├── LedgerTooNew       written by a later Ullage
    ├── LedgerTooOld       written by an earlier Ullage, and it was to be read only
    ├── LedgerUnavailable  the database refused: full, locked, away, or not writable
    ├── ConflictingEntry   an entry with this id says something else
    └── RefusedEntry       the books would not add up with it

Whatever is raised while posting, nothing of that call has been written.
"""

from __future__ import annotations

from collections.abc import Sequence


class LedgerError(Exception):
    """Base of the errors of the ledger; the text says where, what was expected, found, and what to do."""


class LedgerMissing(LedgerError):
    """There is no ledger at that address, and reading does not create one."""


class NotALedger(LedgerError):
    """What is at that address is not a ledger, or can no longer be read as one."""


class LedgerTooNew(LedgerError):
    """A later version of Ullage wrote this ledger."""


class LedgerTooOld(LedgerError):
    """An earlier version of Ullage wrote this ledger, and reading does not migrate it."""


class LedgerUnavailable(LedgerError):
    """The database could not do it now: disk full, locked, unreachable, not writable."""


class _Listing(LedgerError):
    """An error that holds every problem found, not only the first."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class ConflictingEntry(_Listing):
    """The ledger holds an entry with the same id that states other facts."""


class RefusedEntry(_Listing):
    """With these entries the books of a worker, or of another subject, would not add up."""
