"""People by double entry: what leaves one (institution, role) account reaches another, so that all sum to zero."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from math import floor
from typing import Final

from .figures import Figure, Provenance
from .periods import Period, Term
from .subjects import HOURS_PER_FTE_YEAR

RECRUITS: Final = "recruits"
DEPARTURES: Final = "departures"
TRAINING: Final = "training"
BOUNDARIES: Final = frozenset({RECRUITS, DEPARTURES, TRAINING})
"""Accounts from which people come, or to which they go, that no institution holds; and ``abroad:XX``."""


def abroad(country: str) -> str:
    """Return the boundary account of another country (ISO 3166-1 alpha-2)."""
    return f"abroad:{country}"


def is_boundary(holder: str) -> bool:
    """Tell whether people of that account are at no institution of the books."""
    return holder in BOUNDARIES or holder.startswith("abroad:")


class Operation(StrEnum):
    """Through which channel people move."""

    EDUCATION = "education"
    COLLABORATION = "collaboration"
    EXCHANGE = "exchange"
    RECRUITMENT = "recruitment"
    DEPARTURE = "departure"


@dataclass(frozen=True, order=True)
class Account:
    """A group of people: an institution's, or a boundary's, in one role. Never a person."""

    holder: str
    role: str


@dataclass(frozen=True)
class Staff:
    """People whom an institution declares that it has in a role."""

    institution: str
    role: str
    headcount: int
    term: Term
    hours_per_year: Fraction = Fraction(HOURS_PER_FTE_YEAR)
    """Working hours of each; a month has a twelfth of them."""
    provenance: Provenance = Provenance.DECLARED

    def hours(self, period: Period) -> Figure:
        """Return the hours they work in a period."""
        return Figure(yearly(self.headcount * self.hours_per_year, self.term, period), self.provenance)

    def until(self, at_ms: int) -> Staff | None:
        """Return them as they are there before an instant; None where they come later."""
        term = self.term.until(at_ms)
        return None if term is None else replace(self, term=term)


@dataclass(frozen=True)
class Transfer:
    """One entry: it debits an account and credits another.

    Headcount moves at once, when the term starts; hours are a total over the term, or a rate while it lasts.

    Raises
    ------
    ValueError
        Both accounts are the same, a quantity is negative, or a total of hours has no end to be spread until.
    """

    operation: Operation
    debit: Account
    credit: Account
    term: Term
    headcount: int = 0
    hours: Fraction = Fraction(0)
    """In all, spread evenly over the term."""
    hours_per_year: Fraction = Fraction(0)
    """In all, as long as the term lasts."""
    provenance: Provenance = Provenance.DECLARED

    def __post_init__(self) -> None:
        if self.debit == self.credit:
            raise ValueError(f"{self.operation}: expected two accounts, found {self.debit} twice")
        if self.headcount < 0 or self.hours < 0 or self.hours_per_year < 0:
            found = f"{self.headcount}, {self.hours}, {self.hours_per_year}"
            raise ValueError(f"{self.operation}: expected headcount and hours of 0 or more, found {found}")
        if self.hours and self.term.end_ms is None:
            raise ValueError(f"{self.operation}: expected an end of the term that {self.hours} h are spread over")

    def moved(self, period: Period) -> Fraction:
        """Return the hours that it moves in a period."""
        moved = yearly(self.hours_per_year, self.term, period)
        if self.term.end_ms is not None:
            moved += self.hours * period.common(self.term) / (self.term.end_ms - self.term.start_ms)
        return moved

    def until(self, at_ms: int) -> Transfer | None:
        """Return what it moves before an instant; None where it begins later. People who went are not brought back."""
        term = self.term.until(at_ms)
        if term is None:
            return None
        whole, part = self.term.end_ms, term.end_ms
        share = Fraction(1) if whole is None or part is None else Fraction(part - term.start_ms, whole - term.start_ms)
        return replace(self, term=term, hours=self.hours * share)


@dataclass(frozen=True)
class Course:
    """People of an institution learn a role: hours delivered are reported, never counted as supply."""

    institution: str
    cohort: int
    hours: Fraction
    """Delivered to each over the term."""
    completion: Fraction
    """The share that completes."""
    term: Period
    """In which it is delivered."""
    from_role: str
    to_role: str
    completes_ms: int
    """From when those who complete have the new role."""

    @property
    def completers(self) -> int:
        """How many complete, in whole people."""
        return floor(self.cohort * self.completion)

    def learner_hours(self, period: Period) -> Fraction:
        """Return the hours delivered in a period."""
        return self.cohort * self.hours * period.common(self.term) / self.term.milliseconds

    def until(self, at_ms: int) -> Course | None:
        """Return what is delivered before an instant: who completes later does not. None where it begins later."""
        term = self.term.until(at_ms)
        if term is None:
            return None
        share = Fraction(term.milliseconds, self.term.milliseconds)
        completion = self.completion if self.completes_ms < at_ms else Fraction(0)
        return replace(self, hours=self.hours * share, completion=completion, term=term)

    def transfers(self, *, hours_per_year: Fraction = Fraction(HOURS_PER_FTE_YEAR)) -> tuple[Transfer, ...]:
        """Return the change of role of those who complete: people and their hours, from then on."""
        if not self.completers:
            return ()
        return (
            Transfer(
                operation=Operation.EDUCATION,
                debit=Account(self.institution, self.from_role),
                credit=Account(self.institution, self.to_role),
                term=Term(self.completes_ms),
                headcount=self.completers,
                hours_per_year=self.completers * hours_per_year,
            ),
        )


def collaboration(partner: str, beneficiary: str, role: str, hours: Fraction, term: Period) -> tuple[Transfer, ...]:
    """Return the entry of a collaboration: a partner's hours work for the beneficiary; headcount stays."""
    accounts = Account(partner, role), Account(beneficiary, role)
    return (Transfer(Operation.COLLABORATION, *accounts, Term(term.start_ms, term.end_ms), hours=hours),)


