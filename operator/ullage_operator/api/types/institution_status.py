"""``status`` of an Institution: supply against need, resource by resource."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from ullage_trainer.config import Model

from .names import Text
from .status import Condition, Count, ShortText
from .units import Day, Resource, TypeName, Unit

Figure = Annotated[float, Field(ge=0)]
"""An amount in the row's unit. What is not known is absent, never 0."""


class Provenance(StrEnum):
    """Where a figure comes from; of a sum, the weakest of its parts."""

    MEASURED = "measured"
    DECLARED = "declared"
    ESTIMATED = "estimated"


class StatusPeriod(Model):
    """The period that the figures are about."""

    label: ShortText
    """The period for people, such as ``2026-11``."""
    start: Day = Field(alias="from")
    """The first day, in UTC."""
    end: Day = Field(alias="to")
    """The day after the last one, in UTC."""


class ResourceStatus(Model):
    """One resource in the period. Figures that are not known are absent."""

    resource: Resource
    """Of what."""
    type: TypeName
    """Which accelerator, kind of data or role."""
    unit: Unit
    """In what it is counted."""
    required: Figure | None = None
    """R: what is needed."""
    own: Figure | None = None
    """K: what the institution's own machines, data and people give."""
    granted: Figure | None = None
    """F: what was granted in kind and is released."""
    moved: float | None = None
    """Of talent, net hours that collaboration, exchange and education brought; below 0 where they took some."""
    supply: Figure | None = None
    """S = K + F, and what moved; never below 0."""
    allocated: float | None = None
    """A: what workers held, as far as this cluster and imports know; below 0 where late facts took back more."""
    used: float | None = None
    """U: what was active while held, over the part that was measured; below 0 where late facts took back more."""
    measured_share: Annotated[float, Field(ge=0, le=1)] | None = None
    """The share of A over which U was measured."""
    gap: Figure | None = None
    """max(R - S, 0)."""
    coverage: Figure | None = None
    """S / R."""
    provenance: Provenance
    """Where the figures come from; the weakest of them."""
    missing: list[Text] = Field(default_factory=list, max_length=16)
    """What is not known, and what would tell it."""


class InstitutionStatus(Model):
    """How far what the institution has meets what it needs."""

    observed_generation: Count | None = None
    """The generation of ``spec`` that this status is about."""
    message: Text = ""
    """What stands in the way, if something does."""
    period: StatusPeriod | None = None
    """The period that the figures are about."""
    resources: list[ResourceStatus] = Field(default_factory=list, max_length=256)
    """Each resource that is required, held or used."""
    bottleneck: Annotated[str, Field(max_length=128)] = ""
    """The resource with the least coverage, such as ``compute A100``."""
    coverage: Figure | None = None
    """The coverage of the bottleneck."""
    conditions: list[Condition] = Field(default_factory=list, max_length=32)
    """Aspects of its state, such as Ready, and what is wrong with the declaration."""
