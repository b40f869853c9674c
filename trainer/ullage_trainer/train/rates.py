"""The learning rate of a step: a pure function of the job and the step, so that going on needs no state of it."""

from __future__ import annotations

import math

from ullage_trainer.config import Decay, LearningRateSchedule, Training


def peak_rate(training: Training) -> float:
    """Return the rate after the warm-up: linear in the batch size where the manifest names one to scale from.

    The linear scaling rule is that of Goyal et al., *Accurate, Large Minibatch SGD* (2017).
    """
    reference = training.schedule.reference_batch_size
    scale = 1.0 if reference is None else training.global_batch_size / reference
    return training.optimizer.learning_rate * scale


def learning_rate(training: Training, step: int, total_steps: int) -> float:
    """Return the learning rate of a step.

    Parameters
    ----------
    training
        The optimizer and its schedule.
    step
        Steps done before this one, over all epochs.
    total_steps
        Steps of all epochs together; the decay ends with the last of them.
    """
    schedule, peak = training.schedule, peak_rate(training)
    if step < schedule.warmup_steps:
        return peak * (step + 1) / schedule.warmup_steps
    last = max(1, total_steps - 1 - schedule.warmup_steps)
    return peak * _decayed(schedule, min(1.0, (step - schedule.warmup_steps) / last))


def _decayed(schedule: LearningRateSchedule, gone: float) -> float:
    """Return the share of the full rate when a part ``gone`` of the decay lies behind."""
    final = schedule.final_fraction
    if schedule.decay is Decay.LINEAR:
        return 1.0 - (1.0 - final) * gone
    if schedule.decay is Decay.COSINE:
        return final + (1.0 - final) * (1.0 + math.cos(math.pi * gone)) / 2.0
    if schedule.decay is Decay.EXPONENTIAL:
        return math.pow(final, gone)
    return 1.0
