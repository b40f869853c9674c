"""Processes that a rank leaves behind: they end with the worker, as they would with its container."""

from __future__ import annotations

import contextlib
import ctypes
import sys
from typing import Final

import psutil

_PR_SET_CHILD_SUBREAPER: Final = 36


def adopt() -> None:
    """Become the parent of whatever loses its own below this process (Linux; elsewhere nothing)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_all() -> int:
    """End every process below this one, at once; return how many there were."""
    ended = 0
    # Whoever forks while its parent is ended is found in the next round.
    while left := psutil.Process().children(recursive=True):
        for process in left:
            with contextlib.suppress(psutil.Error):  # It is gone, or is another user's by its own doing.
                process.kill()
        gone, _ = psutil.wait_procs(left, timeout=1.0)
        ended += len(gone)
        if not gone:
            break
    return ended
