"""A figure with how it is known. Exact: the values are fractions, and become floats at the edge only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final


class Provenance(StrEnum):
    """How a figure is known; of a figure made of several, the weakest."""

    MEASURED = "measured"
    DECLARED = "declared"
    ESTIMATED = "estimated"


_STRENGTH: Final = tuple(Provenance)


def exactly(amount: float) -> Fraction:
    """Return an amount exactly as it was written in decimal.

    Examples
    --------
    >>> exactly(0.1), exactly(149.76e9)
    (Fraction(1, 10), Fraction(149760000000, 1))
    """
    return Fraction(repr(amount))


@dataclass(frozen=True)
class Figure:
    """An amount that is known, in the unit of the place where it stands. What is not known is None, never 0.

    Raises
    ------
    ValueError
        It is not estimated and has bounds of its own, or the bounds do not enclose the value.
    """

    value: Fraction
    provenance: Provenance = Provenance.DECLARED
    low: Fraction | None = None
    """Of an estimate, the lower bound; None there means that none is known."""
    high: Fraction | None = None
    """Of an estimate, the upper bound; None there means that none is known."""

    def __post_init__(self) -> None:
        if self.provenance is not Provenance.ESTIMATED and (self.low, self.high) != (None, None):
            raise ValueError(f"expected low and high with estimated alone, found them with {self.provenance}")
        if (self.low is not None and self.low > self.value) or (self.high is not None and self.high < self.value):
            raise ValueError(f"expected low <= value <= high, found {self.low}, {self.value}, {self.high}")

    @property
    def bounds(self) -> tuple[Fraction | None, Fraction | None]:
        """Between what the amount lies: of all but estimates, the value itself."""
        return (self.low, self.high) if self.provenance is Provenance.ESTIMATED else (self.value, self.value)

    def __add__(self, other: Figure) -> Figure:
        """Return the sum, as well known as the weaker part."""
        (low, high), (other_low, other_high) = self.bounds, other.bounds
        return combined((self, other), self.value + other.value, _plus(low, other_low), _plus(high, other_high))

    def __sub__(self, other: Figure) -> Figure:
        """Return the difference, as well known as the weaker part."""
        return self + other.times(Fraction(-1))

    def times(self, factor: Fraction) -> Figure:
        """Return the product with a number that is known exactly."""
        low, high = (None if bound is None else bound * factor for bound in self.bounds)
        return combined((self,), self.value * factor, *((low, high) if factor >= 0 else (high, low)))

    def over(self, other: Figure) -> Figure | None:
        """Return the ratio of two amounts that are not negative; None where the other is 0."""
        if other.value == 0:
            return None
        (low, high), (other_low, other_high) = self.bounds, other.bounds
        least = None if low is None or not other_high else low / other_high
        most = None if high is None or not other_low else high / other_low
        return combined((self, other), self.value / other.value, least, most)

    def at_least_zero(self) -> Figure:
        """Return the figure clipped: what is negative is 0."""
        low, high = self.bounds
        zero = Fraction(0)
        clipped = zero if low is None else max(low, zero)
        return combined((self,), max(self.value, zero), clipped, None if high is None else max(high, zero))


def estimated(value: Fraction, low: Fraction, high: Fraction) -> Figure:
    """Return an estimate with both of its bounds."""
    return Figure(value, Provenance.ESTIMATED, low, high)


def combined(parts: Iterable[Figure], value: Fraction, low: Fraction | None, high: Fraction | None) -> Figure:
    """Return what was computed from parts: it keeps bounds only where one of them is estimated."""
    provenance = weakest(part.provenance for part in parts)
    if provenance is not Provenance.ESTIMATED:
        return Figure(value, provenance)
    return Figure(value, provenance, low, high)


def weakest(provenances: Iterable[Provenance]) -> Provenance:
    """Return the weakest of several; of none, ``measured``, as nothing in it is uncertain."""
    return max(provenances, key=_STRENGTH.index, default=Provenance.MEASURED)


def total(figures: Iterable[Figure], *, of_none: Provenance = Provenance.DECLARED) -> Figure:
    """Return the sum; of no figures it is 0, known as ``of_none`` says."""
    first, *rest = [*figures] or [Figure(Fraction(0), of_none)]
    for figure in rest:
        first += figure
    return first


def _plus(one: Fraction | None, other: Fraction | None) -> Fraction | None:
    return None if one is None or other is None else one + other
