"""What accelerators did, by NVML. Where NVML is not there, that is unknown, and unknown is null."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any


@dataclass(frozen=True)
class AcceleratorReading:
    """Since the sampler was opened, summed over the accelerators that this worker sees."""

    held_ms: int | None
    """Accelerators times milliseconds; null where devices are not told of."""
    active_ms: int | None
    """Milliseconds in which a kernel ran; null where a device does not tell (MIG)."""
    joules: int | None
    """Energy; null where a device does not tell."""


def has_devices() -> bool:
    """Tell whether this machine, or this container, has NVIDIA devices at all."""
    return any(Path("/dev").glob("nvidia[0-9]*"))


class AcceleratorSampler:
    """Reads utilisation at each call and energy as a difference of the devices' own counters.

    ``nvmlDeviceGetUtilizationRates`` gives the share of the last sampling period in which a kernel ran;
    it is taken to hold since the call before.
    """

    def __init__(self, nvml: ModuleType | Any) -> None:
        self._nvml = nvml
        nvml.nvmlInit()
        self._devices = [nvml.nvmlDeviceGetHandleByIndex(index) for index in range(nvml.nvmlDeviceGetCount())]
        self._first_energy = [self._energy_mj(device) for device in self._devices]
        self._held_ms = 0.0
        self._active_ms: float | None = 0.0

    @classmethod
    def open(cls) -> AcceleratorSampler | None:
        """Return a sampler, or null where there is no NVML or no device."""
        try:
            import pynvml  # noqa: PLC0415 - absent on machines without the trainer extra
        except ImportError:
            return None
        try:
            sampler = cls(pynvml)
        except pynvml.NVMLError:
            return None
        return sampler if sampler._devices else None

    def sample(self, elapsed_ms: float) -> None:
        """Take the utilisation of each device as that of the milliseconds since the last call."""
        for device in self._devices:
            self._held_ms += elapsed_ms
            try:
                busy = self._nvml.nvmlDeviceGetUtilizationRates(device).gpu / 100
            except self._nvml.NVMLError:
                self._active_ms = None
            if self._active_ms is not None:
                self._active_ms += busy * elapsed_ms

    def reading(self) -> AcceleratorReading:
        """Return the sums so far."""
        last = [self._energy_mj(device) for device in self._devices]
        spent = [
            None if now is None or first is None else now - first
            for now, first in zip(last, self._first_energy, strict=True)
        ]
        known = [millijoules for millijoules in spent if millijoules is not None]
        return AcceleratorReading(
            held_ms=round(self._held_ms),
            active_ms=None if self._active_ms is None else round(self._active_ms),
            joules=round(sum(known) / 1000) if len(known) == len(spent) else None,
        )

    def _energy_mj(self, device: Any) -> int | None:
        try:
            energy: int = self._nvml.nvmlDeviceGetTotalEnergyConsumption(device)
        except self._nvml.NVMLError:
            return None
        return energy
