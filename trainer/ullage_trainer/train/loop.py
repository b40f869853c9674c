"""Epochs of steps: progress, evaluation, checkpoints, and an end that all ranks reach at the same step."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from ullage_trainer.channel import Message, Reporter
from ullage_trainer.config import ConfigError, NumericFailure, Progress, StopRequested, Training

from .checkpoint import CheckpointWriter
from .objective import higher_is_better, measures
from .position import EpochRecord, Position
from .rates import learning_rate
from .schedule import steps_per_epoch
from .step import Evaluation, StepOrder, StepOutcome, Trainer
from .stream import Blocks, ahead, training_chunks

BEST_PREFIX = "best."


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


@dataclass(frozen=True)
class RankShare:
    """Which of how many ranks this is."""

    rank: int
    size: int


@dataclass
class Loop:
    """Runs the epochs of a job on this rank, from a position on."""

    trainer: Trainer
    blocks: Blocks
    training: Training
    share: RankShare
    reporter: Reporter
    stop_requested: Callable[[], bool]
    checkpoints: CheckpointWriter | None = None
    """On rank 0 alone: all ranks hold the same state."""
    position: Position = field(default_factory=Position)
    best_weights: dict[str, npt.NDArray[np.generic]] | None = None
    """On rank 0 alone: the weights of the best epoch, where they are to be restored."""
    flop_per_sample: int | None = None
    """Operations of training on one sample; None where they can't be counted."""
    samples: int = 0
    """Samples gone through by this rank in this attempt."""

    def __post_init__(self) -> None:
        self._steps = steps_per_epoch(self.blocks.shard_rows("train"), self.training.global_batch_size)
        self._total = self._steps * self.training.epochs
        self._pace = Pace()
        self._step_ms: int | None = None
        self._saved_at, self._saved_step = time.monotonic(), self.position.steps_done(self._steps)

    @property
    def done(self) -> int:
        """Steps done, over all epochs."""
        return self.position.steps_done(self._steps)

    def run(self) -> list[EpochRecord]:
        """Train; return the learning curves.

        Raises
        ------
        NumericFailure
            If the loss of a step is not finite, or has run away.
        StopRequested
            If some rank was asked to stop; every rank raises it after the same step, rank 0 once the
            checkpoint is written.
        """
        try:
            while not self.position.over(self.training.epochs, self.training.early_stopping):
                began = time.monotonic() - self.position.seconds
                self._train(began)
                self._evaluate(began)
            if self.done != self._saved_step:
                self._save()
        finally:
            if self.checkpoints is not None:
                self.checkpoints.close()
        self._restore_best()
        return self.position.history

    def evaluate(self, part: str) -> Evaluation:
        """Return the sums over a part.

        Raises
        ------
        StopRequested
            If some rank was asked to stop meanwhile.
        """
        found = self.trainer.evaluate(self.blocks, part, self._between_blocks)
        if found is None:
            raise StopRequested(f"training: stopped on request while the {part} part was evaluated")
        return found

    # -- an epoch -----------------------------------------------------------------------------------

    def _train(self, began: float) -> None:
        chunks = training_chunks(
            self.blocks,
            seed=self.training.seed,
            epoch=self.position.epoch,
            global_batch_size=self.training.global_batch_size,
            rank=self.share.rank,
            size=self.share.size,
            first_step=self.position.step,
        )
        ended = time.monotonic()
        for batch in ahead(chunks):
            order = StepOrder(
                learning_rate=learning_rate(self.training, self.done, self._total),
                stop=self.stop_requested(),
                save=self._due(),
            )
            outcome = self.trainer.step(batch, order)
            self._check(outcome)
            self.samples += batch.rows
            last, ended = ended, time.monotonic()
            self.position = self.position.after_step(
                loss=outcome.loss, weight=outcome.weight, samples=outcome.samples, seconds=ended - last
            )
            self._pace.step()
            self._step_ms = time.time_ns() // 1_000_000
            # What is held back and told only at a failure is still where training was then.
            self.reporter.progress(partial(self._while_training, self.position), force=self.done == self._total)
            if outcome.stop or outcome.save:
                self.position = self.position.model_copy(update={"seconds": ended - began})
                self._save()
                ended = time.monotonic()
            if outcome.stop:
                self._stop(f"after step {self.done} of {self._total}")
        self.trainer.synchronise_state()
        self._pace.pause()

    def _evaluate(self, began: float) -> None:
        position = self.position
        found = self.trainer.evaluate(self.blocks, "validation", self._between_blocks)
        if found is None:
            self._save()
            self._stop(f"after step {self.done} of {self._total}, before its evaluation")
            return
        validation = measures(self.trainer.objective, found.sums, found.scores)
        metric = self.trainer.objective.metric
        value = validation.get(metric.value)
        if value is None and self.training.early_stopping is not None:
            raise ConfigError(
                f"training.earlyStopping: expected a validation part that {metric} can be measured on, found "
                f"{round(found.sums[0]):,} rows there (of one class, if any); raise data.split.validation and "
                f"prepare the data again, or leave earlyStopping out"
            )
        self.position = position.after_epoch(
            learning_rate=learning_rate(self.training, max(0, self.done - 1), self._total),
            seconds=time.monotonic() - began,
            validation=validation,
            value=value,
            higher_is_better=higher_is_better(metric),
            min_delta=self.training.early_stopping.min_delta if self.training.early_stopping else 0.0,
        )
        if self.position.is_best:
            if self._keeps_best:
                self.best_weights = self.trainer.weights()
            self._save()

    def _check(self, outcome: StepOutcome) -> None:
        finite = math.isfinite(outcome.loss)
        if finite and not self.position.diverged(outcome.loss):
            return
        rate = self.training.optimizer.learning_rate
        where = f"in step {self.position.step + 1} of epoch {self.position.epoch + 1}"
        advice = f"lower training.optimizer.learningRate (now {rate:g}) or look for extreme values in the features"
        if not finite:
            raise NumericFailure(
                f"training: the loss became {outcome.loss} {where}; expected a finite number; {advice}"
            )
        raise NumericFailure(
            f"training: the loss became {outcome.loss:.4g} {where}, having begun at "
            f"{self.position.first_loss:.4g}; expected it to go down; {advice}"
        )

    # -- checkpoints --------------------------------------------------------------------------------

    @property
    def _keeps_best(self) -> bool:
        early = self.training.early_stopping
        return self.share.rank == 0 and early is not None and early.restore_best

    def _due(self) -> bool:
        """Tell whether a checkpoint is due after the coming step, by rank 0's word: clocks of ranks differ."""
        if self.checkpoints is None:
            return False
        spec = self.training.checkpoints
        by_steps = spec.every_steps is not None and (self.done + 1) % spec.every_steps == 0
        return by_steps or time.monotonic() - self._saved_at >= spec.every_seconds

    def _save(self) -> None:
        """Keep this position; every rank calls it after the same step."""
        self.trainer.synchronise_state()
        self._saved_at, self._saved_step = time.monotonic(), self.done
        if self.checkpoints is None:
            return
        arrays = self.trainer.snapshot()
        if self.best_weights is not None:
            arrays |= {BEST_PREFIX + name: array for name, array in self.best_weights.items()}
        self.checkpoints.write(arrays, self.position, self.done)

    def _stop(self, where: str) -> None:
        if self.checkpoints is not None:
            self.checkpoints.wait()
        raise StopRequested(f"training: stopped on request {where}; a checkpoint is kept")

    def _restore_best(self) -> None:
        early = self.training.early_stopping
        if early is None or not early.restore_best:
            return
        if self.best_weights is not None:
            self.trainer.restore(self.best_weights)
        self.trainer.share_state()

    # -- progress -----------------------------------------------------------------------------------

    def _while_training(self, position: Position) -> Message:
        done = position.steps_done(self._steps)
        progress = Progress(
            step=done,
            total_steps=self._total,
            epoch=position.epoch + 1,
            epochs=self.training.epochs,
            samples_per_second=self._pace.per_second(self.training.global_batch_size),
            loss=position.mean_loss,
            step_ms=self._step_ms,
            metric=self._metric(),
            eta_seconds=self._pace.seconds_for(self._total - done),
            doing="training",
        )
        return Message(progress=progress, **self._counters())

    def _while_evaluating(self) -> Message:
        progress = Progress(
            step=self.done,
            total_steps=self._total,
            epoch=max(1, min(self.training.epochs, -(-self.done // self._steps))),
            epochs=self.training.epochs,
            metric=self._metric(),
            step_ms=self._step_ms,
            eta_seconds=self._pace.seconds_for(self._total - self.done),
            doing="evaluating",
        )
        return Message(progress=progress, **self._counters())

    def _counters(self) -> dict[str, Any]:
        counted = {} if self.flop_per_sample is None else {"flop": self.flop_per_sample * self.samples}
        return {"samples": self.samples, "bytes_read": self.blocks.bytes_read, **counted}

    def _metric(self) -> tuple[str, float] | None:
        name = self.trainer.objective.metric.value
        known = self.position.history[-1].validation.get(name) if self.position.history else None
        return None if known is None else (name, known)

    def _between_blocks(self) -> bool:
        """Say that there is life, and whether to stop."""
        self.reporter.progress(self._while_evaluating)
        return self.stop_requested()
