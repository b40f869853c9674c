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
from operator_tests.tenant import CLAIM, Tenant

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

    shutil.copytree(DATA, tmp_path / ".ullage" / "storage" / "data")
    (tmp_path / "job.yaml").write_text(yaml.safe_dump(manifest))
    ran = subprocess.run(
        [str(ULLAGE), "run", "job.yaml", "--output", "json"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    local = json.loads(ran.stdout)["job"]["status"]
    assert status["metrics"] == local["metrics"]
    assert [row["metric"] for row in status["variants"]] == [row["metric"] for row in local["variants"]]
