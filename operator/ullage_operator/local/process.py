"""One local worker: an agent's process, known by pid and start time, and settled by what it wrote."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil
from pydantic import ValidationError

from ullage_trainer.config import ExitReport, StageDocument

_REPORT_INTERVAL_SECONDS: Final = 1.0
_KILL_MARGIN_SECONDS: Final = 5.0
_DEFAULT_GRACE_PERIOD_SECONDS: Final = 30


@dataclass(frozen=True)
class WorkerFolder:
    """What is kept of a worker: it outlives the process, and whoever started it."""

    path: Path

    @property
    def report_path(self) -> Path:
        """The exit report."""
        return self.path / "report.json"

    @property
    def log_path(self) -> Path:
        """What the worker printed."""
        return self.path / "log.txt"

    @property
    def document_path(self) -> Path:
        """What the worker was given."""
        return self.path / "document.json"

    def grace_period_seconds(self) -> int:
        """Return how long the worker has to end once it is to; Kubernetes' default if its document is not whole."""
        try:
            return StageDocument.model_validate_json(self.document_path.read_bytes()).grace_period_seconds
        except (OSError, ValidationError):
            return _DEFAULT_GRACE_PERIOD_SECONDS

    def report(self) -> ExitReport | None:
        """Return the exit report, or null if none was written, or not a whole one."""
        try:
            return ExitReport.model_validate_json(self.report_path.read_bytes())
        except (OSError, ValidationError):
            return None

    def process(self) -> psutil.Process | None:
        """Return the agent's process if it lives: the same pid and the same start, not a later process."""
        try:
            known = json.loads((self.path / "worker.json").read_text())
            process = psutil.Process(known["pid"])
            alive = process.create_time() == known["createTime"] and process.status() != psutil.STATUS_ZOMBIE
        except (OSError, ValueError, psutil.Error):
            return None
        return process if alive else None


@dataclass
class AgentProcess:
    """An agent that this process started. It ends by itself when its standard input closes."""

    folder: WorkerFolder
    process: subprocess.Popen[bytes]
    grace_period_seconds: int
    stop_by: float | None = None

    @classmethod
    def start(
        cls, folder: WorkerFolder, document: StageDocument, index: int, key: bytes, listening: socket.socket | None
    ) -> AgentProcess:
        """Start an agent; its files are there before it is."""
        folder.document_path.write_text(document.model_dump_json(by_alias=True, exclude_none=True, indent=1))
        command = [
            sys.executable, "-m", "ullage_trainer",
            "--document", str(folder.document_path),
            "--index", str(index),
            "--report", str(folder.report_path),
            "--report-interval", str(_REPORT_INTERVAL_SECONDS),
            "--watch-stdin",
        ]  # fmt: skip
        if listening is not None:
            command += ["--listen-fd", str(listening.fileno())]
        with folder.log_path.open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - our own module, with this interpreter
                command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=() if listening is None else (listening.fileno(),),
                env={**os.environ, "ULLAGE_GANG_KEY": key.hex()},
                # A session of its own: Ctrl-C reaches this process alone, which then stops the agents in order.
                start_new_session=True,
            )
        with contextlib.suppress(psutil.Error):
            started = {"pid": process.pid, "createTime": psutil.Process(process.pid).create_time()}
            (folder.path / "worker.json").write_text(json.dumps(started))
        return cls(folder, process, document.grace_period_seconds)

    @property
    def exit_code(self) -> int | None:
        """The agent's exit code, or null while it runs."""
        return self.process.poll()

    def stop(self) -> None:
        """Ask it to end: SIGTERM now, SIGKILL once the grace period is over."""
        if self.stop_by is None and self.exit_code is None:
            self.stop_by = time.monotonic() + self.grace_period_seconds + _KILL_MARGIN_SECONDS
            self.process.send_signal(signal.SIGTERM)

    def enforce(self) -> None:
        """Kill it if it was asked to end and has not."""
        if self.stop_by is not None and time.monotonic() >= self.stop_by:
            self._kill()

    def close(self) -> None:
        """Let go of it: it ends if it has not, and is killed if it does not within its grace period."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            self.process.wait(self.grace_period_seconds + _KILL_MARGIN_SECONDS)
        except subprocess.TimeoutExpired:
            self._kill()
            self.process.wait()

    def _kill(self) -> None:
        """Kill it, and all that it and its ranks have started and that has not left its session."""
        if self.exit_code is None:
            os.killpg(self.process.pid, signal.SIGKILL)
