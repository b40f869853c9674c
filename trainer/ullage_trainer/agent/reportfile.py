"""The exit report's file: rewritten in place, since the kubelet mounts the file itself and a rename would miss it."""

from __future__ import annotations

import os
import time
from pathlib import Path


class ReportFile:
    """One write a report; a shorter one is padded with blanks, so that a reader never sees the end of an old one."""

    def __init__(self, path: Path, interval_seconds: float) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        self._interval_seconds = interval_seconds
        self._length = os.fstat(self._descriptor).st_size
        self._written: float | None = None

    def due(self) -> bool:
        """Tell whether it is time to write again."""
        return self._written is None or time.monotonic() - self._written >= self._interval_seconds

    def write(self, content: bytes) -> None:
        """Replace the content."""
        self._written = time.monotonic()
        padded = content.ljust(self._length)
        self._length = len(padded)
        os.pwrite(self._descriptor, padded, 0)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)
