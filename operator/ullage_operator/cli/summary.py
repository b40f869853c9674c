"""What is said at the end of a run: what was made, how good it is, what it took, and what to type next."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from ullage_operator.api.types import StageStatus, TrainingJob
from ullage_operator.ledger import Ledger
from ullage_operator.ledger.report import Scope, UsageTable, usage_table
from ullage_operator.local import RunOutcome, Workdir
from ullage_operator.local.books import now_ms
from ullage_operator.plan import Worker, WorkerPhase
from ullage_trainer.config import Stage, StageDocument

from .screen import elapsed
from .tables import ENERGY_NOTE, plain_table, usage_columns

_NOTED = {
    Stage.PREPARE: "the data set, report.md (what was kept, rejected, changed) and rejected/",
    Stage.TRAIN: "model.keras, saved_model/, checkpoints/, history.csv, learning-curves.png and model-card.md",
    Stage.QUANTIZE: "model.*.tflite, variants.json and model-card.md",
}


def job_root(job: TrainingJob, workdir: Workdir) -> Path:
    """Return the folder that the job's paths are relative to."""
    return Path(os.path.normpath(workdir.storage / job.spec.storage.path))


def workdir_flag(workdir: Workdir) -> str:
    """Return the option that names the folder, if it is not the default."""
    return "" if str(workdir.path) == ".ullage" else f" --workdir {workdir.path}"


def program() -> str:
    """Return what to type for this command: its name where the shell finds it, otherwise as it was called."""
    return "ullage" if shutil.which("ullage") else sys.argv[0]


def consumed(job: TrainingJob, ledger: Ledger) -> UsageTable:
    """Return what the books say of one job."""
    now = now_ms()
    return usage_table(
        ledger.usage(0, now + 1, by=("stage",), job_uid=job.metadata.uid),
        ledger.usage(0, now + 1, job_uid=job.metadata.uid)[0],
        Scope(cluster="local", from_ms=0, to_ms=now + 1, now_ms=now),
    )


def summary_json(job: TrainingJob, workdir: Workdir, ledger: Ledger) -> dict[str, Any]:
    """Return the end of a run for programs."""
    return {
        "job": job.model_dump(mode="json", by_alias=True, exclude_none=True),
        "root": str(job_root(job, workdir)),
        "usage": consumed(job, ledger).to_json(),
    }


def print_summary(console: Console, outcome: RunOutcome, workdir: Workdir, ledger: Ledger) -> None:
    """Print the end of a run that succeeded."""
    say = _sayer(console)
    job = outcome.job
    say(f"\n{job.metadata.name}: {job.status.phase} in {elapsed(job)}")
    root = job_root(job, workdir)
    say("\nArtifacts")
    for stage in job.status.stages:
        if stage.output is not None:
            reused = " (reused)" if stage.output.reused else ""
            say(f"  {stage.name:<9}{root / stage.output.path}{reused}\n           {_noted(job, stage.name)}")
    if uses := [use for worker in outcome.workers if worker.report for use in worker.report.uses]:
        say("\nData")
        for use in uses:
            lost = use.rows_read - use.rows_accepted
            what = f", {lost:,} ({lost / use.rows_read:.1%}) rejected or merged: see report.md" if lost else ""
            say(f"  {use.asset}: {use.rows_read:,} rows read, {use.rows_accepted:,} kept{what}")
    if job.status.metrics:
        say("\nMeasures on the test part")
        _print_table(console, _metrics_table(job.status.metrics))
    if job.status.variants:
        say("\nQuantized variants, all through the same runtime")
        _print_table(console, _variants_table(job))
    say("\nWhat it consumed")
    _print_table(console, usage_columns(consumed(job, ledger)))
    say(f"  {ENERGY_NOTE}")
    say("\nNext")
    if (card := _card(job.status.stages, root)) is not None:
        say(f"  read the model card       less {card}")
    say(f"  all jobs in the books     {program()} usage{workdir_flag(workdir)}")
    say("  run it again              unchanged stages are reused; --replicas N trains on N workers")


