"""``spec.lines`` of an Investment: who gets what, through which channel, and when."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import Field, StringConstraints, model_validator

from ullage_operator.api.problems import Problem, refuse
from ullage_trainer.config import Model
from ullage_trainer.config.base import Fraction

from .names import DnsLabel
from .selector import Selector
from .units import (
    CURRENCY,
    Amount,
    Day,
    Resource,
    TypeName,
    Unit,
    UnitOrCurrency,
    exactly,
    fine_amount_problems,
    order_problems,
    unit_problems,
)

PLACE: Final = r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?|abroad:[A-Z]{2})$"

Place = Annotated[str, StringConstraints(pattern=PLACE, min_length=1, max_length=63)]
"""Where people are: an institution's id, or ``abroad:`` and a country's code."""


class Channel(StrEnum):
    """How an Investment reaches its beneficiary."""

    MONEY = "money"
    IN_KIND = "inKind"
    EDUCATION = "education"
    COLLABORATION = "collaboration"
    EXCHANGE = "exchange"


PEOPLE: Final = (Channel.EDUCATION, Channel.COLLABORATION, Channel.EXCHANGE)
"""Channels through which people learn or move; each has a part of its own in the line."""


class Instalment(Model):
    """A part of a line's amount that is released at once."""

    date: Day
    """The day from which it can be drawn on, in UTC."""
    amount: Amount
    """How much of the line's amount."""


class Eligible(Model):
    """Which jobs may draw on a line; a list that is empty says nothing."""

    programmes: list[DnsLabel] = Field(default_factory=list, max_length=32)
    """Jobs whose ``accounting.programme`` is one of these."""
    model_families: list[DnsLabel] = Field(default_factory=list, max_length=32)
    """Jobs whose ``accounting.modelFamily`` is one of these."""


class Education(Model):
    """People learn a role. Hours are reported, never counted as supply; those who complete change role."""

    cohort: Annotated[int, Field(ge=1, le=1_000_000)]
    """How many learn."""
    hours: Annotated[float, Field(gt=0, le=100_000)]
    """Hours delivered to each; the line's amount is cohort × hours."""
    completion: Fraction
    """The share that is expected to complete."""
    from_role: TypeName
    """What they are before."""
    to_role: TypeName
    """What those who complete are after."""
    completes: Day
    """The day from which they are, in UTC."""


class Collaboration(Model):
    """Hours of a partner's people work for the beneficiary over the Investment's term; headcount stays."""

    partner: DnsLabel
    """The id of the institution whose people they are: the hours leave it, and reach the beneficiary."""
    role: TypeName
    """Their role."""


class Exchange(Model):
    """People go to another place, headcount and hours with them, and come back on a day that is set."""

    role: TypeName
    """Their role."""
    headcount: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    """How many go."""
    origin: Place = Field(alias="from")
    """Where they leave: an institution's id, or ``abroad:`` and a country's code, such as ``abroad:DE``."""
    destination: Place = Field(alias="to")
    """Where they go."""
    departs: Day
    """The day on which they leave, in UTC."""
    returns: Day | None = None
    """The day on which they are back, in UTC; absent means that they do not return."""

    @model_validator(mode="after")
    def _there_and_back(self) -> Self:
        refuse(self._problems())
        return self

    def _problems(self) -> Iterator[Problem]:
        if self.origin == self.destination:
            yield Problem(("to",), "another place than from", repr(self.destination))
        for _ in order_problems(self.departs, self.returns):
            yield Problem(("returns",), f"a day after departs ({self.departs})", str(self.returns))


