"""What the decision is made by, besides the job and its workers, and what it is."""

from __future__ import annotations

from dataclasses import dataclass

from ullage_operator.api.types import JobStatus
from ullage_trainer.config import Failure

from .workers import Action


@dataclass(frozen=True)
class Policy:
    """What does not come from the job."""

    storage_root: str
    """Where the storage is mounted in workers."""
    backoff_ms: int = 10_000
    """From the second in which an attempt failed to the first restart; doubled with each, 32 times at most."""
    image: str | None = None
    """The workers' image where the job names none; null for ``ullage run``."""


@dataclass(frozen=True)
class Admission:
    """Whether the job may hold resources now, and if not, why."""

    allowed: bool = True
    reason: str = ""
    message: str = ""
    refusal: Failure | None = None
    """Why workers could not be created when that was last tried: a quota, for instance, or a predecessor's pods."""
    gives_way_to: str | None = None
    """An older job that waits for the rest of its places as this one does: this one lets go of its own."""


@dataclass(frozen=True)
class Decision:
    """What to do, what to write, and when to look again without being woken."""

    status: JobStatus
    actions: tuple[Action, ...] = ()
    wake_at_ms: int | None = None
    ended: bool = False
    """The job is over, or gone, and no worker of it is left."""
    reason: str = ""
    """Why, in one CamelCase word, where that is more than the phase says."""
    quiet: bool = False
    """Of the status, only how far the stage is and how many workers run is new, if anything: it may be written later.

    That all workers were created may be written later too, before they have all run: until it is, one that is absent
    is created, as when the operator ends between the two.
    """
