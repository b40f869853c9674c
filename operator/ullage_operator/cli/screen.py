"""Progress of a run: a line that moves on a terminal, plain lines where it is none."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Final

from rich.console import Console
from rich.status import Status

from ullage_operator.api.types import StageState, StageStatus, TrainingJob
from ullage_operator.plan import Worker
from ullage_operator.plan.instants import brief_duration, millis
from ullage_trainer.config import Progress, Stage

_PLAIN_SECONDS: Final = 5.0


@dataclass
class Screen:
    """Shows where a run stands; everything goes to standard error, so that results can be piped."""

    console: Console
    began: float = field(default_factory=time.monotonic)
    _states: dict[Stage, tuple[StageState, int]] = field(default_factory=dict)
    _began: dict[Stage, float] = field(default_factory=dict)
    _last_line: str = ""
    _last_epoch: int | None = None
    _plain_at: float = 0.0
    _status: Status | None = None

    def show(self, job: TrainingJob, _workers: tuple[Worker, ...]) -> None:
        """Show what has changed."""
        for stage in job.status.stages:
            self._stage(job, stage)
        running = [stage.name for stage in job.status.stages if stage.state is StageState.RUNNING]
        if running and job.status.progress is not None:
            self._progress(running[0], job.status.progress)

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def say(self, text: str) -> None:
        """Print a line above the moving one."""
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)

    def _stage(self, job: TrainingJob, stage: StageStatus) -> None:
        now = (stage.state, stage.attempt)
        before = self._states.get(stage.name)
        if before == now:
            return
        self._states[stage.name] = now
        if stage.state is StageState.CREATING:
            self._began[stage.name] = time.monotonic()
            workers = job.spec.workers
            ranks = workers.replicas * workers.slots_per_worker
            what = f" on {ranks} rank(s)" if stage.name is Stage.TRAIN else ""
            again = f", attempt {stage.attempt}" if stage.restarts else ""
            self.say(f"{stage.name}: started{what}{again}")
            self._line(f"{stage.name}: starting")
        elif stage.state is StageState.SUCCEEDED:
            took = brief_duration(time.monotonic() - self._began.get(stage.name, self.began))
            reused = stage.output is not None and stage.output.reused
            self.say(f"{stage.name}: " + ("unchanged inputs, earlier output reused" if reused else f"done in {took}"))
        elif stage.state in (StageState.FAILED, StageState.PENDING) and before is not None:
            self.say(job.status.message if stage.state is StageState.PENDING else f"{stage.name}: failed")

    def _line(self, line: str) -> None:
        """Change the moving line of a terminal."""
        if not self.console.is_terminal:
            return
        if self._status is None:
            self._status = self.console.status(line)
            self._status.start()
        self._status.update(line)

    def _progress(self, stage: Stage, progress: Progress) -> None:
        line = progress_line(stage, progress)
        if line == self._last_line:
            return
        self._last_line = line
        self._line(line)
        if self.console.is_terminal:
            return
        now = time.monotonic()
        if now - self._plain_at >= _PLAIN_SECONDS or progress.epoch != self._last_epoch:
            self._plain_at, self._last_epoch = now, progress.epoch
            self.say(line)


def progress_line(stage: Stage, progress: Progress) -> str:
    """Return one line: stage, epoch, step, samples a second, loss, metric, and the time that is left."""
    parts = [f"{stage}:"]
    if progress.epoch is not None:
        parts.append(f"epoch {progress.epoch}/{progress.epochs}")
        parts.append(f"step {progress.step}/{progress.total_steps}")
    else:
        parts.append(progress.doing or "working")
        if progress.total_steps:
            parts.append(f"{progress.step}/{progress.total_steps}")
    if progress.samples_per_second is not None:
        parts.append(f"{progress.samples_per_second:,.0f} samples/s")
    if progress.loss is not None:
        parts.append(f"loss {progress.loss:.4f}")
    if progress.metric is not None:
        parts.append(f"{progress.metric[0]} {progress.metric[1]:.4f}")
    if progress.eta_seconds is not None:
        parts.append(f"ETA {brief_duration(progress.eta_seconds)}")
    return parts[0] + " " + ", ".join(parts[1:])


def elapsed(job: TrainingJob) -> str:
    """Return how long a job took."""
    start, finish = job.status.start_time, job.status.finish_time
    return brief_duration((millis(finish) - millis(start)) / 1000) if start and finish else ""
