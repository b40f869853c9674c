"""``spec.holds`` of an Institution: machines, data and people."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from ullage_operator.api.problems import refuse, repeated
from ullage_trainer.config import Model
from ullage_trainer.config.base import Fraction

from .names import DnsLabel, ObjectName
from .references import Purchase
from .scheduling import LabelMap
from .units import Amount, Day, OpenPeriod, Resource, TypeName, Unit, order_problems, unit_problems


class Accelerators(OpenPeriod):
    """Accelerators of one type: capacity = count × hours × availability."""

    type: TypeName
    """Which accelerator, such as ``A100``."""
    count: Annotated[int, Field(ge=1, le=10_000_000)]
    """How many."""
    availability: Annotated[float, Field(gt=0, le=1)] = 1.0
    """The share of the time in which they can be used."""
    node_selector: LabelMap = Field(default_factory=dict)
    """The nodes of this cluster that they are in; runs on these draw on no grant. Absent means in no node of it."""
    acquired_by: Purchase | None = None
    """The money that they were bought with, if it came from an Investment."""


class DataAsset(Model):
    """A body of data. Others may use it at the same time; a programme counts it once."""

    asset_id: ObjectName
    """Its id, the same in every institution and job that uses it; only one institution holds it."""
    fingerprint: Annotated[str, Field(max_length=128)] = ""
    """A checksum of its content, such as ``sha256:...``."""
    type: TypeName = "text"
    """Which kind of data, the same word as in ``requires``."""
    unit: Unit
    """In what it is counted: tokens, samples or bytes."""
    amount: Amount
    """How much there is of it."""
    unique_share: Fraction = 1.0
    """The share that is in no other asset."""
    licence: Annotated[str, Field(max_length=128)] = ""
    """Its licence, as SPDX has it where it can."""
    shared_with: list[DnsLabel] = Field(default_factory=list, max_length=256)
    """The ids of other institutions that have access."""
    start: Day | None = Field(default=None, alias="from")
    """The first day that it can be used, in UTC; absent means as long as it is declared."""
    end: Day | None = Field(default=None, alias="to")
    """The day after the last one, in UTC; absent means that no end is known."""

    @model_validator(mode="after")
    def _unit_fits(self) -> Self:
        refuse(unit_problems(Resource.DATA, self.unit))
        return self

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        refuse(order_problems(self.start, self.end))
        return self


class Staff(OpenPeriod):
    """People of one role: a group, never a person by name."""

    role: TypeName
    """Their role, the same word as the type of a requirement of talent."""
    headcount: Annotated[int, Field(ge=1, le=10_000_000)]
    """How many."""
    hours_per_year: Annotated[float, Field(gt=0, le=8784)] = 1720.0
    """Working hours of each in a year; a month has a twelfth of them."""


class Holdings(Model):
    """What an institution has without any grant in kind."""

    accelerators: list[Accelerators] = Field(default_factory=list, max_length=64)
    """Machines."""
    data: list[DataAsset] = Field(default_factory=list, max_length=128)
    """Data."""
    talent: list[Staff] = Field(default_factory=list, max_length=64)
    """People."""

    @field_validator("data")
    @classmethod
    def _each_asset_once(cls, data: list[DataAsset]) -> list[DataAsset]:
        refuse(repeated((asset.asset_id for asset in data), "assetId", "asset"))
        return data
