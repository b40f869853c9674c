"""Epochs of steps: progress, evaluation after each epoch, and an end that all ranks reach at the same step."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ullage_trainer.channel import Reporter
from ullage_trainer.config import NumericFailure, Progress, StopRequested, Training

from .objective import measures
from .schedule import steps_per_epoch
from .step import Trainer
from .stream import Blocks, ahead, training_batches


@dataclass(frozen=True)
class EpochRecord:
    """One row of the learning curves."""

    epoch: int
    loss: float
    """Mean training loss over the epoch, exact over all ranks' samples."""
    seconds: float
    samples_per_second: float
    validation: dict[str, float]


@dataclass
class Pace:
    """How long a step takes, lately: an exponential mean, without the first step, in which graphs are traced."""

    _seconds: float | None = None
    _last: float | None = None

    def step(self) -> None:
        """Take note that a step has ended."""
        now = time.monotonic()
        if self._last is not None:
            took = now - self._last
            self._seconds = took if self._seconds is None else 0.95 * self._seconds + 0.05 * took
        self._last = now

    def pause(self) -> None:
        """Leave out what happens until the next step has ended."""
        self._last = None

    def per_second(self, batch: int) -> float | None:
        """Return samples per second; null while nothing is known."""
        return batch / self._seconds if self._seconds else None

    def seconds_for(self, steps: int) -> float | None:
        """Return how long so many steps will take; null while nothing is known."""
        return None if self._seconds is None else steps * self._seconds


@dataclass
class Loop:
    """Runs the epochs of a job on this rank."""

    trainer: Trainer
    blocks: Blocks
    training: Training
    rank: int
    size: int
    reporter: Reporter
    stop_requested: Callable[[], bool]
    history: list[EpochRecord] = field(default_factory=list)
    samples: int = 0
    """Samples gone through by this rank."""

    def run(self) -> list[EpochRecord]:
        """Train; return the learning curves.

        Raises
        ------
        NumericFailure
            If the loss of a step is not finite.
        StopRequested
            If some rank was asked to stop; every rank raises it after the same step.
        """
        steps = steps_per_epoch(self.blocks.shard_rows("train"), self.training.global_batch_size)
        total = steps * self.training.epochs
        pace = Pace()
        for epoch in range(self.training.epochs):
            began, loss_sum, seen = time.monotonic(), 0.0, 0
            batches = training_batches(
                self.blocks,
                seed=self.training.seed,
                epoch=epoch,
                global_batch_size=self.training.global_batch_size,
                rank=self.rank,
                size=self.size,
            )
            for step, batch in enumerate(ahead(batches)):
                outcome = self.trainer.step(batch, stop=self.stop_requested())
                if not math.isfinite(outcome.loss):
                    raise NumericFailure(
                        f"training: the loss became {outcome.loss} in step {step + 1} of epoch {epoch + 1}; "
                        f"expected a finite number; lower training.optimizer.learningRate (now "
                        f"{self.training.optimizer.learning_rate:g}) or look for extreme values in the features"
                    )
                self.samples += int(batch.weights.sum())
                loss_sum += outcome.loss * outcome.samples
                seen += outcome.samples
                done = epoch * steps + step + 1
                pace.step()
                self._report(done, total, loss_sum / seen, pace)
                if outcome.stop:
                    raise StopRequested(f"training: stopped on request after step {done} of {total}")
            self.trainer.synchronise_state()
            pace.pause()
            sums, scores = self.trainer.evaluate(self.blocks, "validation")
            seconds = time.monotonic() - began
            self.history.append(
                EpochRecord(
                    epoch=epoch + 1,
                    loss=loss_sum / seen,
                    seconds=seconds,
                    samples_per_second=seen / seconds,
                    validation=measures(self.trainer.objective, sums, scores),
                )
            )
        return self.history

    def _report(self, done: int, total: int, loss: float, pace: Pace) -> None:
        name = self.trainer.objective.metric.value
        known = self.history[-1].validation.get(name) if self.history else None
        self.reporter.progress(
            Progress(
                step=done,
                total_steps=total,
                epoch=-(-done * self.training.epochs // total),
                epochs=self.training.epochs,
                samples_per_second=pace.per_second(self.training.global_batch_size),
                loss=loss,
                metric=None if known is None else (name, known),
                eta_seconds=pace.seconds_for(total - done),
                doing="training",
            ),
            force=done == total,
            samples=self.samples,
            bytes_read=self.blocks.bytes_read,
        )
