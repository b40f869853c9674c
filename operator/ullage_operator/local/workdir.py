"""The folder of ``ullage run``: what stands for the volume, the books, and a folder for each worker.

::

    .ullage/
      storage/          what the volume is on a cluster: data and artifacts
      ledger.sqlite3    the books
      workers/<uid>/    worker.json, document.json, report.json, log.txt
      lock              held for as long as a run lives
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ullage_operator.ledger import sqlite_url


class WorkdirInUse(Exception):
    """Another ``ullage run`` works in this folder."""


@dataclass(frozen=True)
class Workdir:
    """Paths within the folder."""

    path: Path

    @property
    def storage(self) -> Path:
        """What stands for the volume."""
        return self.path / "storage"

    @property
    def workers(self) -> Path:
        """A folder for each worker."""
        return self.path / "workers"

    @property
    def ledger_url(self) -> str:
        """The books."""
        return sqlite_url(self.path / "ledger.sqlite3")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder: two runs would take each other's workers for left-overs.

        Raises
        ------
        WorkdirInUse
            Naming the process that holds it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        for folder in (self.storage, self.workers):
            folder.mkdir(exist_ok=True)
        with (self.path / "lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                lock.seek(0)
                raise WorkdirInUse(
                    f"{self.path}: expected no other run here, found that process {lock.read().strip() or 'unknown'} "
                    f"holds it; wait for it, or name another folder with --workdir"
                ) from error
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield
