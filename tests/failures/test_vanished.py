"""Somebody takes our finalizer off a pod and deletes it: what it held is closed, once, by an estimate."""

from __future__ import annotations

import time

from failures.scene import Scene
from local.runs.harness import wait_until
from operator_tests.tenant import stage_of
from ullage_operator.ledger import HoldReleased

LEAST_GRACE = {"template": {"terminationGracePeriodSeconds": 3}}
SOON_MS = 3_000


def vanish(scene: Scene, pod: str) -> str:
    """Make a pod go at once, without a word; return its UID."""
    uid: str = scene.witness.take(pod).metadata.uid
    # Where its job was deleted before, it may be gone as soon as the finalizer is.
    deleted = scene.tenant.kubectl("delete", "pod", pod, "--grace-period=0", "--force", "--ignore-not-found")
    assert deleted.returncode == 0, deleted.stderr
    return uid


def test_a_pod_that_vanishes_holds_nothing_any_more_and_its_gang_starts_again(scene: Scene) -> None:
    scene.begin("robbed", runPolicy={"maxRestarts": 1}, workers=LEAST_GRACE)
    uid = vanish(scene, "robbed-train-1-1")
    gone_ms = time.time_ns() // 1_000_000
    scene.tenant.wait("robbed", lambda status: stage_of(status)["attempt"] == 2, "a second attempt")
    assert "gone without a trace: worker 1" in scene.tenant.status("robbed")["failure"]["message"]
    scene.finish("robbed", attempt=2, restarts=1)
    release = scene.operator.books.entry(f"release/{uid}")
    assert isinstance(release, HoldReleased)
    assert release.to_ms <= gone_ms + SOON_MS


def test_pods_that_vanish_with_their_job_while_no_operator_runs_are_closed_by_the_next(scene: Scene) -> None:
    scene.begin("erased", workers=LEAST_GRACE)
    wait_until(lambda: scene.operator.books.holds("erased") == {"train Open": 2}, "two open holds", 60)
    scene.operator.kill()
    scene.tenant.delete("erased")
    for pod in ("erased-train-1-0", "erased-train-1-1"):
        vanish(scene, pod)
    wait_until(lambda: (scene.tenant.jobs(), scene.tenant.pods()) == ([], {}), "the job and its pods to be gone", 60)
    scene.operator.start()
    wait_until(lambda: scene.operator.books.holds("erased") == {"train Lost": 2}, "two holds that are closed", 60)
    scene.settle()
