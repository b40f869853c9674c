"""Why a worker ended: a closed set, each with its exit code, and the errors that carry them.

    TrainerError
    ├── ConfigError        the document asks for what can't be done        78
    ├── InputMissing       a file or a column is not there                 66
    ├── DataInvalid        what is there can't be used                     65
    ├── ModelInvalid       the user's model does not import or fit         72
    ├── NumericFailure     the loss is not finite                          76
    ├── StorageFailure     storage can't be read or written                74
    ├── RendezvousFailure  the gang did not come together                  69
    ├── ScriptFailure      the user's own program did not end well         70
    ├── PeerFailure        a collective broke: another rank is gone        75
    └── StopRequested      asked to stop; nothing is wrong                143

Codes follow BSD's ``sysexits.h`` where it has one, and ``timeout`` (124) for a stall.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar, Final


class Reason(StrEnum):
    """Why a worker did not succeed."""

    CONFIG_INVALID = "ConfigInvalid"
    INPUT_MISSING = "InputMissing"
    DATA_INVALID = "DataInvalid"
    MODEL_INVALID = "ModelInvalid"
    NUMERIC_FAILURE = "NumericFailure"
    STORAGE_FAILURE = "StorageFailure"
    RENDEZVOUS_FAILED = "RendezvousFailed"
    STOPPED = "Stopped"
    EXCEPTION = "Exception"
    SIGNAL = "Signal"
    OUT_OF_MEMORY = "OutOfMemory"
    STALLED = "Stalled"
    PEER_FAILED = "PeerFailed"
    LOST = "Lost"
    DISRUPTED = "Disrupted"
    IMAGE_UNAVAILABLE = "ImageUnavailable"
    UNSCHEDULABLE = "Unschedulable"
    QUOTA_EXCEEDED = "QuotaExceeded"
    START_FAILED = "StartFailed"


EXIT_CODES: Final[dict[Reason, int]] = {
    Reason.CONFIG_INVALID: 78,
    Reason.INPUT_MISSING: 66,
    Reason.DATA_INVALID: 65,
    Reason.MODEL_INVALID: 72,
    Reason.NUMERIC_FAILURE: 76,
    Reason.STORAGE_FAILURE: 74,
    Reason.RENDEZVOUS_FAILED: 69,
    Reason.STOPPED: 143,
    Reason.EXCEPTION: 70,
    Reason.SIGNAL: 71,
    Reason.OUT_OF_MEMORY: 137,
    Reason.STALLED: 124,
    Reason.PEER_FAILED: 75,
    Reason.LOST: 75,
    # A worker never says these of itself: they are seen from outside.
    Reason.DISRUPTED: 75,
    Reason.IMAGE_UNAVAILABLE: 75,
    Reason.UNSCHEDULABLE: 75,
    Reason.QUOTA_EXCEEDED: 75,
    Reason.START_FAILED: 75,
}

RETRYABLE: Final = frozenset({
    Reason.STORAGE_FAILURE,
    Reason.RENDEZVOUS_FAILED,
    Reason.EXCEPTION,
    Reason.SIGNAL,
    Reason.OUT_OF_MEMORY,
    Reason.STALLED,
    Reason.PEER_FAILED,
    Reason.LOST,
    Reason.DISRUPTED,
    Reason.IMAGE_UNAVAILABLE,
    Reason.UNSCHEDULABLE,
    Reason.QUOTA_EXCEEDED,
    Reason.START_FAILED,
})  # fmt: skip
"""Reasons after which another attempt may end differently. Bad input never does."""


class TrainerError(Exception):
    """Base of the errors that name their reason; the text says where, what was expected, found, and what to do."""

    reason: ClassVar[Reason] = Reason.EXCEPTION
    exit_code: int | None = None
    """The code that a program of the user's ended with; null where the process's own code tells all."""


class ConfigError(TrainerError):
    """The document asks for what can't be done."""

    reason = Reason.CONFIG_INVALID


class InputMissing(TrainerError):
    """A file or a column is not there."""

    reason = Reason.INPUT_MISSING


class DataInvalid(TrainerError):
    """What is there can't be used."""

    reason = Reason.DATA_INVALID


class ModelInvalid(TrainerError):
    """The user's model does not import, or does not fit the data."""

    reason = Reason.MODEL_INVALID


class NumericFailure(TrainerError):
    """The loss is not finite."""

    reason = Reason.NUMERIC_FAILURE


class StorageFailure(TrainerError):
    """Storage can't be read or written."""

    reason = Reason.STORAGE_FAILURE


class RendezvousFailure(TrainerError):
    """The workers of the gang did not come together."""

    reason = Reason.RENDEZVOUS_FAILED


class ScriptFailure(TrainerError):
    """The user's own program did not end well; it has printed its own traceback."""

    reason = Reason.EXCEPTION

    def __init__(self, message: str, exit_code: int | None = None) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class PeerFailure(TrainerError):
    """A collective broke because another rank is gone; this rank is not where it started."""

    reason = Reason.PEER_FAILED


class StopRequested(TrainerError):
    """Asked to stop."""

    reason = Reason.STOPPED
