"""What may never happen, checked at every change of an object, and in the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ullage_operator.cluster.names import (
    ATTEMPT_LABEL,
    FINALIZER,
    INDEX_LABEL,
    JOB_UID_LABEL,
    STAGE_LABEL,
    JsonObject,
    labels_of,
    uid_of,
)
from ullage_operator.cluster.observe import container_state
from ullage_operator.ledger import Activity, HoldOpened, HoldReleased, Provenance
from ullage_operator.ledger.workers import problems
from ullage_operator.plan.instants import millis
from ullage_operator.plan.reasons import REASONS

from .books import MemoryBooks, OnDisk
from .kubelet import CPU_MS, Machine
from .store import JOBS, PODS, Change, Store

ONE_ATTEMPT = "at most one attempt of a job lives"
TERMINAL = "terminal is terminal"
FINISHED = "a finished stage never runs again"
CREATING = "no pod is made before the status says Creating"
ONCE = "no worker of an attempt is made twice"
UNWRITTEN = "no pod leaves unwritten"
RUNS = "no pod is let go while it runs"
RESTARTS = "only failures that count use up maxRestarts"
FAILS = "a job fails only for a reason"
SECONDS = "every second of a hold is written exactly once"
GONE = "what a pod held ends when the pod is gone"
USAGE = "what workers used is in the status once"
ENDS = "every job ends or waits for a named reason"
NOTHING_TO_DO = "an operator with nothing to do writes nothing"
PASSES = "a pass raises nothing but what the API server said"
BUSY = "the operator comes to rest"
CHARGED = "what a job held is charged exactly once"
REASON = "a condition gives a reason of the closed set"
INVARIANTS = (
    *(ONE_ATTEMPT, TERMINAL, FINISHED, CREATING, ONCE, UNWRITTEN, RUNS, RESTARTS, FAILS, SECONDS, USAGE, ENDS),
    *(GONE, NOTHING_TO_DO, PASSES, BUSY, REASON, CHARGED),
)
_ENDED = ("Succeeded", "Failed")
_OPEN = ("Creating", "Running")
_LOST_MS = 60_000
_FINAL = ("has bad data",)
SKEW_MS = 30_000
"""By how much the operator's clock may differ from the API server's."""


@dataclass(frozen=True)
class Violation:
    """Something that may never happen has happened."""

    invariant: str
    detail: str
    at: float


@dataclass
class _JobFacts:
    """What is known of one job for good."""

    spec: dict[str, Any]
    opened: set[tuple[str, int]] = field(default_factory=set)
    finished: dict[str, int] = field(default_factory=dict)
    ended: dict[str, Any] | None = None
    status: dict[str, Any] = field(default_factory=dict)


class Judge:
    """Watches everything, and says what was against the rules first."""

    def __init__(self, store: Store, machines: dict[str, Machine], books: MemoryBooks) -> None:
        self._store = store
        self._machines = machines
        self._books = books
        self._jobs: dict[str, _JobFacts] = {}
        self._made: set[tuple[str, str, int, int]] = set()
        self.violation: Violation | None = None
        store.listeners.append(self._see)

    def found(self, invariant: str, detail: str) -> None:
        """Record that something was against the rules; the first counts."""
        if self.violation is None:
            self.violation = Violation(invariant, detail, round(self._store.now(), 3))

    def _see(self, kind: str, change: Change, before: JsonObject | None) -> None:
        if kind == JOBS and change.type != "DELETED":
            self._see_job(change.item)
        elif kind == PODS and change.type == "ADDED":
            self._see_made(change.item)
        elif kind == PODS and before is not None and _held(before) and not _held(change.item):
            self._see_let_go(change.item)

    # -- jobs ---------------------------------------------------------------------------------------

    def _see_job(self, item: JsonObject) -> None:
        uid, status = uid_of(item), item.get("status") or {}
        facts = self._jobs.setdefault(uid, _JobFacts(item["spec"]))
        if status == facts.status:
            return
        facts.status = status
        if odd := [c for c in status.get("conditions", []) if c.get("reason", "") not in REASONS]:
            self.found(REASON, f"{uid}: {odd}")
        told = (status.get("phase"), status.get("finishTime"), status.get("stages"), status.get("usage"))
        if facts.ended is not None and facts.ended != told:
            self.found(TERMINAL, f"{uid}: {facts.ended} became {told}")
        if status.get("phase") in _ENDED:
            if facts.ended is None and status["phase"] == "Failed":
                self._see_failed(uid, facts)
            facts.ended = told
        for stage in status.get("stages", []):
            self._see_stage(uid, facts, stage)

    def _see_stage(self, uid: str, facts: _JobFacts, stage: dict[str, Any]) -> None:
        name, attempt = stage["name"], stage.get("attempt", 0)
        if stage["state"] == "Creating":
            facts.opened.add((name, attempt))
        if stage["state"] == "Succeeded":
            if facts.finished.setdefault(name, attempt) != attempt:
                self.found(FINISHED, f"{uid}: {name} {attempt} after {facts.finished[name]}")
        elif name in facts.finished:
            self.found(FINISHED, f"{uid}: {name} is {stage['state']} after it had succeeded")
        restarts, allowed = stage.get("restarts", 0), facts.spec["runPolicy"]["maxRestarts"]
        if restarts > allowed:
            self.found(RESTARTS, f"{uid}: {name} was restarted {restarts} times, of {allowed}")
        if restarts > self._mishaps(uid, name) and "startupDeadlineSeconds" not in facts.spec["runPolicy"]:
            self.found(RESTARTS, f"{uid}: {name} has {restarts} restarts, of {self._mishaps(uid, name)} failures")

    def _see_failed(self, uid: str, facts: _JobFacts) -> None:
        policy = facts.spec["runPolicy"]
        if "activeDeadlineSeconds" in policy or "startupDeadlineSeconds" in policy:
            return
        stage = next(s for s in facts.status["stages"] if s["state"] == "Failed")
        final = any(m.fate.end in _FINAL and m.mishap for m in self._of(uid))
        if not final and self._mishaps(uid, stage["name"]) <= policy["maxRestarts"]:
            self.found(FAILS, f"{uid}: {facts.status.get('message')}")

    def _mishaps(self, uid: str, stage: str) -> int:
        return len({m.attempt for m in self._of(uid) if m.mishap and m.attempt[0] == stage})

    def _of(self, uid: str) -> list[Machine]:
        return [machine for machine in self._machines.values() if machine.job_uid == uid]

    # -- pods ---------------------------------------------------------------------------------------

    def _see_made(self, pod: JsonObject) -> None:
        labels, name = labels_of(pod), pod["metadata"]["name"]
        uid, attempt = labels[JOB_UID_LABEL], (labels[STAGE_LABEL], int(labels[ATTEMPT_LABEL]))
        facts = self._jobs[uid]
        if attempt not in facts.opened:
            self.found(CREATING, f"{name}: the status of {uid} is {facts.status}")
        if attempt[0] in facts.finished:
            self.found(FINISHED, f"{name} was made after {attempt[0]} had succeeded")
        if facts.ended is not None:
            self.found(TERMINAL, f"{name} was made after its job had ended")
        key = (uid, *attempt, int(labels[INDEX_LABEL]))
        others = self._of(uid)
        if key in self._made and not any(m.name == name and m.forced for m in others):
            self.found(ONCE, f"{name} was made again")
        self._made.add(key)
        if lives := [m.name for m in others if m.attempt != attempt and self._lives(m, self._store.find(PODS, m.uid))]:
            self.found(ONE_ATTEMPT, f"{name} was made while {lives} lived")

    def _lives(self, machine: Machine, item: JsonObject | None) -> bool:
        """Tell whether something of a pod runs, or may still; of one whose node is silent, for as long as is agreed."""
        if machine.ended:
            return False
        due = None if item is None else item["metadata"].get("deletionTimestamp")
        return not (machine.lost and due is not None and self._store.now_ms() >= millis(due) + _LOST_MS - SKEW_MS)

    def _see_let_go(self, pod: JsonObject) -> None:
        machine = self._machines[uid_of(pod)]
        if machine.forced:
            return
        if self._lives(machine, pod):
            self.found(RUNS, machine.name)
        entries = self._books.by_worker.get(machine.uid, [])
        kinds = {type(entry) for entry in entries}
        if machine.bound_ms is not None and not {HoldOpened, HoldReleased} <= kinds:
            self.found(UNWRITTEN, f"{machine.name}: the books have {[entry.id for entry in entries]} of it")
        job = self._store.find(JOBS, machine.job_uid)
        if job is None or "deletionTimestamp" in job["metadata"] or self._jobs[machine.job_uid].ended is not None:
            return
        stages = {stage["name"]: stage for stage in self._jobs[machine.job_uid].status.get("stages", [])}
        stage = stages.get(machine.attempt[0], {"attempt": 0, "state": ""})
        written = stage["attempt"] > machine.attempt[1] or (
            stage["attempt"] == machine.attempt[1] and stage["state"] not in _OPEN
        )
        if not written:
            self.found(UNWRITTEN, f"{machine.name}: its status says {stage}")

    # -- in the end ---------------------------------------------------------------------------------

    def conclude(self, told_gone: Sequence[JsonObject]) -> None:
        """Check what holds once everything has come to rest.

        ``told_gone`` is of what pods the operator that lives was told that they are gone, as it knew them last.
        """
        for pod in told_gone:
            self._check_told(pod)
        for machine in self._machines.values():
            if machine.bound_ms is not None:
                self._check_books(machine)
        for uid, facts in self._jobs.items():
            self._check_usage(uid, facts)
        if isinstance(self._books, OnDisk) and (found := self._books.badly_charged()):
            self.found(CHARGED, "; ".join(found))

    def _check_told(self, pod: JsonObject) -> None:
        """Whoever was told how a pod was when it went writes what it held, and until when, as far as it was told."""
        machine = self._machines[uid_of(pod)]
        if not pod["spec"].get("nodeName"):
            return
        entries = self._books.by_worker.get(machine.uid, [])
        end = next((entry for entry in entries if isinstance(entry, HoldReleased)), None)
        if end is None:
            self.found(GONE, f"{machine.name}: the operator was told that it is gone, and the books have {entries}")
            return
        known = container_state(pod).get("terminated", {}).get("finishedAt") is not None
        if known and end.provenance is not Provenance.MEASURED and not machine.was_lost:
            self.found(GONE, f"{machine.name}: the operator was told of its end, and the books estimate it: {end}")

    def _check_books(self, machine: Machine) -> None:
        entries = self._books.by_worker.get(machine.uid, [])
        for problem in problems(entries):
            self.found(SECONDS, problem)
        holds = [entry for entry in entries if isinstance(entry, HoldOpened)]
        ends = [entry for entry in entries if isinstance(entry, HoldReleased)]
        if machine.vanished and not holds:
            return  # Gone before anybody who lived to write it knew that it had a node.
        if len(holds) != 1 or holds[0].from_ms != machine.bound_ms:
            self.found(SECONDS, f"{machine.name}: bound at {machine.bound_ms}, and the books say {holds}")
            return
        if machine.removed and not ends:
            self.found(GONE, f"{machine.name}: it is gone, and the books have no end of {holds}")
            return
        if len(ends) != 1:
            self.found(SECONDS, f"{machine.name}: expected one end, found {ends}")
            return
        end = ends[0]
        measured = end.provenance is Provenance.MEASURED
        if measured and end.to_ms != machine.finished_ms:
            self.found(SECONDS, f"{machine.name}: ended at {machine.finished_ms}, and the books say {end}")
        if end.to_ms > self._books.posted_ms[end.id] + SKEW_MS:
            self.found(SECONDS, f"{machine.name}: its end was written before it was: {end}")
        if machine.cut_ms is not None and not machine.was_lost and end.to_ms < machine.cut_ms - SKEW_MS:
            self.found(GONE, f"{machine.name}: it was there until {machine.cut_ms}, and the books say {end}")
        if machine.finished_ms is not None and not measured and not machine.was_lost and not machine.vanished:
            self.found(SECONDS, f"{machine.name}: its end was known, and the books have an estimate: {end}")
        activities = [entry for entry in entries if isinstance(entry, Activity)]
        certain = machine.told and not (machine.was_lost or machine.vanished)
        if certain and [a.provenance for a in activities] != [Provenance.MEASURED]:
            self.found(SECONDS, f"{machine.name}: expected what its last word says, found {activities}")

    def _check_usage(self, uid: str, facts: _JobFacts) -> None:
        machines = self._of(uid)
        told = CPU_MS * sum(machine.told for machine in machines)
        used = (facts.status.get("usage") or {}).get("cpuMs", 0)
        certain = facts.ended is not None and not any(m.was_lost or m.vanished for m in machines)
        if used > told or (certain and used != told):
            self.found(USAGE, f"{uid}: {told} ms were told of, and the status says {used}")


def _held(item: JsonObject) -> bool:
    return FINALIZER in (item["metadata"].get("finalizers") or [])
