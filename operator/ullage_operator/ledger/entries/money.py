"""Entries about grants: what a line was awarded, what of it was released, reserved and expended.

A line counts one unit: micro-units of a currency for money, or a resource's own in kind.
"""

from __future__ import annotations

from typing import ClassVar, Final, Literal, Self

from pydantic import model_validator

from ullage_operator.ledger.base import Amount, Millis, Name, Provenance

from .base import StatedEntry, SubjectEntry
from .compute import Currency, Rate

MONEY: Final = "micros"
"""The unit of money: millionths of the currency."""

Channel = Literal["money", "inKind", "education", "collaboration", "exchange"]


def _currency_problem(unit: str, currency: str | None) -> list[str]:
    if (unit == MONEY) == (currency is not None):
        return []
    return [f"expected a currency with the unit {MONEY} and with no other, found {unit} and {currency or 'none'}"]


def _rate_problem(rate: Rate | None, currency: str | None) -> list[str]:
    if rate is None or rate.currency == currency:
        return []
    return [f"expected a rate in the line's currency {currency}, found {rate.currency}: there is no implicit exchange"]


class Award(StatedEntry):
    """A funder awards a line of an investment."""

    type: ClassVar[str] = "award"

    institution: Name
    """The beneficiary; of a pool that several share, a name of the pool."""
    line: Name
    """The line, as ``investment/line``."""
    channel: Channel
    """By which means."""
    resource: Name | None = None
    """The resource that it is earmarked for; null is not earmarked."""
    resource_type: Name | None = None
    """Which kind of it."""
    unit: Name
    """``micros`` for money, or such as ``accelerator-ms``, ``tokens``, ``seconds``."""
    currency: Currency | None = None
    """The currency of money."""
    amount: Amount
    """How many units."""

    @property
    def key(self) -> str:
        """The line."""
        return self.line

    @model_validator(mode="after")
    def _money_has_a_currency(self) -> Self:
        if problems := _currency_problem(self.unit, self.currency):
            raise ValueError("; ".join(problems))
        return self


class Grant(StatedEntry):
    """An amount of a line is released: at once where it has no end (an instalment), else evenly over its time."""

    type: ClassVar[str] = "grant"

    institution: Name
    """The beneficiary."""
    line: Name
    """The line, as ``investment/line``."""
    unit: Name
    """The line's unit."""
    currency: Currency | None = None
    """The currency of money."""
    amount: Amount
    """How many units."""

    @property
    def key(self) -> str:
        """The line, and when."""
        return f"{self.line}/{self.from_ms}"

    @model_validator(mode="after")
    def _money_has_a_currency(self) -> Self:
        if problems := _currency_problem(self.unit, self.currency):
            raise ValueError("; ".join(problems))
        return self


class Draw(SubjectEntry):
    """What entries that draw on a line have: a job's interval of accounting, or a purchase."""

    provenance: Provenance = Provenance.MEASURED
    """How its figures are known."""
    source: Name = "accounting"
    """Where its figures come from."""
    line: Name
    """The line, as ``investment/line``."""
    job_uid: Name | None = None
    """The job that draws."""
    purchase: Name | None = None
    """What is bought, where it is not a job."""
    unit: Name
    """The line's unit."""
    currency: Currency | None = None
    """The currency of money."""
    amount: Amount
    """How many units of the line."""

    @property
    def interval_from_ms(self) -> int:
        """When the interval starts that it is about."""
        raise NotImplementedError

    @property
    def key(self) -> str:
        """The line, what draws, and the interval's start."""
        return f"{self.line}/{self.job_uid or self.purchase}/{self.interval_from_ms}"

    @property
    def group(self) -> str:
        """The interval: reserved, given back and expended together."""
        return f"draw/{self.line}/{self.job_uid or self.purchase}/{self.interval_from_ms}"

    @model_validator(mode="after")
    def _of_one_thing(self) -> Self:
        problems = _currency_problem(self.unit, self.currency)
        if (self.job_uid is None) == (self.purchase is None):
            problems.append(f"expected either job_uid or purchase, found {self.job_uid} and {self.purchase}")
        if problems:
            raise ValueError("; ".join(problems))
        return self


class Reserve(Draw):
    """An amount is set aside for an interval to come."""

    type: ClassVar[str] = "reserve"

    rate: Rate | None = None
    """At what price, where it is money for use."""
    from_ms: Millis
    """Start of the interval."""
    to_ms: Millis
    """End of the interval."""

    @property
    def interval_from_ms(self) -> int:
        """Its start."""
        return self.from_ms

    @model_validator(mode="after")
    def _one_currency(self) -> Self:
        if problems := _rate_problem(self.rate, self.currency):
            raise ValueError("; ".join(problems))
        return self


class Unreserve(Draw):
    """What was set aside for an interval, or a part of it, is free again."""

    type: ClassVar[str] = "unreserve"
    times: ClassVar[tuple[str, str | None]] = ("at_ms", None)

    reserved_from_ms: Millis
    """Start of the interval that it was set aside for."""
    at_ms: Millis
    """When it was given back."""

    @property
    def interval_from_ms(self) -> int:
        """The start of the interval that it was set aside for."""
        return self.reserved_from_ms

    @property
    def key(self) -> str:
        """The interval, and when."""
        return f"{super().key}/{self.at_ms}"


class Expend(Draw):
    """An amount of a line was spent; where it is money for use, at which rate for how much."""

    type: ClassVar[str] = "expend"

    quantity: Amount | None = None
    """What it was spent on, in the resource's own unit (accelerator-milliseconds, seconds); null is not known."""
    rate: Rate | None = None
    """At what price."""
    from_ms: Millis
    """Start of the interval."""
    to_ms: Millis
    """End of the interval."""

    @property
    def interval_from_ms(self) -> int:
        """Its start."""
        return self.from_ms

    @model_validator(mode="after")
    def _one_currency(self) -> Self:
        if problems := _rate_problem(self.rate, self.currency):
            raise ValueError("; ".join(problems))
        return self
