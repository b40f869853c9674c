"""The contract: what a stage's workers are given."""

import subprocess
import sys

import pytest
from pydantic import ValidationError

from ullage_trainer.config import CONTRACT_VERSION, Gang, JobIdentity, Stage, StageDocument, StageUsage, Storage, Usage

JOB = JobIdentity(namespace="local", name="job", uid="0123456789abcdef")
STORAGE = Storage(root="/storage", job="job", output="job/runs/01234567/train-1")
MODEL = {"mlp": {"hiddenUnits": [4]}}


def train_document(**changes):
    fields = {
        "job": JOB,
        "stage": Stage.TRAIN,
        "attempt": 1,
        "gang": Gang(replicas=2, slots_per_worker=3),
        "storage": STORAGE,
        "dataset": "job/prepared",
        "model": MODEL,
        "training": {},
    }
    return StageDocument.model_validate(fields | changes)


def test_a_document_survives_the_way_through_json():
    document = train_document(used=[StageUsage(stage=Stage.PREPARE, usage=Usage(cpu_ms=5))])
    assert StageDocument.model_validate_json(document.model_dump_json(by_alias=True)) == document


def test_a_document_of_another_version_is_refused():
    body = train_document().model_dump(mode="json", by_alias=True) | {"version": "ullage.dev/stage/v9"}
    with pytest.raises(ValidationError, match=CONTRACT_VERSION):
        StageDocument.model_validate(body)


def test_a_document_that_lacks_what_its_stage_needs_names_all_of_it():
    with pytest.raises(ValidationError, match="train expects dataset, model, training, missing: dataset, model"):
        train_document(dataset=None, model=None)


def test_only_training_runs_on_more_than_one_rank():
    with pytest.raises(ValidationError, match="prepare expects one worker with one slot, found 6 ranks"):
        train_document(stage=Stage.PREPARE, data=minimal_data())


def test_the_contract_imports_no_framework():
    code = (
        "import sys, ullage_trainer.config; "
        "print([m for m in ('tensorflow', 'keras', 'horovod', 'numpy', 'duckdb', 'sqlalchemy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_usages_add_up_and_what_one_side_does_not_know_is_what_the_other_knows():
    left = Usage(wall_ms=1, cpu_ms=2, peak_memory_bytes=30, gpu_ms=None, gpu_joules=4, samples=5, flop=2 * 10**23)
    right = Usage(wall_ms=10, cpu_ms=20, peak_memory_bytes=3, gpu_ms=None, gpu_joules=None, bytes_read=7, flop=1)
    assert left + right == Usage(
        wall_ms=11, cpu_ms=22, peak_memory_bytes=30, gpu_ms=None, gpu_joules=4, samples=5, bytes_read=7,
        flop=2 * 10**23 + 1,
    )  # fmt: skip
    assert (left + Usage(flop=None)).flop == 2 * 10**23


def minimal_data():
    return {
        "sources": [{"name": "t", "csv": {"paths": ["t.csv"]}, "columns": [{"name": "a", "type": "int64"}]}],
        "label": {"source": "t", "column": "a"},
        "features": [{"column": "a"}],
    }
