"""Exit codes of ``ullage``: documented in the README and in ``ullage --help``."""

from __future__ import annotations

from enum import IntEnum

from ullage_trainer.config import Failure, Reason


class Exit(IntEnum):
    """How a command ended."""

    OK = 0
    """It did what it was asked."""
    JOB_FAILED = 1
    """The job failed while it ran; another try may end differently."""
    INVALID = 2
    """The manifest or the command line is not valid; nothing was started."""
    INPUT = 3
    """The job's data, model or settings are at fault; another try ends the same."""
    ENVIRONMENT = 4
    """This machine is in the way: a folder in use, books that can't be written."""
    INTERRUPTED = 130
    """Ctrl-C; all workers were stopped."""
    TERMINATED = 143
    """SIGTERM; all workers were stopped."""


_INPUT_REASONS = frozenset(
    {
        Reason.CONFIG_INVALID,
        Reason.INPUT_MISSING,
        Reason.DATA_INVALID,
        Reason.MODEL_INVALID,
        Reason.NUMERIC_FAILURE,
    }
)


def exit_of(failure: Failure | None) -> Exit:
    """Return the exit code of a job that failed."""
    return Exit.INPUT if failure is not None and failure.reason in _INPUT_REASONS else Exit.JOB_FAILED
