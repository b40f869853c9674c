"""From submitting a job to the end of its first training step on the real node, beside the same pods made by hand.

The pods of both sides are those that the operator makes, with the same trainer in them; those made by hand have no
owner and no finalizer, and nobody looks after them or writes down what they take.
"""

from __future__ import annotations

import argparse
import http.client
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kubernetes import client, config

from bench.pairs import alternate, median_interval
from bench.training import BATCH, FEATURES, HIDDEN, prepare
from cluster import images, node, ways
from failures.definitions import definitions
from failures.process import free_port
from local.runs.harness import wait_until
from operator_tests.tenant import CLAIM, Tenant, job
from operator_tests.volumes import tenant_in
from ullage_operator.api import parse
from ullage_operator.cluster.names import COORDINATOR_PORT, SERVICE, STORAGE_ROOT
from ullage_operator.cluster.pods import PodSettings, placed, pod, service
from ullage_operator.plan import worker_plans
from ullage_operator.plan.documents import stage_document
from ullage_trainer.config import Stage

ROWS = 20_000
WORKERS = 2
BARE = "bare"
"""The name of what is made by hand: its Service, and the label by which that finds its pods."""
PATIENCE_SECONDS = 180


def main(arguments: Sequence[str]) -> None:
    """Print the seconds of both sides, pair by pair, and their ratio."""
    parser = argparse.ArgumentParser(prog="python -m bench submit", description=__doc__)
    parser.add_argument("--pairs", type=int, default=7, help="alternating pairs (default: 7)")
    pairs: int = parser.parse_args(arguments).pairs
    with _cluster(), tempfile.TemporaryDirectory(prefix="ullage-bench-") as scratch:
        core = client.CoreV1Api(config.new_client_from_config(str(node.KUBECONFIG)))
        with (
            definitions(core),
            _namespace(core) as namespace,
            tenant_in(core, namespace, Path(scratch) / "storage", node.KUBECONFIG) as tenant,
            _operator(Path(scratch)),
        ):
            core.create_namespaced_service(namespace, _bare_service())
            prepare(tenant.storage, ROWS)
            # What is done once in the life of a namespace or a node counts on no side.
            _first_step(tenant, "warm-up", _submit)
            print(f"submit: {WORKERS} pods of one rank, {ROWS:,} rows × {FEATURES}, MLP {HIDDEN}", flush=True)
            ratios = alternate(
                lambda: _first_step(tenant, f"job-{uuid.uuid4().hex[:8]}", _submit),
                lambda: _first_step(tenant, f"bare-{uuid.uuid4().hex[:8]}", _create),
                pairs,
                ("TrainingJob", "bare pods"),
                "s",
            )
    median, low, high = median_interval(ratios)
    print(f"submit: TrainingJob / bare pods = {median:.3f} (median of {pairs} pairs; {low:.3f} to {high:.3f})")


def _manifest(name: str) -> dict[str, Any]:
    """Return a job that trains on the data set that is prepared."""
    spec = {
        "inputs": {"dataset": "bench-1/runs/bench/prepare-1"},
        "model": {"mlp": {"hiddenUnits": HIDDEN}},
        "training": {"epochs": 1, "globalBatchSize": BATCH},
        "workers": {"replicas": WORKERS, "resources": {"train": {"requests": {"cpu": "500m", "memory": "1Gi"}}}},
        "storage": {"persistentVolumeClaim": {"claimName": CLAIM}},
    }
    return job(name, spec)


def _first_step(tenant: Tenant, name: str, begin: Any) -> float:
    """Begin, wait for the end of the first step, take all away; return the seconds from the one to the other."""
    began = time.time()
    begin(tenant, name)
    seconds = _step_ms(tenant, f"{name}-train-1-0") / 1000 - began
    if name in tenant.jobs():
        tenant.delete(name)
    for made in tenant.pods():
        try:
            tenant.core.delete_namespaced_pod(made, tenant.namespace, grace_period_seconds=1)
        except client.ApiException as error:
            if error.status != http.client.NOT_FOUND:
                raise
    wait_until(lambda: not tenant.pods() and not tenant.jobs(), "nothing left", PATIENCE_SECONDS)
    return seconds


