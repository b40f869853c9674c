"""A real training that loses a worker's pod ends, bit by bit, with the weights of one that lost none."""

from __future__ import annotations

import json
import shutil
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from cluster.node import ROOT
from failures.scene import Scene
from local.runs.harness import wait_until
from operator_tests.tenant import CLAIM, stage_of

DATA = ROOT / ".cache" / "data" / "flights"
NAME = "flight-delays"
FLIGHTS = 50_000
"""Of 336,776: training on them takes long enough to lose a worker, and not much longer."""


def exact_flights() -> dict[str, Any]:
    """The example, exact and short."""
    manifest: dict[str, Any] = yaml.safe_load((ROOT / "manifests" / "examples" / "flight-delays.yaml").read_text())
    spec = manifest["spec"]
    del spec["quantize"]
    spec["model"]["mlp"]["dropout"] = 0
    spec["training"] |= {"epochs": 8, "exact": True, "baselines": [], "checkpoints": {"everySteps": 50}}
    small = {"requests": {"cpu": "200m", "memory": "1Gi"}}
    spec["workers"] = {"replicas": 2, "resources": dict.fromkeys(("prepare", "train"), small)}
    spec["runPolicy"] = {"maxRestarts": 0}
    spec["storage"] = {"persistentVolumeClaim": {"claimName": CLAIM}}
    return manifest


def store_flights(folder: Path) -> None:
    shutil.copytree(DATA, folder)
    with (DATA / "flights.csv").open() as whole:
        (folder / "flights.csv").write_text("".join(islice(whole, 1 + FLIGHTS)))


def checkpoints(scene: Scene) -> list[Path]:
    """Return the whole checkpoints of first attempts that are in the job's folder."""
    return list(scene.tenant.storage.glob(f"{NAME}/runs/*/train-1/checkpoints/*/manifest.json"))


def test_a_training_that_lost_a_pod_ends_bit_equal_to_one_that_lost_none(scene: Scene, tmp_path: Path) -> None:
    store_flights(scene.tenant.storage / "data")
    scene.operator.start()
    scene.tenant.apply(exact_flights())
    scene.tenant.wait_for_phase(NAME, "Succeeded", 240)
    undisturbed = tmp_path / "undisturbed"
    # Where it is, the same job made anew would find that nothing is left to train.
    made(scene).rename(undisturbed)
    scene.tenant.delete(NAME)
    wait_until(lambda: NAME not in scene.tenant.jobs() and scene.tenant.pods() == {}, "no job, and no pod of it", 60)

    scene.tenant.apply(exact_flights())
    wait_until(lambda: checkpoints(scene) != [], "a checkpoint", 240)
    scene.tenant.core.delete_namespaced_pod(f"{NAME}-train-1-1", scene.tenant.namespace, grace_period_seconds=0)
    scene.tenant.wait_for_phase(NAME, "Succeeded", 240)
    stage = stage_of(scene.tenant.status(NAME))
    assert (stage["attempt"], stage["restarts"]) == (2, 0)
    assert "training: going on after step" in scene.tenant.kubectl("logs", f"{NAME}-train-2-0").stdout
    scene.settle()

    found, expected = arrays(made(scene)), arrays(undisturbed)
    assert {name: array.tobytes() for name, array in found.items()} == {
        name: array.tobytes() for name, array in expected.items()
    }
    assert summary(made(scene)) == summary(undisturbed)


def made(scene: Scene) -> Path:
    """Return the folder of what the job's training made."""
    return scene.tenant.storage / str(stage_of(scene.tenant.status(NAME))["output"]["path"])


def arrays(output: Path) -> dict[str, np.ndarray]:
    """Return weights and the optimizer's state at the end."""
    with np.load(max((output / "checkpoints").iterdir()) / "state.npz") as state:
        return dict(state)


def summary(output: Path) -> tuple[str, dict[str, float]]:
    """Return the digest of the weights that are the model, and what they are worth."""
    told = json.loads((output / "summary.json").read_text())
    return told["weightsSha256"], told["metrics"]
