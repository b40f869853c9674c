"""The table of variants after a whole job, recomputed by other means from what lies in storage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import tensorflow as tf

from local.runs.harness import Place, stages_of

pytestmark = pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated:UserWarning")


def log_loss_one_by_one(file: Path, rows: Path) -> float:
    """Take each row through TensorFlow Lite's reference kernels; the mean negative log likelihood, natural."""
    table = pq.read_table(sorted(rows.glob("shard-*.parquet")))
    interpreter = tf.lite.Interpreter(
        model_path=str(file),
        experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_REF,
    )
    interpreter.allocate_tensors()
    taken, given = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    losses = []
    for row, y in zip(table["x"].to_pylist(), table["y"].to_pylist(), strict=True):
        interpreter.set_tensor(taken, np.frombuffer(row, np.float32)[None])
        interpreter.invoke()
        probability = float(np.clip(interpreter.get_tensor(given)[0, 0], 1e-7, 1 - 1e-7))
        losses.append(-np.log(probability if y else 1 - probability))
    return float(np.mean(losses))


def test_the_metric_of_each_file_is_that_of_an_independent_loader(trained: tuple[Place, dict[str, Any], str]) -> None:
    place, result, _ = trained
    made = stages_of(result)
    inputs = {"dataset": made["prepare"][0], "trained": made["train"][0]}
    output, _ = stages_of(place.result({"quantize": {"calibrationSamples": 64}, "inputs": inputs}))["quantize"]
    table = json.loads((place.storage / output / "variants.json").read_bytes())
    assert table["metric"] == "log_loss"
    told = {row["variant"]: (row["bytes"], row["metric"]) for row in table["variants"]}
    files = {variant: place.storage / output / f"model.{variant}.tflite" for variant in told}
    test = place.storage / made["prepare"][0] / "test"
    assert set(told) == {"float", "dynamicInt8", "float16", "int8"}
    assert told == {
        variant: (file.stat().st_size, pytest.approx(log_loss_one_by_one(file, test), rel=1e-3))
        for variant, file in files.items()
    }
