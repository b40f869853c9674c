"""Bugs of one line, each with the invariants that are to catch it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from shutil import copytree, ignore_patterns

from .judge import (
    BUSY,
    CHARGED,
    CREATING,
    ENDS,
    FINISHED,
    GONE,
    NOTHING_TO_DO,
    ONCE,
    ONE_ATTEMPT,
    RESTARTS,
    RUNS,
    SECONDS,
    TERMINAL,
    UNWRITTEN,
    USAGE,
)

SEEDS = 600
"""Within so many seeds each is found; most within twenty."""
_TESTS = Path(__file__).parents[1]


@dataclass(frozen=True)
class Bug:
    """A line of the operator's, what is put in its place, and what then happens that may not."""

    what: str
    path: str
    line: str
    instead: str
    caught_by: frozenset[str]
    real_ledger: bool = False
    """Whether only schedules with a real ledger can find it: in these, a grant pays what jobs hold."""
    since: int = 0
    """The seed to begin at: of schedules with a real ledger a second has three."""

    def plant(self, folder: Path) -> Path:
        """Copy the operator into a folder, with the bug; return what goes on the module search path.

        Raises
        ------
        LookupError
            The line is not there exactly once: the operator has changed, and the bug with it.
        """
        spec = find_spec("ullage_operator")
        assert spec is not None
        assert spec.origin is not None
        root = folder / "ullage_operator"
        copytree(Path(spec.origin).parent, root, ignore=ignore_patterns("__pycache__"))
        source = (root / self.path).read_text()
        if source.count(self.line) != 1:
            raise LookupError(f"{self.path}: expected once, found {source.count(self.line)} times: {self.line!r}")
        (root / self.path).write_text(source.replace(self.line, self.instead))
        return folder


def hunt(bug: Bug, folder: Path) -> tuple[int, str] | None:
    """Return the first seed that finds a bug, and the invariant; null if none does."""
    program = (
        "from simulator.search import first\n"
        f"finding = first({bug.since}, {SEEDS}, real_ledger={bug.real_ledger})\n"
        "print(finding and f'{finding.schedule.seed}:{finding.violation.invariant}' or '')"
    )
    trainer = find_spec("ullage_trainer")
    assert trainer is not None
    assert trainer.origin is not None
    path = [str(bug.plant(folder)), str(_TESTS), str(Path(trainer.origin).parents[1])]
    answer = subprocess.run(
        [sys.executable, "-c", f"import sys\nsys.path[:0] = {path!r}\n{program}"],
        check=True,
        capture_output=True,
        text=True,
        timeout=600,
    ).stdout.strip()
    seed, _, invariant = answer.partition(":")
    return (int(seed), invariant) if answer else None


BUGS = (
    Bug(
        "an attempt's number is not raised above what its pods have",
        "plan/decide.py",
        "number = 1 + max([stage.attempt, *(w.attempt for w in self.workers if w.stage is stage.name)])",
        "number = max(1, stage.attempt)",
        frozenset({BUSY, ENDS, ONCE, USAGE}),
    ),
    Bug(
        "a gang that has lost a worker is given up while the others live",
        "plan/decide.py",
        """        if live := self._live():
            return self._stop(live, self._status(stage=self._counted(stage, attempt)), "a worker""",
        """        if live := self._live()[:0]:
            return self._stop(live, self._status(stage=self._counted(stage, attempt)), "a worker""",
        frozenset({ONE_ATTEMPT, UNWRITTEN, USAGE}),
    ),
    Bug(
        "a disruption counts as a restart",
        "plan/decide.py",
        '"restarts": stage.restarts + (0 if disrupted else 1),',
        '"restarts": stage.restarts + 1,',
        frozenset({RESTARTS}),
    ),
    Bug(
        "a job that has failed is worked on",
        "plan/decide.py",
        "        if self.job.status.phase in _TERMINAL:\n            return self._wind_down(self.job.status",
        "        if self.job.status.phase is Phase.SUCCEEDED:\n            return self._wind_down(self.job.status",
        frozenset({TERMINAL}),
    ),
    Bug(
        "pods are let go although the ledger is down",
        "reconcile.py",
        "        if in_books:\n            await for_each(self._release, _let_go",
        "        if pods:\n            await for_each(self._release, _let_go",
        frozenset({UNWRITTEN}),
    ),
    Bug(
        "pods are let go before the status holds their end",
        "reconcile.py",
        "if has_ended(item, now) and attempt_of(item) not in opened]",
        "if has_ended(item, now)]",
        frozenset({UNWRITTEN}),
    ),
    Bug(
        "a conflict of the status is passed over",
        "reconcile.py",
        "            if not await self.jobs.write_status(raw, decision.status):\n                return 0.0",
        "            await self.jobs.write_status(raw, decision.status)",
        frozenset({CREATING, UNWRITTEN, TERMINAL, FINISHED}),
    ),
    Bug(
        "a pod that is asked to end counts as ended",
        "cluster/observe.py",
        'return "deletionTimestamp" in pod["metadata"] and not pod["spec"].get("nodeName")',
        'return "deletionTimestamp" in pod["metadata"]',
        frozenset({RUNS, ONE_ATTEMPT, SECONDS}),
    ),
    Bug(
        "a hold ends when that is seen, and not when its container ended",
        "cluster/books.py",
        "end = max(hold.from_ms, known if measured else min(known, now_ms))",
        "end = max(hold.from_ms, now_ms)",
        frozenset({SECONDS}),
    ),
    Bug(
        "nobody waits for a pod whose node is silent",
        "reconcile.py",
        "return (min(due) - now) / 1000 if due else None",
        "return None",
        frozenset({ENDS}),
    ),
    Bug(
        "an operator that starts writes what is written already",
        "reconcile.py",
        "if wait is None and decision.status != job.status:",
        "if wait is None and (decision.status != job.status or uid_of(raw) not in self._status_written):",
        frozenset({NOTHING_TO_DO}),
    ),
    Bug(
        "a hold that is open in the books stays so although its pod is gone",
        "vanished.py",
        "if hold.worker_uid not in known and not await self._is_there(hold):",
        "if hold.worker_uid not in known and await self._is_there(hold):",
        frozenset({GONE}),
    ),
    Bug(
        "a pod that is gone is passed over if its hold is written",
        "vanished.py",
        "if (uid, True) not in self.written:",
        "if (uid, False) not in self.written:",
        frozenset({GONE}),
    ),
    Bug(
        "what was held outside of all reservations is not charged",
        "standing/uncharged.py",
        "    if not free:",
        "    if free or not free:",
        frozenset({CHARGED}),
        real_ledger=True,
    ),
    Bug(
        "the books are asked what a job may hold before they have what it held",
        "reconcile.py",
        "await self.review(key) if in_books else _RETRY_SECONDS",
        "await self.review(key)",
        frozenset({CHARGED}),
        real_ledger=True,
        since=170,
    ),
    Bug(
        "pods whose job is gone are let go uncharged",
        "budgets.py",
        "for gone in (owner for owner, all_ended in ended.items() if all_ended and owner not in self._done):",
        "for gone in (owner for owner, all_ended in ended.items() if all_ended and owner in self._done):",
        frozenset({CHARGED}),
        real_ledger=True,
        since=240,
    ),
    Bug(
        "an interval that a worker turns out to have ended in before is not corrected",
        "standing/amend.py",
        "    entries = corrected(spendings, held, now_ms)",
        "    entries = corrected(spendings[:0], held, now_ms)",
        frozenset({CHARGED}),
        real_ledger=True,
    ),
)
