"""Class weights and the user's own metrics."""

import numpy as np
import pytest

from ullage_trainer.config import ConfigError, InputMissing, ModelInvalid, Training
from ullage_trainer.train.objective import Tally, choose_objective, measures
from ullage_trainer.train.settings import class_weights, custom_metrics


def write_metrics(folder):
    (folder / "costs.py").write_text(
        "import numpy as np\n"
        "def cost(labels, outputs):\n    return np.where(labels == 1, 5.0, 1.0) * np.abs(labels - outputs[:, 0])\n"
        "def mean(labels, outputs):\n    return np.mean(outputs)\n"
        "def broken(labels, outputs):\n    raise KeyError('fee')\n"
    )
    return folder


def objective(folder, name):
    training = Training(custom_metrics=[f"costs:{name}"])
    return choose_objective(training, 2, 1, custom_metrics(training, write_metrics(folder)))


def test_balanced_weights_give_each_class_the_same_share():
    assert class_weights(Training(balance_classes=True), [60, 30, 10]) == pytest.approx([100 / 180, 100 / 90, 100 / 30])
    assert class_weights(Training(balance_classes=True), [50, 0, 50]) == [1.0, 0.0, 1.0]
    assert class_weights(Training(class_weights=[1, 4]), [3, 1]) == [1.0, 4.0]
    assert class_weights(Training(), [3, 1]) == []


def test_a_metric_of_the_users_is_the_mean_over_all_samples_however_they_are_shared_out(tmp_path):
    chosen = objective(tmp_path, "cost")
    labels, outputs = np.array([1, 0, 1]), np.array([[0.5], [0.25], [1.0]])
    tally = Tally.empty(chosen)
    tally.add(labels[:1], outputs[:1])
    tally.add(labels[1:], outputs[1:])
    assert measures(chosen, tally.sums, tally.scores())["cost"] == pytest.approx((2.5 + 0.25 + 0) / 3)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("mean", "expected costs:mean to return a value a sample, shape (2,), found shape ()"),
        ("broken", "found that it raised KeyError: 'fee'"),
    ],
)
def test_a_metric_that_gives_no_value_a_sample_is_refused(tmp_path, name, says):
    tally = Tally.empty(objective(tmp_path, name))
    with pytest.raises(ModelInvalid) as refused:
        tally.add(np.array([0, 1]), np.array([[0.2], [0.3]]))
    assert str(refused.value).startswith("training.customMetrics: ")
    assert says in str(refused.value)


def test_a_metric_that_is_not_there_is_refused_with_its_field(tmp_path):
    with pytest.raises(ModelInvalid, match=r"training.customMetrics\[0\]: expected a function none in costs"):
        custom_metrics(Training(custom_metrics=["costs:none"]), write_metrics(tmp_path))
    with pytest.raises(InputMissing):
        custom_metrics(Training(custom_metrics=["costs:cost"]), tmp_path / "absent")


def test_weights_that_do_not_fit_the_label_are_refused():
    with pytest.raises(ConfigError, match="expected 3 weights, one a class, found 2"):
        choose_objective(Training(class_weights=[1, 2]), 3, 3)
    with pytest.raises(ConfigError, match=r"training.balanceClasses: expected it only where there are classes"):
        choose_objective(Training(balance_classes=True), None, 1)
