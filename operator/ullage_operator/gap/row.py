"""One institution and one thing: R, K, F, S, A, U, gap, coverage."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .figures import Figure
from .inputs import Lacking
from .subjects import Subject
from .usage import Usage


@dataclass(frozen=True)
class Row:
    """One institution and one thing that it needs, has or used. None is unknown, never 0."""

    institution: str
    subject: Subject
    required: Figure | None
    """R."""
    needed: bool
    """Whether a need is declared; where one is, and R is None, its amount is not known."""
    own: Figure
    """K: its machines, the data that it holds, its people."""
    granted: Figure
    """F: granted in kind to it alone; of data, also what others share with it."""
    moved: Figure
    """Of talent, net hours that collaboration, exchange and education brought; below 0 where they took some."""
    usage: Usage = field(default_factory=Usage)
    """A and U."""
    own_allocated: Figure | None = None
    """The part of A on its own machines."""
    missing: tuple[str, ...] = ()
    """What is not known."""
    lacks: Lacking | None = None
    """Why the amount of a need is not known."""
    need_ended_ms: int | None = None
    """Of data that is needed in the period and no longer at its end, when the last such need ended: R is unknown."""

    @property
    def supply(self) -> Figure:
        """S = K + F, and what moved."""
        return self.own + self.granted + self.moved

    @property
    def gap(self) -> Figure | None:
        """Return max(R - S, 0)."""
        return None if self.required is None else (self.required - self.supply).at_least_zero()

    @property
    def surplus(self) -> Figure | None:
        """Return max(S - R, 0): shown, never netted with another's gap."""
        return None if self.required is None else (self.supply - self.required).at_least_zero()

    @property
    def coverage(self) -> Figure | None:
        """S / R; None where nothing is required."""
        return None if self.required is None else self.supply.at_least_zero().over(self.required)


def bottleneck(found: Iterable[Row]) -> Row | None:
    """Return the row with the least coverage of one institution; None where no coverage is known."""
    covered = [(row.coverage.value, row) for row in found if row.coverage is not None]
    return min(covered, key=lambda pair: (pair[0], pair[1].subject))[1] if covered else None
