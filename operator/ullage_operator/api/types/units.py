"""What is counted, and in what: resources, units, amounts, days, currencies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Final, Self

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema, model_validator

from ullage_operator.api.closest import did_you_mean
from ullage_operator.api.problems import Problem, refuse
from ullage_trainer.config import Model

from .names import QUALIFIED_NAME

CURRENCY: Final = r"^[A-Z]{3}$"
COUNTRY: Final = r"^[A-Z]{2}$"
UNIT_OR_CURRENCY: Final = r"^[A-Za-z]+$"
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Resource(StrEnum):
    """What training needs."""

    COMPUTE = "compute"
    DATA = "data"
    TALENT = "talent"


class Unit(StrEnum):
    """What resources are counted in."""

    ACCELERATOR_HOURS = "acceleratorHours"
    CORE_HOURS = "coreHours"
    TOKENS = "tokens"
    SAMPLES = "samples"
    BYTES = "bytes"
    HOURS = "hours"
    FTE = "fte"


UNITS: Final[dict[Resource, tuple[Unit, ...]]] = {
    Resource.COMPUTE: (Unit.ACCELERATOR_HOURS, Unit.CORE_HOURS),
    Resource.DATA: (Unit.TOKENS, Unit.SAMPLES, Unit.BYTES),
    Resource.TALENT: (Unit.HOURS, Unit.FTE),
}
"""The units of each resource. FTE = hours / (1720 × months / 12)."""

MAX_AMOUNT: Final = 10**18
MAX_FINE_AMOUNT: Final = 10**12
"""The most of what the books keep in thousandths or millionths (hours, money), so that it fits 64 bits."""

Amount = Annotated[float, Field(ge=0, le=MAX_AMOUNT)]
"""How much, in the unit beside it."""

TypeName = Annotated[str, StringConstraints(pattern=QUALIFIED_NAME, min_length=1, max_length=63)]
"""Which kind of a resource: an accelerator such as ``A100``, a kind of data such as ``text``, a role."""

Currency = Annotated[str, StringConstraints(pattern=CURRENCY, max_length=64)]
"""A currency's code of ISO 4217, such as ``CNY``."""

Country = Annotated[str, StringConstraints(pattern=COUNTRY, max_length=64)]
"""A country's code of ISO 3166-1, such as ``CN``."""

UnitOrCurrency = Annotated[str, StringConstraints(pattern=UNIT_OR_CURRENCY, min_length=1, max_length=32)]
"""A unit of a resource, or a currency's code."""


def _day(value: object) -> object:
    """Take only ``2026-11-01``: Python and pydantic would take numbers and times too."""
    if isinstance(value, date):
        return value
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass  # Written as a day, but not in the calendar.
    raise ValueError("expected a day such as 2026-11-01")


Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
"""A day, and as an instant its first moment in UTC."""


def exactly(amount: float) -> Fraction:
    """Return an amount exactly as it was written in decimal.

    Examples
    --------
    >>> exactly(0.1), exactly(149.76e9)
    (Fraction(1, 10), Fraction(149760000000, 1))
    """
    return Fraction(repr(amount))


def unit_problems(resource: Resource, unit: str, amount: float | None = None) -> Iterator[Problem]:
    """Yield what is wrong with a resource's unit, and with an amount in it."""
    units = [known.value for known in UNITS[resource]]
    if unit not in units:
        hint = "" if unit in set(Unit) else did_you_mean(unit, units)
        yield Problem(("unit",), f"{' or '.join(units)} with resource {resource.value}", repr(str(unit)), hint)
    elif resource is not Resource.DATA:
        yield from fine_amount_problems(amount)


def fine_amount_problems(amount: float | None) -> Iterator[Problem]:
    """Yield what is wrong with an amount of hours or money, if there is one."""
    if amount is not None and amount > MAX_FINE_AMOUNT:
        yield Problem(("amount",), f"at most {MAX_FINE_AMOUNT} of hours or money", f"{amount:g}")


class Period(Model):
    """From a day to another, half-open, in UTC."""

    start: Day = Field(alias="from")
    """The first day, in UTC."""
    end: Day = Field(alias="to")
    """The day after the last one, in UTC: a November is from 2026-11-01 to 2026-12-01."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        refuse(order_problems(self.start, self.end))
        return self


class OpenPeriod(Model):
    """From a day on, or until another; half-open, in UTC."""

    start: Day = Field(alias="from")
    """The first day, in UTC."""
    end: Day | None = Field(default=None, alias="to")
    """The day after the last one, in UTC; absent means that no end is known."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        refuse(order_problems(self.start, self.end))
        return self


def order_problems(start: date | None, end: date | None) -> Iterator[Problem]:
    """Yield what is wrong with the order of two days; a day that is not known is never wrong."""
    if start is not None and end is not None and start >= end:
        yield Problem(("to",), f"a day after from ({start})", str(end), "the last day is the one before to")
