"""``spec.quantize``: which smaller models are made."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from .base import Fraction, Model


class Variant(StrEnum):
    """How a model is quantized."""

    DYNAMIC_INT8 = "dynamicInt8"
    INT8 = "int8"
    FLOAT16 = "float16"


class Quantize(Model):
    """Quantize(w) -> w': smaller models, each measured beside the float model through the same runtime."""

    variants: Annotated[list[Variant], Field(min_length=1, max_length=3)] = [
        Variant.DYNAMIC_INT8,
        Variant.INT8,
        Variant.FLOAT16,
    ]
    """Which variants are made."""
    calibration_samples: Annotated[int, Field(ge=1, le=100_000)] = 256
    """Training samples that calibrate int8, drawn from all of the training part."""
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    """Seeds which samples these are."""
    latency_runs: Annotated[int, Field(ge=1, le=100_000)] = 200
    """Single-sample calls to each variant, of which median and 95th percentile are reported."""
    max_metric_drop: Fraction | None = None
    """A variant that loses more of the job's metric than this is marked rejected."""
