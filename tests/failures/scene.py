"""Everything that a test of a failure has, and what must be true after each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psutil

from cluster import node
from failures.process import OperatorProcess
from failures.proxy import Proxy
from failures.witness import Witness
from local.runs.harness import wait_until
from operator_tests.tenant import Tenant, stage_of

PATIENCE_SECONDS = 90


@dataclass(frozen=True)
class Scene:
    """A tenant's jobs, the operator behind a proxy, and a witness of all that happens."""

    tenant: Tenant
    proxy: Proxy
    operator: OperatorProcess
    witness: Witness

    def begin(self, name: str, replicas: int = 2, **changes: Any) -> None:
        """Start the operator and a job; return when all its ranks run."""
        self.operator.start()
        self.tenant.apply(self.tenant.waiting(name, replicas=replicas, **changes))
        ranks = [f"started-{rank}" for rank in range(replicas)]
        wait_until(lambda: self.tenant.started(name) == ranks, f"{replicas} ranks of {name} to start", PATIENCE_SECONDS)

    def finish(self, name: str, *, attempt: int = 1, restarts: int = 0) -> None:
        """Let the ranks end; then everything has to be right."""
        self.tenant.go(name)
        self.tenant.wait_for_phase(name, "Succeeded", PATIENCE_SECONDS)
        stage = stage_of(self.tenant.status(name))
        found = {name: stage[name] for name in ("attempt", "restarts")}
        assert found == {"attempt": attempt, "restarts": restarts}, found
        self.settle()

    def settle(self) -> None:
        """Wait until nothing is held; hold the operator to what it promises."""
        wait_until(lambda: self.witness.held() == [], "no pod with a finalizer", PATIENCE_SECONDS)
        wrong = [*self.witness.faults, *self.witness.books_match(self.operator.books)]
        assert wrong == [], "\n".join(wrong)

    def at_rest(self, name: str) -> bool:
        """Tell whether a job has ended and nothing of it is left to do."""
        return self.tenant.phase(name) == "Succeeded" and self.witness.held() == []

    def ended_pods(self, name: str) -> list[str]:
        """Return the pods of a job of which nothing runs any more."""
        phases = self.tenant.phases().items()
        return sorted(pod for pod, phase in phases if pod.startswith(f"{name}-") and phase in ("Succeeded", "Failed"))


def processes(pod: str, module: str) -> list[psutil.Process]:
    """Return the processes of a pod that run a module: the agent ``ullage_trainer``, or the rank's ``.task``."""
    first = node.running()
    assert first is not None
    found = []
    for process in first.children(recursive=True):
        try:
            if process.environ().get("HOSTNAME") == pod and module in process.cmdline():
                found.append(process)
        except psutil.Error:
            continue
    return found


def component(name: str) -> psutil.Process:
    """Return a part of the node: etcd, the kubelet."""
    first = node.running()
    assert first is not None
    (found,) = (child for child in first.children() if child.cmdline()[0].rsplit("/", 1)[-1] == name)
    return found
