"""A folder in which tests run the real command, and look at what it said and left behind."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pyarrow.parquet as pq

from ullage_operator.ledger import Ledger
from ullage_operator.local import Workdir

FAR_FUTURE_MS = 2**52
_VARYING = (
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<uid>"),
    (re.compile(r"runs/[0-9a-f]{8}"), "runs/<run>"),
)


@dataclass(frozen=True)
class Ended:
    """How a command ended; what varies from run to run is replaced by a word in angle brackets."""

    code: int
    out: str
    err: str

    @property
    def verdict(self) -> str:
        """What was said at the end of a run, without the progress before it."""
        return self.err.partition("\n\n")[2]


@dataclass(frozen=True)
class Workplace:
    """A folder with the default working folder in it."""

    root: Path

    @property
    def workdir(self) -> Workdir:
        return Workdir(self.root / ".ullage")

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def store(self, name: str, content: str | bytes) -> Path:
        return self.write(f".ullage/storage/{name}", content)

    def ullage(self, *arguments: str, before: Callable[[], object] | None = None, text: bytes = b"") -> Ended:
        done = subprocess.run(
            [str(Path(sys.executable).with_name("ullage")), *arguments],
            cwd=self.root,
            input=text,
            capture_output=True,
            timeout=400,
            check=False,
            preexec_fn=before,
        )
        return Ended(done.returncode, self._said(done.stdout), self._said(done.stderr))

    def run(self, spec: Mapping[str, Any], *options: str, before: Callable[[], object] | None = None) -> Ended:
        return self.ullage("run", self.manifest(spec), *options, before=before)

    def manifest(self, spec: Mapping[str, Any]) -> str:
        kind = {"apiVersion": "ullage.dev/v1alpha1", "kind": "TrainingJob"}
        self.write("job.yaml", json.dumps({**kind, "metadata": {"name": "tiny"}, "spec": spec}, indent=1))
        return "job.yaml"

    def holds(self) -> dict[str, int]:
        """Return how many workers the books have, by stage and outcome; those that are held still are under Open."""
        with Ledger.open(self.workdir.ledger_url, cluster="local", now_ms=lambda: 0, read_only=True) as ledger:
            rows = ledger.usage(0, FAR_FUTURE_MS, by=("stage", "outcome"))
        return {f"{row.group['stage']} {row.group['outcome']}": row.holds for row in rows}

    def verified(self) -> list[str]:
        with Ledger.open(self.workdir.ledger_url, cluster="local", now_ms=lambda: 0, read_only=True) as ledger:
            return [str(problem) for problem in ledger.verify()]

    def rejected(self, source: str) -> list[dict[str, Any]]:
        (path,) = self.workdir.storage.glob(f"tiny/runs/*/prepare-1/rejected/{source}.parquet")
        rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
        return rows

    def left_running(self) -> list[list[str]]:
        """Return the command lines of processes that still work here."""
        left = []
        for process in psutil.process_iter():
            try:
                if Path(process.cwd()) == self.root:
                    left.append(process.cmdline())
            except (psutil.Error, OSError):
                continue
        return left

    def _said(self, text: bytes) -> str:
        said = text.decode().replace(str(self.root), "<here>")
        for pattern, word in _VARYING:
            said = pattern.sub(word, said)
        return said
