"""``python -m ullage_operator``: the operator's process. One told to end before it began exits with 143."""

from __future__ import annotations

import gc
import os
import signal
from typing import Final

_YOUNG: Final = 20_000
"""After how many new objects garbage is looked for among them: at Python's 700 that took a tenth of all CPU time."""


def main() -> None:
    """Run the operator.

    It is the first process of its container, which no signal ends that it does not catch. Nothing that is imported is
    ever garbage: it is not looked through, now or later. Nor are jobs and pods, which stay: what is made is looked
    through seldom.
    """
    signal.signal(signal.SIGTERM, lambda number, _frame: os._exit(128 + number))
    gc.disable()
    from ullage_operator.command import app  # noqa: PLC0415 - not before

    gc.freeze()
    gc.set_threshold(_YOUNG, 10, 10)
    gc.enable()
    app()


if __name__ == "__main__":
    main()
