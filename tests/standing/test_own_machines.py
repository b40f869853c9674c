"""Runs on an institution's own machines: they draw on nothing, and are in the books all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gap.vessel import at
from standing.scenes import HOUR, KINDS, MINUTE, START, UID, Scene, in_kind
from standing.test_keep import institution
from ullage_operator.api.types import Institution
from ullage_operator.ledger import Charge
from ullage_operator.standing import on_own_node, settle_orphan


def test_runs_on_own_machines_draw_on_nothing_and_are_charged_to_no_line(scene_of: Callable[..., Scene]) -> None:
    machines = {"type": "A100", "count": 4, "from": "2026-01-01", "nodeSelector": {"owner": "north"}}
    own = institution("north", holds={"accelerators": [machines]})
    scene = scene_of(own, in_kind(10))
    scene.spec = {"workers": scene_workers({"nodeSelector": {"owner": "north", "disk": "fast"}})}
    assert scene.turn() == (True, "", None)
    scene.open("w1")
    scene.now_ms += HOUR
    scene.close("w1")
    scene.status = {"phase": "Succeeded", "startTime": "2026-11-10T00:00:00Z", "finishTime": "2026-11-10T01:00:00Z"}
    scene.turn()
    charge = scene.ledger.find(f"charge/{UID}/own/accelerator:A100/{START}")
    assert isinstance(charge, Charge)
    assert (charge.line, charge.quantity_ms, charge.institution) == (None, 2 * HOUR, "north")
    assert scene.line()["remaining"] == 10 * HOUR


def test_a_worker_that_was_bound_to_an_own_node_without_a_selector_is_charged_to_no_line(
    scene_of: Callable[..., Scene],
) -> None:
    machines = {"type": "A100", "count": 4, "from": "2026-01-01", "nodeSelector": {"owner": "north"}}
    scene = scene_of(institution("north", holds={"accelerators": [machines]}), in_kind(10))
    scene.turn()
    scene.open("w1", own=True)
    scene.now_ms += 30 * MINUTE
    scene.close("w1")
    scene.open("w2", own=False)
    scene.now_ms += 10 * MINUTE
    scene.close("w2")
    ended = {"startTime": "2026-11-10T00:00:00Z", "finishTime": "2026-11-10T00:40:00Z"}
    scene.status = {"phase": "Succeeded"} | ended
    # The machines go: what was held on them stays.
    scene.declare(institution("north", generation=2), in_kind(10))
    scene.turn()
    assert (scene.line()["reserved"], scene.line()["expended"]) == (0, 2 * 10 * MINUTE)
    charge = scene.ledger.find(f"charge/{UID}/own/accelerator:A100/{START}")
    assert isinstance(charge, Charge)
    assert (charge.line, charge.quantity_ms) == (None, 2 * 30 * MINUTE)
    assert scene.ledger.verify() == []


def test_a_job_that_goes_on_when_its_own_machines_are_withdrawn_is_charged_for_each_hour_once(
    scene_of: Callable[..., Scene],
) -> None:
    machines = {"type": "A100", "count": 4, "from": "2026-01-01", "nodeSelector": {"owner": "north"}}
    scene = scene_of(institution("north", holds={"accelerators": [machines]}), in_kind(10))
    scene.spec = {"workers": scene_workers({"nodeSelector": {"owner": "north"}})}
    scene.turn()
    scene.open("w1")  # On a node that nobody knew of yet.
    scene.now_ms += HOUR
    scene.declare(institution("north", generation=2), in_kind(10))
    assert scene.turn() == (True, "", HOUR)
    scene.now_ms += HOUR
    scene.close("w1")
    scene.status = {"phase": "Succeeded", "startTime": "2026-11-10T00:00:00Z", "finishTime": "2026-11-10T02:00:00Z"}
    scene.turn()
    assert (scene.line()["reserved"], scene.line()["expended"]) == (0, 2 * HOUR)
    charge = scene.ledger.find(f"charge/{UID}/own/accelerator:A100/{START}")
    assert isinstance(charge, Charge)
    assert charge.quantity_ms == 2 * HOUR


def test_what_a_job_held_on_own_machines_that_is_gone_is_in_the_books(scene_of: Callable[..., Scene]) -> None:
    machines = {"type": "A100", "count": 4, "from": "2026-01-01", "nodeSelector": {"owner": "north"}}
    scene = scene_of(institution("north", holds={"accelerators": [machines]}))
    scene.open("w1", own=True)
    scene.now_ms += HOUR
    scene.close("w1")
    scene.declare(institution("north", generation=2))
    for kinds in (KINDS, {"nvidia.com/gpu": "A100-80GB"}):
        assert settle_orphan(scene.ledger, UID, kinds, scene.now_ms)
    with scene.ledger.books() as books:
        assert len(books.charges(0, scene.now_ms + 1)) == 1
    charge = scene.ledger.find(f"charge/{UID}/own/accelerator:A100/{START}")
    assert isinstance(charge, Charge)
    assert charge.quantity_ms == 2 * HOUR


def test_a_node_is_an_institutions_own_by_the_selectors_of_its_machines() -> None:
    def owner(**changes: Any) -> Institution:
        machines = {"type": "A100", "count": 4, "from": "2026-01-01"} | changes
        return Institution.model_validate(institution("north", holds={"accelerators": [machines]}))

    own, labels = owner(nodeSelector={"owner": "north"}), {"owner": "north", "disk": "fast"}
    assert on_own_node(own, labels, "A100", START)
    assert not on_own_node(own, {"disk": "fast"}, "A100", START)
    assert not on_own_node(own, labels, "H100", START)
    assert not on_own_node(own, labels, "A100", at("2025-12-31"))
    # Machines without a selector are in no node of this cluster.
    assert not on_own_node(owner(), labels, "A100", START)
    assert not on_own_node(None, labels, "A100", START)


def scene_workers(template: dict[str, Any]) -> dict[str, Any]:
    return {"resources": {"train": {"limits": {"nvidia.com/gpu": "2"}}}, "template": template}
