"""How a rank's process ended, from its exit code and what it said before. Pure."""

from __future__ import annotations

import signal
from collections.abc import Sequence

from ullage_trainer.config import Failure, Reason

_LINE_CHARACTERS = 200
"""As many of a line are kept."""


def signal_name(number: int) -> str:
    """Return the name of a signal; those of real time have numbers only."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIGRTMIN+{number - signal.SIGRTMIN}"


def explain(
    exit_code: int,
    *,
    rank: int | None,
    told: Failure | None,
    last_lines: Sequence[str],
    short_of_memory: bool,
    peak_memory_bytes: int,
) -> Failure:
    """Say why a process failed.

    Parameters
    ----------
    exit_code
        As Python has it: below 0 for a signal.
    rank
        Which rank; null outside training.
    told
        What it said of its failure, if it could.
    last_lines
        What it wrote last.
    short_of_memory
        Whether the kernel ended a process of this container for want of memory meanwhile.
    peak_memory_bytes
        Its greatest resident set.
    """
    lines = list(last_lines)
    # As shells tell it.
    code = exit_code if exit_code >= 0 else 128 - exit_code
    if told is not None:
        # What it told is on its last lines again: there, what led to it is wanted.
        said = [line[:_LINE_CHARACTERS] for line in f"{told.reason}: {told.message}".splitlines()]
        lines = [line for line in lines if line not in said]
        quiet = told.reason in (Reason.STOPPED, Reason.PEER_FAILED)
        own = {"exit_code": code if told.exit_code is None else told.exit_code}
        return told.model_copy(update={"rank": rank, **own, "last_lines": [] if quiet else lines})
    who = "the process" if rank is None else f"rank {rank}"
    if exit_code >= 0:
        message = f"{who} exited with code {exit_code}"
        return Failure(reason=Reason.EXCEPTION, exit_code=code, rank=rank, message=message, last_lines=lines)
    name = signal_name(-exit_code)

    def ended(reason: Reason, message: str) -> Failure:
        return Failure(reason=reason, exit_code=code, signal=name, rank=rank, message=message, last_lines=lines)

    if name == "SIGKILL" and short_of_memory:
        message = (
            f"{who} was ended by the kernel for want of memory, having held {peak_memory_bytes >> 20:,} MiB; "
            f"raise workers.resources memory, or lower training.globalBatchSize"
        )
        return ended(Reason.OUT_OF_MEMORY, message)
    if name == "SIGTERM":
        # Asked to stop, and not in a state to stop in order: it had just begun, or its program takes no signal.
        message = f"{who} was ended by SIGTERM at once, without a checkpoint of that moment"
        return ended(Reason.STOPPED, message).model_copy(update={"last_lines": []})
    message = f"{who} was ended by {name}"
    if name == "SIGKILL":
        message += "; was memory short? see the kernel's log"
    return ended(Reason.SIGNAL, message)
