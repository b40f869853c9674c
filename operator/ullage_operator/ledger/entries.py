"""The entries: facts with a business key, written once, corrected only by reversal."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from ullage_trainer.config import Stage, Usage, Use

from .base import MAX_INTEGER, Amount, Millis, Name, Outcome, Provenance, Record, WorkerUid
from .energy import Energy


class EntryContext(Record):
    """Whose books an entry is in. Null is unattributed."""

    job_uid: Name
    """The job's UID."""
    namespace: Name
    """The job's namespace; ``local`` for ``ullage run``."""
    job: Name
    """The job's name."""
    institution: Name | None = None
    """The institution that is charged."""
    programme: Name | None = None
    """The programme within it."""
    model_family: Name | None = None
    """What is being trained, over many jobs."""


class BaseEntry(Record):
    """What every entry has.

    The id follows from what the entry is about, so writing the same fact twice changes nothing. An entry
    is never changed: a :class:`Reversal` takes it out of the books, and the same entry with the next
    ``revision`` takes its place.
    """

    type: ClassVar[str]

    context: EntryContext
    """Whose books it is in."""
    worker_uid: WorkerUid
    """The worker it is about."""
    line: Name | None = None
    """The line of an investment that it is charged to."""
    provenance: Provenance = Provenance.MEASURED
    """How its figures are known."""
    source: Name = "worker"
    """Where its figures come from; of an estimate, how it was made."""
    author: Name = "ullage"
    """Who wrote it."""
    revision: Annotated[int, Field(ge=1, le=MAX_INTEGER)] = 1
    """Above 1 in a correction: the revision before must have been reversed."""

    @property
    def key(self) -> str:
        """What, within its type, the entry is about."""
        return self.worker_uid

    @property
    def effective_ms(self) -> tuple[int, int | None]:
        """When the fact holds: start and end, the end null for an instant and for what is still open."""
        raise NotImplementedError

    @property
    def id(self) -> str:
        """The entry's id, from its business key."""
        return self.id_of_revision(self.revision)

    def id_of_revision(self, revision: int) -> str:
        """Return the id that another revision of this entry has."""
        return f"{self.type}{'' if revision == 1 else f'.{revision}'}/{self.key}"

    def facts(self) -> dict[str, object]:
        """Return what is stated, as JSON's types, without who wrote it and where from."""
        return self.model_dump(mode="json", exclude={"source", "author"})


class HoldOpened(BaseEntry):
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

    @property
    def effective_ms(self) -> tuple[int, int | None]:
        """When the hold starts; its end is an entry of its own."""
        return self.from_ms, None


class HoldReleased(BaseEntry):
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


class Activity(BaseEntry):
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


class DataUse(BaseEntry):
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


class Reversal(BaseEntry):
    """An entry is taken out of the books. A reversal is final: to undo it, post the next revision of the entry."""

    type: ClassVar[str] = "reversal"

    provenance: Provenance = Provenance.DECLARED
    """Reversals are somebody's word."""
    revision: Literal[1] = 1
    """A reversal is final."""
    at_ms: Millis
    """When it was decided."""
    reverses: Annotated[str, Field(min_length=1, max_length=512)]
    """The id of the entry that no longer counts."""
    reason: Name
    """Why."""

    @property
    def key(self) -> str:
        """The entry that no longer counts."""
        return self.reverses

    @property
    def effective_ms(self) -> tuple[int, int | None]:
        """The instant of the decision."""
        return self.at_ms, None

    @classmethod
    def of(cls, entry: Entry, *, reason: str, author: str, at_ms: int) -> Self:
        """Return the reversal of an entry."""
        return cls(
            context=entry.context,
            worker_uid=entry.worker_uid,
            line=entry.line,
            source="correction",
            author=author,
            at_ms=at_ms,
            reverses=entry.id,
            reason=reason,
        )


Entry = HoldOpened | HoldReleased | Activity | DataUse | Reversal


def _too_great(where: str, facts: Usage | Use) -> list[str]:
    """Find the integers of the contract's types, which have no upper bound there, that no database stores."""
    return [
        f"{where}.{name}: expected at most {MAX_INTEGER}, found {value}"
        for name, value in facts
        if isinstance(value, int) and value > MAX_INTEGER
    ]
