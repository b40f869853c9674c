"""How much energy a worker took: the Green Algorithms model, and what was metered.

Source: L. Lannelongue, J. Grealey, M. Inouye, "Green Algorithms: Quantifying the Carbon Footprint of
Computation", Advanced Science 8 (2021) 2100707, doi:10.1002/advs.202100707.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from .base import Amount, Provenance, Record

WATTS_PER_CORE: Final = Fraction(12)
"""Of a CPU that is not known: the model's own default."""
WATTS_PER_CORE_LOW: Final = Fraction(225, 64)
"""AMD EPYC 7742: 225 W of thermal design power over 64 cores, 3.5 W."""
WATTS_PER_CORE_HIGH: Final = Fraction(95, 4)
"""Intel Core i7-6700K: 95 W over 4 cores, 23.75 W."""
WATTS_PER_GB: Final = Fraction(3725, 10_000)
"""Of memory held, used or not; a GB is 10^9 bytes."""
MODEL: Final = "Green Algorithms 2021, 12 W a core, 0.3725 W a GB, PUE 1.0 (IT equipment only)"

_MS_PER_SECOND: Final = 1000
_BYTES_PER_GB: Final = 10**9


class Energy(Record):
    """Energy of IT equipment in whole joules, with the bounds that the method gives."""

    joules: Amount
    """The central value, rounded half up."""
    joules_low: Amount
    """Not more than the lower bound."""
    joules_high: Amount | None
    """Not less than the upper bound; null where an accelerator without a meter makes all of it "at least"."""
    provenance: Provenance
    """Measured only where every part of it was."""
    method: Annotated[str, Field(min_length=1, max_length=253)]
    """How it was found, and its scope."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.joules_low > self.joules or (self.joules_high is not None and self.joules > self.joules_high):
            found = f"{self.joules_low}, {self.joules}, {self.joules_high}"
            raise ValueError(f"expected joules_low <= joules <= joules_high, found {found}")
        return self


def estimate(
    cpu_ms: int, memory_bytes: int, wall_ms: int, *, gpu_joules: int | None = None, accelerators: int = 0
) -> Energy:
    """Estimate the energy of one worker.

    ``core-seconds x watts a core + GB held x 0.3725 W x seconds``, and what the accelerators' meters counted.
    Scope: IT equipment only (PUE 1.0): cooling and losses of the building are not in it.

    Joules are whole: the central value is rounded half up, the low one down and the high one up. A worker
    that runs for a second takes 12 J or more, so what rounding can add or take (half a joule) stays small.

    Parameters
    ----------
    cpu_ms
        CPU time, user and system, of all processes.
    memory_bytes
        Memory that was held, which by the model is what was asked for, not what was touched.
    wall_ms
        How long it was held.
    gpu_joules
        What NVML counted; None where there is no meter.
    accelerators
        How many accelerators were held. Without a meter their energy is unknown, and never counted as 0:
        there is then no upper bound.

    Raises
    ------
    ValueError
        A quantity is negative.
    """
    given = {
        "cpu_ms": cpu_ms,
        "memory_bytes": memory_bytes,
        "wall_ms": wall_ms,
        "gpu_joules": gpu_joules or 0,
        "accelerators": accelerators,
    }
    if negative := [f"{name}: expected 0 or more, found {value}" for name, value in given.items() if value < 0]:
        raise ValueError("; ".join(negative))

    core_seconds = Fraction(cpu_ms, _MS_PER_SECOND)
    gb_seconds = Fraction(memory_bytes * wall_ms, _BYTES_PER_GB * _MS_PER_SECOND)
    rest = gb_seconds * WATTS_PER_GB + (gpu_joules or 0)
    modelled = core_seconds > 0 or gb_seconds > 0
    unmetered = gpu_joules is None and accelerators > 0
    return Energy(
        joules=floor(core_seconds * WATTS_PER_CORE + rest + Fraction(1, 2)),
        joules_low=floor(core_seconds * WATTS_PER_CORE_LOW + rest),
        joules_high=None if unmetered else ceil(core_seconds * WATTS_PER_CORE_HIGH + rest),
        provenance=Provenance.ESTIMATED if modelled or gpu_joules is None else Provenance.MEASURED,
        method=_method(modelled=modelled, metered=gpu_joules is not None, unmetered=accelerators if unmetered else 0),
    )


def _method(*, modelled: bool, metered: bool, unmetered: int) -> str:
    parts = []
    if modelled or not metered:
        parts.append(MODEL)
    if metered:
        parts.append("accelerators by NVML")
    if unmetered:
        parts.append(f"without {unmetered} accelerators that have no meter")
    return "; ".join(parts)
