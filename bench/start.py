"""From starting a worker to the end of its first training step, by part; beside the hand-written script."""

from __future__ import annotations

import http.client
import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.pairs import alternate, median_interval
from bench.training import BATCH, HIDDEN, PORT, RANKS, hand_written, prepare, started, train_document
from ullage_trainer.agent.protocol import REPORT_PATH
from ullage_trainer.config import Training

ROWS = 20_000
LOOK_SECONDS = 0.01
PARTS = {
    "": "the agent starts and looks for an earlier output",
    "bringing ranks together": "ranks import TensorFlow and Horovod",
    "building the model": "Horovod connects the ranks",
    "counting operations": "the model is built",
    "tracing the first step": "operations are counted, weights are shared",
    "training": "the first step is traced and taken",
}
"""What the worker says it does, and what has gone on until it first says so."""


def main(pairs: int) -> None:
    """Print the seconds of both sides, and those of each part of ours."""
    print(f"start: MLP {HIDDEN}, {RANKS} ranks, from the process to the end of the first step", flush=True)
    taken: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory(prefix="ullage-bench-") as scratch:
        root = Path(scratch)
        prepare(root, ROWS)

        def ullage() -> float:
            taken.append(first_step(root, len(taken) + 1))
            return sum(taken[-1].values())

        def by_hand() -> float:
            began = time.time()
            ended: float = hand_written(root, HIDDEN, epochs=1)["first_step"]
            return ended - began

        ratios = alternate(ullage, by_hand, pairs, ("ullage", "hand-written"), "s")
    for doing, part in PARTS.items():
        print(f"  {statistics.median(parts[doing] for parts in taken):6.2f} s  {part}")
    median, low, high = median_interval(ratios)
    print(f"start: ullage / hand-written = {median:.3f} (median of {pairs} pairs; {low:.3f} to {high:.3f})")


def first_step(root: Path, run: int) -> dict[str, float]:
    """Train for one epoch; return the seconds of each part up to the first step."""
    began = time.time()
    worker = started(root, train_document(root, run, Training(epochs=1, global_batch_size=BATCH)))
    parts: dict[str, float] = {}
    last = began
    for report in reports(worker):
        doing = (report.get("progress") or {}).get("doing", "")
        if doing in parts:
            continue
        now = time.time()
        parts[doing], last = now - last, now
    if worker.wait() or not parts.keys() >= PARTS.keys():
        raise SystemExit(f"bench: expected a worker that says all of {', '.join(PARTS)}, found {', '.join(parts)}")
    return {doing: parts[doing] for doing in PARTS}


def reports(worker: subprocess.Popen[bytes]) -> Iterator[dict[str, Any]]:
    """Yield what the worker reports, over and over, until it trains or ends."""
    while worker.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)
        try:
            connection.request("GET", REPORT_PATH)
            report: dict[str, Any] = json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException):
            report = {}
        finally:
            connection.close()
        if report:
            yield report
        if (report.get("progress") or {}).get("doing") == "training":
            return
        time.sleep(LOOK_SECONDS)
