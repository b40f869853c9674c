"""Real runs of ``ullage run`` in folders of their own, and what they left behind."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from ullage_operator.ledger import Ledger, UsageRow
from ullage_operator.local import Workdir
from ullage_operator.local.process import WorkerFolder
from ullage_trainer.config import ExitReport, Stage, WorkerState

ULLAGE = Path(sys.executable).with_name("ullage")
MARK = "MARK_OF_THE_TESTED_RUN"  # ranks inherit no variable that starts with ULLAGE_
PATIENCE_SECONDS = 300.0
END_MS = 2**52

DATA: dict[str, Any] = {
    "sources": [
        {
            "name": "points",
            "csv": {"paths": ["points.csv"]},
            "columns": [
                {"name": "id", "type": "int64"},
                {"name": "across", "type": "float64"},
                {"name": "along", "type": "float64"},
                {"name": "label", "type": "int64"},
            ],
        }
    ],
    "label": {"source": "points", "column": "label"},
    "split": {"key": ["id"], "validation": 0.1, "test": 0.2, "seed": 1},
    "features": [{"column": "across", "scale": "Standard"}, {"column": "along", "scale": "Standard"}],
}
MODEL: dict[str, Any] = {
    "model": {"mlp": {"hiddenUnits": [4]}},
    "training": {"epochs": 2, "globalBatchSize": 24},
}
# Ranks that are importing TensorFlow can't look at a stop: they need not be waited for as long as a real job's.
WORKERS: dict[str, Any] = {"template": {"terminationGracePeriodSeconds": 5}}


def points_csv(rows: int = 200) -> str:
    """Two clouds of points that a straight line tells apart, mostly."""
    chance = random.Random(7)
    lines = [f"{row},{chance.gauss(3.0 * (row % 2), 1):.4f},{chance.gauss(0, 1):.4f},{row % 2}" for row in range(rows)]
    return "\n".join(["id,across,along,label", *lines, ""])


def wait_until(condition: Callable[[], bool], what: str, timeout_seconds: float = PATIENCE_SECONDS) -> None:
    """Return once a condition holds."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"expected within {timeout_seconds:.0f} s: {what}")
        time.sleep(0.02)


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


@dataclass
class Running:
    """A command that runs; every process that comes of it carries the mark."""

    process: subprocess.Popen[str]
    mark: str

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self) -> Ended:
        out, err = self.process.communicate(timeout=PATIENCE_SECONDS)
        return Ended(self.process.returncode, out, err)

    def family(self) -> list[psutil.Process]:
        """Return the processes that came of the command and live, wherever they hang in the tree."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get(MARK) == self.mark and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """Return once a condition holds; the command must run until then."""
        wait_until(lambda: condition() or self.process.poll() is not None, what)
        if self.process.poll() is not None and not condition():
            raise AssertionError(f"expected {what}, found that the run has ended: {self.end()}")

    def agents(self) -> list[psutil.Process]:
        return [process for process in self.family() if "--document" in process.cmdline()]

    def ranks(self) -> list[psutil.Process]:
        return [process for process in self.family() if "ullage_trainer.task" in process.cmdline()]


@dataclass
class Place:
    """A folder to run in; runs that a test leaves behind are ended with it."""

    path: Path
    running: list[Running] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.workdir.storage.mkdir(parents=True, exist_ok=True)

    @property
    def workdir(self) -> Workdir:
        return Workdir(self.path / "work")

    @property
    def storage(self) -> Path:
        return self.workdir.storage

    def write_points(self, rows: int = 200) -> None:
        (self.storage / "points.csv").write_text(points_csv(rows))

    def start(self, spec: Mapping[str, Any], *options: str) -> Running:
        manifest = self.path / "job.json"
        kind = {"apiVersion": "ullage.dev/v1alpha1", "kind": "TrainingJob", "metadata": {"name": "points"}}
        manifest.write_text(json.dumps({**kind, "spec": {"workers": WORKERS} | dict(spec)}))
        mark = uuid.uuid4().hex
        process = subprocess.Popen(
            [str(ULLAGE), "run", str(manifest), "--workdir", str(self.workdir.path), *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.path,
            env={**os.environ, MARK: mark, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
        run = Running(process, mark)
        self.running.append(run)
        return run

    def run(self, spec: Mapping[str, Any], *options: str) -> Ended:
        return self.start(spec, *options).end()

    def result(self, spec: Mapping[str, Any], *options: str) -> dict[str, Any]:
        """Run to a good end; return what was printed as JSON."""
        ended = self.run(spec, "-o", "json", *options)
        assert ended.code == 0, ended.err
        result: dict[str, Any] = json.loads(ended.out)
        return result

    def close(self) -> None:
        for run in self.running:
            for process in run.family():
                process.kill()
            run.process.communicate(timeout=PATIENCE_SECONDS)

    # -- what is there ----------------------------------------------------------------------------------

    def folders(self) -> list[WorkerFolder]:
        return [WorkerFolder(path) for path in sorted(self.workdir.workers.iterdir())]

    def says(self, state: WorkerState, stage: Stage = Stage.PREPARE) -> bool:
        """Tell whether a worker of a stage has said that it is so far."""
        reports = [folder.report() for folder in self.folders()] if self.workdir.workers.is_dir() else []
        return any(report is not None and (report.stage, report.state) == (stage, state) for report in reports)

    def reports(self, stage: Stage, attempt: int) -> list[ExitReport]:
        """Return the exit reports of an attempt, as they are now."""
        reports = [folder.report() for folder in self.folders()] if self.workdir.workers.is_dir() else []
        return [report for report in reports if report and (report.stage, report.attempt) == (stage, attempt)]

    def doing(self, attempt: int) -> list[str]:
        """Return what the workers of an attempt of the train stage say they do."""
        return [r.progress.doing for r in self.reports(Stage.TRAIN, attempt) if r.progress and r.progress.doing]

    def ledger(self) -> Ledger:
        return Ledger.open(self.workdir.ledger_url, cluster="local", now_ms=lambda: END_MS, read_only=True)

    def holds(self) -> dict[str, int]:
        """Return how many workers the books have, by stage and outcome."""
        with self.ledger() as ledger:
            rows = ledger.usage(0, END_MS, by=("stage", "outcome"))
        return {f"{row.group['stage']} {row.group['outcome']}": row.holds for row in rows}

    def total(self) -> UsageRow:
        with self.ledger() as ledger:
            return ledger.usage(0, END_MS)[0]

    def faults(self) -> list[str]:
        """Return what does not add up in the books."""
        with self.ledger() as ledger:
            return ledger.verify() + [f"{hold.id} is open" for hold in ledger.open_holds()]


def stages_of(result: Mapping[str, Any]) -> dict[str, tuple[str, bool]]:
    """Return the output folder of each stage, and whether it was reused."""
    return {
        stage["name"]: (stage["output"]["path"], stage["output"]["reused"])
        for stage in result["job"]["status"]["stages"]
    }
