"""How pods fare: bound, started, run and ended by nodes that do as they are told, or don't."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ullage_operator.cluster.names import (
    ATTEMPT_LABEL,
    CONTAINER,
    INDEX_LABEL,
    JOB_UID_LABEL,
    STAGE_LABEL,
    JsonObject,
)
from ullage_operator.plan.instants import rfc3339
from ullage_trainer.config import Checkpoint, ExitReport, Failure, Output, Progress, Reason, Stage, Usage, WorkerState

from .schedule import FAILURES, Fate
from .store import PODS, Change, Store

STALL_SECONDS = 45.0
"""After how long without progress an agent gives up."""
EVICTION_SECONDS = 20.0
"""How long a node may be silent before its pods are to go."""
CPU_MS = 1000
"""What every worker that has a last word has used."""

_REASONS = {
    "fails": Reason.EXCEPTION,
    "has bad data": Reason.DATA_INVALID,
    "stalls": Reason.STALLED,
}


@dataclass
class Machine:
    """One pod's node, as far as that pod is concerned, and what is true of the pod whatever the API server says."""

    store: Store
    name: str
    uid: str
    labels: dict[str, str]
    fate: Fate
    room: Callable[[], bool]
    """Whether there is room for one more pod."""
    pause: Callable[[Callable[[], None]], bool]
    """Takes what a pod would do, where nothing moves at the moment."""
    worked_ms: Callable[[], int]
    """The clock by which workers make progress."""
    bound_ms: int | None = None
    running: bool = False
    ended: bool = False
    finished_ms: int | None = None
    """When its container ended, to the second, as the API server is told."""
    told: bool = False
    """It had a last word, and the API server has it."""
    mishap: bool = False
    """It ended by a failure that counts."""
    lost: bool = False
    """Its node is silent."""
    was_lost: bool = False
    """Its node was silent at some time."""
    removed: bool = False
    """It is gone from the API server."""
    forced: bool = False
    """Somebody took its finalizer: it may go without being let go, and then it counts as lost."""
    cut_ms: int | None = None
    """When it was gone from the API server although it held a node until then."""
    _stopping: bool = False

    # -- identity -----------------------------------------------------------------------------------

    @property
    def job_uid(self) -> str:
        return self.labels[JOB_UID_LABEL]

    @property
    def attempt(self) -> tuple[str, int]:
        return self.labels[STAGE_LABEL], int(self.labels[ATTEMPT_LABEL])

    @property
    def vanished(self) -> bool:
        """Whether it is gone and may not have been let go."""
        return self.forced and self.removed

    @property
    def index(self) -> int:
        return int(self.labels[INDEX_LABEL])

    @property
    def address(self) -> str:
        return self.uid.replace("pod-", "10.0.")

    # -- its life -----------------------------------------------------------------------------------

    def begin(self) -> None:
        self._later(self.fate.bind, self._bind)

    def _bind(self) -> None:
        item = self._item()
        if item is None or "deletionTimestamp" in item["metadata"] or self.ended:
            return
        if not self.room():
            told = {"reason": "Unschedulable", "message": "0/1 nodes are available"}
            self._condition({"type": "PodScheduled", "status": "False", **told})
            self._later(5.0, self._bind)
            return

        self.bound_ms = self.store.now_ms() // 1000 * 1000
        self._condition({"type": "PodScheduled", "status": "True"}, node="node-1")
        self._later(self.fate.start, self._start)

    def _start(self) -> None:
        if self.ended or self._stopping or self.lost:
            return
        if self.fate.end == "image is missing":
            self.mishap = True
            self._state({"waiting": {"reason": "ImagePullBackOff", "message": "not found"}})
            return
        self.running = True
        self._state({"running": {"startedAt": self.store.stamp()}}, phase="Running", podIP=self.address)
        self._later(self.fate.run, self._finish)

    def _finish(self) -> None:
        if self.ended or self._stopping or self.lost:
            return
        match self.fate.end:
            case "hangs":
                self._later(STALL_SECONDS, lambda: self._fail(Reason.STALLED))
            case "is evicted":
                self.evict()
            case "loses its last word":
                self.mishap = True
                self._terminate(0, None)
            case "fails" | "has bad data" | "stalls":
                self._fail(_REASONS[self.fate.end])
            case "is killed":
                self.mishap = True
                self._terminate(137, None)
            case "runs out of memory":
                self.mishap = True
                self._terminate(137, self._report(WorkerState.RUNNING), reason="OOMKilled")
            case "ends without a word":
                self.mishap = True
                self._terminate(1, None, message="Traceback\nKeyError")
            case "succeeds":
                self._terminate(0, self._report(WorkerState.SUCCEEDED))
            case other:
                raise AssertionError(f"{other} of {FAILURES}")

    def _fail(self, reason: Reason) -> None:
        if self.ended or self._stopping or self.lost:
            return
        self.mishap = True
        failure = Failure(reason=reason, message="it broke", worker=self.index)
        self._terminate(70, self._report(WorkerState.FAILED, failure=failure))

    def hear(self, change: Change) -> None:
        """Take what the API server tells of the pod."""
        if change.type == "DELETED":
            if self.bound_ms is not None and not self.ended:
                self.cut_ms = self.store.now_ms()
            self.mishap |= self.forced
            self.removed = True
            self.ended, self.running = True, False
            return
        metadata = change.item["metadata"]
        if "deletionTimestamp" not in metadata or self._stopping or self.ended:
            return
        self._stopping = True
        if self.bound_ms is None:
            self.ended = True
        elif not self.lost:
            grace = metadata["deletionGracePeriodSeconds"]
            asyncio.get_running_loop().call_later(min(self.fate.stops_in, grace), self._stopped, grace)

    def _stopped(self, grace: float) -> None:
        """End, since it is to go: by itself, or killed at the end of its grace period."""
        if self.lost:
            return
        if not self.ended:
            if not self.running:
                # What the kubelet says of a container that it never started.
                self._terminate(137, None, reason="ContainerStatusUnknown", unfinished=True)
            elif self.fate.stops_in > grace:
                self._terminate(137, None)
            else:
                failure = Failure(reason=Reason.STOPPED, message="stopped on SIGTERM", worker=self.index)
                self._terminate(143, self._report(WorkerState.STOPPED, failure=failure))
        self._later(0.3, self._confirm)

    def _confirm(self) -> None:
        if not self.removed and not self.lost:
            self.store.delete(PODS, self.name, self.uid, grace=0)

    # -- what is done to it ---------------------------------------------------------------------------

    def evict(self) -> None:
        """The node is short of something: its kubelet ends the pod."""
        if self.ended or self.bound_ms is None or self.lost:
            return
        self._terminate(137, None, pod={"reason": "Evicted", "message": "memory"}, stateless=self.fate.stops_in > 1.0)

    def drain(self) -> None:
        """Somebody evicts it through the API server."""
        if self._item() is None or self.ended:
            return
        self._condition({"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI"})
        self.store.delete(PODS, self.name, self.uid)

    def lose(self) -> None:
        """Its node is silent from now on; after some time its pods are to go."""
        if self.bound_ms is not None and not self.removed and not self.ended:
            self.lost = self.was_lost = True
            self._later(EVICTION_SECONDS, self._taint)

    def _taint(self) -> None:
        if self.lost and not self.removed:
            self.drain()

    def recover(self, *, node_stays: bool) -> None:
        """Its node is back, and ends what was to go; or it is given up for good."""
        if not self.lost:
            return
        self.lost = False
        if self.removed:
            return
        if not node_stays:
            self.ended, self.running = True, False
            self._condition({"type": "DisruptionTarget", "status": "True", "reason": "DeletionByPodGC"})
            self.store.delete(PODS, self.name, self.uid, grace=0)
        elif self._stopping:
            self._stopped(30.0)
        else:
            self._later(1.0, self._finish if self.running else self._start)

    def pull(self) -> None:
        """Its image is there at last."""
        if self.fate.end == "image is missing" and self.bound_ms is not None and not (self.ended or self._stopping):
            self.fate = replace(self.fate, end="succeeds")
            self._start()

    def take_finalizer(self) -> None:
        """Somebody takes its finalizer; where it was only waiting for that, it is gone."""
        if self.removed:
            return
        self.forced = True

        def strip(item: JsonObject) -> None:
            item["metadata"]["finalizers"] = []

        self._change(strip)

    def vanish(self, grace: int | None = 0) -> None:
        """Somebody takes its finalizer and deletes it, by force or with the grace period that it has."""
        self.take_finalizer()
        if self._item() is not None:
            self.mishap |= self.lost
            self.store.delete(PODS, self.name, self.uid, grace)

    # -- what it tells ------------------------------------------------------------------------------

    def report(self) -> ExitReport | None:
        """What it answers when it is asked; null if it does not."""
        return self._report(WorkerState.RUNNING) if self.running and not self.lost else None

    def _report(self, state: WorkerState, failure: Failure | None = None) -> ExitReport:
        stage, attempt = self.attempt
        last = state is not WorkerState.RUNNING
        ran = max(0, self.worked_ms() - (self.bound_ms or 0))
        output = Output(path=f"points/runs/{self.job_uid}/{stage}-{attempt}", digest=f"of {stage}")
        return ExitReport(
            stage=Stage(stage),
            attempt=attempt,
            index=self.index,
            state=state,
            started_ms=(self.bound_ms or 0) + 1000,
            updated_ms=self.store.now_ms(),
            usage=Usage(cpu_ms=CPU_MS if last else 0),
            progress=Progress(step=ran // 10_000, total_steps=100) if self.index == 0 else None,
            checkpoint=Checkpoint(path="points/c", step=ran // 10_000, written_ms=0) if self.index == 0 else None,
            output=output if state is WorkerState.SUCCEEDED and self.index == 0 else None,
            failure=failure,
        )

    def _terminate(
        self,
        code: int,
        report: ExitReport | None,
        *,
        reason: str = "",
        message: str = "",
        pod: dict[str, str] | None = None,
        stateless: bool = False,
        unfinished: bool = False,
    ) -> None:
        self.ended, self.running = True, False
        now_ms = self.store.now_ms()
        said = message if report is None else report.encode().decode()
        state: dict[str, Any] = {"exitCode": code, "reason": reason or ("Completed" if code == 0 else "Error")}
        if said:
            state["message"] = said
        if not unfinished and not stateless:
            self.finished_ms = now_ms // 1000 * 1000
            state["finishedAt"] = rfc3339(now_ms)
        elif unfinished:
            state["finishedAt"] = None
        self.told = report is not None and report.state is not WorkerState.RUNNING
        phase = "Succeeded" if code == 0 else "Failed"
        self._state(None if stateless else {"terminated": state}, phase=phase, **(pod or {}))

    # -- writing --------------------------------------------------------------------------------------

    def _item(self) -> JsonObject | None:
        return self.store.find(PODS, self.uid)

    def _change(self, change: Callable[[JsonObject], None]) -> None:
        if self._item() is not None:
            self.store.change(PODS, self.name, self.uid, change)

    def _condition(self, condition: dict[str, str], node: str | None = None) -> None:
        def set_(item: JsonObject) -> None:
            if node is not None:
                item["spec"]["nodeName"] = node
            known = [c for c in item["status"].get("conditions", []) if c["type"] != condition["type"]]
            item["status"]["conditions"] = [*known, {**condition, "lastTransitionTime": self.store.stamp()}]

        self._change(set_)

    def _state(self, state: dict[str, Any] | None, **status: str) -> None:
        def set_(item: JsonObject) -> None:
            statuses = [] if state is None else [{"name": CONTAINER, "state": state}]
            item["status"] |= {"containerStatuses": statuses, **status}

        self._change(set_)

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        def unless_paused() -> None:
            if self._stopping or not self.pause(unless_paused):
                act()

        asyncio.get_running_loop().call_later(seconds, unless_paused)
