"""References from one object to another, by name."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from ullage_trainer.config import Model

from .names import DNS_LABEL, MAX_JOB_NAME_LENGTH, DnsLabel

UllageName = Annotated[str, StringConstraints(pattern=DNS_LABEL, min_length=1, max_length=MAX_JOB_NAME_LENGTH)]
"""The name of an object of ours."""


class LineReference(Model):
    """A line of an Investment."""

    name: UllageName
    """The Investment's name."""
    line: DnsLabel
    """The line's id."""


class Purchase(LineReference):
    """The line of an Investment that something was bought with."""

    cost: Annotated[float, Field(ge=0, le=10**12)]
    """What it cost, in the Investment's currency; it counts as expended on the day that the machines are held from."""


class PriceListReference(Model):
    """A PriceList."""

    name: UllageName
    """The PriceList's name."""
