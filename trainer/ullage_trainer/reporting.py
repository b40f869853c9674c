"""For the user's own script: say how far it is. Outside Ullage this does nothing, so that the script runs by hand."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .artifacts import CHECKPOINTS_FOLDER
from .channel import Message, PipeSink, Reporter
from .config import MAX_METRICS, Checkpoint, Progress

CHECKPOINT_VARIABLE = "ULLAGE_CHECKPOINT_DIR"


@dataclass
class _Session:
    """What this rank has told so far."""

    reporter: Reporter
    output: str
    metrics: dict[str, float] = field(default_factory=dict)
    samples: int = 0
    first: tuple[float, int] | None = None
    """When the first report came, and of which step: the pace is measured from there."""

    def keep(self, metrics: Mapping[str, float]) -> None:
        """Keep the last value of each metric."""
        for name, value in metrics.items():
            if not math.isfinite(value):
                self.metrics.pop(name, None)
            elif name in self.metrics or len(self.metrics) < MAX_METRICS:
                self.metrics[name] = float(value)

    def tell_checkpoint(self, checkpoint: str | os.PathLike[str], step: int, epoch: int | None) -> None:
        """Tell of a checkpoint, if it lies where the next attempt looks for it."""
        folder = os.path.abspath(os.environ[CHECKPOINT_VARIABLE])  # noqa: PTH100 - links are not followed
        path = os.path.relpath(os.path.join(folder, checkpoint), folder)  # noqa: PTH118 - nor here
        if Path(path).parts[:1] == (os.pardir,):
            print(
                f"ullage_trainer.report: expected a checkpoint in {folder}, found {checkpoint}; the next attempt "
                f"would not find it there, and it is not told of",
                file=sys.stderr,
            )
            return
        written_ms = time.time_ns() // 1_000_000
        place = f"{self.output}/{CHECKPOINTS_FOLDER}/{path}".removesuffix("/.")
        self.reporter.checkpoint(Checkpoint(path=place, step=step, epoch=epoch, written_ms=written_ms))


class _Link:
    """The agent that this process belongs to, if any."""

    session: _Session | None = None


def connect(output: str) -> None:
    """Begin to tell the agent; called before the script runs. ``output`` is the attempt's folder in storage."""
    _Link.session = _Session(Reporter(PipeSink.from_environment()), output)


def connected() -> bool:
    """Tell whether reports reach an agent."""
    return _Link.session is not None


def metrics() -> dict[str, float]:
    """Return the last value of each metric."""
    return dict(_Link.session.metrics) if _Link.session is not None else {}


def report(
    *,
    step: int,
    total: int | None = None,
    epoch: int | None = None,
    epochs: int | None = None,
    loss: float | None = None,
    metrics: Mapping[str, float] | None = None,
    samples: int | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
) -> None:
    """Say how far the script is; cheap enough to be called at every step.

    What can't be told is left out, and never ends the script: a loss that is not finite shows as none, and a metric
    that is not finite has no value.

    Parameters
    ----------
    step, total
        Steps done, and in all; a time of arrival is reckoned from them.
    epoch, epochs
        The epoch, from 1, and how many there are.
    loss
        The training loss lately.
    metrics
        Measures by name, 32 at most; the last of each, told by rank 0, become the stage's. The first shows beside
        progress.
    samples
        Samples that this rank has gone through so far, for the books.
    checkpoint
        The path of a checkpoint that is whole now, relative to ``$ULLAGE_CHECKPOINT_DIR`` or below it.

    Examples
    --------
    >>> report(step=10, total=100, loss=0.3)  # outside Ullage: nothing happens
    """
    session = _Link.session
    if session is None:
        return
    step, total = max(0, int(step)), _count(total)
    if checkpoint is not None:
        session.tell_checkpoint(checkpoint, step, _count(epoch))
    session.keep(metrics or {})
    now = time.monotonic()
    if session.first is None:
        session.first = (now, step)
    seconds, steps = now - session.first[0], step - session.first[1]
    known = next(iter(session.metrics.items()), None)
    samples = _count(samples)
    message = Message(
        progress=Progress(
            step=step,
            total_steps=total,
            epoch=_count(epoch),
            epochs=_count(epochs),
            loss=float(loss) if loss is not None and math.isfinite(loss) else None,
            metric=known,
            samples_per_second=samples / seconds if samples is not None and steps > 0 else None,
            eta_seconds=max(0, total - step) * seconds / steps if total is not None and steps > 0 else None,
            step_ms=time.time_ns() // 1_000_000,
            doing="running the script",
        ),
        samples=samples,
    )
    session.reporter.progress(lambda: message, force=step == total or metrics is not None)


def _count(value: int | None) -> int | None:
    return None if value is None else max(0, int(value))
