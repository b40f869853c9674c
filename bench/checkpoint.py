"""What a checkpoint blocks: training that keeps one every few steps against training that keeps none."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.pairs import alternate, median_interval
from bench.training import BATCH, ROWS, prepare, train
from ullage_trainer.config import Training
from ullage_trainer.config.training import Checkpoints

HIDDEN = [1024, 1024]
EVERY_STEPS = 20
EPOCHS = 3
NEVER = 2**31 - 1


def main(pairs: int) -> None:
    """Print the seconds of both sides without the first epoch, and the milliseconds a checkpoint."""
    print(
        f"checkpoint: MLP {HIDDEN} with Adam, 2 ranks, one every {EVERY_STEPS} steps against none but that of an epoch",
        flush=True,
    )
    with tempfile.TemporaryDirectory(prefix="ullage-bench-") as scratch:
        root = Path(scratch)
        prepare(root)
        run = 0

        def seconds(every_steps: int) -> float:
            nonlocal run
            run += 1
            checkpoints = Checkpoints(every_steps=every_steps, every_seconds=NEVER)
            training = Training(epochs=EPOCHS, global_batch_size=BATCH, checkpoints=checkpoints)
            return sum(float(row["seconds"]) for row in train(root, run, training, HIDDEN)[1:])

        times: dict[int, list[float]] = {EVERY_STEPS: [], NEVER: []}

        def timed(every_steps: int) -> float:
            times[every_steps].append(seconds(every_steps))
            return times[every_steps][-1]

        ratios = alternate(lambda: timed(EVERY_STEPS), lambda: timed(NEVER), pairs, ("with", "without"), "s")
        state = max(path.stat().st_size for path in root.glob("bench-*/runs/bench/train-1/checkpoints/*/state.npz"))
    written = (EPOCHS - 1) * ROWS * 0.98 / BATCH / EVERY_STEPS
    blocked = [(slow - fast) / written * 1000 for slow, fast in zip(times[EVERY_STEPS], times[NEVER], strict=True)]
    median, low, high = median_interval(blocked)
    ratio, least, most = median_interval(ratios)
    print(
        f"checkpoint: {median:.1f} ms each ({low:.1f} to {high:.1f}) for {state / 2**20:.1f} MiB; "
        f"with / without = {ratio:.3f} (median of {pairs} pairs; {least:.3f} to {most:.3f})"
    )
