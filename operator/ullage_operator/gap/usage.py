"""What was allocated and what of it was used: A and U, over the part of A that was measured."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from .figures import Figure, Provenance, combined, total
from .inputs import Allocation, ClusterCapacity, DataUse, OwnCapacity
from .periods import Period
from .subjects import Subject

UsageKey = Literal["institution", "programme", "model_family", "books"]


@dataclass(frozen=True)
class Usage:
    """A and U of one thing. None is unknown."""

    allocated: Figure | None = None
    """A: what workers held."""
    measured: Figure | None = None
    """The part of A in holds whose use is known."""
    used: Figure | None = None
    """U: what was active while held, over that part. Of CPU it may exceed A. It is activity, not MFU."""
    books: frozenset[str] = frozenset()
    """The scope: whose books tell it."""

    @property
    def measured_share(self) -> Fraction | None:
        """The share of A that was measured; None where nothing was held, or late facts make it no share."""
        if self.allocated is None or self.measured is None or not self.allocated.value:
            return None
        share = self.measured.value / self.allocated.value
        return share if 0 <= share <= 1 else None

    @property
    def unmeasured(self) -> Figure | None:
        """The part of A whose use is not known. What was measured is a part of A at both of its bounds."""
        if self.allocated is None or self.measured is None:
            return None
        low, high = (
            None if whole is None or part is None else whole - part
            for whole, part in zip(self.allocated.bounds, self.measured.bounds, strict=True)
        )
        return combined((self.allocated, self.measured), self.allocated.value - self.measured.value, low, high)

    @property
    def idle(self) -> Figure | None:
        """A - U over the measured part; below 0 where CPU was used beyond what was asked for."""
        return None if self.used is None or self.measured is None else self.measured - self.used

    @property
    def intensity(self) -> Figure | None:
        """U / A over the measured part; None also where late facts took back more than there was of one of them."""
        if self.used is None or self.measured is None or min(self.used.value, self.measured.value) < 0:
            return None
        return self.used.over(self.measured)


@dataclass(frozen=True)
class NotHeld:
    """What a cluster's nodes offer, and what of it nobody held."""

    books: str
    subject: Subject
    capacity: Figure
    held: Figure
    idle: bool
    """Whether it is idle, all tenants' pods being known; otherwise it is merely not held by Ullage."""

    @property
    def rest(self) -> Figure:
        """Capacity less what was held."""
        return self.capacity - self.held

    @property
    def share(self) -> Figure | None:
        """The rest as a share of the capacity."""
        return self.rest.over(self.capacity)


def usage(allocations: Iterable[Allocation], *, books: frozenset[str]) -> Usage:
    """Sum allocations of one subject: in books that were read and tell of none, nothing was held."""
    found = list(allocations)
    if not books and not found:
        return Usage()
    uses = [allocation.used for allocation in found if allocation.used is not None]
    return Usage(
        allocated=total((each.held for each in found), of_none=Provenance.MEASURED),
        measured=total(
            (_measured(each) for each in found if each.measured),
            of_none=Provenance.MEASURED,
        ),
        used=total(uses) if uses else None,
        books=books | {allocation.books for allocation in found},
    )


def _measured(allocation: Allocation) -> Figure:
    """Return the part of A whose use is known, as well known as all of A; where late facts count, without bounds."""
    if allocation.late:
        return Figure(allocation.measured, allocation.held.provenance)
    return allocation.held.times(allocation.measured / allocation.held.value)


def usage_by(
    allocations: Iterable[Allocation], key: UsageKey, period: Period
) -> dict[tuple[str | None, Subject], Usage]:
    """Return use by institution, programme, model family or books; None is unattributed."""
    groups: dict[tuple[str | None, Subject], list[Allocation]] = {}
    for each in within(allocations, period):
        groups.setdefault((getattr(each, key), each.subject), []).append(each)
    ordered = sorted(groups.items(), key=lambda item: (item[0][0] is None, item[0][0] or "", item[0][1]))
    return {group: usage(members, books=frozenset()) for group, members in ordered}


def within(allocations: Iterable[Allocation], period: Period) -> list[Allocation]:
    """Return the allocations of a period.

    Raises
    ------
    ValueError
        One is summed over a period that is only partly in this one: it can't be told apart.
    """
    found = [each for each in allocations if period.common(each.period)]
    for each in found:
        if not period.encloses(each.period):
            raise ValueError(
                f"allocation of {each.institution} in {each.books}: expected a period within "
                f"{period.start_ms} to {period.end_ms} ms, found {each.period.start_ms} to {each.period.end_ms} ms; "
                "sum the books over each period that is asked for"
            )
    return found


def on_own_machines(
    machines: Iterable[OwnCapacity], allocations: Iterable[Allocation], *, books: frozenset[str]
) -> Figure | None:
    """Return the part of A on an institution's own machines; None where no books that were read tell of some."""
    listed = list(machines)
    told = frozenset(name for machine in listed for name in machine.books)
    found = [each for each in allocations if each.books in told]
    if any(not machine.books for machine in listed) or not told <= books:
        return None
    if any(each.own_machines is None for each in found):
        return None
    return total((each.held for each in found if each.own_machines), of_none=Provenance.MEASURED)


def data_usage(uses: Iterable[DataUse]) -> Usage:
    """Sum the use of data: an asset counts once, at the most that was used of it."""
    most: dict[str, Figure] = {}
    for use in uses:
        before = most.get(use.asset)
        most[use.asset] = use.amount if before is None or use.amount.value > before.value else before
    return Usage(used=total(most.values())) if most else Usage()


def not_held(clusters: Iterable[ClusterCapacity], allocations: Iterable[Allocation]) -> tuple[NotHeld, ...]:
    """Return what nobody held of each cluster's capacity."""
    listed = list(allocations)
    return tuple(
        NotHeld(
            books=cluster.books,
            subject=cluster.subject,
            capacity=cluster.amount,
            held=total(
                (each.held for each in listed if (each.books, each.subject) == (cluster.books, cluster.subject)),
                of_none=Provenance.MEASURED,
            ),
            idle=cluster.all_tenants,
        )
        for cluster in clusters
    )
