"""Whether the ranks of a worker still move, and where they stand if not."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from .ranks import RankProcess
from .stall import JUDGED, RankLook

_STACK_SECONDS: Final = 1.0
"""How long ranks have to write where they stand."""
_LOOK_SECONDS: Final = 0.02


def stalled_seconds(ranks: Sequence[RankProcess], now: float) -> float:
    """Return how long a rank has been halted, or for how long none has said anything; 0 where they may be silent.

    A rank that was halted (SIGSTOP) holds up the others whatever they do. Silence tells nothing before a rank has
    said that it does what all do together.
    """
    running = [rank for rank in ranks if rank.running]
    halted = [now - rank.halted for rank in running if rank.halted is not None]
    heard = [rank.heard for rank in running if rank.heard is not None]
    doing = [rank.latest.progress.doing or "" for rank in running if rank.latest.progress is not None]
    silent = [now - max(heard)] if heard and any(what.startswith(JUDGED) for what in doing) else []
    return max([0.0, *halted, *silent])


def looks_at(ranks: Sequence[RankProcess]) -> list[RankLook]:
    """Ask running ranks where they stand, and return what is seen of them within a second."""
    running = [rank for rank in ranks if rank.running]
    for rank in running:
        rank.ask_for_stacks()
    deadline = time.monotonic() + _STACK_SECONDS
    looks = [rank.look() for rank in running]
    while time.monotonic() < deadline and not all(look.halted or look.frames for look in looks):
        time.sleep(_LOOK_SECONDS)
        looks = [rank.look() for rank in running]
    return looks
