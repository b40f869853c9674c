"""Memory of a training rank at 1, 4 and 16 times the data: it streams, so that it does not grow with them."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.training import BATCH, FEATURES, prepare, train
from ullage_trainer.config import ExitReport, Training

ROWS = 40_000
TIMES = (1, 4, 16)
STEPS = 1000


def main(_pairs: int) -> None:
    """Print the greatest resident set of a rank for each size, over about as many steps, and the ratio."""
    print(f"memory: {ROWS:,} rows x {FEATURES}, 4 and 16 times that, {STEPS:,} steps or more each", flush=True)
    peaks = []
    for run, times in enumerate(TIMES, start=1):
        with tempfile.TemporaryDirectory(prefix="ullage-bench-") as scratch:
            root, rows = Path(scratch), ROWS * times
            prepare(root, rows, run)
            epochs = max(1, -(-STEPS * BATCH // rows))
            train(root, run, Training(epochs=epochs, global_batch_size=BATCH), dataset=run)
            report = ExitReport.model_validate_json((root / "report.json").read_bytes())
            peaks.append(max(peak for _, _, peak in report.ranks))
        data = rows * FEATURES * 4 / 2**20
        print(f"  {times:2}x: {data:6.1f} MiB of features, a rank at most {peaks[-1] / 2**20:,.0f} MiB", flush=True)
    print(f"memory: 16x / 1x = {peaks[-1] / peaks[0]:.3f}, 4x / 1x = {peaks[1] / peaks[0]:.3f}")
