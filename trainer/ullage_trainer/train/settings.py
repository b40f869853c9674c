"""What the manifest's training fields come to, given the data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ullage_trainer.config import Training
from ullage_trainer.models import find_function

from .objective import CustomMetric


def class_weights(training: Training, counts: Sequence[int]) -> list[float]:
    """Return what a sample of each class counts in the loss; empty where all count the same.

    Balanced weights are n / (classes * n of the class), as scikit-learn's; a class without a sample counts nothing.
    """
    if training.balance_classes:
        present = sum(count > 0 for count in counts)
        return [sum(counts) / (present * count) if count else 0.0 for count in counts]
    return list(training.class_weights)


def custom_metrics(training: Training, code: Path | None) -> tuple[CustomMetric, ...]:
    """Import the user's metrics.

    Raises
    ------
    TrainerError
        If one does not import.
    """
    return tuple(
        CustomMetric(
            name=reference.partition(":")[2],
            reference=reference,
            function=find_function(reference, code, f"training.customMetrics[{index}]"),
        )
        for index, reference in enumerate(training.custom_metrics)
    )
