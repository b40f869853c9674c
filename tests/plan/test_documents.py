from __future__ import annotations

from plan.builders import DATA, PREPARE, QUANTIZE, TRAIN, make_job, output_of
from ullage_operator.api.types import StageState, StageStatus
from ullage_operator.plan import stage_document
from ullage_trainer.config import Gang, JobIdentity, Stage, StageDocument, StageUsage, Storage, Usage

IDENTITY = JobIdentity(namespace="physics", name="points", uid="0123456789abcdef")
USAGE = Usage(wall_ms=2000, cpu_ms=1500, samples=100)


def done(stage: Stage, attempt: int) -> StageStatus:
    return StageStatus(
        name=stage, state=StageState.SUCCEEDED, attempt=attempt, output=output_of(stage, attempt), usage=USAGE
    )


def storage_of(stage: str) -> Storage:
    return Storage(root="/storage", job="points", output=f"points/runs/01234567/{stage}")


def test_prepare_is_given_its_data_and_a_folder_of_its_own() -> None:
    job = make_job()
    assert stage_document(job, PREPARE, 1, {}, "/storage") == StageDocument(
        job=IDENTITY,
        stage=PREPARE,
        attempt=1,
        gang=Gang(cores_per_worker=1),
        storage=storage_of("prepare-1"),
        data=job.spec.data,
    )


def test_train_is_given_the_gang_the_data_set_that_prepare_made_and_what_that_took() -> None:
    job = make_job(
        workers={
            "replicas": 3,
            "slotsPerWorker": 2,
            "resources": {"train": {"requests": {"cpu": "1500m"}}},
            "template": {"terminationGracePeriodSeconds": 90},
        },
        accounting={"institution": "north"},
    )
    statuses = {PREPARE: done(PREPARE, 2), TRAIN: StageStatus(name=TRAIN, attempt=1, usage=USAGE)}
    assert stage_document(job, TRAIN, 4, statuses, "/storage") == StageDocument(
        job=IDENTITY,
        stage=TRAIN,
        attempt=4,
        gang=Gang(replicas=3, slots_per_worker=2, cores_per_worker=2),
        storage=storage_of("train-4"),
        dataset="points/runs/01234567/prepare-2",
        model=job.spec.model,
        training=job.spec.training,
        institution="north",
        used=[StageUsage(stage=PREPARE, usage=USAGE)],
        grace_period_seconds=90,
    )


def test_quantize_is_given_the_model_and_the_data_set_that_were_made() -> None:
    job = make_job()
    statuses = {PREPARE: done(PREPARE, 1), TRAIN: done(TRAIN, 2)}
    assert stage_document(job, QUANTIZE, 1, statuses, "/storage") == StageDocument(
        job=IDENTITY,
        stage=QUANTIZE,
        attempt=1,
        gang=Gang(cores_per_worker=1),
        storage=storage_of("quantize-1"),
        dataset="points/runs/01234567/prepare-1",
        trained="points/runs/01234567/train-2",
        quantize=job.spec.quantize,
        used=[StageUsage(stage=PREPARE, usage=USAGE), StageUsage(stage=TRAIN, usage=USAGE)],
    )


def test_inputs_stand_for_stages_that_are_left_out() -> None:
    job = make_job({"quantize": {}, "inputs": {"dataset": "shared/flights", "trained": "shared/model"}})
    document = stage_document(job, QUANTIZE, 1, {}, "/storage")
    assert (document.dataset, document.trained) == ("shared/flights", "shared/model")


def test_what_a_stage_of_the_job_made_goes_before_inputs() -> None:
    job = make_job({"data": DATA, "model": {"mlp": {}}, "inputs": {"dataset": "shared/flights"}})
    document = stage_document(job, TRAIN, 1, {PREPARE: done(PREPARE, 1)}, "/storage")
    assert document.dataset == "points/runs/01234567/prepare-1"


def test_a_worker_that_asks_for_no_cores_may_use_all_that_the_machine_has() -> None:
    job = make_job(workers={"resources": {"prepare": {"requests": {"memory": "1Gi"}}}})
    assert stage_document(job, PREPARE, 1, {}, "/storage").gang == Gang(cores_per_worker=None)


def test_no_two_attempts_stages_or_runs_write_to_the_same_folder() -> None:
    jobs = [
        make_job(),
        make_job().model_copy(update={"metadata": make_job().metadata.model_copy(update={"uid": "f" * 8})}),
    ]
    statuses = {PREPARE: done(PREPARE, 1), TRAIN: done(TRAIN, 1)}
    folders = [
        stage_document(job, stage, attempt, statuses, "/storage").storage.output
        for job in jobs
        for stage in Stage
        for attempt in (1, 2, 11)
    ]
    assert len(set(folders)) == len(folders) == 18


def test_a_document_survives_its_way_to_the_worker() -> None:
    document = stage_document(make_job(), PREPARE, 1, {}, "/storage")
    sent = document.model_dump_json(by_alias=True, exclude_none=True)
    assert StageDocument.model_validate_json(sent) == document
