"""A witness that asks the API server itself, and what has to be true of all that it saw."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

from kubernetes import client

from operator_tests.tenant import Books
from ullage_operator.cluster.names import (
    ATTEMPT_LABEL,
    CONTAINER,
    FINALIZER,
    JOB_UID_LABEL,
    STAGE_LABEL,
    jobs_path,
    pods_path,
)
from ullage_operator.ledger import HoldOpened, HoldReleased, Provenance

Object = dict[str, Any]
TERMINAL = ("Succeeded", "Failed")
_SILENCE_SECONDS = 1.0
_LOST_SECONDS = 59.0
"""A pod whose node has not told for so long after it was to be gone is lost; a second is for the two clocks."""


_CLOCK_MS = 1_000
"""The API server tells its time in whole seconds, and the operator goes by it."""


@dataclass
class Witness:
    """Watches the workers and the jobs of a namespace, from before the first until after the last."""

    api: client.Configuration
    namespace: str
    pods: dict[str, Object] = field(default_factory=dict)
    """Each worker's pod that ever was, by UID, as it was seen last."""
    told: dict[str, Object] = field(default_factory=dict)
    """The same as they were when the operator let them go: what they may tell later nobody waits for."""
    present: set[str] = field(default_factory=set)
    """The pods that are there now."""
    asked_ms: dict[str, int] = field(default_factory=dict)
    """When each pod, by UID, was first asked to go."""
    taken_ms: dict[str, int] = field(default_factory=dict)
    """When a test took our finalizer off a pod, by UID."""
    faults: list[str] = field(default_factory=list)
    """What must never be, and was."""
    _phases: dict[str, str] = field(default_factory=dict)
    _finished: dict[tuple[str, str], int] = field(default_factory=dict)
    """By job and stage: which attempt finished it."""

    def __enter__(self) -> Self:
        self._over = threading.Event()
        self._lock = threading.Lock()
        watched: list[tuple[str, Callable[[str, Object], None]]] = [
            (pods_path(self.namespace), self._pod),
            (jobs_path(self.namespace), self._job),
        ]
        self._threads = [threading.Thread(target=self._watch, args=each) for each in watched]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    # -- what was seen ----------------------------------------------------------------------------------

    def held(self) -> list[str]:
        """Return the pods that are there and that our finalizer keeps."""
        with self._lock:
            there = [self.pods[uid] for uid in self.present]
        return sorted(pod["metadata"]["name"] for pod in there if FINALIZER in pod["metadata"].get("finalizers", []))

    def attempts(self) -> list[str]:
        """Return the names of all workers that ever were."""
        with self._lock:
            return sorted(pod["metadata"]["name"] for pod in self.pods.values())

    def take(self, name: str) -> client.V1Pod:
        """Take our finalizer off a pod, as somebody does who wants it to be gone."""
        core = client.CoreV1Api(client.ApiClient(self.api))
        pod = core.patch_namespaced_pod(name, self.namespace, {"metadata": {"finalizers": None}})
        with self._lock:
            self.taken_ms[pod.metadata.uid] = time.time_ns() // 1_000_000
        return pod

    def books_match(self, books: Books) -> list[str]:
        """Return where the books differ from the pods' own times: no second is lost, and none is there twice."""
        with self._lock:
            bound = {uid: pod for uid, pod in self.told.items() if scheduled_ms(pod) is not None}
            taken = {uid: bound.pop(uid) for uid in self.taken_ms if uid in bound}
        differing = [fault for uid, pod in bound.items() for fault in _differences(books, uid, pod, self.asked_ms)]
        differing += [fault for uid, pod in taken.items() for fault in _estimated(books, uid, pod, self.taken_ms[uid])]
        bound |= taken
        differing += [
            f"expected no hold of a pod that was never bound, found {hold} of {self._seen(hold.worker_uid)}"
            for job_uid in sorted({_whose(pod)[0] for pod in self.told.values()})
            for hold in books.held(job_uid)
            if hold.worker_uid not in bound
        ]
        return differing + books.verified()

    def _seen(self, uid: str) -> str:
        """Return what a pod was when it was seen last, as far as its hold is about that."""
        pod = self.told.get(uid)
        if pod is None:
            return "nothing"
        return json.dumps({"name": pod["metadata"]["name"], "status": pod["status"]})

    # -- within the threads -----------------------------------------------------------------------------

    def _watch(self, path: str, take: Callable[[str, Object], None]) -> None:
        version = ""
        while not self._over.is_set():
            try:
                if not version:
                    listed = next(self._ask(path, {}))
                    for item in listed["items"]:
                        take("ADDED", item)
                    version = listed["metadata"]["resourceVersion"]
                for event in self._ask(path, {"watch": "true", "resourceVersion": version, "timeoutSeconds": "30"}):
                    if event["type"] == "ERROR":
                        version = ""
                        break
                    version = event["object"]["metadata"]["resourceVersion"]
                    take(event["type"], event["object"])
            except (OSError, http.client.HTTPException, ValueError, StopIteration):
                # The API server is away, or silent: what happens meanwhile is told by the next watch.
                self._over.wait(0.05)

    def _ask(self, path: str, query: dict[str, str]) -> Iterator[Any]:
        context = ssl.create_default_context(cafile=self.api.ssl_ca_cert)
        context.load_cert_chain(self.api.cert_file, self.api.key_file)
        address = urlsplit(self.api.host)
        connection = http.client.HTTPSConnection(
            address.hostname or "", address.port, context=context, timeout=_SILENCE_SECONDS
        )
        try:
            connection.request("GET", f"{path}?{urlencode(query)}")
            answer = connection.getresponse()
            if answer.status != http.client.OK:
                raise OSError(f"{path}: {answer.status}")
            while not self._over.is_set() and (line := answer.readline()):
                yield json.loads(line)
        finally:
            connection.close()

    def _pod(self, kind: str, pod: Object) -> None:
        if STAGE_LABEL not in pod["metadata"].get("labels", {}):
            return
        uid = pod["metadata"]["uid"]
        with self._lock:
            fresh = uid not in self.pods
            self.pods[uid] = pod
            if fresh or FINALIZER in pod["metadata"].get("finalizers", []):
                self.told[uid] = pod
            if (due := pod["metadata"].get("deletionTimestamp")) is not None:
                grace = pod["metadata"].get("deletionGracePeriodSeconds") or 0
                self.asked_ms.setdefault(uid, _millis(due) - 1000 * grace)
            if kind == "DELETED":
                self.present.discard(uid)
            else:
                self.present.add(uid)
            job, stage, attempt = _whose(pod)
            if fresh and attempt > self._finished.get((job, stage), attempt):
                self.faults.append(f"{pod['metadata']['name']}: expected no attempt at a finished stage, found one")
            live = {_whose(self.pods[at]) for at in self.present if is_live(self.pods[at])}
            if len(attempts := sorted({whose for whose in live if whose[0] == job})) > 1:
                self.faults.append(f"{pod['metadata']['name']}: expected one live attempt, found {attempts}")

    def _job(self, _kind: str, job: Object) -> None:
        uid, status = job["metadata"]["uid"], job.get("status", {})
        before, phase = self._phases.get(uid, "Pending"), status.get("phase", "Pending")
        with self._lock:
            if before in TERMINAL and phase != before:
                self.faults.append(f"{job['metadata']['name']}: expected {before} for ever, found {phase}")
            self._phases[uid] = phase
            for stage in status.get("stages", []):
                if stage["state"] == "Succeeded":
                    self._finished.setdefault((uid, stage["name"]), stage["attempt"])


