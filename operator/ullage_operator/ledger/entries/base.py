"""What every entry has, and what those about a worker and those about another subject have besides."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import Field, StringConstraints, model_validator

from ullage_operator.ledger.base import MAX_INTEGER, Millis, Name, Provenance, Record, WorkerUid

Subject = Annotated[str, StringConstraints(min_length=1, max_length=1024, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""What a group of entries is about, such as ``institution/north``: these are checked and restated together."""


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
    is never changed: a :class:`~.control.Reversal` takes it out of the books, and the same entry with the
    next ``revision`` takes its place.
    """

    type: ClassVar[str]

    line: Name | None = None
    """The line of an investment that it is charged to, as ``investment/line``."""
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
        raise NotImplementedError

    @property
    def group(self) -> str:
        """Which entries its own rules look at, in words."""
        raise NotImplementedError

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

    def ownership(self) -> dict[str, object]:
        """Return whose books it is in: what a reversal has to share with what it reverses."""
        raise NotImplementedError


class WorkerEntry(BaseEntry):
    """What every entry about a worker has."""

    context: EntryContext
    """Whose books it is in."""
    worker_uid: WorkerUid
    """The worker it is about."""

    @property
    def key(self) -> str:
        """The worker."""
        return self.worker_uid

    @property
    def group(self) -> str:
        """The worker."""
        return f"worker {self.worker_uid}"

    def ownership(self) -> dict[str, object]:
        """Return the context."""
        return self.context.model_dump()


class SubjectEntry(BaseEntry):
    """What every entry about another subject than a worker has."""

    times: ClassVar[tuple[str, str | None]] = ("from_ms", "to_ms")
    """The fields with its effective start and end; no second one for an instant."""

    institution: Name | None = None
    """The institution in whose books it is; null is none, or unattributed."""
    provenance: Provenance = Provenance.DECLARED
    """How its figures are known."""
    source: Name = "declaration"
    """Where its figures come from; of an estimate, how it was made."""

    @property
    def group(self) -> str:
        """The subject."""
        raise NotImplementedError

    @property
    def effective_ms(self) -> tuple[int, int | None]:
        """Its start and end."""
        start, end = self.times
        return getattr(self, start), getattr(self, end) if end is not None else None

    def ownership(self) -> dict[str, object]:
        """Return the institution and the line."""
        return {"institution": self.institution, "line": self.line}

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        start, end = self.effective_ms
        if end is not None and end < start:
            raise ValueError(f"expected {self.times[1]} at or after {self.times[0]} {start}, found {end}")
        return self


class StatedEntry(SubjectEntry):
    """What a subject states for a time, from now on or for good: it can be stated anew, see ``Ledger.restate``."""

    subject: Subject
    """What states it, such as ``institution/north`` or ``investment/exascale``."""
    from_ms: Millis
    """Since when."""
    to_ms: Millis | None = None
    """Until when; null is open."""

    @property
    def group(self) -> str:
        """The subject."""
        return self.subject
