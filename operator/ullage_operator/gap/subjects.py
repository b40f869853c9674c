"""What is counted, and in what: a resource, which kind of it, and its unit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final

from .periods import Period


class Resource(StrEnum):
    """What training needs."""

    COMPUTE = "compute"
    DATA = "data"
    TALENT = "talent"


class Unit(StrEnum):
    """What resources are counted in. Full-time equivalents are converted into hours before they get here."""

    ACCELERATOR_HOURS = "acceleratorHours"
    CORE_HOURS = "coreHours"
    TOKENS = "tokens"
    SAMPLES = "samples"
    BYTES = "bytes"
    HOURS = "hours"


UNITS: Final[dict[Resource, tuple[Unit, ...]]] = {
    Resource.COMPUTE: (Unit.ACCELERATOR_HOURS, Unit.CORE_HOURS),
    Resource.DATA: (Unit.TOKENS, Unit.SAMPLES, Unit.BYTES),
    Resource.TALENT: (Unit.HOURS,),
}

HOURS_PER_FTE_YEAR: Final = 1720
"""Working hours of a full-time equivalent in a year."""


@dataclass(frozen=True, order=True)
class Subject:
    """One thing that is required, held and granted.

    Raises
    ------
    ValueError
        The resource is not counted in that unit.
    """

    resource: Resource
    type: str
    """Which accelerator, kind of data or role; the same word everywhere."""
    unit: Unit

    def __post_init__(self) -> None:
        if self.unit not in UNITS[self.resource]:
            expected = " or ".join(UNITS[self.resource])
            raise ValueError(f"{self.resource} {self.type}: expected a unit of {expected}, found {self.unit}")

    def __str__(self) -> str:
        """Return it for people, such as ``compute A100``."""
        return f"{self.resource} {self.type}"


def accelerators(accelerator: str) -> Subject:
    """Return the subject of accelerator-hours of one type."""
    return Subject(Resource.COMPUTE, accelerator, Unit.ACCELERATOR_HOURS)


def talent(role: str) -> Subject:
    """Return the subject of hours of one role."""
    return Subject(Resource.TALENT, role, Unit.HOURS)


def fte_hours(fte: Fraction, period: Period) -> Fraction:
    """Return the hours of full-time equivalents over a period: FTE × 1720 × months / 12."""
    return fte * HOURS_PER_FTE_YEAR * period.months / 12


def fte(hours: Fraction, period: Period) -> Fraction:
    """Return hours of a period as full-time equivalents: hours / (1720 × months / 12)."""
    return hours / fte_hours(Fraction(1), period)
