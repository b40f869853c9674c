"""PriceList: what resources cost, dated and sourced, never edited."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from ullage_operator.api.problems import Problem, refuse
from ullage_trainer.config import Model

from .metadata import ObjectMeta
from .units import Currency, Day, Resource, TypeName, Unit, unit_problems

PRICE_LIST_KIND: Final = "PriceList"


class Price(Model):
    """What one unit costs from a day on, until another entry for the same thing begins."""

    resource: Resource
    """Of what."""
    type: TypeName
    """Which accelerator, kind of data or role; the same word as in ``requires``."""
    unit: Unit
    """The unit that is priced."""
    currency: Currency
    """In which currency (ISO 4217)."""
    price: Annotated[float, Field(ge=0, le=10**12)]
    """What one unit costs."""
    start: Day = Field(alias="from")
    """The first day on which it costs that, in UTC."""
    source: Annotated[str, Field(min_length=1, max_length=256)]
    """Who says so: a tariff, a quotation, a survey."""

    @model_validator(mode="after")
    def _unit_fits(self) -> Self:
        refuse(unit_problems(self.resource, self.unit))
        return self


class PriceListSpec(Model):
    """Prices. Entries are added and never changed or taken out, so that what was charged stays explained."""

    entries: Annotated[list[Price], Field(min_length=1, max_length=256)]
    """The prices, in any order."""

    @field_validator("entries")
    @classmethod
    def _one_price_a_day(cls, entries: list[Price]) -> list[Price]:
        refuse(_repeated_prices(entries))
        return entries


def _repeated_prices(entries: list[Price]) -> Iterator[Problem]:
    first: dict[tuple[object, ...], int] = {}
    for index, entry in enumerate(entries):
        key = (entry.resource, entry.type, entry.unit, entry.currency, entry.start)
        if key in first:
            expected = f"one price of {entry.type} in {entry.currency} from {entry.start}"
            yield Problem((index,), expected, f"another in entries[{first[key]}]", "give each its day")
        first.setdefault(key, index)


class PriceList(Model):
    """What resources cost. Investments refer to it, and gaps are priced by it."""

    api_version: Literal["ullage.dev/v1alpha1"] = "ullage.dev/v1alpha1"
    """The version of this type."""
    kind: Literal["PriceList"] = PRICE_LIST_KIND
    """``PriceList``."""
    metadata: ObjectMeta
    """Standard object metadata."""
    spec: PriceListSpec
    """The prices."""
