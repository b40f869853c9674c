"""How a line's amount becomes available: evenly over its term, or in instalments."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from .figures import Figure
from .periods import Period


@dataclass(frozen=True)
class Instalment:
    """A part of an amount that is released at once."""

    at_ms: int
    amount: Fraction


@dataclass(frozen=True)
class Release:
    """An amount, and when it is released. Only what is approved and already released belongs here.

    Raises
    ------
    ValueError
        The amount or an instalment is negative, or the instalments do not add up to it.
    """

    amount: Figure
    term: Period
    instalments: tuple[Instalment, ...] = ()
    """Without any it is released evenly over the term."""

    def __post_init__(self) -> None:
        if self.amount.value < 0 or any(part.amount < 0 for part in self.instalments):
            raise ValueError(f"release: expected amounts of 0 or more, found {self.amount.value}, {self.instalments}")
        told = sum((part.amount for part in self.instalments), Fraction(0))
        if self.instalments and told != self.amount.value:
            raise ValueError(f"release: expected instalments that add up to {self.amount.value}, found {told}")

    def within(self, period: Period) -> Figure:
        """Return the part that is released in a period."""
        if not self.instalments:
            return self.amount.times(Fraction(period.common(self.term), self.term.milliseconds))
        return self._share(sum((part.amount for part in self.instalments if part.at_ms in period), Fraction(0)))

    def until(self, at_ms: int) -> Release | None:
        """Return what of it is released before an instant, where it then ends; None where it begins later."""
        term = self.term.until(at_ms)
        if term is None:
            return None
        parts = tuple(part for part in self.instalments if part.at_ms < at_ms)
        return Release(self.within(term), term, parts)

    def stock(self, at_ms: int) -> Figure:
        """Return what can be used just before an instant, of what is not used up: during the term, all released."""
        if not self.term.start_ms < at_ms <= self.term.end_ms:
            return self._share(Fraction(0))
        if not self.instalments:
            return self.amount
        return self._share(sum((part.amount for part in self.instalments if part.at_ms < at_ms), Fraction(0)))

    def _share(self, amount: Fraction) -> Figure:
        return self.amount.times(amount / self.amount.value) if self.amount.value else self.amount
