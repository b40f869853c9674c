"""How a rank tells its agent what happens: one JSON object a line, through an inherited pipe."""

from __future__ import annotations

import errno
import json
import math
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from pydantic import ConfigDict

from .config import Checkpoint, Failure, Metrics, Model, Output, Progress, Uses, Variants

CHANNEL_VARIABLE: Final = "ULLAGE_CHANNEL_FD"
STACKS_VARIABLE: Final = "ULLAGE_STACKS_FD"
"""Where a rank writes its stacks when it gets SIGUSR1."""
PROGRESS_INTERVAL_SECONDS: Final = 0.2


class Result(Model):
    """What a task made and gone through, sent once when it has succeeded."""

    output: Output | None = None
    """What was made; rank 0 alone says it."""
    metrics: Metrics = {}
    """Measures on the test part."""
    variants: Variants = []
    """The table of variants."""
    uses: Uses = []
    """Data assets used."""


class Message(Model):
    """One line of the channel; what is absent has not changed."""

    model_config = ConfigDict(ser_json_inf_nan="null")

    progress: Progress | None = None
    """How far the task is."""
    samples: int | None = None
    """Samples gone through so far, by this rank."""
    bytes_read: int | None = None
    """Bytes of input files read so far, by this rank."""
    flop: int | None = None
    """Floating-point operations of training done so far, by this rank."""
    parameters: int | None = None
    """How many numbers the model holds; rank 0 alone says it."""
    checkpoint: Checkpoint | None = None
    """The last checkpoint that is whole; rank 0 alone says it."""
    result: Result | None = None
    """What was made."""
    failure: Failure | None = None
    """What went wrong."""


class Sink(Protocol):
    """Where messages go."""

    def send(self, message: Message) -> None:
        """Pass a message on."""


@dataclass
class PipeSink:
    """Writes messages to the agent's pipe, one line at a time whichever thread sends it."""

    descriptor: int
    _pipe: tuple[int, int] = field(init=False, repr=False)
    _one_at_a_time: threading.RLock = field(default_factory=threading.RLock, repr=False)
    """One thread; what a program reports from a signal's handler may come while it reports."""

    def __post_init__(self) -> None:
        self._pipe = _identity(self.descriptor)

    @classmethod
    def from_environment(cls) -> PipeSink:
        """Open the pipe that the agent named in the environment."""
        return cls(int(os.environ[CHANNEL_VARIABLE]))

    def send(self, message: Message) -> None:
        """Write one line.

        An agent that is gone is no reason to fail (the rank is about to be ended), nor is a program that closed all
        descriptors it did not know; it may have opened a file since that has got our number.
        """
        line = json.dumps(message.model_dump(mode="json", by_alias=True, exclude_none=True), separators=(",", ":"))
        view = memoryview(line.encode() + b"\n")
        try:
            with self._one_at_a_time:
                while view and _identity(self.descriptor) == self._pipe:
                    view = view[os.write(self.descriptor, view) :]
        except BrokenPipeError:
            return
        except OSError as error:
            if error.errno != errno.EBADF:
                raise


def _identity(descriptor: int) -> tuple[int, int]:
    """Return what tells an open file from others."""
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino


@dataclass
class Reporter:
    """Sends progress, but not more often than a reader can use."""

    sink: Sink
    interval_seconds: float = PROGRESS_INTERVAL_SECONDS
    _last: float = field(default=-math.inf, init=False)
    _held: Callable[[], Message] | None = field(default=None, init=False)
    """What came too soon after the last to be sent: it counts if it was the last word."""

    def progress(self, message: Callable[[], Message], *, force: bool = False) -> None:
        """Send progress if the last was sent long enough ago, or if it must not be lost; ask for it only then."""
        now = time.monotonic()
        if force or now - self._last >= self.interval_seconds:
            self._last, self._held = now, None
            self.sink.send(message())
        else:
            self._held = message

    def doing(self, what: str, step: int = 0, total: int | None = None, **counters: Any) -> None:
        """Say what is being done; always sent."""
        message = Message(progress=Progress(doing=what[:64], step=step, total_steps=total), **counters)
        self.progress(lambda: message, force=True)

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        """Say that there is a point to go on from; always sent."""
        self.sink.send(Message(checkpoint=checkpoint))

    def failure(self, failure: Failure) -> None:
        """Say why it ends, and first how far it came: what was done until then is in the books."""
        if self._held is not None:
            self.progress(self._held, force=True)
        self.sink.send(Message(failure=failure))

    def result(self, result: Result, **counters: Any) -> None:
        """Send what was made."""
        self.sink.send(Message(result=result, **counters))
