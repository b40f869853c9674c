"""Entries about a worker: what it held and used."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, Field, model_validator

from ullage_operator.ledger.base import MAX_FLOP, MAX_INTEGER, Amount, Millis, Name, Outcome
from ullage_operator.ledger.energy import Energy
from ullage_trainer.config import Stage, Usage, Use

from .base import WorkerEntry


class HoldOpened(WorkerEntry):
    """A worker holds resources from now on. Written open, at its start."""

    type: ClassVar[str] = "hold"

    stage: Stage
    """Which stage of the job."""
    attempt: Annotated[int, Field(ge=1, le=MAX_INTEGER)]
    """Which attempt at the stage, from 1."""
    index: Amount
    """Which worker of the gang."""
    slots: Annotated[int, Field(ge=1, le=MAX_INTEGER)]
    """How many ranks it runs."""
    accelerators: Amount
    """How many accelerators it holds."""
    accelerator_type: Name | None = None
    """Which kind of accelerator."""
    cpu_millis: Amount
    """Thousandths of a core that it holds."""
    memory_mib: Amount
    """Memory that it holds, in MiB."""
    from_ms: Millis
    """Since when."""
    own_machines: bool | None = None
    """Whether its node is one of the institution's own machines; null is not known."""

    @property
    def effective_ms(self) -> tuple[int, int | None]:
        """When the hold starts; its end is an entry of its own."""
        return self.from_ms, None

    def facts(self) -> dict[str, object]:
        """Return what is stated but for whose machines it was on: as that was seen first it stands."""
        return {name: value for name, value in super().facts().items() if name != "own_machines"}


class HoldReleased(WorkerEntry):
    """A worker's hold has ended: once, and for good."""

    type: ClassVar[str] = "release"

    to_ms: Millis
    """When it ended; the millisecond itself is no longer held."""
    outcome: Outcome
    """How the worker ended."""

    @property
    def effective_ms(self) -> tuple[int, int | None]:
        """The instant of the release."""
        return self.to_ms, None


Rank = tuple[Amount, Amount, Amount]


def _in_order(ranks: tuple[Rank, ...]) -> tuple[Rank, ...]:
    return tuple(sorted(ranks))


class Activity(WorkerEntry):
    """What a worker used while it held resources; one entry for each run of its container."""

    type: ClassVar[str] = "activity"

    from_ms: Millis
    """Since when."""
    to_ms: Millis
    """Until when; the millisecond itself is no longer part of it."""
    usage: Usage
    """What the worker took, its ranks together."""
    ranks: Annotated[tuple[Rank, ...], Field(max_length=64), AfterValidator(_in_order)] = ()
    """Detail by rank: number, CPU milliseconds, peak memory in bytes."""
    energy: Energy
    """What energy it took."""
    parameters: Amount | None = None
    """How many numbers the model holds that was trained; null where it is not known, and from all workers but 0."""

    @property
    def key(self) -> str:
        """The worker, and the start of the run."""
        return f"{self.worker_uid}/{self.from_ms}"

    @property
    def effective_ms(self) -> tuple[int, int | None]:
        """The run's start and end."""
        return self.from_ms, self.to_ms

    def within(self, from_ms: int, to_ms: int) -> Self:
        """Return this activity, its times moved inside a hold: clocks of nodes differ, the quantities stay."""
        start, end = (min(max(at, from_ms), to_ms) for at in (self.from_ms, self.to_ms))
        return self.model_copy(update={"from_ms": start, "to_ms": end})

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = []
        if self.to_ms < self.from_ms:
            problems.append(f"expected to_ms at or after from_ms {self.from_ms}, found {self.to_ms}")
        if len({rank for rank, _, _ in self.ranks}) < len(self.ranks):
            problems.append(f"expected each rank once, found {[rank for rank, _, _ in self.ranks]}")
        problems += _too_great("usage", self.usage)
        if problems:
            raise ValueError("; ".join(problems))
        return self


class DataUse(WorkerEntry):
    """A job used a data asset: distinct accepted rows, not epochs."""

    type: ClassVar[str] = "use"

    at_ms: Millis
    """When the data report was made."""
    use: Use
    """Which asset, and how much of it."""

    @property
    def key(self) -> str:
        """The worker, and the asset."""
        return f"{self.worker_uid}/{self.use.asset}"

    @property
    def effective_ms(self) -> tuple[int, int | None]:
        """The instant of the data report."""
        return self.at_ms, None

    @model_validator(mode="after")
    def _storable(self) -> Self:
        if problems := _too_great("use", self.use):
            raise ValueError("; ".join(problems))
        return self


def _too_great(where: str, facts: Usage | Use) -> list[str]:
    """Find the integers of the contract's types, which have no upper bound there, that no database stores."""
    most = {"flop": MAX_FLOP}
    return [
        f"{where}.{name}: expected at most {most.get(name, MAX_INTEGER)}, found {value}"
        for name, value in facts
        if isinstance(value, int) and value > most.get(name, MAX_INTEGER)
    ]
