"""The learning rate of each step."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ullage_trainer.config import Decay, Training
from ullage_trainer.train.rates import learning_rate


def training(rate=0.1, **schedule):
    return Training.model_validate({"optimizer": {"learningRate": rate}, "schedule": schedule, "globalBatchSize": 256})


def rates(spec, total):
    return [round(learning_rate(spec, step, total), 10) for step in range(total)]


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ({}, [0.1, 0.1, 0.1, 0.1, 0.1]),
        ({"warmupSteps": 4}, [0.025, 0.05, 0.075, 0.1, 0.1]),
        ({"decay": "Linear"}, [0.1, 0.075, 0.05, 0.025, 0.0]),
        ({"decay": "Linear", "finalFraction": 0.2}, [0.1, 0.08, 0.06, 0.04, 0.02]),
        ({"decay": "Cosine"}, [0.1, 0.0853553391, 0.05, 0.0146446609, 0.0]),
        ({"decay": "Exponential", "finalFraction": 0.0001}, [0.1, 0.01, 0.001, 0.0001, 0.00001]),
        ({"warmupSteps": 2, "decay": "Linear"}, [0.05, 0.1, 0.1, 0.05, 0.0]),
        ({"referenceBatchSize": 64}, [0.4, 0.4, 0.4, 0.4, 0.4]),
    ],
)
def test_rates_of_five_steps_are_those_of_the_schedule(schedule, expected):
    assert rates(training(**schedule), 5) == expected


@given(
    decay=st.sampled_from(Decay),
    warmup=st.integers(0, 50),
    total=st.integers(1, 200),
    final=st.floats(0.001, 1),
)
def test_the_rate_rises_then_falls_and_stays_between_nothing_and_the_peak(decay, warmup, total, final):
    further = {} if decay is Decay.CONSTANT else {"finalFraction": final}
    found = rates(training(warmupSteps=warmup, decay=decay.value, **further), total)
    assert found[:warmup] == sorted(found[:warmup])
    assert found[warmup:] == sorted(found[warmup:], reverse=True)
    assert all(0 <= rate <= 0.1 for rate in found)
