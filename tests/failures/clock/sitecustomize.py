"""On the path of a process, it shifts that process's wall clock by the milliseconds in a file, which may change."""

import os
import time
from pathlib import Path

_SHIFT = Path(os.environ["ULLAGE_TEST_CLOCK"])
_true_ns = time.time_ns


def _shifted_ns() -> int:
    return _true_ns() + int(_SHIFT.read_text()) * 1_000_000


def _shifted() -> float:
    return _shifted_ns() / 1e9


time.time_ns = _shifted_ns
time.time = _shifted
