"""The operator dies at any of its writes, and the next one goes on as if nothing had been."""

from __future__ import annotations

from failures.scene import Scene
from local.runs.harness import wait_until
from operator_tests.tenant import stage_of

MORE_THAN_ALL = 40
"""A job's life has fewer writes."""
FEWEST = 10
"""It has more."""
FEWEST_OF_A_STOP = 4
"""The stop in the status, a deletion, a release, the end in the status; those of two workers may go at once."""


def test_killed_at_any_write_of_a_job_s_life_the_operator_loses_nothing(scene: Scene) -> None:
    for write in range(1, MORE_THAN_ALL):
        if not dies_at(scene, write):
            assert write > FEWEST
            return
    raise AssertionError(f"expected fewer than {MORE_THAN_ALL} writes, found {scene.proxy.writes}")


def dies_at(scene: Scene, write: int) -> bool:
    """Kill one operator after its n-th write, and the next before its first; return whether there were so many."""
    name = f"life-{write}"
    scene.operator.start()
    first = scene.proxy.kill_at(write, scene.operator.kill, after=True)
    scene.tenant.apply(scene.tenant.waiting(name, replicas=2))
    scene.tenant.go(name)
    wait_until(lambda: first.done or at_rest(scene, name, "Succeeded"), f"the {write}. write of {name}", 60)
    if first.done:
        second = scene.proxy.kill_at(1, scene.operator.kill, after=False)
        scene.operator.start()
        wait_until(lambda: second.done or scene.at_rest(name), f"a write of {name} by the next operator", 60)
        scene.operator.start()
    scene.tenant.wait_for_phase(name, "Succeeded", 60)
    scene.settle()
    stage = stage_of(scene.tenant.status(name))
    assert (stage["attempt"], stage["restarts"]) == (1, 0)
    mine = [pod for pod in scene.witness.attempts() if pod.startswith(f"{name}-")]
    assert mine == [f"{name}-train-1-0", f"{name}-train-1-1"]
    scene.proxy.death = None
    return first.done


def test_a_stop_of_which_each_write_is_some_operator_s_last_is_a_stop(scene: Scene) -> None:
    scene.begin("halts", workers={"template": {"terminationGracePeriodSeconds": 3}})
    scene.tenant.patch("halts", {"runPolicy": {"suspend": True}})
    deaths = 0
    while dies_again(scene):
        deaths += 1
    scene.proxy.death = None
    wait_until(lambda: scene.proxy.writing == 0, "no write for which an operator may still die", 60)
    scene.operator.start()
    assert deaths >= FEWEST_OF_A_STOP
    scene.tenant.patch("halts", {"runPolicy": {"suspend": False}})
    scene.finish("halts", attempt=2)


def dies_again(scene: Scene) -> bool:
    """Kill an operator after its next write; return whether there was one before the job was at rest."""
    death = scene.proxy.kill_at(1, scene.operator.kill, after=True)
    scene.operator.start()
    wait_until(lambda: death.done or at_rest(scene, "halts", "Suspended"), "another write, or a job at rest", 60)
    return death.done


def at_rest(scene: Scene, name: str, phase: str) -> bool:
    """Tell whether nothing is left to do, and no write is on its way for which the operator may still die."""
    return scene.tenant.phase(name) == phase and scene.witness.held() == [] and scene.proxy.writing == 0
