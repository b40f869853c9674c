"""Entries about the books themselves: what was declared, what was taken back, which periods are closed."""

from __future__ import annotations

import json
from typing import Annotated, ClassVar, Final, Literal, Self, get_args

from pydantic import Field, field_validator, model_validator

from ullage_operator.ledger.base import MAX_INTEGER, Millis, Name, Provenance, WorkerUid

from .base import BaseEntry, EntryContext, Subject, SubjectEntry, WorkerEntry

CLOSES: Final = "close"
"""The subject of all closed periods."""

DeclaredKind = Literal["Institution", "Investment", "PriceList"]


def declarations_of(subject: str) -> str | None:
    """Return the subject of an object's declarations: ``declaration/Institution/north`` of ``institution/north``.

    None where the subject is no object's. What an object states has a subject beside that of its declarations, since
    both are checked and restated apart.
    """
    kind, _, object_id = subject.partition("/")
    found = next((each for each in get_args(DeclaredKind) if each.casefold() == kind.casefold()), None)
    return None if found is None else f"declaration/{found}/{object_id}"


class Declaration(SubjectEntry):
    """A generation of an Institution, an Investment or a PriceList was accepted; later ones do not rewrite it."""

    type: ClassVar[str] = "declaration"
    times: ClassVar[tuple[str, str | None]] = ("from_ms", None)

    kind: DeclaredKind
    """What kind of object."""
    object_id: Name
    """Its id, which never changes."""
    object_uid: Name | None = None
    """Its UID, where it has one: an object made again under the same id starts its generations anew."""
    generation: Annotated[int, Field(ge=1, le=MAX_INTEGER)]
    """Which generation of its spec."""
    spec: str | None
    """The spec as JSON, kept canonical: keys in order, no blanks. Null withdraws the object from then on."""
    from_ms: Millis
    """From when it applies, until the next one does."""

    @property
    def key(self) -> str:
        """The object, and the generation; one that is withdrawn is so once."""
        uid = "" if self.object_uid is None else f"/{self.object_uid}"
        return f"{self.kind}/{self.object_id}{uid}/{self.generation}{'/withdrawn' if self.spec is None else ''}"

    @property
    def group(self) -> str:
        """The object."""
        return f"declaration/{self.kind}/{self.object_id}"

    @field_validator("spec")
    @classmethod
    def _canonical(cls, spec: str | None) -> str | None:
        if spec is None:
            return None
        value = json.loads(spec)
        if not isinstance(value, dict):
            raise ValueError(f"expected a JSON object, found {type(value).__name__}")  # noqa: TRY004  # pydantic's way
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


class Close(SubjectEntry):
    """A period is closed: what is posted later for a time in it counts in the period that is open then."""

    type: ClassVar[str] = "close"

    from_ms: Millis
    """Start of the period."""
    to_ms: Millis
    """End of the period; the millisecond itself is open."""
    at_ms: Millis
    """When it was decided; not before the period's end."""

    @property
    def key(self) -> str:
        """The period."""
        return f"{self.from_ms}/{self.to_ms}"

    @property
    def group(self) -> str:
        """All closed periods together: they do not overlap."""
        return CLOSES

    @model_validator(mode="after")
    def _has_ended(self) -> Self:
        problems = []
        if self.to_ms == self.from_ms:
            problems.append(f"expected a period that is not empty, found {self.from_ms} to {self.to_ms}")
        if self.at_ms < self.to_ms:
            problems.append(f"expected at_ms at or after the period's end {self.to_ms}, found {self.at_ms}")
        if problems:
            raise ValueError("; ".join(problems))
        return self


class Reversal(BaseEntry):
    """An entry is taken out of the books. A reversal is final: to undo it, post the next revision of the entry."""

    type: ClassVar[str] = "reversal"

    context: EntryContext | None = None
    """Whose books it is in, where the entry is a worker's."""
    worker_uid: WorkerUid | None = None
    """The worker, where the entry is a worker's."""
    subject: Subject | None = None
    """The subject, where the entry is not a worker's."""
    institution: Name | None = None
    """The institution, where the entry is not a worker's."""
    provenance: Provenance = Provenance.DECLARED
    """Reversals are somebody's word."""
    revision: Literal[1] = 1
    """A reversal is final."""
    at_ms: Millis
    """When it was decided."""
    reverses: Annotated[str, Field(min_length=1, max_length=1024)]
    """The id of the entry that no longer counts."""
    reason: Name
    """Why."""

    @property
    def key(self) -> str:
        """The entry that no longer counts."""
        return self.reverses

    @property
    def group(self) -> str:
        """That of the entry that no longer counts."""
        return self.subject if self.subject is not None else f"worker {self.worker_uid}"

    @property
    def effective_ms(self) -> tuple[int, int | None]:
        """The instant of the decision."""
        return self.at_ms, None

    def ownership(self) -> dict[str, object]:
        """Return the context, or the institution and the line."""
        if self.context is not None:
            return self.context.model_dump()
        return {"institution": self.institution, "line": self.line}

    @classmethod
    def of(cls, entry: BaseEntry, *, reason: str, author: str, at_ms: int) -> Self:
        """Return the reversal of an entry."""
        about: dict[str, object] = {}
        if isinstance(entry, WorkerEntry):
            about = {"context": entry.context, "worker_uid": entry.worker_uid}
        elif isinstance(entry, SubjectEntry):
            about = {"subject": entry.group, "institution": entry.institution}
        elif isinstance(entry, Reversal):
            about = {name: getattr(entry, name) for name in ("context", "worker_uid", "subject", "institution")}
        facts = {"source": "correction", "author": author, "at_ms": at_ms, "reverses": entry.id, "reason": reason}
        return cls.model_validate({**about, **facts, "line": entry.line})

    @model_validator(mode="after")
    def _about_one_thing(self) -> Self:
        if (self.subject is None) == (self.worker_uid is None) or (self.context is None) != (self.worker_uid is None):
            raise ValueError("expected either context and worker_uid or a subject")
        return self
