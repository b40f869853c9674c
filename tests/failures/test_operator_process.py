"""The operator is frozen, started twice, and finds its disk full or its clock wrong."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from failures.disk import empty, fill, small_disk
from failures.process import free_port
from failures.scene import Scene
from local.runs.harness import wait_until
from operator_tests.tenant import stage_of

HOUR_MS = 3_600_000


def test_an_operator_that_was_frozen_finds_what_became_of_its_jobs(scene: Scene) -> None:
    scene.begin("ends", replicas=1)
    scene.begin("loses", runPolicy={"maxRestarts": 0})
    scene.operator.freeze()
    try:
        scene.tenant.go("ends")
        scene.tenant.core.delete_namespaced_pod("loses-train-1-1", scene.tenant.namespace, grace_period_seconds=1)
        wait_until(lambda: scene.ended_pods("ends") == ["ends-train-1-0"], "the pod of one job to end", 60)
        wait_until(lambda: "loses-train-1-1" in scene.ended_pods("loses"), "a pod of the other to end", 60)
        assert (scene.tenant.phase("ends"), scene.tenant.phase("loses")) == ("Running", "Running")
    finally:
        scene.operator.thaw()
    scene.tenant.wait_for_phase("ends", "Succeeded", 60)
    scene.finish("loses", attempt=2)


def test_of_two_operators_the_second_waits_until_the_first_has_ended(scene: Scene, tmp_path: Path) -> None:
    second = replace(scene.operator, log=tmp_path / "second.log", health_port=free_port(), _process=None)
    scene.begin("handed-over", replicas=1)
    second.start()
    try:
        wait_until(lambda: "another operator holds it" in second.told(), "a second operator that waits", 60)
        scene.operator.kill()
        scene.finish("handed-over")
        assert second.alive
    finally:
        second.kill()


def test_a_full_disk_keeps_pods_until_the_books_are_written(scene: Scene) -> None:
    with small_disk(scene.operator.state) as disk:
        scene.begin("unwritten", replicas=1)
        wait_until(lambda: scene.operator.books.holds("unwritten") == {"train Open": 1}, "an open hold", 60)
        fill(disk)
        scene.tenant.go("unwritten")
        scene.tenant.wait_for_phase("unwritten", "Succeeded", 60)
        wait_until(lambda: "disk is full" in scene.operator.told(), "a disk that is full", 60)
        kept = ["unwritten-train-1-0"]
        assert (scene.witness.held(), scene.operator.books.holds("unwritten")) == (kept, {"train Open": 1})
        empty(disk)
        scene.finish("unwritten")
        scene.operator.kill()


@pytest.mark.parametrize("step_ms", [HOUR_MS, -HOUR_MS], ids=["ahead", "back"])
def test_a_clock_that_is_set_changes_no_book(scene: Scene, tmp_path: Path, step_ms: int) -> None:
    shift = tmp_path / "shift"
    shift.write_text("0")
    path = os.pathsep.join([str(Path(__file__).parent / "clock"), os.environ.get("PYTHONPATH", "")])
    scene.operator.environment.update({"PYTHONPATH": path, "ULLAGE_TEST_CLOCK": str(shift)})
    scene.begin("timeless", replicas=1, workers={"template": {"terminationGracePeriodSeconds": 3}})
    shift.write_text(str(step_ms))
    scene.tenant.core.delete_namespaced_pod("timeless-train-1-0", scene.tenant.namespace)
    scene.tenant.wait("timeless", lambda status: stage_of(status)["attempt"] == 2, "a second attempt")
    scene.finish("timeless", attempt=2)
