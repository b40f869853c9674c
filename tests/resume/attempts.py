"""Attempts at training as the operator would start them: an agent, its ranks, and what they leave in storage."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from local.runs.harness import DATA as POINTS
from local.runs.harness import PATIENCE_SECONDS, wait_until
from ullage_trainer.config import (
    Data,
    ExitReport,
    Gang,
    JobIdentity,
    ModelSpec,
    Stage,
    StageDocument,
    Storage,
    Training,
)

ROWS = 6000
BATCH = 24
STEPS_PER_EPOCH = 200  # 4,800 training rows, more or less: tests read the number from the data set
DATA = POINTS | {"split": POINTS["split"] | {"test": 0.1}, "virtualShards": 6}


@dataclass
class Attempt:
    """An agent that runs, or has run."""

    process: subprocess.Popen[str]
    port: int
    report_path: Path
    output: Path
    log: Path

    def step(self) -> int:
        """Steps done, as the agent tells; 0 while it does not."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/v1/report", timeout=2) as answer:
                report = ExitReport.model_validate_json(answer.read())
        except OSError:
            return 0
        return report.progress.step if report.progress and report.progress.doing == "training" else 0

    def reach(self, step: int) -> None:
        wait_until(lambda: self.step() >= step or self.process.poll() is not None, f"step {step}")
        assert self.process.poll() is None, f"expected it to run at step {step}: {self.printed()}"

    def ranks(self) -> dict[int, psutil.Process]:
        found = {}
        for child in psutil.Process(self.process.pid).children():
            found[int(child.environ()["HOROVOD_RANK"])] = child
        return found

    def end(self) -> ExitReport:
        try:
            self.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired as error:
            where = {rank: process.status() for rank, process in self.ranks().items()}
            found = f"step {self.step()}, ranks {where}, checkpoints {self.checkpoints()[-1:]}: {self.printed()}"
            raise AssertionError(f"expected an end within {PATIENCE_SECONDS:.0f} s, found {found}") from error
        return ExitReport.model_validate_json(self.report_path.read_bytes())

    def printed(self) -> str:
        return self.log.read_text()

    def checkpoints(self) -> list[Path]:
        return sorted((self.output / "checkpoints").iterdir())

    def arrays(self) -> dict[str, np.ndarray]:
        """Weights and optimizer at the end, from the last checkpoint."""
        with np.load(self.checkpoints()[-1] / "state.npz") as state:
            return dict(state)

    def summary(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.output / "summary.json").read_text())
        return found


@dataclass
class Lab:
    """A storage with a prepared data set, in which attempts are made."""

    root: Path
    attempts: list[Attempt] = field(default_factory=list)

    def prepare(self) -> None:
        chance = random.Random(7)
        rows = [f"{n},{chance.gauss(1.5 * (n % 2), 1):.4f},{chance.gauss(0, 1):.4f},{n % 2}" for n in range(ROWS)]
        (self.root / "points.csv").write_text("\n".join(["id,across,along,label", *rows, ""]))
        document = StageDocument(
            job=JobIdentity(namespace="tests", name="data", uid="preparation"),
            stage=Stage.PREPARE,
            attempt=1,
            storage=Storage(root=str(self.root), job="data", output="data/runs/prepared/prepare-1"),
            data=Data.model_validate(DATA),
        )
        assert self.start(document).end().failure is None

    def train(
        self,
        run: str,
        attempt: int = 1,
        *,
        ranks: int = 2,
        model: dict[str, Any] | None = None,
        stall_timeout_seconds: int = 600,
        job: str | None = None,
        **training: Any,
    ) -> Attempt:
        """Start an attempt of a run; runs of one name are of one job, of which each has a folder of its own."""
        defaults = {"epochs": 3, "globalBatchSize": BATCH, "seed": 3, "checkpoints": {"everySteps": 40}}
        job = job or run
        document = StageDocument(
            job=JobIdentity(namespace="tests", name=job, uid=f"uid-of-{run}"),
            stage=Stage.TRAIN,
            attempt=attempt,
            storage=Storage(root=str(self.root), job=job, output=f"{job}/runs/{run}/train-{attempt}"),
            gang=Gang(slots_per_worker=ranks, cores_per_worker=ranks),
            dataset="data/runs/prepared/prepare-1",
            model=ModelSpec.model_validate(model or {"mlp": {"hiddenUnits": [8]}}),
            training=Training.model_validate(defaults | training),
            stall_timeout_seconds=stall_timeout_seconds,
        )
        return self.start(document)

    def start(self, document: StageDocument, *, log: Path | None = None, report: Path | None = None) -> Attempt:
        """Start an agent, with a log and a report of its own unless others are given."""
        listening = socket.create_server(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        gang = document.gang.model_copy(
            update={"coordinator_host": "127.0.0.1", "coordinator_port": port, "interface": "lo"}
        )
        placed = document.model_copy(update={"gang": gang})
        place = self.root / f"worker-{len(self.attempts)}"
        place.mkdir()
        (place / "document.json").write_text(placed.model_dump_json(by_alias=True, exclude_none=True))
        log, report = log or place / "log.txt", report or place / "report.json"
        with log.open("w") as written:
            process = subprocess.Popen(
                [
                    sys.executable, "-m", "ullage_trainer",
                    "--document", str(place / "document.json"),
                    "--index", "0",
                    "--report", str(report),
                    "--report-interval", "1",
                    "--listen-fd", str(listening.fileno()),
                ],
                env={**os.environ, "ULLAGE_GANG_KEY": "00" * 32, "TF_CPP_MIN_LOG_LEVEL": "3"},
                stdout=written,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                pass_fds=(listening.fileno(),),
                text=True,
            )  # fmt: skip
        listening.close()
        output = self.root / document.storage.output
        made = Attempt(process, port, report, output, log)
        self.attempts.append(made)
        return made

    def close(self) -> None:
        for attempt in self.attempts:
            if attempt.process.poll() is None:
                attempt.process.send_signal(signal.SIGKILL)
                attempt.process.wait()
