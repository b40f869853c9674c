"""Measures of a TensorFlow Lite file: its metric on the test part, and its latency."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter

from ullage_trainer.config import DataInvalid, ModelInvalid
from ullage_trainer.train.objective import Objective, Tally, measures
from ullage_trainer.train.stream import Blocks, part_batches

_BATCH_ROWS = 256

Floats = npt.NDArray[np.float32]
Predictor = Callable[[Floats], Floats]
"""Outputs of shape (n, k) for features of shape (n, *shape)."""


class LiteModel:
    """A file loaded back into the runtime that it is deployed with, on one thread."""

    def __init__(self, path: Path) -> None:
        self._interpreter = Interpreter(model_path=str(path), num_threads=1)
        self._name = path.name
        self._rows = 0

    def __call__(self, features: Floats) -> Floats:
        """Return outputs of shape (n, k) for features of shape (n, *shape).

        Raises
        ------
        ModelInvalid
            If the runtime refuses: a model that is made for batches of one size only, for instance.
        """
        try:
            return self._run(features)
        except (RuntimeError, ValueError) as error:
            raise ModelInvalid(
                f"quantize: expected {self._name} to run on inputs of shape {features.shape}, found: {error}; "
                f"look for layers that fix the batch's size (the trained model is kept)"
            ) from error

    def _run(self, features: Floats) -> Floats:
        if len(features) != self._rows:
            index = self._interpreter.get_input_details()[0]["index"]
            self._interpreter.resize_tensor_input(index, features.shape)
            self._interpreter.allocate_tensors()
            self._rows = len(features)
        self._interpreter.set_tensor(self._interpreter.get_input_details()[0]["index"], features)
        self._interpreter.invoke()
        outputs: Floats = self._interpreter.get_tensor(self._interpreter.get_output_details()[0]["index"])
        return outputs


def part_metric(model: Predictor, blocks: Blocks, objective: Objective, feature_scale: float) -> float:
    """Return the job's metric over the test part, exact over all its samples.

    Raises
    ------
    DataInvalid
        If the test part does not tell: it is empty, or lacks a class that AUC needs.
    """
    tally = Tally.empty(objective)
    for features, labels in part_batches(blocks, "test", rank=0, size=1):
        scaled = features.astype(np.float32) * np.float32(feature_scale)
        for first in range(0, len(labels), _BATCH_ROWS):
            tally.add(labels[first : first + _BATCH_ROWS], model(scaled[first : first + _BATCH_ROWS]))
    found = measures(objective, tally.sums, tally.scores())
    if objective.metric.value not in found:
        raise DataInvalid(
            f"quantize: expected a test part that {objective.metric} can be measured on, found "
            f"{round(tally.sums[0]):,} rows there (of one class, if any); raise data.split.test and prepare the data "
            f"again, or choose another first metric"
        )
    return found[objective.metric.value]


@dataclass(frozen=True)
class Latency:
    """How long a call with one sample takes, in microseconds."""

    p50_us: float
    p95_us: float


def latencies(models: Sequence[Predictor], sample: Floats, runs: int) -> list[Latency]:
    """Return the latency of each model over so many calls with one sample of shape (1, *shape).

    Models take turns, so that whatever else the machine does meanwhile hits all alike; a tenth as many
    calls before are not counted.
    """
    times: list[list[int]] = [[] for _ in models]
    for run in range(-max(1, runs // 10), runs):
        for model, taken in zip(models, times, strict=True):
            began = time.perf_counter_ns()
            model(sample)
            took = time.perf_counter_ns() - began
            if run >= 0:
                taken.append(took)
    found = [np.percentile(taken, [50, 95]) / 1000 for taken in times]
    return [Latency(float(p50), float(p95)) for p50, p95 in found]