def exchange(
    origin: str, destination: str, role: str, headcount: int, hours: Fraction, term: Period, *, returns: bool = True
) -> tuple[Transfer, ...]:
    """Return the entries of an exchange: people and hours go, and people come back or are posted as departed.

    Parameters
    ----------
    origin, destination
        Institutions, or ``abroad:XX``.
    role
        Their role.
    headcount
        How many go.
    hours
        What they work in all while they are away.
    term
        From the day they leave until the day they are back, or should be.
    returns
        False once it is known that they do not come back.
    """
    away, home = Account(destination, role), Account(origin, role)
    back = home if returns else Account(DEPARTURES, role)
    operation = Operation.EXCHANGE if returns else Operation.DEPARTURE
    return (
        Transfer(Operation.EXCHANGE, home, away, Term(term.start_ms, term.end_ms), headcount=headcount, hours=hours),
        Transfer(operation, away, back, Term(term.end_ms), headcount=headcount),
    )


def hours_moved(transfers: Iterable[Transfer], period: Period) -> dict[Account, Fraction]:
    """Return the net hours that reached each account in a period; over all accounts they sum to zero."""
    balance: defaultdict[Account, Fraction] = defaultdict(Fraction)
    for transfer in transfers:
        if moved := transfer.moved(period):
            balance[transfer.debit] -= moved
            balance[transfer.credit] += moved
    return dict(balance)


def headcount_moved(transfers: Iterable[Transfer], at_ms: int) -> dict[Account, int]:
    """Return the net people who reached each account by an instant; over all accounts they sum to zero."""
    balance: defaultdict[Account, int] = defaultdict(int)
    for transfer in transfers:
        if transfer.headcount and transfer.term.start_ms <= at_ms:
            balance[transfer.debit] -= transfer.headcount
            balance[transfer.credit] += transfer.headcount
    return dict(balance)


def yearly(hours_per_year: Fraction, term: Term, period: Period) -> Fraction:
    """Return the part of yearly hours that falls in a period, by calendar months: each has a twelfth."""
    worked = period.clipped(term)
    return hours_per_year * worked.months / 12 if worked else Fraction(0)