def is_live(pod: Object) -> bool:
    """Tell whether something of a pod runs, or may."""
    due = pod["metadata"].get("deletionTimestamp")
    if due is not None and ("nodeName" not in pod["spec"] or time.time() > _millis(due) / 1000 + _LOST_SECONDS):
        return False
    return pod["status"].get("phase") in ("Pending", "Running") and not _terminated(pod)


def scheduled_ms(pod: Object) -> int | None:
    """Return when a pod was bound to a node."""
    conditions = pod["status"].get("conditions") or []
    bound = (c for c in conditions if c["type"] == "PodScheduled" and c["status"] == "True")
    return next((_millis(condition["lastTransitionTime"]) for condition in bound), None)


def finished_ms(pod: Object) -> int | None:
    """Return when a pod's container ended."""
    at = _terminated(pod).get("finishedAt")
    return None if at is None else _millis(at)


def _terminated(pod: Object) -> Object:
    statuses = pod["status"].get("containerStatuses") or []
    return next((s["state"].get("terminated", {}) for s in statuses if s["name"] == CONTAINER and "state" in s), {})


def _whose(pod: Object) -> tuple[str, str, int]:
    labels = pod["metadata"]["labels"]
    return labels[JOB_UID_LABEL], labels[STAGE_LABEL], int(labels[ATTEMPT_LABEL])


def _millis(instant: str) -> int:
    return round(datetime.fromisoformat(instant).timestamp() * 1000)


def _differences(books: Books, uid: str, pod: Object, asked_ms: dict[str, int]) -> list[str]:
    name = pod["metadata"]["name"]
    hold, release = books.entry(f"hold/{uid}"), books.entry(f"release/{uid}")
    if not isinstance(hold, HoldOpened) or not isinstance(release, HoldReleased):
        return [f"{name}: expected a hold and its release, found {hold} and {release}"]
    found = (hold.from_ms, release.to_ms, release.provenance)
    told, due = finished_ms(pod), pod["metadata"].get("deletionTimestamp")
    if told is None and due is not None:
        # Nobody tells when it ended: some time after it was asked to go, and by when it was to be gone.
        lies = asked_ms[uid] <= release.to_ms < _millis(due) + _CLOCK_MS
        if lies and (hold.from_ms, release.provenance) == (scheduled_ms(pod), Provenance.ESTIMATED):
            return []
        return [f"{name}: expected an estimated end from {asked_ms[uid]} to {_millis(due)}, found {found}"]
    expected = (scheduled_ms(pod), told, Provenance.MEASURED)
    return [] if found == expected else [f"{name}: expected {expected}, found {found}"]


def _estimated(books: Books, uid: str, pod: Object, taken_ms: int) -> list[str]:
    """Return what is wrong with the books of a pod that somebody took from us: it ended after that, and by now."""
    hold, release = books.entry(f"hold/{uid}"), books.entry(f"release/{uid}")
    if isinstance(hold, HoldOpened) and isinstance(release, HoldReleased):
        lies = taken_ms - _CLOCK_MS <= release.to_ms <= time.time_ns() // 1_000_000 + _CLOCK_MS
        if lies and (hold.from_ms, release.provenance) == (scheduled_ms(pod), Provenance.ESTIMATED):
            return []
    return [f"{pod['metadata']['name']}: expected an estimated end from {taken_ms} on, found {hold} and {release}"]
