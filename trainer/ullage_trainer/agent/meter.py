"""What a worker takes: its ranks' CPU time and memory, its own, and the accelerators' account."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import psutil

from ullage_trainer.channel import Message
from ullage_trainer.config import Usage

from .accelerators import AcceleratorReading, AcceleratorSampler, has_devices
from .ranks import RankProcess

_INTERVAL_SECONDS: Final = 1.0


class Meter:
    """Measures while ranks run; what the kernel says at their end replaces what was seen before."""

    def __init__(self) -> None:
        self.started_ms = now_ms()
        self.ended_ms: int | None = None
        self._sampler = AcceleratorSampler.open()
        self._measured = time.monotonic()

    @property
    def until_ms(self) -> int:
        """The worker's end, or now."""
        return self.ended_ms or now_ms()

    def end(self) -> None:
        """Take note that the worker has ended."""
        self.ended_ms = now_ms()

    def tick(self, ranks: Sequence[RankProcess]) -> None:
        """Measure, at most once a second."""
        now = time.monotonic()
        if now - self._measured < _INTERVAL_SECONDS:
            return
        for rank in ranks:
            if rank.running:
                rank.measure()
        if self._sampler is not None:
            self._sampler.sample(1000 * (now - self._measured))
        self._measured = now

    def usage(self, ranks: Sequence[RankProcess]) -> Usage:
        """Return what the worker took so far."""
        accelerators = self._accelerators()
        own = psutil.Process().cpu_times()
        return Usage(
            wall_ms=max(0, self.until_ms - self.started_ms),
            cpu_ms=sum(rank.cpu_ms for rank in ranks) + round(1000 * (own.user + own.system)),
            peak_memory_bytes=max([_own_peak_bytes(), *(rank.peak_memory_bytes for rank in ranks)]),
            gpu_ms=accelerators.held_ms,
            gpu_active_ms=accelerators.active_ms,
            gpu_joules=accelerators.joules,
            bytes_read=sum(rank.latest.bytes_read or 0 for rank in ranks),
            samples=sum(rank.latest.samples or 0 for rank in ranks),
            flop=_flop([rank.latest for rank in ranks]),
        )

    def _accelerators(self) -> AcceleratorReading:
        if self._sampler is not None:
            return self._sampler.reading()
        # Without a device nothing was held, and that is known; with devices but no NVML nothing is.
        known = None if has_devices() else 0
        return AcceleratorReading(held_ms=known, active_ms=known, joules=known)


def _flop(told: Sequence[Message]) -> int | None:
    """Sum the ranks' operations; what one of them has done without counting makes the sum unknown."""
    counted = [message.flop for message in told if message.flop is not None]
    uncounted = any(message.flop is None and message.samples for message in told)
    return None if uncounted or not counted else sum(counted)


def _own_peak_bytes() -> int:
    """Return this program's greatest resident set; ``ru_maxrss`` would have that of the one that started it in it."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:"))


def now_ms() -> int:
    """Return milliseconds since 1970 by this machine's clock."""
    return time.time_ns() // 1_000_000
