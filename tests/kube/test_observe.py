"""What is told of a worker by its pod: where it stands, why it waits, how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from kube.builders import BOUND_MS, ENDED, ENDED_MS, observed, report, terminated
from ullage_operator.cluster.names import JsonObject
from ullage_operator.cluster.observe import has_ended, observe
from ullage_operator.plan import WorkerPhase
from ullage_trainer.config import Reason, WorkerState

WELL = terminated(0, report(WorkerState.SUCCEEDED))
STOPPED = {"ullage.dev/stopped": "the job is suspended"}


def test_a_worker_is_what_its_labels_say() -> None:
    worker = observe(observed(), None, BOUND_MS)
    assert (worker.name, worker.uid, worker.stage, worker.attempt, worker.index) == (
        "points-train-1-0",
        "uid-of-pod",
        "train",
        1,
        0,
    )


@pytest.mark.parametrize(
    ("pod", "phase"),
    [
        (observed(bound=False), WorkerPhase.PENDING),
        (observed({"waiting": {"reason": "ContainerCreating"}}), WorkerPhase.PENDING),
        (observed({"running": {}}, phase="Running"), WorkerPhase.RUNNING),
        (observed(WELL, phase="Running"), WorkerPhase.SUCCEEDED),
        (observed(terminated(0), phase="Succeeded"), WorkerPhase.FAILED),
        (observed(terminated(70, report(WorkerState.FAILED)), phase="Failed"), WorkerPhase.FAILED),
        (observed(None, phase="Failed", reason="Evicted"), WorkerPhase.FAILED),
        (observed(bound=False, metadata={"deletionTimestamp": ENDED}), WorkerPhase.FAILED),
        (observed({"running": {}}, metadata={"deletionTimestamp": ENDED}), WorkerPhase.RUNNING),
    ],
)
def test_the_container_says_where_a_worker_stands(pod: JsonObject, phase: WorkerPhase) -> None:
    assert observe(pod, None, BOUND_MS).phase is phase


@dataclass(frozen=True)
class Case:
    pod: JsonObject
    reason: Reason
    message: str


def unschedulable(reason: str) -> list[dict[str, Any]]:
    told = "0/3 nodes are available: 3 Insufficient cpu."
    return [{"type": "PodScheduled", "status": "False", "reason": reason, "message": told}]


CASES = {
    "an image that can't be pulled": Case(
        observed({"waiting": {"reason": "ImagePullBackOff", "message": "not found"}}),
        Reason.IMAGE_UNAVAILABLE,
        "image registry.example/trainer:1 can't be pulled (ImagePullBackOff) not found",
    ),
    "a Secret that does not exist": Case(
        observed({"waiting": {"reason": "CreateContainerConfigError", "message": 'secret "key" not found'}}),
        Reason.START_FAILED,
        'CreateContainerConfigError: secret "key" not found',
    ),
    "no node that has room": Case(
        observed(bound=False, conditions=unschedulable("Unschedulable")),
        Reason.UNSCHEDULABLE,
        "no node takes it: 0/3 nodes are available: 3 Insufficient cpu.",
    ),
    "memory": Case(
        observed(terminated(137, report(WorkerState.RUNNING), reason="OOMKilled"), phase="Failed"),
        Reason.OUT_OF_MEMORY,
        "killed because it took more memory than its node has; raise workers.resources or lower "
        "training.globalBatchSize",
    ),
    "an eviction": Case(
        observed(None, phase="Failed", reason="Evicted", message="disk pressure"),
        Reason.DISRUPTED,
        "evicted: disk pressure",
    ),
    "a drained node": Case(
        observed(
            terminated(143, report(WorkerState.STOPPED)),
            conditions=[{"type": "DisruptionTarget", "status": "True", "message": "Eviction API: evicting"}],
        ),
        Reason.DISRUPTED,
        "Eviction API: evicting",
    ),
    "somebody's deletion": Case(
        observed(terminated(143, report(WorkerState.STOPPED)), metadata={"deletionTimestamp": ENDED}),
        Reason.DISRUPTED,
        "somebody else deleted it",
    ),
    "no last word": Case(
        observed(terminated(1, message="Traceback\nKeyError: 'x'"), phase="Failed"),
        Reason.EXCEPTION,
        "ended with exit code 1",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_keeps_or_ends_a_worker_is_named(case: Case) -> None:
    seen = observe(case.pod, None, BOUND_MS).seen
    assert seen is not None
    assert (seen.reason, seen.message) == (case.reason, f"pod points-train-1-0: {case.message}")


def test_the_last_lines_of_a_worker_without_a_last_word_are_kept() -> None:
    seen = observe(CASES["no last word"].pod, None, BOUND_MS).seen
    assert seen is not None
    assert seen.last_lines == ["Traceback", "KeyError: 'x'"]


@pytest.mark.parametrize(
    "pod",
    [
        observed({"running": {}}),
        observed({"waiting": {"reason": "ContainerCreating"}}),
        observed(bound=False, conditions=unschedulable("SchedulingGated")),
        observed(WELL),
        observed(terminated(70, report(WorkerState.FAILED))),
        observed(
            terminated(143, report(WorkerState.STOPPED)), annotations=STOPPED, metadata={"deletionTimestamp": ENDED}
        ),
    ],
)
def test_nothing_is_seen_of_a_worker_that_speaks_for_itself_or_that_we_stopped(pod: JsonObject) -> None:
    assert observe(pod, None, BOUND_MS).seen is None


def test_a_worker_that_we_asked_to_end_is_stopping() -> None:
    deleted = {"deletionTimestamp": ENDED}
    assert not observe(observed({"running": {}}, metadata=deleted), None, BOUND_MS).stopping
    assert observe(observed({"running": {}}, annotations=STOPPED, metadata=deleted), None, BOUND_MS).stopping


def test_a_worker_that_we_were_about_to_ask_is_not_stopping_until_we_have() -> None:
    assert not observe(observed({"running": {}}, annotations=STOPPED), None, BOUND_MS).stopping


def test_what_a_worker_told_last_counts_until_it_has_a_last_word() -> None:
    live = report(WorkerState.RUNNING)
    assert observe(observed({"running": {}}), live, BOUND_MS).report == live
    assert observe(observed(WELL), live, BOUND_MS).report == report(WorkerState.SUCCEEDED)


def test_a_pod_whose_node_does_not_tell_is_lost_a_minute_after_it_was_to_be_gone() -> None:
    pod = observed({"running": {}}, phase="Running", metadata={"deletionTimestamp": ENDED})
    assert not has_ended(pod, ENDED_MS + 59_999)
    assert has_ended(pod, ENDED_MS + 60_000)
    worker = observe(pod, None, ENDED_MS + 60_000)
    assert (worker.phase, worker.seen.reason if worker.seen else None) == (WorkerPhase.FAILED, Reason.LOST)


def test_a_pod_that_never_had_a_node_is_never_lost_by_one_however_late_it_is_seen() -> None:
    pod = observed(bound=False, metadata={"deletionTimestamp": ENDED})
    seen = observe(pod, None, ENDED_MS + 3_600_000).seen
    assert seen is not None
    assert (seen.reason, seen.message) == (Reason.DISRUPTED, "pod points-train-1-0: somebody else deleted it")