class Line(Model):
    """One grant: to one institution, or to a pool that several share."""

    id: DnsLabel
    """Its key in the books, within the Investment."""
    beneficiary: DnsLabel | None = None
    """The id of the institution it is for."""
    beneficiary_selector: Selector | None = None
    """In the place of ``beneficiary``: the institutions that share it as one pool, by their labels."""
    channel: Channel
    """How it reaches them: money, inKind, education, collaboration, exchange."""
    resource: Resource | None = None
    """What it gives; of money, what alone it may be spent on. Unearmarked money names none."""
    type: TypeName | None = None
    """Which accelerator, kind of data or role it gives; for inKind, and for money that is earmarked so far."""
    unit: UnitOrCurrency
    """In what it is counted: a unit of the resource; hours for people; for money the Investment's currency."""
    amount: Amount
    """How much in all."""
    instalments: list[Instalment] = Field(default_factory=list, max_length=64)
    """When how much of it is released; none means evenly over the Investment's term."""
    eligible: Eligible | None = None
    """Which jobs may draw on it; absent means all of the beneficiary's."""
    education: Education | None = None
    """With channel education: who learns what."""
    collaboration: Collaboration | None = None
    """With channel collaboration: whose people."""
    exchange: Exchange | None = None
    """With channel exchange: who goes where."""

    @model_validator(mode="after")
    def _one_beneficiary(self) -> Self:
        refuse(self._beneficiary_problems())
        return self

    @model_validator(mode="after")
    def _part_of_its_channel(self) -> Self:
        for channel in PEOPLE:
            given = getattr(self, channel.value) is not None
            if given != (self.channel is channel):
                expected = f"{channel.value} with channel {channel.value} and only with it"
                found = f"{'it' if given else 'none'} with channel {self.channel.value}"
                refuse([Problem((channel.value,), expected, found)])
        return self

    @model_validator(mode="after")
    def _resource_of_its_channel(self) -> Self:
        refuse(self._resource_problems())
        return self

    @model_validator(mode="after")
    def _unit_of_its_channel(self) -> Self:
        refuse(self._unit_problems())
        return self

    @model_validator(mode="after")
    def _amounts_add_up(self) -> Self:
        refuse(self._amount_problems())
        return self

    def _beneficiary_problems(self) -> Iterator[Problem]:
        if (self.beneficiary is None) == (self.beneficiary_selector is None):
            found = "neither" if self.beneficiary is None else "both"
            yield Problem((), "exactly one of beneficiary, beneficiarySelector", found)
        elif self.channel in PEOPLE and self.beneficiary is None:
            expected = f"beneficiary with channel {self.channel.value}"
            yield Problem((), expected, "beneficiarySelector", "name the institution")
        if self.collaboration and self.collaboration.partner == self.beneficiary:
            expected = "another institution than the beneficiary"
            yield Problem(("collaboration", "partner"), expected, repr(self.beneficiary))
        if self.exchange and self.beneficiary not in (self.exchange.origin, self.exchange.destination):
            expected = f"from or to to be the beneficiary ({self.beneficiary})"
            yield Problem(("exchange",), expected, f"{self.exchange.origin!r} and {self.exchange.destination!r}")

    def _resource_problems(self) -> Iterator[Problem]:
        if self.channel is Channel.IN_KIND:
            for name in ("resource", "type"):
                if getattr(self, name) is None:
                    yield Problem((name,), f"{name} with channel inKind", "nothing")
        elif self.channel in PEOPLE:
            if self.resource not in (None, Resource.TALENT):
                expected = f"talent (or none) with channel {self.channel.value}"
                yield Problem(("resource",), expected, repr(str(self.resource)))
            if self.type is not None:
                expected = f"none with channel {self.channel.value}"
                yield Problem(("type",), expected, repr(self.type), f"the role is in {self.channel.value}")
        elif self.type is not None and self.resource is None:
            yield Problem(("resource",), "resource beside type", "nothing")

    def _unit_problems(self) -> Iterator[Problem]:
        if self.channel is Channel.MONEY:
            if not re.fullmatch(CURRENCY, self.unit):
                yield Problem(("unit",), "a currency such as CNY with channel money", repr(self.unit))
            yield from fine_amount_problems(self.amount)
        elif self.channel in PEOPLE:
            if self.unit != Unit.HOURS:
                yield Problem(("unit",), f"hours with channel {self.channel.value}", repr(self.unit))
            yield from fine_amount_problems(self.amount)
        elif self.resource is not None:
            yield from unit_problems(self.resource, self.unit, self.amount)

    def _amount_problems(self) -> Iterator[Problem]:
        if self.instalments:
            total = sum(exactly(instalment.amount) for instalment in self.instalments)
            if total != exactly(self.amount):
                expected = f"instalments that add up to the line's amount ({self.amount:.15g})"
                yield Problem(("instalments",), expected, f"{float(total):.15g}")
        if self.education:
            hours = exactly(self.education.hours) * self.education.cohort
            if hours != exactly(self.amount):
                expected = f"education.cohort × education.hours ({float(hours):.15g})"
                yield Problem(("amount",), expected, f"{self.amount:.15g}")
