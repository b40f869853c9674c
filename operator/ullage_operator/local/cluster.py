"""What the API server is on a cluster: workers are created, observed and stopped here."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import secrets
import socket
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from ullage_operator.accounts import is_final
from ullage_operator.plan import CreateWorkers, StopWorkers, Worker, WorkerPhase, WorkerPlan
from ullage_trainer.config import ExitReport, WorkerState

from .process import AgentProcess, WorkerFolder
from .workdir import Workdir

LOOPBACK: Final = "127.0.0.1"
LOOPBACK_INTERFACE: Final = "lo"
_PULL_TIMEOUT_SECONDS: Final = 0.5
_MAX_PULL_BYTES: Final = 16 * 1024


@dataclass
class _Entry:
    plan: WorkerPlan
    agent: AgentProcess
    port: int
    stopping: bool = False


@dataclass
class LocalCluster:
    """The workers of one run."""

    workdir: Workdir
    _entries: dict[str, _Entry] = field(default_factory=dict)
    _ports: dict[str, int] = field(default_factory=dict)
    _secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def new_uid(self) -> str:
        """Return a UID for a worker that is about to be created."""
        return str(uuid.uuid4())

    def create(self, action: CreateWorkers, uids: dict[str, str]) -> None:
        """Start the workers of an attempt; ``uids`` has the UID of each by name."""
        gang = action.document.gang
        attempt = f"{action.document.job.uid}/{action.document.stage}-{action.document.attempt}"
        key = hmac.new(self._secret, attempt.encode(), hashlib.sha256).digest()
        listening: socket.socket | None = None
        if any(plan.index == 0 for plan in action.workers):
            # Bound here and handed over, so that nobody can take the port in between.
            listening = socket.create_server((LOOPBACK, 0))
            self._ports[attempt] = listening.getsockname()[1]
        port = self._ports[attempt]
        placed = gang.model_copy(
            update={"coordinator_host": LOOPBACK, "coordinator_port": port, "interface": LOOPBACK_INTERFACE}
        )
        document = action.document.model_copy(update={"gang": placed})
        for plan in action.workers:
            folder = WorkerFolder(self.workdir.workers / uids[plan.name])
            folder.path.mkdir(parents=True)
            handed = listening if plan.index == 0 else None
            agent = AgentProcess.start(folder, document, plan.index, key, handed)
            self._entries[uids[plan.name]] = _Entry(plan, agent, port)
        if listening is not None:
            listening.close()

    def observe(self) -> tuple[Worker, ...]:
        """Return all workers of this run as they are now; reports of ended ones are their last."""
        return tuple(self._observe(uid, entry) for uid, entry in self._entries.items())

    def stop(self, action: StopWorkers) -> None:
        """Ask workers to end."""
        for uid in action.uids:
            self._entries[uid].stopping = True
            self._entries[uid].agent.stop()

    def enforce(self) -> None:
        """Kill workers that were asked to end and have not within their grace period."""
        for entry in self._entries.values():
            entry.agent.enforce()

    def live_report(self, uid: str) -> ExitReport | None:
        """Ask worker 0 how far it is; null means unknown: what it wrote last still holds."""
        entry = self._entries[uid]
        connection = http.client.HTTPConnection(LOOPBACK, entry.port, timeout=_PULL_TIMEOUT_SECONDS)
        try:
            connection.request("GET", "/v1/report")
            return ExitReport.model_validate_json(connection.getresponse().read(_MAX_PULL_BYTES))
        except (OSError, http.client.HTTPException, ValidationError):
            return None
        finally:
            connection.close()

    def log_path(self, uid: str) -> Path:
        """Return where a worker's output is."""
        return self._entries[uid].agent.folder.log_path

    def close(self) -> None:
        """Let go of all workers; those that still live end."""
        for entry in self._entries.values():
            entry.agent.close()

    def _observe(self, uid: str, entry: _Entry) -> Worker:
        code = entry.agent.exit_code
        if code is None:
            live = self.live_report(uid) if entry.plan.index == 0 else None
            report = live or entry.agent.folder.report()
            running = report is not None and report.state is not WorkerState.STARTING
            phase = WorkerPhase.RUNNING if running else WorkerPhase.PENDING
        else:
            report = entry.agent.folder.report()
            succeeded = code == 0 and is_final(report)
            phase = WorkerPhase.SUCCEEDED if succeeded else WorkerPhase.FAILED
        return Worker(
            name=entry.plan.name,
            uid=uid,
            stage=entry.plan.stage,
            attempt=entry.plan.attempt,
            index=entry.plan.index,
            phase=phase,
            stopping=entry.stopping,
            report=report,
        )
