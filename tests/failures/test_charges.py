"""What a job held while the books refused is charged when they are back."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from failures.disk import empty, fill, small_disk
from failures.scene import Scene
from local.runs.harness import wait_until
from operator_tests.declared import Declared, institution, vouchers

GPU = {"resources": {"train": {"requests": {"cpu": "50m"}, "limits": {"nvidia.com/gpu": "1"}}}}


@pytest.fixture
def granted(scene: Scene) -> Iterator[Declared]:
    """An institution with a grant, and accelerators that a node says it has."""
    (node,) = scene.tenant.core.list_node().items
    scene.tenant.core.patch_node_status(node.metadata.name, {"status": {"capacity": {"nvidia.com/gpu": "8"}}})
    declared = Declared(scene.tenant.custom)
    declared.apply("Institution", "polar", institution(scene.tenant, "polar"))
    declared.apply("Investment", "vouchers", vouchers("polar", 3600))
    yield declared
    for kind, name in list(declared.made):
        declared.delete(kind, name)


@pytest.mark.parametrize("deleted", [False, True], ids=["ended", "deleted"])
def test_a_job_that_ran_and_ended_while_the_books_refused_is_charged_for_what_it_held(
    scene: Scene, granted: Declared, *, deleted: bool
) -> None:
    scene.operator.environment["ULLAGE_ACCELERATOR_TYPE"] = "nvidia.com/gpu=A100"
    job = scene.tenant.waiting("unasked", workers=GPU)
    del job["spec"]["accounting"]
    with small_disk(scene.operator.state) as disk:
        scene.operator.start()
        granted.wait("Investment", "vouchers", lambda told: told.get("phase") == "Active", "an active grant")
        fill(disk)
        uid = scene.tenant.apply(job)
        wait_until(lambda: scene.tenant.started("unasked") == ["started-0"], "its rank to start", 60)
        began = time.monotonic()
        wait_until(lambda: time.monotonic() > began + 2, "some time to be held")
        if deleted:
            scene.tenant.delete("unasked")
            wait_until(lambda: scene.tenant.jobs() == [], "the job to be gone", 60)
        else:
            scene.tenant.go("unasked")
            scene.tenant.wait_for_phase("unasked", "Succeeded", 60)
        books = scene.operator.books
        assert (books.held(uid), books.line("vouchers/gpu"), scene.witness.held()) == (
            [],
            (0, 0),
            ["unasked-train-1-0"],
        )
        empty(disk)
        scene.settle()
        (held,) = books.held(uid)
        held_ms = round(books.accelerator_hours(uid) * 3_600_000)
        wait_until(lambda: books.line("vouchers/gpu") == (0, held_ms), "all of it to be charged", 60)
        assert (held.accelerators, held_ms > 0, books.verified()) == (1, True, [])
        scene.operator.kill()
