"""What is minimised and what is measured: chosen by the label, checked against the model, summed over ranks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import keras
import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from ullage_trainer.config import ConfigError, Loss, Metric, ModelInvalid, NumericFailure, Training

PROBABILITY_FLOOR = 1e-7
"""Probabilities are kept this far from 0 and 1 in a log loss, as Keras does."""

Floats = npt.NDArray[np.float64]
_OWN_SUMS: Final = 5
"""Samples, log loss, correct ones, absolute and squared error; then one for each custom metric."""
_CLASSIFICATION = (Metric.LOG_LOSS, Metric.ACCURACY)
_REGRESSION = (Metric.RMSE, Metric.MAE)


Values = Callable[[npt.NDArray[np.generic], Floats], object]


@dataclass(frozen=True)
class CustomMetric:
    """A metric of the user's own: a value a sample, of which the mean over all samples is reported."""

    name: str
    reference: str
    """``package.module:function``."""
    function: Values
    """Takes labels (n,) and outputs (n, k), returns n values."""

    def total(self, labels: npt.NDArray[np.generic], outputs: Floats) -> float:
        """Return the sum over samples.

        Raises
        ------
        ModelInvalid
            If the function fails, or returns something else than a number a sample.
        """
        try:
            values = np.asarray(self.function(labels, outputs), np.float64)
        except Exception as error:
            raise ModelInvalid(
                f"training.customMetrics: expected {self.reference} to take labels of shape {labels.shape} and outputs "
                f"of shape {outputs.shape}, found that it raised {type(error).__name__}: {str(error)[:300]}"
            ) from error
        if values.shape != labels.shape:
            raise ModelInvalid(
                f"training.customMetrics: expected {self.reference} to return a value a sample, shape {labels.shape}, "
                f"found shape {values.shape}; Ullage takes the mean over all samples of all ranks itself"
            )
        return float(values.sum())


@dataclass(frozen=True)
class Objective:
    """The loss and the metrics of a job; the first metric is the job's."""

    loss: Loss | None
    """What is minimised; null where nothing is trained."""
    metrics: tuple[Metric, ...]
    classes: int | None
    """How many classes there are; null for regression."""
    custom: tuple[CustomMetric, ...] = ()
    """The user's own metrics."""

    @property
    def metric(self) -> Metric:
        """The job's metric."""
        return self.metrics[0]

    def sample_losses(self) -> Any:
        """Return a Keras loss that gives the weighted sum over the samples of a batch."""
        if self.loss is None:
            raise ConfigError("training: expected a loss, found none")
        losses = {
            Loss.SPARSE_CATEGORICAL_CROSSENTROPY: keras.losses.SparseCategoricalCrossentropy,
            Loss.BINARY_CROSSENTROPY: keras.losses.BinaryCrossentropy,
            Loss.MEAN_SQUARED_ERROR: keras.losses.MeanSquaredError,
            Loss.MEAN_ABSOLUTE_ERROR: keras.losses.MeanAbsoluteError,
        }
        return losses[self.loss](reduction="sum")


def higher_is_better(metric: Metric) -> bool:
    """Tell whether a greater value of a metric is a better one."""
    return metric in (Metric.ACCURACY, Metric.AUC)


def choose_objective(
    training: Training, classes: int | None, outputs: int, custom: tuple[CustomMetric, ...] = ()
) -> Objective:
    """Choose loss and metrics that fit the label and the model's outputs; baselines are checked here too.

    Raises
    ------
    ConfigError
        Naming all that do not fit.
    """
    if classes is None:
        losses = [Loss.MEAN_SQUARED_ERROR, Loss.MEAN_ABSOLUTE_ERROR]
        allowed: tuple[Metric, ...] = _REGRESSION
    else:
        losses = [Loss.BINARY_CROSSENTROPY if outputs == 1 else Loss.SPARSE_CATEGORICAL_CROSSENTROPY]
        allowed = (*_CLASSIFICATION, Metric.AUC) if classes == 2 else _CLASSIFICATION
    what = "a number" if classes is None else f"{classes} classes with {outputs} model output(s)"
    problems = []
    if training.loss is not None and training.loss not in losses:
        problems.append(f"training.loss: expected {' or '.join(losses)} for {what}, found {training.loss}")
    for index, metric in enumerate(training.metrics):
        if metric not in allowed:
            problems.append(
                f"training.metrics[{index}]: expected one of {', '.join(allowed)} for {what}, found {metric}"
            )
    if classes is None and training.baselines:
        problems.append(
            f"training.baselines: expected none for {what} (they are for classes), "
            f"found {', '.join(training.baselines)}; leave them out"
        )
    weighted = "classWeights" if training.class_weights else "balanceClasses" if training.balance_classes else None
    if weighted and classes is None:
        problems.append(f"training.{weighted}: expected it only where there are classes, found a number as the label")
    elif training.class_weights and len(training.class_weights) != classes:
        problems.append(
            f"training.classWeights: expected {classes} weights, one a class, found {len(training.class_weights)}"
        )
    chosen = tuple(training.metrics) or allowed[:2]
    names = [metric.value for metric in chosen] + [metric.name for metric in custom]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        problems.append(
            f"training.customMetrics: expected a name of its own for each metric, found {', '.join(twice)} twice; "
            f"rename the function"
        )
    if problems:
        raise ConfigError("\n".join(problems))
    return Objective(training.loss or losses[0], chosen, classes, custom)