def _submit(tenant: Tenant, name: str) -> None:
    tenant.apply(_manifest(name))


def _create(tenant: Tenant, name: str) -> None:
    """Make the pods that the operator would make, and no more."""
    body = _manifest(name)
    body["metadata"] |= {"namespace": tenant.namespace, "uid": str(uuid.uuid4())}
    known = parse({**body, "status": {"image": images.reference("trainer")}}, source=name)
    settings = PodSettings(image_pull_policy="Never")
    document = placed(stage_document(known, Stage.TRAIN, 1, {}, STORAGE_ROOT), settings)
    host = (document.gang.coordinator_host or "").replace(f".{SERVICE}.", f".{BARE}.")
    gang = document.gang.model_copy(update={"coordinator_host": host})
    for plan in worker_plans(known, Stage.TRAIN, 1):
        made = pod(known, document.model_copy(update={"gang": gang}), plan, bytes(32), settings)
        # By our labels the operator would know them, and end them as those of a job that is gone.
        made["metadata"] |= {"labels": {BARE: str(plan.index)}, "finalizers": [], "ownerReferences": []}
        made["spec"]["subdomain"] = BARE
        tenant.core.create_namespaced_pod(tenant.namespace, made)


def _bare_service() -> dict[str, Any]:
    """Return the headless Service by which bare pods find the first of them."""
    body = service("")
    body["metadata"] = {"name": BARE}
    body["spec"]["selector"] = {BARE: "0"}
    return body


def _step_ms(tenant: Tenant, name: str) -> int:
    """Return when the first step ended, in milliseconds since 1970, as worker 0 tells it."""

    def address() -> str:
        found = tenant.pods().get(name)
        return (found.status.pod_ip or "") if found is not None else ""

    wait_until(lambda: address() != "", f"an address of {name}", PATIENCE_SECONDS)
    if (first := node.running()) is None:
        raise SystemExit("submit: the node is gone")
    entered = ["nsenter", "--target", str(first.pid), "--net", sys.executable, "-m", "bench.first_step"]
    asked = subprocess.run(
        [*entered, address(), str(COORDINATOR_PORT)], capture_output=True, text=True, check=False, cwd=node.ROOT
    )
    if asked.returncode:
        raise SystemExit(f"submit: {name}: {asked.stderr.strip()}; found {tenant.phases()}")
    return int(asked.stdout)


@contextmanager
def _cluster() -> Iterator[None]:
    """Have the Kubernetes of one node, with the images; leave it as it was found."""
    ours = node.running() is None
    if ours:
        node.up(_say)
    try:
        images.build(_say)
        images.load(ways.Own(), _say)
        yield
    finally:
        if ours:
            node.down(_say)


@contextmanager
def _namespace(core: client.CoreV1Api) -> Iterator[str]:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    made = core.create_namespace(client.V1Namespace(metadata={"generateName": "bench-", "labels": labels}))
    try:
        yield made.metadata.name
    finally:
        core.delete_namespace(made.metadata.name)


@contextmanager
def _operator(folder: Path) -> Iterator[None]:
    """Run the operator, with its defaults, as a process of this machine."""
    command = [
        *(sys.executable, "-m", "ullage_operator", "--state", str(folder / "state"), "--cluster", "bench"),
        *("--trainer-image", images.reference("trainer"), "--image-pull-policy", "Never"),
        *("--metrics-port", str(free_port()), "--health-port", str(free_port())),
    ]
    with (folder / "operator.log").open("wb") as log:
        running = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=os.environ | {"KUBECONFIG": str(node.KUBECONFIG)},
        )
    try:
        yield
    finally:
        running.terminate()
        running.wait()


def _say(line: str) -> None:
    print(f"submit: {line}", flush=True)
