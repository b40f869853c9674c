"""What a scrape of all that the operator exports costs with 10,000 jobs, against summing the books by entry."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from prometheus_client import generate_latest

from bench.exported import INSTITUTIONS, declare, exported
from bench.pairs import alternate, median_interval
from ullage_operator.ledger import (
    Activity,
    Entry,
    EntryContext,
    HoldOpened,
    HoldReleased,
    Ledger,
    Outcome,
    sqlite_url,
)
from ullage_operator.ledger.energy import estimate
from ullage_trainer.config import Stage, Usage

JOBS = 10_000
WORKERS = 2
LIVE = 200
"""The last of them still run."""
AIM_SECONDS = 1.0
_BATCH = 250
_KEYS = ("institution", "model_family", "stage", "outcome")


def main(pairs: int) -> None:
    """Print the seconds of a scrape, and the ratio to summing entries one by one."""
    print(
        f"scrape: {JOBS:,} jobs x {WORKERS} workers of {INSTITUTIONS} institutions in SQLite, {LIVE} of them live",
        flush=True,
    )
    with tempfile.TemporaryDirectory(prefix="ullage-bench-") as scratch:
        url = sqlite_url(Path(scratch) / "ledger.sqlite3")
        with Ledger.open(url, cluster="bench", now_ms=lambda: 10**12) as ledger:
            declare(ledger)
            for start in range(0, JOBS, _BATCH):
                ledger.post([entry for number in range(start, start + _BATCH) for entry in job(number)])
                if start % 2500 == 0:
                    print(f"  {start:,} jobs are posted", flush=True)
            registry = exported(ledger, JOBS, LIVE)
            scrapes: list[float] = []

            def scrape() -> float:
                scrapes.append(seconds(lambda: generate_latest(registry)))
                return scrapes[-1]

            def one_by_one() -> float:
                return seconds(lambda: ledger.usage(0, 10**12, by=_KEYS))

            ratios = alternate(scrape, one_by_one, pairs, ("scrape", "entry by entry"), "s")
    median, low, high = median_interval(scrapes)
    ratio, least, most = median_interval(ratios)
    verdict = "met" if median < AIM_SECONDS else "missed"
    print(
        f"scrape: {median:.3f} s ({low:.3f} to {high:.3f}); aim below {AIM_SECONDS:g} s: {verdict}; "
        f"scrape / entry by entry = {ratio:.3f} (median of {pairs} pairs; {least:.3f} to {most:.3f})"
    )


def job(number: int) -> list[Entry]:
    """Return the entries of a job's workers: released, with what they did; those of the last jobs are open."""
    context = EntryContext(
        job_uid=f"job-{number:05}",
        namespace=f"team-{number % 40}",
        job=f"training-{number}",
        institution=f"institution-{number % INSTITUTIONS}",
        model_family=f"family-{number % 10}",
    )
    start = 10**9 + number * 60_000
    held: dict[str, Any] = {"accelerators": 4, "accelerator_type": "nvidia.com/gpu", "cpu_millis": 16_000}
    entries: list[Entry] = []
    for index in range(WORKERS):
        about: dict[str, Any] = {"context": context, "worker_uid": f"worker-{number:05}-{index}"}
        place: dict[str, Any] = {"stage": Stage.TRAIN, "attempt": 1, "index": index, "slots": 4}
        entries.append(HoldOpened(**about, **held, **place, memory_mib=65_536, from_ms=start))
        if number >= JOBS - LIVE:
            continue
        end = start + 3_600_000
        used = Usage(wall_ms=3_600_000, cpu_ms=9_000_000, gpu_ms=14_400_000, gpu_active_ms=9_000_000, samples=10**6)
        energy = estimate(used.cpu_ms, 64 * 2**30, used.wall_ms, accelerators=4)
        entries.append(Activity(**about, from_ms=start, to_ms=end, usage=used, ranks=(), energy=energy))
        entries.append(HoldReleased(**about, to_ms=end, outcome=Outcome.SUCCEEDED))
    return entries


def seconds(work: Callable[[], object]) -> float:
    """Return how long something takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
