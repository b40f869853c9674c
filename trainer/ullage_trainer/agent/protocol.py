"""What agents say to worker 0 and hear from it, signed with the gang's key so that no stranger takes part."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from ullage_trainer.config import Failure, Model, Usage, WorkerState

HEARTBEAT_PATH: Final = "/v1/heartbeat"
REPORT_PATH: Final = "/v1/report"
PROGRESS_PATH: Final = "/v1/progress"
METRICS_PATH: Final = "/metrics"
SIGNATURE_HEADER: Final = "X-Ullage-Signature"
HEARTBEAT_SECONDS: Final = 0.25
LOST_AFTER_SECONDS: Final = 15.0
"""A worker that is silent for so long is lost; so is worker 0 for the others."""


class Heartbeat(Model):
    """How a worker stands; its first is its registration."""

    index: int
    """Which worker."""
    sequence: int
    """Counts up, so that an old heartbeat sent again is not taken for a new one."""
    state: WorkerState
    """Where it stands."""
    usage: Usage
    """What it took so far."""
    failure: Failure | None = None
    """What went wrong there."""

    @property
    def final(self) -> bool:
        """Whether the worker has ended."""
        return self.state in (WorkerState.SUCCEEDED, WorkerState.FAILED, WorkerState.STOPPED)


class Orders(Model):
    """Worker 0's answer."""

    sequence: int
    """The heartbeat that is answered."""
    rendezvous_port: int | None = None
    """Start the ranks: this is where their rendezvous store listens."""
    stop: Failure | None = None
    """End the ranks, and why."""
    finish: bool = False
    """There is nothing to do: an earlier output is reused."""


def sign(key: bytes, body: bytes, role: str) -> str:
    """Return the HMAC-SHA256 of a body in hex; ``role`` keeps an answer from passing for a question."""
    return hmac.new(key, role.encode() + b"\n" + body, hashlib.sha256).hexdigest()


def signature_fits(key: bytes, body: bytes, role: str, signature: str) -> bool:
    """Tell whether a body was signed with the key, in constant time."""
    # As bytes: texts are compared only where both are ASCII, and anyone may send anything.
    return hmac.compare_digest(sign(key, body, role).encode(), signature.encode(errors="replace"))
