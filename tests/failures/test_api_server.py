"""The API server is slow, refuses, forgets, drops connections, is away and comes back: jobs end all the same."""

from __future__ import annotations

import pytest

from failures.scene import Scene, component
from local.runs.harness import wait_until
from operator_tests.tenant import stage_of

STATUS = r"/trainingjobs/[^/]+/status$"
PODS = r"/pods(/|$)"
BURST = 3


def test_a_slow_api_server_makes_jobs_late_and_nothing_else(scene: Scene) -> None:
    scene.proxy.delay_seconds = 0.3
    scene.begin("slow", replicas=1)
    scene.finish("slow")


@pytest.mark.parametrize("status", [409, 429, 500])
def test_what_is_refused_for_a_while_is_done_later(scene: Scene, status: int) -> None:
    opening = [
        scene.proxy.refuse(status, BURST, method, path)
        for method, path in (("PUT", STATUS), ("POST", PODS), ("POST", "/services$"), ("POST", "/events$"))
    ]
    scene.begin("refused", runPolicy={"cleanPodPolicy": "All"})
    ending = [
        scene.proxy.refuse(status, BURST, method, path)
        for method, path in (("PUT", STATUS), ("PATCH", PODS), ("DELETE", PODS))
    ]
    scene.finish("refused")
    wait_until(lambda: scene.tenant.pods() == {}, "no pods")
    done = [(refusal.method, refusal.done) for refusal in (*opening, *ending) if refusal.path != "/events$"]
    assert done == [(method, BURST) for method, _ in done]


def test_a_stop_that_is_refused_at_first_is_done_later(scene: Scene) -> None:
    scene.begin("stopped")
    for method in ("PATCH", "DELETE"):
        scene.proxy.refuse(409, BURST, method, PODS)
    scene.tenant.patch("stopped", {"runPolicy": {"suspend": True}})
    scene.tenant.wait_for_phase("stopped", "Suspended", 90)
    scene.tenant.patch("stopped", {"runPolicy": {"suspend": False}})
    scene.finish("stopped", attempt=2)


def test_watches_that_are_too_old_are_opened_again(scene: Scene) -> None:
    scene.begin("forgotten", replicas=1)
    assert scene.proxy.end_watches(410) >= 2
    scene.tenant.patch("forgotten", {"runPolicy": {"suspend": True}})
    scene.tenant.wait_for_phase("forgotten", "Suspended", 90)
    scene.proxy.end_watches(410)
    scene.tenant.patch("forgotten", {"runPolicy": {"suspend": False}})
    scene.finish("forgotten", attempt=2)


def test_an_operator_that_hears_of_jobs_no_more_is_not_well_and_the_next_one_goes_on(scene: Scene) -> None:
    scene.begin("unheard-of", replicas=1)
    wait_until(scene.operator.is_well, "an operator that is well", 30)
    scene.proxy.end_watches(500)
    wait_until(lambda: not scene.operator.is_well(), "an operator that is not well", 30)
    scene.operator.kill()
    scene.operator.start()
    scene.finish("unheard-of")


def test_connections_that_are_dropped_at_any_moment_lose_nothing(scene: Scene) -> None:
    scene.operator.start()
    scene.tenant.apply(scene.tenant.waiting("dropped", replicas=2))
    for pods in range(3):
        wait_until(lambda pods=pods: len(scene.witness.attempts()) >= pods, f"{pods} pods", 60)  # type: ignore[misc]
        scene.proxy.cut()
    scene.tenant.wait("dropped", lambda status: stage_of(status).get("workersReady") == 2, "two workers that run")
    scene.proxy.cut()
    scene.finish("dropped")


def test_pods_that_end_while_nobody_answers_are_in_the_books_when_somebody_does(scene: Scene) -> None:
    scene.begin("unheard")
    scene.proxy.hold()
    scene.tenant.go("unheard")
    wait_until(lambda: len(scene.ended_pods("unheard")) == 2, "both pods to end", 60)
    assert scene.tenant.phase("unheard") == "Running"
    scene.proxy.cut()
    scene.proxy.go_on()
    scene.finish("unheard")


def test_an_api_server_that_starts_again_finds_the_operator_where_it_was(scene: Scene) -> None:
    scene.begin("restarted", replicas=1)
    server = component("kube-apiserver")
    server.kill()
    server.wait(60)
    scene.tenant.go("restarted")
    wait_until(lambda: answers(scene), "an API server that answers", 60)
    scene.finish("restarted")
    assert scene.operator.alive


def answers(scene: Scene) -> bool:
    return scene.tenant.kubectl("get", "--raw", "/readyz").returncode == 0


def test_a_database_of_the_cluster_s_that_pauses_delays_what_happens(scene: Scene) -> None:
    scene.begin("paused", replicas=1)
    etcd = component("etcd")
    etcd.suspend()
    try:
        scene.tenant.go("paused")
        # The ranks end meanwhile, and nobody can write down that they did.
        said = scene.tenant.kubectl("patch", "tj", "paused", "--type=merge", "--patch={}", "--request-timeout=3s")
    finally:
        etcd.resume()
    assert said.returncode == 1
    scene.finish("paused")
