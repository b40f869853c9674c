"""What the books are told of a pod."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from kube.builders import BOUND_MS, CONTEXT, ENDED, ENDED_MS, IMAGE, made, observed, report, scripted, terminated
from kube.server import ask
from ullage_operator.cluster.api import Api
from ullage_operator.cluster.books import ended, hold_of
from ullage_operator.cluster.events import Recorder
from ullage_operator.cluster.jobs import Jobs
from ullage_operator.cluster.names import annotations_of, key_of_pod
from ullage_operator.cluster.pods import PodSettings
from ullage_operator.cluster.pull import Puller
from ullage_operator.cluster.reflector import Reflector
from ullage_operator.cluster.workers import PodWorkers
from ullage_operator.ledger import Activity, DataUse, HoldOpened, HoldReleased, Ledger, Outcome, Provenance, sqlite_url
from ullage_operator.posting import Poster
from ullage_operator.reconcile import Reconciler
from ullage_operator.settings import Settings
from ullage_trainer.config import Stage, Use, WorkerState

HOLD = HoldOpened(
    context=CONTEXT,
    worker_uid="uid-of-pod",
    stage=Stage.TRAIN,
    attempt=1,
    index=0,
    slots=1,
    accelerators=0,
    cpu_millis=1000,
    memory_mib=2048,
    from_ms=BOUND_MS,
)


def test_a_pod_holds_from_when_it_was_bound_what_its_annotation_says() -> None:
    assert hold_of(observed({"running": {}})) == HOLD


def test_a_pod_that_was_never_bound_held_nothing() -> None:
    assert hold_of(observed(bound=False)) is None


def test_a_pod_whose_annotation_was_tampered_with_has_no_hold() -> None:
    assert hold_of(observed(annotations={"ullage.dev/billed": '{"slots":"many"}'})) is None
    assert hold_of(observed(annotations={"ullage.dev/billed": ""})) is None


def test_what_a_job_asks_nothing_for_is_held_as_the_namespace_s_limit_range_gives_it() -> None:
    pod = made(scripted(workers={"replicas": 1, "resources": {"train": {"requests": {"cpu": "50m"}}}}))
    pod["metadata"]["uid"] = "uid-of-pod"
    pod["status"] = observed()["status"]
    pod["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "50m", "memory": "257M"}}
    hold = hold_of(pod)
    assert hold is not None
    assert (hold.cpu_millis, hold.memory_mib) == (50, 246)


def test_the_end_of_a_pod_whose_hold_was_tampered_with_meanwhile_is_written_all_the_same(tmp_path: Path) -> None:
    changed = annotations_of(observed())["ullage.dev/billed"].replace('"cpu_millis":1000', '"cpu_millis":1')
    first = observed({"running": {}}, phase="Running")
    last = observed(
        terminated(0, report(WorkerState.SUCCEEDED)),
        phase="Succeeded",
        metadata={"resourceVersion": "2"},
        annotations={"ullage.dev/billed": changed},
    )
    assert hold_of(first) != hold_of(last)

    async def answer(request: web.Request) -> web.Response:
        if request.method == "GET":
            return web.json_response({"kind": "Status", "reason": "NotFound", "code": 404}, status=404)
        return web.json_response(last if request.method == "PATCH" else {})

    async def write(api: Api) -> tuple[list[HoldOpened], list[int]]:
        pods = Reflector(api, "", "", key_of_pod, lambda _: None)
        with Ledger.open(sqlite_url(tmp_path / "ledger.sqlite3"), cluster="here", now_ms=lambda: ENDED_MS) as ledger:
            poster, settings = Poster(ledger), Settings(tmp_path, "", trainer_image=IMAGE)
            workers = PodWorkers(api, pods, PodSettings(), "ullage-system", b"secret")
            async with aiohttp.ClientSession() as session:
                puller = Puller(session, 60.0)
                reconciler = Reconciler(Jobs(api), pods, workers, poster, puller, Recorder(api), settings)
                for pod in (first, last):
                    pods.put(pod)
                    await reconciler.reconcile(key_of_pod(pod))
            poster.close()
            used = ledger.usage(0, 2 * ENDED_MS)
            return ledger.open_holds(), [row.cpu_held_core_us for row in used]

    assert ask(answer, write) == ([], [1000 * (ENDED_MS - BOUND_MS)])


def test_accelerators_that_are_asked_for_are_held() -> None:
    limits = {"limits": {"nvidia.com/gpu": "2"}}
    pod = made(scripted(workers={"replicas": 1, "resources": {"train": limits}}))
    pod["metadata"]["uid"] = "uid-of-pod"
    pod["status"] = observed()["status"]
    hold = hold_of(pod)
    assert hold is not None
    assert (hold.accelerators, hold.accelerator_type) == (2, "nvidia.com/gpu")


def test_a_worker_s_last_word_is_measured_until_its_container_ended() -> None:
    use = Use(asset="points", fingerprint="f", rows_read=10, rows_accepted=9, bytes=100)
    last = report(WorkerState.SUCCEEDED, uses=[use])
    release, activity, used = ended(observed(terminated(0, last)), HOLD, None, ENDED_MS)
    assert isinstance(release, HoldReleased)
    assert (release.to_ms, release.outcome, release.provenance, release.source) == (
        ENDED_MS,
        Outcome.SUCCEEDED,
        Provenance.MEASURED,
        "container status",
    )
    assert isinstance(activity, Activity)
    assert (activity.from_ms, activity.to_ms, activity.usage, activity.provenance) == (
        BOUND_MS + 2_000,
        ENDED_MS - 1_000,
        last.usage,
        Provenance.MEASURED,
    )
    assert used == DataUse(context=CONTEXT, worker_uid="uid-of-pod", at_ms=ENDED_MS, use=use)


def test_a_container_that_was_killed_has_failed_and_what_it_last_told_is_an_estimate() -> None:
    release, activity = ended(observed(terminated(137)), HOLD, report(WorkerState.RUNNING), ENDED_MS)
    assert isinstance(release, HoldReleased)
    assert (release.outcome, release.provenance) == (Outcome.FAILED, Provenance.MEASURED)
    assert (activity.provenance, activity.source) == (Provenance.ESTIMATED, "last heartbeat")


def test_a_pod_whose_node_does_not_tell_ended_when_it_was_to_be_gone_and_that_is_an_estimate() -> None:
    pod = observed({"running": {}}, metadata={"deletionTimestamp": "2026-11-23T08:01:05Z"})
    (release,) = ended(pod, HOLD, None, ENDED_MS + 60_000)
    assert isinstance(release, HoldReleased)
    assert (release.to_ms, release.outcome, release.provenance, release.source) == (
        ENDED_MS,
        Outcome.LOST,
        Provenance.ESTIMATED,
        "deletion time",
    )


def test_a_container_that_never_started_ended_by_now_and_that_is_an_estimate() -> None:
    never = {"terminated": {"exitCode": 137, "reason": "ContainerStatusUnknown", "finishedAt": None}}
    pod = observed(never, phase="Failed", metadata={"deletionTimestamp": "2026-11-23T08:01:35Z"})
    (release,) = ended(pod, HOLD, None, ENDED_MS)
    assert isinstance(release, HoldReleased)
    assert (release.to_ms, release.outcome, release.provenance, release.source) == (
        ENDED_MS,
        Outcome.FAILED,
        Provenance.ESTIMATED,
        "deletion time",
    )


def test_a_node_s_clock_that_is_behind_makes_no_time_below_zero() -> None:
    early = terminated(0, report(WorkerState.SUCCEEDED))
    early["terminated"]["finishedAt"] = "2026-11-23T08:00:00Z"
    release, activity = ended(observed(early), HOLD, None, ENDED_MS)
    assert isinstance(release, HoldReleased)
    assert isinstance(activity, Activity)
    assert (release.to_ms, activity.from_ms, activity.to_ms) == (BOUND_MS, BOUND_MS, BOUND_MS)


@pytest.mark.parametrize(
    ("code", "metadata", "outcome"),
    [
        (143, {"deletionTimestamp": ENDED}, Outcome.STOPPED),
        (137, {"deletionTimestamp": ENDED}, Outcome.STOPPED),
        (143, {}, Outcome.FAILED),
        (1, {"deletionTimestamp": ENDED}, Outcome.FAILED),
    ],
)
def test_a_pod_that_is_told_to_end_before_it_can_say_anything_was_stopped(
    code: int, metadata: dict[str, str], outcome: Outcome
) -> None:
    (release,) = ended(observed(terminated(code), metadata=metadata), HOLD, None, ENDED_MS)
    assert isinstance(release, HoldReleased)
    assert release.outcome is outcome
