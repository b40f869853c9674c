"""What the gap is measured from: declarations, grants and the sums of the ledger, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction

from .figures import Figure, Provenance
from .money import Award, Price
from .periods import ALWAYS, MS_PER_HOUR, Period, Term
from .releases import Release
from .subjects import Resource, Subject
from .talent import Course, Staff, Transfer


@dataclass(frozen=True)
class Institution:
    """Who needs and has."""

    id: str
    """Its key in the books."""
    country: str
    """ISO 3166-1 alpha-2."""
    kind: str
    """What it is, such as ``university``, for comparison with its like."""


class Lack(StrEnum):
    """What the catalogue lacks of what a need names."""

    PEAK = "peak"
    """The accelerator's peak."""
    OPERATIONS = "operations"
    """The operations of a model's training, or the model."""


@dataclass(frozen=True)
class Lacking:
    """Why the amount of a need is not known."""

    what: Lack
    name: str
    """Of which accelerator or model."""

    def __str__(self) -> str:
        """Return what was expected, and what to do."""
        todo = "peakFlops" if self.what is Lack.PEAK else "parameters and tokens"
        return f"expected the {self.what} of {self.name} in the catalogue, found none; add it there, or give {todo}"


@dataclass(frozen=True)
class Requirement:
    """What one institution needs of one thing in a period."""

    institution: str
    subject: Subject
    amount: Figure | None
    """Over the whole period, prorated by time; of data, the stock at its end. None: it is needed, and how much is
    not known."""
    period: Period
    lacks: Lacking | None = None
    """Why the amount is not known."""

    def until(self, at_ms: int) -> Requirement | None:
        """Return what of it counts before an instant; None where it begins later."""
        period = self.period.until(at_ms)
        if period is None:
            return None
        amount = self.amount
        if amount is not None and self.subject.resource is not Resource.DATA:
            amount = amount.times(Fraction(period.milliseconds, self.period.milliseconds))
        return replace(self, amount=amount, period=period)


@dataclass(frozen=True)
class OwnCapacity:
    """Machines of an institution's own: count × hours × availability."""

    institution: str
    subject: Subject
    count: int
    availability: Fraction
    """The share of the time in which they can be used."""
    term: Term
    books: frozenset[str] = frozenset()
    """The clusters or imports whose books tell what they were used for; empty: no books do."""
    provenance: Provenance = Provenance.DECLARED

    def hours(self, period: Period) -> Figure:
        """Return the hours that they offer in a period."""
        amount = Fraction(period.common(self.term), MS_PER_HOUR) * self.count * self.availability
        return Figure(amount, self.provenance)

    def until(self, at_ms: int) -> OwnCapacity | None:
        """Return them as they are held before an instant; None where they are held later."""
        term = self.term.until(at_ms)
        return None if term is None else replace(self, term=term)


@dataclass(frozen=True)
class Grant:
    """A line that gives a resource in kind."""

    line: str
    """Its key, for people: ``investment/line``."""
    beneficiaries: frozenset[str]
    """The institution it is for; of several, they share it as one pool."""
    subject: Subject
    release: Release

    def until(self, at_ms: int) -> Grant | None:
        """Return what of it is released before an instant, where it then ends; None where it begins later."""
        release = self.release.until(at_ms)
        return None if release is None else replace(self, release=release)


@dataclass(frozen=True)
class DataAsset:
    """A body of data. Those who have access to it do not take it from each other."""

    id: str
    holder: str
    """The institution that holds it."""
    subject: Subject
    amount: Fraction
    """How much there is of it."""
    unique_share: Fraction = Fraction(1)
    """The share that is in no other asset."""
    shared_with: frozenset[str] = frozenset()
    """Other institutions that have access."""
    term: Term = ALWAYS
    provenance: Provenance = Provenance.DECLARED

    def until(self, at_ms: int) -> DataAsset | None:
        """Return it as it is held before an instant; None where it is held later."""
        term = self.term.until(at_ms)
        return None if term is None else replace(self, term=term)


@dataclass(frozen=True)
class DataUse:
    """What one institution's jobs used of an asset in a period: distinct accepted rows, not epochs."""

    institution: str
    asset: str
    """The asset's id or, where none was declared, the source's name and fingerprint."""
    subject: Subject
    amount: Figure
    period: Period


@dataclass(frozen=True)
class Allocation:
    """What workers held and used in a period, summed from the books.

    Raises
    ------
    ValueError
        More was measured than was held, or use is known where nothing was measured, or the reverse; none of these
        where late facts count.
    """

    institution: str | None
    """Whose jobs; None is unattributed."""
    subject: Subject
    period: Period
    held: Figure
    """A, in the subject's unit."""
    measured: Fraction
    """The part of A in holds whose use is known."""
    used: Figure | None
    """U over that part; None where nothing was measured."""
    books: str
    """Whose books tell it: this cluster, or an import's name."""
    own_machines: bool | None = False
    """Whether it was held on machines of the institution's own; None: not known."""
    programme: str | None = None
    model_family: str | None = None
    late: bool = False
    """Whether late facts of closed periods count in it: what they take back makes it less, even less than nothing,
    and use may be told of what was held before."""

    def __post_init__(self) -> None:
        if self.late:
            return
        who = f"allocation of {self.institution} in {self.books}"
        if not 0 <= self.measured <= self.held.value:
            raise ValueError(f"{who}: expected measured between 0 and held ({self.held.value}), found {self.measured}")
        if (self.used is None) != (self.measured == 0):
            raise ValueError(f"{who}: expected used where something was measured and only there, found {self.used}")


@dataclass(frozen=True)
class ClusterCapacity:
    """What a cluster's nodes offer in a period."""

    books: str
    """The cluster's name."""
    subject: Subject
    amount: Figure
    """Node capacity × time."""
    period: Period
    all_tenants: bool
    """Whether the allocations of that cluster are those of all tenants' pods, and not of our own alone."""


@dataclass(frozen=True)
class Inputs:
    """All that is known, over any number of periods: what lies outside the one that is asked for counts nothing."""

    institutions: tuple[Institution, ...]
    requirements: tuple[Requirement, ...] = ()
    capacities: tuple[OwnCapacity, ...] = ()
    grants: tuple[Grant, ...] = ()
    staff: tuple[Staff, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    courses: tuple[Course, ...] = ()
    assets: tuple[DataAsset, ...] = ()
    data_uses: tuple[DataUse, ...] = ()
    allocations: tuple[Allocation, ...] = ()
    clusters: tuple[ClusterCapacity, ...] = ()
    awards: tuple[Award, ...] = ()
    prices: tuple[Price, ...] = ()
    books: frozenset[str] = frozenset()
    """The clusters and imports whose books were read: without any, nothing is known of A and U."""
