from __future__ import annotations

from typing import Any

import pytest

from plan.builders import PREPARE, QUANTIZE, TRAIN, make_job
from ullage_operator.plan import WorkerPlan, worker_plans
from ullage_trainer.config import Stage

GPU = {"nvidia.com/gpu": "2"}


def plans_of(train: dict[str, Any]) -> tuple[WorkerPlan, ...]:
    return worker_plans(make_job(workers={"resources": {"train": train}}), TRAIN, 1)


def test_training_has_a_worker_for_each_replica_named_after_what_it_is() -> None:
    job = make_job(
        workers={
            "replicas": 2,
            "slotsPerWorker": 2,
            "resources": {"train": {"requests": {"cpu": "1500m", "memory": "3Gi"}, "limits": GPU}},
        }
    )
    assert worker_plans(job, TRAIN, 3) == tuple(
        WorkerPlan(
            name=f"points-train-3-{index}",
            stage=TRAIN,
            attempt=3,
            index=index,
            slots=2,
            cpu_millis=1500,
            memory_mib=3072,
            accelerators=2,
            accelerator_type="nvidia.com/gpu",
        )
        for index in (0, 1)
    )


@pytest.mark.parametrize("stage", [PREPARE, QUANTIZE])
def test_other_stages_have_one_worker_with_one_slot_and_none_of_training_s_accelerators(stage: Stage) -> None:
    job = make_job(workers={"replicas": 2, "slotsPerWorker": 8, "resources": {"train": {"limits": GPU}}})
    assert worker_plans(job, stage, 1) == (
        WorkerPlan(
            name=f"points-{stage}-1-0",
            stage=stage,
            attempt=1,
            index=0,
            slots=1,
            cpu_millis=1000,
            memory_mib=2048,
            accelerators=0,
            accelerator_type=None,
        ),
    )


def test_a_limit_without_a_request_is_the_request_too() -> None:
    (plan,) = plans_of({"requests": {}, "limits": {"cpu": "4", "memory": "1000M"}})
    assert (plan.cpu_millis, plan.memory_mib) == (4000, 954)


def test_a_request_below_its_limit_is_what_is_held() -> None:
    (plan,) = plans_of({"requests": {"cpu": "100m", "memory": "1Mi"}, "limits": {"cpu": "4", "memory": "2Gi"}})
    assert (plan.cpu_millis, plan.memory_mib) == (100, 1)


def test_a_part_of_a_mebibyte_counts_as_one() -> None:
    (plan,) = plans_of({"requests": {"memory": "1"}})
    assert (plan.cpu_millis, plan.memory_mib) == (0, 1)


@pytest.mark.parametrize(
    ("device", "accelerators"),
    [
        ("nvidia.com/gpu", 2),
        ("nvidia.com/mig-1g.5gb", 2),
        ("amd.com/gpu", 2),
        ("habana.ai/gaudi", 2),
        ("example.com/thcap", 2),
        ("rdma/hca_shared_devices_a", 0),
        ("nvidia.com/rdma_shared_device", 0),
        ("nvidia.com/hostdev", 0),
        ("intel.com/intel_sriov_netdevice", 0),
        ("vpc.amazonaws.com/efa", 0),
        ("devices.kubevirt.io/kvm", 0),
    ],
)
def test_a_device_is_an_accelerator_unless_it_is_known_to_be_another(device: str, accelerators: int) -> None:
    (plan,) = plans_of({"limits": {device: "2"}})
    assert (plan.accelerators, plan.accelerator_type) == (accelerators, device if accelerators else None)


def test_a_network_adapter_beside_accelerators_is_not_one_of_them() -> None:
    (plan,) = plans_of({"limits": {"nvidia.com/gpu": "2", "rdma/hca": "1"}})
    assert (plan.accelerators, plan.accelerator_type) == (2, "nvidia.com/gpu")


def test_plain_resources_and_huge_pages_are_no_accelerators() -> None:
    limits = {"cpu": "2", "memory": "4Gi", "ephemeral-storage": "1Gi", "hugepages-2Mi": "64Mi"}
    (plan,) = plans_of({"limits": limits})
    assert (plan.accelerators, plan.accelerator_type) == (0, None)


def test_an_accelerator_asked_for_none_times_is_not_held() -> None:
    (plan,) = plans_of({"limits": {"nvidia.com/gpu": "0"}})
    assert (plan.accelerators, plan.accelerator_type) == (0, None)