def print_failure(console: Console, outcome: RunOutcome, workdir: Workdir) -> None:
    """Print why a run failed: the cause, the last lines, and where the whole log is."""
    say = _sayer(console)
    job = outcome.job
    say(f"\n{job.metadata.name}: {job.status.phase}")
    failure = job.status.failure
    if failure is None:
        say(job.status.message)
        return
    who = "" if failure.rank is None else f" (rank {failure.rank} on worker {failure.worker})"
    say(f"{failure.reason}{who}: {failure.message}")
    # A worker ends with the very words of its failure: they are not said twice.
    if lines := [line for line in failure.last_lines if line not in f"{failure.reason}: {failure.message}"]:
        say("\nIts last lines")
        for line in lines:
            say(f"  {line}")
    failed = [worker for worker in outcome.workers if worker.phase is WorkerPhase.FAILED]
    if failed:
        say("\nWhole logs")
        for worker in failed[-4:]:
            say(f"  {worker.name}: {workdir.workers / worker.uid / 'log.txt'}")
        if (left := _left_by(failed[-1], job_root(job, workdir), workdir)) is not None:
            say(f"\nWhat the attempt left: {left}")
    done = [stage.name.value for stage in job.status.stages if stage.output is not None]
    if done:
        say(f"\nDone and kept: {', '.join(done)}; run it again and these are not repeated.")


def _noted(job: TrainingJob, stage: Stage) -> str:
    scripted = stage is Stage.TRAIN and job.spec.script is not None
    return "what the script wrote, checkpoints/ and model-card.md" if scripted else _NOTED[stage]


def _left_by(worker: Worker, root: Path, workdir: Workdir) -> Path | None:
    """Return the folder of a worker's attempt, if there is something in it: rejected rows, for instance."""
    try:
        document = StageDocument.model_validate_json((workdir.workers / worker.uid / "document.json").read_bytes())
    except (OSError, ValidationError):
        return None
    folder = root / document.storage.output
    return folder if folder.is_dir() and any(folder.iterdir()) else None


def _print_table(console: Console, table: Table) -> None:
    console.print(Padding(table, (0, 0, 0, 2), expand=False))


def _sayer(console: Console) -> Callable[[str], None]:
    def say(text: str) -> None:
        console.print(text, highlight=False, markup=False, soft_wrap=True)

    return say


def _card(stages: list[StageStatus], root: Path) -> Path | None:
    made = [stage.output for stage in stages if stage.output is not None and stage.name is not Stage.PREPARE]
    return root / made[-1].path / "model-card.md" if made else None


def _metrics_table(metrics: dict[str, float]) -> Table:
    names = [name for name in metrics if "." not in name]
    table = plain_table()
    table.add_column("predictor")
    for name in names:
        table.add_column(name, justify="right")
    predictors = dict.fromkeys(name.split(".")[0] for name in metrics if "." in name)
    for predictor in ["model", *predictors]:
        prefix = "" if predictor == "model" else f"{predictor}."
        cells = [f"{metrics[prefix + name]:.4f}" if prefix + name in metrics else "–" for name in names]
        table.add_row(predictor, *cells)
    return table


def _variants_table(job: TrainingJob) -> Table:
    table = plain_table()
    table.add_column("variant")
    metric = next(iter(job.status.metrics), "metric")
    for name in ("bytes", "smaller", metric, "change", "p50 us", "p95 us"):
        table.add_column(name, justify="right")
    rejected = any(row.rejected for row in job.status.variants)
    if rejected:
        table.add_column("")
    base = next(row for row in job.status.variants if row.variant == "float")
    for row in job.status.variants:
        verdict = ["rejected" if row.rejected else ""] if rejected else []
        table.add_row(
            row.variant,
            f"{row.bytes:,}",
            f"{base.bytes / row.bytes:.2f}x",
            f"{row.metric:.4f}",
            f"{row.metric - base.metric:+.4f}",
            f"{row.latency_p50_us:.1f}",
            f"{row.latency_p95_us:.1f}",
            *verdict,
        )
    return table
