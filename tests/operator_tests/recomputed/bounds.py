"""An amount and between what it lies: three numbers. Of what is not estimated all three are the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .tables import Tables

_SWAPPED = [0, 2, 1]

Told = float | dict[str, float | None] | None
"""A number, or with its bounds, or null."""


def held_between(tables: Tables, ends: pd.DataFrame) -> pd.DataFrame:
    """Return until when each released worker held at least and at most.

    A missing end is estimated. The worker held at least until its last sign of life, which is the end of what it is
    known to have done, or its start; at most until its end was written down.
    """
    starts = tables.frames["hold"].set_index("worker_uid")["effective_from_ms"]
    signs = tables.frames["activity"].groupby("worker_uid")["effective_to_ms"].max()
    estimated = ends["provenance"] == "estimated"
    seen = ends["worker_uid"].map(signs).fillna(ends["worker_uid"].map(starts))
    end = ends["effective_from_ms"]
    return pd.DataFrame(
        {
            "worker_uid": ends["worker_uid"],
            "end_ms": end,
            "low_end_ms": end.mask(estimated, seen.where(seen < end, end)),
            "high_end_ms": end.mask(estimated, ends["posted_at_ms"].where(ends["posted_at_ms"] > end, end)),
        }
    )


def summed(found: pd.DataFrame, shares: Any = 1.0) -> np.ndarray:
    """Return A of some allocations, or of the shares of it that are asked for."""
    held = found[["held", "low", "high"]].to_numpy(float) * np.asarray(shares, float).reshape(-1, 1)
    return held.sum(axis=0)


def less(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return one - other[_SWAPPED]


def over(one: np.ndarray, other: np.ndarray) -> np.ndarray | None:
    """Return a ratio; null where there is nothing that it could be a part of."""
    if not other[0]:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        return one / other[_SWAPPED]


def told(amount: np.ndarray | None) -> Told:
    """Return the number alone where it is not estimated. A bound is null where nothing bounds it."""
    if amount is None or (amount == amount[0]).all():
        return None if amount is None else float(amount[0])
    value, low, high = (float(each) if np.isfinite(each) else None for each in amount)
    return {"value": value, "low": low, "high": high}
