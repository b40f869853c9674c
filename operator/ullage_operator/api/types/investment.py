"""Investment: what a funder gives, to whom, through which channels, and on what terms."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from ullage_operator.api.errors import Location
from ullage_operator.api.problems import Problem, refuse, repeated
from ullage_trainer.config import Model

from .investment_status import InvestmentStatus
from .lines import Channel, Line
from .metadata import ObjectMeta
from .names import DnsLabel, Text
from .references import PriceListReference
from .units import Currency, Day, Period

INVESTMENT_KIND: Final = "Investment"

WarnShare = Annotated[float, Field(gt=0, le=1)]
"""A share of a line's released amount."""


class Approval(Model):
    """Who approved an Investment, and when. Not ``on``, as YAML reads that as true."""

    by: Annotated[str, Field(min_length=1, max_length=256)]
    """The office that approved it, never a person's name."""
    date: Day
    """The day on which it did, in UTC; from it on the lines are awarded."""
    document: Text = ""
    """Where the decision can be looked up."""


class WhenExhausted(StrEnum):
    """What becomes of jobs when all that they may draw on is spent."""

    WARN = "Warn"
    SUSPEND = "Suspend"


class InvestmentSpec(Period):
    """What is given. Each accepted generation is kept in the books."""

    funder: Annotated[str, Field(min_length=1, max_length=128)]
    """Who gives it."""
    programme: DnsLabel | None = None
    """The programme that it is part of."""
    reference: Text = ""
    """The grant's number, or where it can be looked up."""
    approval: Approval | None = None
    """Who approved it; absent, it is only proposed, and nothing of it is awarded."""
    currency: Currency | None = None
    """The currency (ISO 4217) of its money; needed where a line's channel is money. Nothing is exchanged."""
    price_list_ref: PriceListReference | None = None
    """The prices that money is drawn at."""
    when_exhausted: WhenExhausted = WhenExhausted.WARN
    """What becomes of jobs when all that they may draw on is spent: Warn only says so; with Suspend they checkpoint and
    wait, and go on by themselves when there is more."""
    warn_at: list[WarnShare] = Field(default=[0.8], max_length=8)
    """The shares of what is released at whose spending an event warns."""
    lines: Annotated[list[Line], Field(min_length=1, max_length=128)]
    """The grants that it is made of."""

    @field_validator("lines")
    @classmethod
    def _each_line_once(cls, lines: list[Line]) -> list[Line]:
        refuse(repeated((line.id for line in lines), "id", "line"))
        return lines

    @model_validator(mode="after")
    def _one_currency(self) -> Self:
        refuse(self._currency_problems())
        return self

    @model_validator(mode="after")
    def _days_within_the_term(self) -> Self:
        refuse(self._day_problems())
        return self

    def _currency_problems(self) -> Iterator[Problem]:
        for index, line in enumerate(self.lines):
            if line.channel is not Channel.MONEY:
                continue
            if self.currency is None:
                hint = f"write currency: {line.unit}"
                yield Problem(("currency",), f"the currency of lines[{index}]", "nothing", hint)
                return
            if line.unit != self.currency:
                expected = f"spec.currency ({self.currency})"
                yield Problem(("lines", index, "unit"), expected, repr(line.unit), "nothing is exchanged")

    def _day_problems(self) -> Iterator[Problem]:
        term = f"the term, from {self.start} until before {self.end}"
        days: list[tuple[Location, date]] = []
        for index, line in enumerate(self.lines):
            at = ("lines", index)
            days += [((*at, "instalments", n, "date"), part.date) for n, part in enumerate(line.instalments)]
            if line.exchange:
                days.append(((*at, "exchange", "departs"), line.exchange.departs))
            if line.education and line.education.completes < self.start:
                where = (*at, "education", "completes")
                yield Problem(where, f"a day not before {self.start}", str(line.education.completes))
        for place, day in days:
            if not self.start <= day < self.end:
                yield Problem(place, f"a day of {term}", str(day))


class Investment(Model):
    """What a funder gives to institutions: money, resources in kind, and people's time."""

    api_version: Literal["ullage.dev/v1alpha1"] = "ullage.dev/v1alpha1"
    """The version of this type."""
    kind: Literal["Investment"] = INVESTMENT_KIND
    """``Investment``."""
    metadata: ObjectMeta
    """Standard object metadata."""
    spec: InvestmentSpec
    """What is given."""
    status: InvestmentStatus = InvestmentStatus()
    """What has become of it; written by the operator."""
