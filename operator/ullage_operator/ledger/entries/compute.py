"""Entries about accelerators and processors beside what workers hold: what there is, what others used, who pays."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import StringConstraints

from ullage_operator.ledger.base import Amount, Millis, Name, Provenance, Record

from .base import StatedEntry, SubjectEntry

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
"""A currency by ISO 4217."""


class Rate(Record):
    """A price: dated, sourced, kept with each charge, never edited."""

    micros: Amount
    """Millionths of the currency for one unit."""
    unit: Name
    """What one unit is, such as ``accelerator-hour``."""
    currency: Currency
    """The currency; there is no implicit exchange."""
    dated_ms: Millis
    """From when the price list applies that it is taken from."""
    source: Name
    """Which price list."""


class Capacity(StatedEntry):
    """So much of a resource is there from a time on."""

    type: ClassVar[str] = "capacity"

    scope: Name
    """Which cluster, or which other place."""
    name: Name
    """Which node, or pool of equal nodes."""
    resource: Literal["accelerator", "cpu", "memory"]
    """Which resource."""
    resource_type: Name | None = None
    """Which kind of accelerator."""
    amount: Amount
    """Accelerators, thousandths of a core, or MiB."""

    @property
    def key(self) -> str:
        """The place, the node, the resource, and since when."""
        return f"{self.scope}/{self.name}/{self.resource}/{self.from_ms}"


class Import(SubjectEntry):
    """A job that ran elsewhere, by the accounts of that place."""

    type: ClassVar[str] = "import"

    scope: Name
    """Which place."""
    external_id: Name
    """The job's id there."""
    accelerators: Amount
    """How many accelerators it held."""
    accelerator_type: Name | None = None
    """Which kind of accelerator."""
    accelerator_active_ms: Amount | None = None
    """U: milliseconds in which a kernel ran, summed over accelerators; null is unknown."""
    cpu_millis: Amount = 0
    """Thousandths of a core that it held."""
    cpu_ms: Amount | None = None
    """Milliseconds of CPU time that it used; null is unknown."""
    from_ms: Millis
    """When it started."""
    to_ms: Millis
    """When it ended."""

    @property
    def key(self) -> str:
        """The place, the job and its start: a job that is queued again keeps its id."""
        kind = "" if self.accelerator_type is None else f"/{self.accelerator_type}"
        return f"{self.scope}/{self.external_id}/{self.from_ms}{kind}"

    @property
    def group(self) -> str:
        """The job."""
        return f"import/{self.scope}/{self.external_id}"


class Charge(SubjectEntry):
    """What a job held in an interval, and what pays for it: a line, or nothing where the machines are its own."""

    type: ClassVar[str] = "charge"

    provenance: Provenance = Provenance.MEASURED
    """How its figures are known."""
    source: Name = "accounting"
    """Where its figures come from."""
    job_uid: Name
    """The job."""
    resource: Literal["accelerator", "cpu", "memory"]
    """Which resource."""
    resource_type: Name | None = None
    """Which kind of accelerator."""
    quantity_ms: Amount
    """Accelerators, thousandths of a core, or MiB, times milliseconds."""
    rate: Rate | None = None
    """At what price; null where it has none."""
    from_ms: Millis
    """Start of the interval."""
    to_ms: Millis
    """End of the interval."""

    @property
    def key(self) -> str:
        """The job, what pays, the resource, and the interval's start."""
        resource = self.resource if self.resource_type is None else f"{self.resource}:{self.resource_type}"
        return f"{self.job_uid}/{self.line or 'own'}/{resource}/{self.from_ms}"

    @property
    def group(self) -> str:
        """The charge alone."""
        return f"charge/{self.key}"
