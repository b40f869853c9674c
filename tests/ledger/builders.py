"""Entries as tests need them: one worker of one job, at round times."""

from __future__ import annotations

from ullage_operator.ledger import (
    Activity,
    DataUse,
    Energy,
    EntryContext,
    HoldOpened,
    HoldReleased,
    Outcome,
    Provenance,
)
from ullage_trainer.config import Stage, Usage, Use

NORTH = EntryContext(
    job_uid="job-uid-1",
    namespace="physics",
    job="flights",
    institution="north",
    programme="open-models",
    model_family="mlp",
)
ENERGY = Energy(joules=100, joules_low=30, joules_high=200, provenance=Provenance.ESTIMATED, method="a model")


def hold(worker_uid: str = "worker-1", **changes: object) -> HoldOpened:
    """Two ranks on two accelerators, from second 1."""
    facts: dict[str, object] = {
        "context": NORTH,
        "stage": Stage.TRAIN,
        "attempt": 1,
        "index": 0,
        "slots": 2,
        "accelerators": 2,
        "accelerator_type": "a100",
        "cpu_millis": 1500,
        "memory_mib": 2048,
        "from_ms": 1_000,
    }
    return HoldOpened.model_validate({"worker_uid": worker_uid, **facts, **changes})


def release(worker_uid: str = "worker-1", **changes: object) -> HoldReleased:
    """Ended well, at second 11."""
    facts: dict[str, object] = {
        "context": NORTH,
        "to_ms": 11_000,
        "outcome": Outcome.SUCCEEDED,
        "provenance": Provenance.MEASURED,
        "source": "exit of the process",
    }
    return HoldReleased.model_validate({"worker_uid": worker_uid, **facts, **changes})


def activity(worker_uid: str = "worker-1", **changes: object) -> Activity:
    """Eight seconds of work within the hold, from second 2 to second 10."""
    facts: dict[str, object] = {
        "context": NORTH,
        "from_ms": 2_000,
        "to_ms": 10_000,
        "usage": Usage(
            wall_ms=8_000,
            cpu_ms=9_000,
            peak_memory_bytes=500_000_000,
            gpu_ms=16_000,
            gpu_active_ms=12_000,
            gpu_joules=40,
            bytes_read=1_000,
            samples=4_000,
        ),
        "ranks": ((0, 5_000, 500_000_000), (1, 4_000, 400_000_000)),
        "energy": ENERGY,
    }
    return Activity.model_validate({"worker_uid": worker_uid, **facts, **changes})


def data_use(worker_uid: str = "worker-1", **changes: object) -> DataUse:
    """One asset, reported at second 3."""
    facts: dict[str, object] = {
        "context": NORTH,
        "at_ms": 3_000,
        "use": Use(asset="flights", fingerprint="f1", rows_read=100, rows_accepted=90, bytes=5_000),
    }
    return DataUse.model_validate({"worker_uid": worker_uid, **facts, **changes})
