"""Training on pods, on real data: the manifest and the data that ``ullage run`` takes give the same model there."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

from cluster.node import ROOT
from local.runs.harness import ULLAGE, wait_until
from operator_tests.install import Operator
from operator_tests.tenant import CLAIM, Tenant, stage_of

DATA = ROOT / ".cache" / "data" / "flights"
VARIANTS = ["float16"]


def flights() -> dict[str, Any]:
    """The example, exact and short: the same bits are to come of it wherever it runs."""
    manifest: dict[str, Any] = yaml.safe_load((ROOT / "manifests" / "examples" / "flight-delays.yaml").read_text())
    spec = manifest["spec"]
    spec["model"]["mlp"]["dropout"] = 0
    spec["training"] |= {"epochs": 2, "exact": True}
    spec["quantize"] = {"variants": VARIANTS}
    small = {"requests": {"cpu": "200m", "memory": "1Gi"}}
    spec["workers"] = {"replicas": 3, "resources": dict.fromkeys(("prepare", "train", "quantize"), small)}
    spec["storage"] = {"persistentVolumeClaim": {"claimName": CLAIM}}
    return manifest


def test_the_same_manifest_gives_the_same_metrics_on_three_pods_as_on_this_machine(
    tenant: Tenant, operator: Operator, tmp_path: Path
) -> None:
    manifest = flights()
    shutil.copytree(DATA, tenant.storage / "data")
    tenant.apply(manifest)
    tenant.wait_for_phase("flight-delays", "Succeeded", 480)
    status = tenant.status("flight-delays")
    assert operator.books.holds("flight-delays") == {
        "prepare Succeeded": 1,
        "train Succeeded": 3,
        "quantize Succeeded": 1,
    }
    assert [row["variant"] for row in status["variants"]] == ["float", *VARIANTS]
    made = tenant.storage / status["artifacts"]
    assert {"manifest.json", "model-card.md", "model.float16.tflite"} <= {path.name for path in made.iterdir()}
    wait_until(lambda: not any(pod.metadata.finalizers for pod in tenant.pods().values()), "pods without finalizers")
    told = ["Starting", "StageSucceeded", "Starting", "StageSucceeded", "Starting", "Completed"]
    wait_until(lambda: tenant.events("flight-delays") == told, f"the events {told}")

    shutil.copytree(DATA, tmp_path / ".ullage" / "storage" / "data")
    (tmp_path / "job.yaml").write_text(yaml.safe_dump(manifest))
    ran = subprocess.run(
        [str(ULLAGE), "run", "job.yaml", "--output", "json"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    local = json.loads(ran.stdout)["job"]["status"]
    assert status["metrics"] == local["metrics"]
    assert [row["metric"] for row in status["variants"]] == [row["metric"] for row in local["variants"]]


def test_training_that_is_suspended_goes_on_from_its_checkpoint(tenant: Tenant, operator: Operator) -> None:
    manifest = flights()
    spec = manifest["spec"]
    del spec["quantize"]
    spec["training"] |= {"epochs": 6, "exact": False}
    spec["workers"] |= {"replicas": 2, "slotsPerWorker": 2}
    shutil.copytree(DATA, tenant.storage / "data")
    name = manifest["metadata"]["name"] = "suspended-flights"
    tenant.apply(manifest)
    tenant.wait(name, lambda status: (status.get("progress") or {}).get("epoch") == 2, "the second epoch", 240)
    tenant.patch(name, {"runPolicy": {"suspend": True}})
    tenant.wait_for_phase(name, "Suspended")
    suspended = stage_of(tenant.status(name))
    assert suspended["checkpoint"]["epoch"] >= 1
    tenant.patch(name, {"runPolicy": {"suspend": False}})
    tenant.wait_for_phase(name, "Succeeded", 240)
    status = tenant.status(name)
    stage = stage_of(status)
    assert (stage["attempt"], stage["restarts"]) == (2, 0)
    # What had been gone through before was not gone through again.
    prepared = tenant.storage / stage_of(status, "prepare")["output"]["path"]
    assert stage["usage"]["samples"] == 6 * json.loads((prepared / "dataset.json").read_text())["rows"]["train"]
    assert operator.books.holds(name) == {"prepare Succeeded": 1, "train Stopped": 2, "train Succeeded": 2}


def test_a_job_deleted_in_any_stage_leaves_no_pod_and_every_hold_released(tenant: Tenant, operator: Operator) -> None:
    manifest = flights()
    manifest["metadata"]["name"] = "deleted"
    manifest["spec"]["training"] |= {"epochs": 1, "exact": False}
    manifest["spec"]["workers"]["replicas"] = 2
    shutil.copytree(DATA, tenant.storage / "data")
    for stage in ("prepare", "train", "quantize"):
        # Stages that were done before are found, and not run again.
        tenant.apply(manifest)
        workers = [f"deleted-{stage}-1-{index}" for index in range(2 if stage == "train" else 1)]
        wait_until(lambda names=workers: all(runs(tenant, name) for name in names), f"pods of {stage} that run", 300)
        tenant.delete("deleted")
        wait_until(lambda: tenant.pods() == {}, "no pods")
    holds = operator.books.holds("deleted")
    stopped = {name: count for name, count in holds.items() if name.endswith("Stopped")}
    assert stopped == {"prepare Stopped": 1, "train Stopped": 2, "quantize Stopped": 1}
    assert not [name for name in holds if name.endswith("Open")]
    assert operator.books.verified() == []


def runs(tenant: Tenant, name: str) -> bool:
    pod = tenant.pods().get(name)
    statuses = [] if pod is None else pod.status.container_statuses or []
    return any(status.state.running is not None for status in statuses)
