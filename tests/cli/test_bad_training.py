"""Jobs that can't be trained or quantized as asked: what is said, what stays, and what the books hold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli import networks
from cli.datasets import CLASSES, HUGE, NUMBERS, ONE_ROW, train
from cli.workplace import Workplace


@dataclass(frozen=True)
class Case:
    """What the manifest asks for, what is said, and how many workers the books hold."""

    spec: Mapping[str, Any]
    said: str
    workers: int = 1


CASES = {
    "a model module that does not import": Case(
        train(model={"module": "network:good", "codePath": "code"}),
        "ModelInvalid (rank 0 on worker 0): model.module: expected a module network that imports, in code/ or "
        "installed in the image, found ModuleNotFoundError: No module named 'network'; code/ holds networks.py",
    ),
    "more ranks than samples and shards": Case(
        train(ONE_ROW, workers={"replicas": 2}, training={"globalBatchSize": 2}),
        "ConfigInvalid (rank <n> on worker <n>): workers: expected at least one training sample a rank, found 2 ranks "
        "for 1 samples; lower workers.replicas or workers.slotsPerWorker\n"
        "workers: expected at most as many ranks as shards, found 2 ranks for 1 shards; set data.virtualShards to 2 or "
        "more",
        workers=2,
    ),
    "settings that fit neither the label nor exact training": Case(
        train(
            NUMBERS,
            model={"mlp": {"dropout": 0.5}},
            training={"exact": True, "metrics": ["accuracy", "mae"], "baselines": ["majority", "logistic"]},
        ),
        "ConfigInvalid (rank 0 on worker 0): training.exact: expected layers whose result depends on the sample alone, "
        "found dropout (Dropout); leave these layers out or set training.exact to false\n"
        "training.metrics[0]: expected one of rmse, mae for a number, found accuracy\n"
        "training.baselines: expected none for a number (they are for classes), found majority, logistic; leave them "
        "out",
    ),
    "a loss that is not finite": Case(
        train(HUGE, workers={"replicas": 2}),
        "NumericFailure (rank <n> on worker <n>): training: the loss became <v> in step <n> of epoch 1; expected a "
        "finite number; lower training.optimizer.learningRate (now 0.001) or look for extreme values in the features",
        workers=2,
    ),
    "a loss that goes up and up": Case(
        train(
            NUMBERS,
            training={"epochs": 3, "globalBatchSize": 8, "optimizer": {"name": "sgd", "learningRate": 100}},
            workers={"replicas": 2},
        ),
        "NumericFailure (rank <n> on worker <n>): training: the loss became <v> in step <n> of epoch 1, having begun "
        "at <v>; expected it to go down; lower training.optimizer.learningRate (now 100) or look for extreme values "
        "in the features",
        workers=2,
    ),
}
_VARYING = (
    (r"rank \d on worker \d", "rank <n> on worker <n>"),
    (r"became [\w.+]+ in step \d+", "became <v> in step <n>"),
    (r"begun at [\d.]+", "begun at <v>"),
)


def told(verdict: str) -> str:
    """Return the reason, without which of several ranks was the first to find it."""
    for pattern, word in _VARYING:
        verdict = re.sub(pattern, word, verdict)
    return verdict.partition("\n\n")[0]


def outcomes(held: Mapping[str, int]) -> int:
    """Return how many workers were held: one failed at least, and the first to fail may have stopped the others."""
    assert held["train Failed"] >= 1
    assert held.keys() <= {"train Failed", "train Stopped"}
    return sum(held.values())


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_job_that_cannot_be_trained_ends_at_once_with_its_reason(prepared: Workplace, case: Case) -> None:
    prepared.store("code/networks.py", Path(networks.__file__).read_bytes())
    ended = prepared.run(case.spec)
    assert (ended.code, ended.out) == (3, "")
    assert told(ended.verdict) == told(f"tiny: Failed\n{case.said}")
    assert outcomes(prepared.holds()) == case.workers
    assert prepared.verified() == []
    assert prepared.left_running() == []


def test_a_model_without_a_lite_form_stays_trained_when_quantize_fails(prepared: Workplace) -> None:
    prepared.store("code/networks.py", Path(networks.__file__).read_bytes())
    model = {"module": "networks:determinant", "codePath": "code"}
    ended = prepared.run(train(model=model, quantize={"variants": ["int8"]}))
    assert (ended.code, ended.out) == (3, "")
    assert told(ended.verdict) == (
        "tiny: Failed\n"
        "ModelInvalid: quantize: expected a model that TensorFlow Lite can run, found operators that it lacks: "
        "MatrixDeterminant; leave quantize out of the job, or replace the layers that use them (the trained model is "
        "kept)"
    )
    assert ended.verdict.endswith("Done and kept: train; run it again and these are not repeated.\n")
    (made,) = prepared.workdir.storage.glob("tiny/runs/*/train-1")
    assert {"manifest.json", "model.keras", "model-card.md"} <= {path.name for path in made.iterdir()}
    assert prepared.holds() == {"train Succeeded": 1, "quantize Failed": 1}
    assert prepared.verified() == []
    assert prepared.left_running() == []


def test_quantize_refuses_what_no_train_stage_made(prepared: Workplace) -> None:
    ended = prepared.run({"inputs": {"dataset": CLASSES, "trained": CLASSES}, "quantize": {}})
    assert (ended.code, ended.out) == (3, "")
    assert told(ended.verdict) == (
        "tiny: Failed\n"
        "ConfigInvalid: inputs.trained: expected the folder that a train stage made, found that 'datasets/classes' is "
        "of prepare; name the train stage's folder"
    )
    assert prepared.holds() == {"quantize Failed": 1}
