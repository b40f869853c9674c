"""``ullage validate``."""

from __future__ import annotations

from pathlib import Path

import typer

from .exits import Exit
from .manifests import Unusable, read_jobs


def validate_command(paths: list[Path]) -> Exit:
    """Check manifests; return how the command ends."""
    worst = Exit.OK
    for path in paths:
        try:
            jobs = read_jobs(path)
        except Unusable as error:
            worst = error.code
            continue
        for job in jobs:
            stages = " → ".join(stage.value for stage in job.spec.stages)
            workers = job.spec.workers
            typer.echo(
                f"{path}: {job.kind} {job.metadata.name} is valid: {stages}, {workers.replicas} worker(s) with "
                f"{workers.slots_per_worker} rank(s) each"
            )
    return worst
