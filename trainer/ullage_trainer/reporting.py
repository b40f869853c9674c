"""For the user's own script: say how far it is. Outside Ullage this does nothing, so that the script runs by hand."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from .channel import PipeSink, Reporter
from .config import Checkpoint, Progress


@dataclass
class _Session:
    """What this rank has told so far."""

    reporter: Reporter
    output: str
    metrics: dict[str, float] = field(default_factory=dict)
    samples: int = 0
    first: tuple[float, int] | None = None
    """When the first report came, and of which step: the pace is measured from there."""


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
    checkpoint: str | None = None,
) -> None:
    """Say how far the script is; cheap enough to be called at every step.

    Parameters
    ----------
    step, total
        Steps done, and in all; a time of arrival is reckoned from them.
    epoch, epochs
        The epoch, from 1, and how many there are.
    loss
        The training loss lately.
    metrics
        Measures by name; the last of each, told by rank 0, become the stage's. The first shows beside progress.
    samples
        Samples that this rank has gone through so far, for the books.
    checkpoint
        The path below ``$ULLAGE_CHECKPOINT_DIR`` of a checkpoint that is whole now.

    Examples
    --------
    >>> report(step=10, total=100, loss=0.3)  # outside Ullage: nothing happens
    """
    session = _Link.session
    if session is None:
        return
    if checkpoint is not None:
        path = f"{session.output}/checkpoints/{checkpoint}"
        session.reporter.checkpoint(
            Checkpoint(path=path, step=step, epoch=epoch, written_ms=time.time_ns() // 1_000_000)
        )
    session.metrics |= {name: float(value) for name, value in (metrics or {}).items()}
    now = time.monotonic()
    if session.first is None:
        session.first = (now, step)
    seconds, steps = now - session.first[0], step - session.first[1]
    known = next(iter(session.metrics.items()), None)
    counted = {} if samples is None else {"samples": samples}
    session.reporter.progress(
        Progress(
            step=step,
            total_steps=total,
            epoch=epoch,
            epochs=epochs,
            loss=None if loss is None else float(loss),
            metric=known,
            samples_per_second=samples / seconds if samples is not None and steps > 0 else None,
            eta_seconds=(total - step) * seconds / steps if total is not None and steps > 0 else None,
            step_ms=time.time_ns() // 1_000_000,
            doing="running the script",
        ),
        force=step == total or metrics is not None,
        **counted,
    )
