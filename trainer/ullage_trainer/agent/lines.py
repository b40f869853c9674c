"""What ranks write, read from pipes: lines put together from pieces, and made fit to be shown."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Final

_READ_BYTES: Final = 65536
_DRAINED_BYTES: Final = 1 << 20
"""How much is taken at once: a program that writes without a pause must not keep its agent from all else."""
_LINE_BYTES: Final = 65536
_STANDARD_OUTPUT: Final = 1
_CONTROL_SEQUENCE: Final = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
"""ECMA-48, 5.4: what colours text and moves the cursor."""


@dataclass
class LineBuffer:
    """Puts lines together from what a pipe gives; a line that is longer than ``limit`` bytes comes in pieces."""

    limit: int = _LINE_BYTES
    rest: bytes = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines that are complete now."""
        *lines, rest = (self.rest + data).split(b"\n")
        while len(rest) > self.limit:
            lines.append(rest[: self.limit])
            rest = rest[self.limit :]
        self.rest = rest
        return lines


def drain(descriptor: int) -> tuple[bytes, bool]:
    """Return what a pipe holds, up to a mebibyte, and whether its other end is closed: nothing more will come."""
    pieces: list[bytes] = []
    taken = 0
    while taken < _DRAINED_BYTES:
        try:
            piece = os.read(descriptor, _READ_BYTES)
        except BlockingIOError:
            return b"".join(pieces), False
        if not piece:
            return b"".join(pieces), True
        pieces.append(piece)
        taken += len(piece)
    return b"".join(pieces), False


def shown(line: str) -> str:
    """Return a line as a terminal would leave it: the last that was written over others, nothing that acts on it."""
    last = _CONTROL_SEQUENCE.sub("", line).rstrip("\r").rpartition("\r")[2]
    return "".join(character if character.isprintable() else " " for character in last)


def write_log(text: str) -> None:
    """Write to standard output, unbuffered; a log that takes no more is no reason to end the work that it tells of."""
    view = memoryview(text.encode(errors="replace"))
    try:
        while view:
            view = view[os.write(_STANDARD_OUTPUT, view) :]
    except OSError:
        return
