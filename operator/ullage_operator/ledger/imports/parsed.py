"""What a file of usage gives: entries, and the rows that give none, with the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from pydantic import ValidationError

from ullage_operator.ledger.entries import Import


@dataclass(frozen=True)
class Origin:
    """Where a file of usage comes from."""

    file: str
    """Its name, for messages."""
    scope: str | None = None
    """Which place it is the account of; None: what its rows say. It is part of an entry's id, the file's name is not:
    a file counts once, whatever it is called."""
    institutions: Mapping[str, str] = field(default_factory=dict)
    """The institution of each account there."""
    zone: tzinfo = UTC
    """In which zone its times are that name none."""
    author: str = "ullage"
    """Who imports it."""


@dataclass(frozen=True)
class BadRow:
    """A row that gives no entry; it is kept apart."""

    file: str
    """The file's name."""
    row: int
    """Which line of the file, from 1."""
    expected: str
    """What was expected."""
    found: str
    """What was found."""

    def __str__(self) -> str:
        return f"{self.file}:{self.row}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True)
class Parsed:
    """A file's entries and bad rows, both in its order."""

    origin: Origin
    """Where it comes from."""
    entries: tuple[tuple[int, Import], ...]
    """Entries with the line they are from."""
    bad: tuple[BadRow, ...]
    """What gives no entry."""


class Unfit(Exception):
    """A value is not what was expected."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(expected, found)
        self.expected, self.found = expected, found


def named(header: Sequence[str], values: Sequence[str]) -> dict[str, str]:
    """Return the values of a row by their columns.

    Raises
    ------
    Unfit
        It has more or fewer than there are columns.
    """
    if len(values) != len(header):
        raise Unfit(f"{len(header)} fields", str(len(values)))
    return dict(zip(header, values, strict=True))


def institution_of(account: str, origin: Origin) -> str:
    """Return the institution of an account.

    Raises
    ------
    Unfit
        None is given for it.
    """
    if account not in origin.institutions:
        raise Unfit(f"an account that an institution is given for ({', '.join(sorted(origin.institutions))})", account)
    return origin.institutions[account]


def whole(name: str, text: str) -> int:
    """Return a whole number that is not negative.

    Raises
    ------
    Unfit
        It is none.
    """
    if not (text.isascii() and text.isdigit()):
        raise Unfit(f"a whole number in {name}", repr(text))
    return int(text)


def instant_ms(name: str, text: str, zone: tzinfo) -> int:
    """Return milliseconds since 1970 of a time by ISO 8601; where it names no zone, it is in the given one.

    Raises
    ------
    Unfit
        It is none, or before 1970.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Unfit(f"a time such as 2026-11-01T08:00:00 in {name}", repr(text)) from None
    at_ms = round((at if at.tzinfo else at.replace(tzinfo=zone)).timestamp() * 1000)
    if at_ms < 0:
        raise Unfit(f"a time since 1970 in {name}", repr(text))
    return at_ms


def made(facts: dict[str, object]) -> Import:
    """Return an entry.

    Raises
    ------
    Unfit
        The facts are not those of one.
    """
    try:
        return Import.model_validate(facts)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the row"
        raise Unfit(f"{where} that can be kept ({first['msg']})", repr(first["input"])) from None
