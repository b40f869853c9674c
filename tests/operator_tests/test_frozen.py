"""The operator's process stands still for a minute, and jobs go on without it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
from kubernetes import config

from failures.scene import processes
from failures.witness import Witness
from local.runs.harness import wait_until
from operator_tests.install import Operator, ready
from operator_tests.tenant import Tenant, stage_of

MINUTE_SECONDS = 60
LEAST_GRACE = {"template": {"terminationGracePeriodSeconds": 3}}


@contextlib.contextmanager
def frozen_for_a_minute(operator: Operator) -> Iterator[None]:
    """Halt the operator's process; what is to happen meanwhile may take less than a minute, and no more."""
    (pod,) = operator.pods()
    (process,) = processes(pod.metadata.name, "ullage_operator")
    process.suspend()
    since = time.monotonic()
    try:
        yield
        wait_until(lambda: time.monotonic() - since >= MINUTE_SECONDS, "a minute to pass", MINUTE_SECONDS + 5)
    finally:
        # The kubelet asks every 20 s and gives up after the third time in vain: that is at about the same time, and
        # then it has ended the process, or ends it as soon as it goes on.
        with contextlib.suppress(psutil.NoSuchProcess):
            process.resume()


def test_after_a_minute_in_which_the_operator_stood_still_jobs_go_on_and_no_second_is_lost(
    operator: Operator, tenant: Tenant, kubeconfig: Path
) -> None:
    configuration = config.new_client_from_config(str(kubeconfig)).configuration
    with Witness(configuration, tenant.namespace) as witness:
        for name, replicas in (("ends", 1), ("loses", 2)):
            policy = {"maxRestarts": 0}
            tenant.apply(tenant.waiting(name, replicas=replicas, runPolicy=policy, workers=LEAST_GRACE))
        wait_until(
            lambda: (tenant.started("ends"), tenant.started("loses")) == (["started-0"], ["started-0", "started-1"]),
            "ranks",
            90,
        )
        with frozen_for_a_minute(operator):
            tenant.go("ends")
            tenant.core.delete_namespaced_pod("loses-train-1-1", tenant.namespace)
            wait_until(lambda: ended(tenant) >= {"ends-train-1-0", "loses-train-1-1"}, "two pods to end", 30)
            assert (tenant.phase("ends"), tenant.phase("loses")) == ("Running", "Running")
        tenant.wait_for_phase("ends", "Succeeded", 90)
        tenant.wait("loses", lambda status: stage_of(status)["attempt"] == 2, "a second attempt")
        tenant.go("loses")
        tenant.wait_for_phase("loses", "Succeeded", 90)
        assert stage_of(tenant.status("loses"))["restarts"] == 0
        wait_until(lambda: witness.held() == [], "no pod with a finalizer", 90)
        wrong = [*witness.faults, *witness.books_match(operator.books)]
        assert wrong == [], "\n".join(wrong)
    wait_until(lambda: [ready(pod) for pod in operator.pods()] == [True], "an operator that is ready", 60)
    (pod,) = operator.pods()
    restarts = pod.status.container_statuses[0].restart_count
    print(f"the kubelet has started the operator again {restarts} time(s)")
    assert restarts <= 1


def ended(tenant: Tenant) -> set[str]:
    return {pod for pod, phase in tenant.phases().items() if phase in ("Succeeded", "Failed")}
