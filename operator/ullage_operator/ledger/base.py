"""What all records of the ledger have in common."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

MAX_INTEGER: Final = 2**63 - 1
"""The greatest integer that SQLite and PostgreSQL store."""

Amount = Annotated[int, Field(ge=0, le=MAX_INTEGER)]
"""A quantity in the unit that its name ends with, or a count."""

FLOP_BASE: Final = 10**10
"""Operations are stored as two integers, how many times this and the rest: a training's do not fit in 64 bits."""
MAX_FLOP: Final = MAX_INTEGER * FLOP_BASE
"""More operations than this are not stored."""

Millis = Annotated[int, Field(ge=0, le=MAX_INTEGER)]
"""Milliseconds since 1970, UTC."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=253, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""A name on one line: PostgreSQL stores no NUL."""

WorkerUid = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9._:-]+$")]
"""What a worker is billed by: a pod's UID, or what ``ullage run`` gives a local worker. It is part of ids."""


class Record(BaseModel):
    """Base of all records: all errors at once, unknown fields refused, never changed in place."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Provenance(StrEnum):
    """How a figure is known."""

    MEASURED = "measured"
    DECLARED = "declared"
    ESTIMATED = "estimated"


def weaker(provenances: Iterable[Provenance]) -> Provenance:
    """Return how a sum is known, which is as its weakest part; of none, nothing in it is uncertain."""
    return max(provenances, key=tuple(Provenance).index, default=Provenance.MEASURED)


class Outcome(StrEnum):
    """How a worker ended."""

    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    STOPPED = "Stopped"
    LOST = "Lost"
