"""Learning curves: as CSV, as a picture, and where asked as TensorBoard event files."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf

from .position import EpochRecord

CSV_NAME = "history.csv"
PICTURE_NAME = "learning-curves.png"
EVENTS_FOLDER = "tensorboard"


def write_csv(folder: Path, history: Sequence[EpochRecord]) -> None:
    """Write a row an epoch."""
    names = list(history[0].validation) if history else []
    with (folder / CSV_NAME).open("w", newline="") as out:
        writer = csv.writer(out)
        measured = [f"validation_{name}" for name in names]
        writer.writerow(["epoch", "loss", "learning_rate", "seconds", "samples_per_second", *measured])
        for row in history:
            values = [row.validation.get(name, "") for name in names]
            rate = round(row.samples_per_second, 1)
            writer.writerow([row.epoch, row.loss, row.learning_rate, round(row.seconds, 3), rate, *values])


def write_picture(folder: Path, history: Sequence[EpochRecord]) -> None:
    """Draw loss and validation measures against the epoch, each on an axis of its own."""
    if "MPLCONFIGDIR" not in os.environ:
        # Matplotlib keeps a cache in the home directory, which a worker may not have.
        os.environ["MPLCONFIGDIR"] = tempfile.gettempdir()
    from matplotlib.figure import Figure  # noqa: PLC0415 - it reads the environment when it is imported
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415

    names = list(dict.fromkeys(name for row in history for name in row.validation))
    panels = max(1, 1 + len(names))
    figure = Figure(figsize=(4.2 * panels, 3.6), dpi=110, layout="constrained")
    for index, axes in enumerate(figure.subplots(1, panels, squeeze=False)[0]):
        name = "training loss" if index == 0 else f"validation {names[index - 1].replace('_', ' ')}"
        rows = history if index == 0 else [row for row in history if names[index - 1] in row.validation]
        values = [row.loss if index == 0 else row.validation[names[index - 1]] for row in rows]
        axes.plot([row.epoch for row in rows], values, marker="o" if len(rows) <= 30 else None, markersize=4)
        axes.set(title=name, xlabel="epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
    figure.savefig(folder / PICTURE_NAME)


def write_events(folder: Path, history: Sequence[EpochRecord]) -> None:
    """Write TensorBoard event files: loss, learning rate, and validation measures by epoch."""
    summary = tf.compat.v1.Summary
    # The writer that needs no TensorBoard installed takes records as they are; it wants a graph around it.
    with tf.Graph().as_default(), tf.compat.v1.summary.FileWriter(str(folder / EVENTS_FOLDER)) as writer:
        for row in history:
            values = {"loss": row.loss, "learning_rate": row.learning_rate}
            values |= {f"validation/{name}": value for name, value in row.validation.items()}
            found = [summary.Value(tag=name, simple_value=value) for name, value in values.items()]
            writer.add_summary(summary(value=found), row.epoch)
