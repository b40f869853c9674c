"""Simple predictors on the same split, as a yardstick: what a model has to beat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from ullage_trainer.config import Baseline, ConfigError

from .objective import Objective, Tally, measures
from .stream import Array, Blocks, part_batches

MAX_FIT_BYTES = 1 << 30
"""The logistic regression is fitted in memory, on whole row groups up to this size (float32)."""


def baseline_measures(
    baseline: Baseline, blocks: Blocks, objective: Objective, class_counts: Sequence[int], feature_scale: float
) -> dict[str, float]:
    """Fit a baseline on the training part and return its metrics on the test part.

    ``majority`` predicts the training part's share of each class; ``logistic`` is scikit-learn's
    L2-regularised logistic regression on the same features.

    Raises
    ------
    ConfigError
        If the job is no classification.
    """
    if objective.classes is None:
        raise ConfigError(f"training.baselines: expected a classification for {baseline}, found a regression")
    predict = (
        _Majority(class_counts)
        if baseline is Baseline.MAJORITY
        else _Logistic(blocks, objective.classes, feature_scale)
    )
    objective = replace(objective, custom=())  # They are made for the model's outputs, which have another shape.
    tally = Tally.empty(objective)
    for features, labels in part_batches(blocks, "test", rank=0, size=1):
        tally.add(labels, predict(features))
    return measures(objective, tally.sums, tally.scores())


class _Majority:
    def __init__(self, class_counts: Sequence[int]) -> None:
        counts = np.asarray(class_counts, np.float64)
        self._shares = counts / counts.sum()

    def __call__(self, features: Array) -> npt.NDArray[np.float64]:
        return np.tile(self._shares, (len(features), 1))


class _Logistic:
    def __init__(self, blocks: Blocks, classes: int, feature_scale: float) -> None:
        self._scale = feature_scale
        self._classes = classes
        features: list[npt.NDArray[np.float32]] = []
        labels: list[Array] = []
        size = 0
        for block, target in part_batches(blocks, "train", rank=0, size=1):
            features.append(self._flat(block))
            labels.append(target)
            size += features[-1].nbytes
            if size >= MAX_FIT_BYTES:
                break
        self._model = LogisticRegression(max_iter=300).fit(np.concatenate(features), np.concatenate(labels))

    def _flat(self, features: Array) -> npt.NDArray[np.float32]:
        return features.reshape(len(features), -1).astype(np.float32) * np.float32(self._scale)

    def __call__(self, features: Array) -> npt.NDArray[np.float64]:
        probabilities = np.zeros((len(features), self._classes))
        probabilities[:, self._model.classes_.astype(int)] = self._model.predict_proba(self._flat(features))
        return probabilities
