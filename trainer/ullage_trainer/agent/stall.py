"""A gang that no longer moves: which rank holds it up, by the state of processes and their Python stacks. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ullage_trainer.config import Failure, Reason

JUDGED: Final = (
    "bringing ranks together",
    "building the model",
    "going on after step",
    "tracing the first step",
    "training",
    "evaluating",
    "running the script",
)
"""How begins what ranks say they are doing while all of them move together; elsewhere one may rightly take its time."""

_FRAME: Final = re.compile(r'^  File "(?P<file>.+)", line (?P<line>\d+) in (?P<function>.+)$')
_LIBRARIES: Final = ("/tensorflow/", "/keras/", "/horovod/", "/torch/")
HALTED: Final = frozenset({"stopped", "tracing-stop"})
"""States of a process that somebody stopped, as psutil names them."""
_SHOWN_FRAMES: Final = 3
_KEPT_LINES: Final = 10
_LINE_CHARACTERS: Final = 200


@dataclass(frozen=True)
class RankLook:
    """What was seen of a rank that does not move."""

    rank: int | None
    status: str
    """The process's state, as psutil names it."""
    stack: str
    """What faulthandler wrote: all threads, innermost frames first; empty where the process did not answer."""

    @property
    def halted(self) -> bool:
        """Whether somebody stopped the process (SIGSTOP, a debugger)."""
        return self.status in HALTED

    @property
    def frames(self) -> list[tuple[str, int, str]]:
        """File, line and function of the main thread, innermost first."""
        _, _, current = self.stack.partition("Current thread ")
        lines = current.splitlines()[1:]
        found = []
        for line in lines:
            match = _FRAME.match(line)
            if match is None:
                break
            found.append((match["file"], int(match["line"]), match["function"]))
        return found

    @property
    def waits(self) -> bool:
        """Whether it is inside a library's call: computing, or waiting for the other ranks."""
        # TensorFlow makes the functions of a loaded library, Horovod's among them, from text: they have no file.
        files = [file for file, _, _ in self.frames if not file.startswith("<")]
        return bool(files) and not self.halted and any(name in files[0] for name in _LIBRARIES)


def stall_failure(looks: Sequence[RankLook], seconds: float, worker: int, *, alone: bool) -> Failure:
    """Say which rank holds up the others, or, where none of these does, that they wait.

    Parameters
    ----------
    looks
        The ranks of this worker.
    seconds
        How long there was no progress.
    worker
        This worker.
    alone
        Whether there is no other worker that may be the one that is waited for.
    """
    # One that was halted can't move; another may only seem not to wait.
    culprits = [look for look in looks if look.halted] or [look for look in looks if not look.waits]
    look = (culprits or list(looks))[0]
    who = "the process" if look.rank is None else f"rank {look.rank}"
    reason = Reason.STALLED if culprits or alone else Reason.PEER_FAILED
    message = (
        f"expected progress within {seconds:.0f} s (runPolicy.stallTimeoutSeconds), found none: {who} {_where(look)}"
    )
    if not culprits:
        message += "; it computes, or waits for other ranks: is the network there?"
    lines = [f"{file}:{line} {function}"[-_LINE_CHARACTERS:] for file, line, function in look.frames[:_KEPT_LINES]]
    return Failure(reason=reason, message=message[:1024], rank=look.rank, worker=worker, last_lines=lines)


def _where(look: RankLook) -> str:
    if look.halted:
        return f"is {look.status} (by SIGSTOP or a debugger)"
    if not look.frames:
        return f"did not say where it stands (its process is {look.status})"
    shown = [f"{file.rpartition('/')[2]}:{line} {function}" for file, line, function in look.frames[:_SHOWN_FRAMES]]
    return f"stands in {', called from '.join(shown)}"
