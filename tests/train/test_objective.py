"""What is measured, held against scikit-learn over all samples at once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, log_loss, mean_absolute_error, roc_auc_score, root_mean_squared_error

from ullage_trainer.config import ConfigError, Loss, Metric, Training
from ullage_trainer.train.objective import Objective, Tally, choose_objective, measures

BINARY = Objective(Loss.BINARY_CROSSENTROPY, (Metric.LOG_LOSS, Metric.AUC, Metric.ACCURACY), 2)
SEVERAL = Objective(Loss.SPARSE_CATEGORICAL_CROSSENTROPY, (Metric.ACCURACY, Metric.LOG_LOSS), 4)
NUMBER = Objective(Loss.MEAN_SQUARED_ERROR, (Metric.RMSE, Metric.MAE), None)


def measured(objective, labels, outputs, parts):
    """Measure in parts, as ranks do, and put the parts together."""
    tallies = []
    for places in np.array_split(np.arange(len(labels)), parts):
        tally = Tally.empty(objective)
        tally.add(labels[places], outputs[places])
        tallies.append(tally)
    return measures(
        objective, sum(tally.sums for tally in tallies), np.concatenate([tally.scores() for tally in tallies])
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(4, 200), st.integers(1, 7), st.integers(0, 2**31))
def test_measures_of_parts_are_those_of_all_samples_for_two_classes(rows, parts, seed):
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, rows)
    labels[:2] = [0, 1]
    outputs = random.uniform(0.01, 0.99, (rows, 1))
    assert measured(BINARY, labels, outputs, parts) == pytest.approx({
        "log_loss": log_loss(labels, outputs[:, 0]),
        "auc": roc_auc_score(labels, outputs[:, 0]),
        "accuracy": accuracy_score(labels, outputs[:, 0] > 0.5),
    })  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 200), st.integers(1, 7), st.integers(0, 2**31))
def test_measures_of_parts_are_those_of_all_samples_for_several_classes(rows, parts, seed):
    random = np.random.default_rng(seed)
    labels = random.integers(0, 4, rows)
    outputs = random.dirichlet([1, 1, 1, 1], rows) * 0.96 + 0.01
    assert measured(SEVERAL, labels, outputs, parts) == pytest.approx({
        "accuracy": accuracy_score(labels, outputs.argmax(axis=1)),
        "log_loss": log_loss(labels, outputs, labels=[0, 1, 2, 3]),
    })  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 200), st.integers(1, 7), st.integers(0, 2**31))
def test_measures_of_parts_are_those_of_all_samples_for_numbers(rows, parts, seed):
    random = np.random.default_rng(seed)
    labels, outputs = random.normal(size=rows), random.normal(size=(rows, 1))
    assert measured(NUMBER, labels, outputs, parts) == pytest.approx({
        "rmse": root_mean_squared_error(labels, outputs[:, 0]),
        "mae": mean_absolute_error(labels, outputs[:, 0]),
    })  # fmt: skip


def test_an_empty_part_has_no_measures_and_one_class_alone_no_auc():
    assert measured(BINARY, np.zeros(0, int), np.zeros((0, 1)), 2) == {}
    assert set(measured(BINARY, np.array([1, 1]), np.array([[0.9], [0.8]]), 1)) == {"log_loss", "accuracy"}


def test_loss_and_metrics_follow_from_the_label():
    default = Training()
    assert choose_objective(default, 10, 10) == Objective(
        Loss.SPARSE_CATEGORICAL_CROSSENTROPY, (Metric.LOG_LOSS, Metric.ACCURACY), 10
    )
    assert choose_objective(default, 2, 1) == Objective(Loss.BINARY_CROSSENTROPY, (Metric.LOG_LOSS, Metric.ACCURACY), 2)
    assert choose_objective(default, None, 1) == Objective(Loss.MEAN_SQUARED_ERROR, (Metric.RMSE, Metric.MAE), None)


def test_all_that_does_not_fit_the_label_is_told_at_once():
    with pytest.raises(ConfigError) as caught:
        choose_objective(Training(loss=Loss.MEAN_SQUARED_ERROR, metrics=[Metric.AUC, Metric.MAE]), 3, 3)
    assert str(caught.value) == (
        "training.loss: expected sparse_categorical_crossentropy for 3 classes with 3 model output(s), "
        "found mean_squared_error\n"
        "training.metrics[0]: expected one of log_loss, accuracy for 3 classes with 3 model output(s), found auc\n"
        "training.metrics[1]: expected one of log_loss, accuracy for 3 classes with 3 model output(s), found mae"
    )
