"""``python -m ullage_trainer``: the agent of one worker. The exit code of one told to end before it began is 143."""

from __future__ import annotations

import os
import signal
import sys


def main() -> int:
    """Run the agent.

    It is the first process of its container, which no signal ends that it does not catch: a SIGTERM that came while
    it is being imported would be lost, and the worker would go on until its grace period is over.
    """
    signal.signal(signal.SIGTERM, lambda number, _frame: os._exit(128 + number))
    from .agent.command import main as run  # noqa: PLC0415 - not before

    return run()


if __name__ == "__main__":
    sys.exit(main())