@dataclass
class Tally:
    """Sums over samples: equal to the measure of all samples together, however they are shared out."""

    classes: int | None
    keep_scores: bool
    custom: tuple[CustomMetric, ...]
    sums: Floats

    @classmethod
    def empty(cls, objective: Objective) -> Tally:
        """Return a tally of nothing."""
        sums = np.zeros(_OWN_SUMS + len(objective.custom))
        return cls(objective.classes, Metric.AUC in objective.metrics, objective.custom, sums)

    def __post_init__(self) -> None:
        self._scores: list[Floats] = []

    def add(self, labels: npt.NDArray[np.generic], outputs: npt.NDArray[np.generic]) -> None:
        """Count samples: labels of shape (n,), outputs of shape (n, k)."""
        values = outputs.astype(np.float64)
        custom = [metric.total(labels, values) for metric in self.custom]
        if self.classes is None:
            error = values[:, 0] - labels.astype(np.float64)
            self.sums += [len(labels), 0.0, 0.0, float(np.abs(error).sum()), float(np.square(error).sum()), *custom]
            return
        probabilities = class_probabilities(values)
        chosen = np.clip(probabilities[np.arange(len(labels)), labels.astype(np.int64)], PROBABILITY_FLOOR, 1.0)
        correct = float((probabilities.argmax(axis=1) == labels).sum())
        self.sums += [len(labels), float(-np.log(chosen).sum()), correct, 0.0, 0.0, *custom]
        if self.keep_scores:
            self._scores.append(np.column_stack([labels.astype(np.float64), probabilities[:, -1]]))

    def scores(self) -> Floats:
        """Return label and score of each sample, shape (n, 2); empty where no metric needs them."""
        return np.concatenate(self._scores) if self._scores else np.zeros((0, 2))


def class_probabilities(outputs: Floats) -> Floats:
    """Return a probability a class: a single output is that of class 1."""
    return np.column_stack([1.0 - outputs[:, 0], outputs[:, 0]]) if outputs.shape[1] == 1 else outputs


def measures(objective: Objective, sums: Floats, scores: Floats) -> dict[str, float]:
    """Return each metric by name, exact over all samples; AUC is left out where a class is missing.

    Raises
    ------
    NumericFailure
        If the model's outputs are not finite, or too great to be squared.
    """
    count, log_loss, correct, absolute, squared, *custom = sums
    if not count:
        return {}
    if not (np.isfinite(sums).all() and np.isfinite(scores).all()):
        raise NumericFailure(
            "evaluation: expected finite outputs of the model, found NaN or infinity; lower "
            "training.optimizer.learningRate or look for extreme values in the features"
        )
    values = {
        Metric.LOG_LOSS: log_loss / count,
        Metric.ACCURACY: correct / count,
        Metric.MAE: absolute / count,
        Metric.RMSE: float(np.sqrt(squared / count)),
    }
    if Metric.AUC in objective.metrics and len(np.unique(scores[:, 0])) == 2:
        values[Metric.AUC] = float(roc_auc_score(scores[:, 0], scores[:, 1]))
    found = {metric.value: float(values[metric]) for metric in objective.metrics if metric in values}
    return found | {metric.name: float(total / count) for metric, total in zip(objective.custom, custom, strict=True)}
