"""``status`` of an Investment: what has become of each line."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from ullage_trainer.config import Model

from .institution_status import Figure
from .names import DnsLabel, Text, Timestamp
from .status import Condition, Count, ShortText
from .units import UnitOrCurrency


class InvestmentPhase(StrEnum):
    """Where an Investment stands, in one word."""

    PROPOSED = "Proposed"
    PENDING = "Pending"
    ACTIVE = "Active"
    EXHAUSTED = "Exhausted"
    ENDED = "Ended"


class LineStatus(Model):
    """What has become of one line, in its unit. Figures that are not known are absent."""

    id: DnsLabel
    """The line's id."""
    unit: UnitOrCurrency
    """In what its figures are counted."""
    awarded: Figure | None = None
    """What was approved."""
    released: Figure | None = None
    """What of it can be drawn on by now; of people, the hours that were delivered, or moved, by now."""
    reserved: Figure | None = None
    """What running jobs have set aside for their next interval."""
    expended: Figure | None = None
    """What was drawn, reversals taken off."""
    reversed: Figure | None = None
    """What was drawn and given back, such as for failures of the infrastructure."""
    remaining: float | None = None
    """released - reserved - expended; below 0 for an overdraft."""
    forecast: Figure | None = None
    """What will have been drawn at the end of the term if it goes on as it does."""


class InvestmentStatus(Model):
    """What has become of an Investment."""

    observed_generation: Count | None = None
    """The generation of ``spec`` that this status is about."""
    phase: InvestmentPhase = InvestmentPhase.PENDING
    """Where it stands: Proposed before its approval, Pending before its term, Active, Exhausted, Ended."""
    message: Text = ""
    """What stands in the way, or what comes next."""
    spent_text: ShortText = ""
    """The share of what is released that is spent, of the line with the most, such as ``62%``."""
    lines: list[LineStatus] = Field(default_factory=list, max_length=128)
    """What has become of each line."""
    as_of: Timestamp | None = None
    """When these figures were taken from the books."""
    conditions: list[Condition] = Field(default_factory=list, max_length=32)
    """Aspects of its state, such as Ready, and what is wrong with it."""
