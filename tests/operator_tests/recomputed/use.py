"""A, U, A - U and U / A of some allocations, as a document tells them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .bounds import Told, less, over, summed, told

UNKNOWN = dict.fromkeys(("allocated", "measured", "measured_share", "used", "unmeasured", "idle", "intensity"))


def number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)


def ratio(part: Any, whole: Any) -> float | None:
    """Return a ratio; null where one is unknown or there is nothing that it could be a part of."""
    return None if pd.isna(part) or pd.isna(whole) or not whole else float(part / whole)


def of_compute(found: pd.DataFrame) -> dict[str, Told]:
    """U and what follows from it are over the part of A that was measured, which is as well known as all of A."""
    shares = (found["measured"] / found["held"]).where(found["measured"] > 0, 0.0)
    held, measured = summed(found), summed(found, shares)
    amount = number(found["used"].sum(min_count=1))
    used = None if amount is None else np.full(3, amount)
    return {
        "allocated": told(held),
        "measured": told(measured),
        "measured_share": ratio(measured[0], held[0]),
        "used": amount,
        "unmeasured": told(summed(found, 1 - shares)),
        "idle": None if used is None else told(less(measured, used)),
        "intensity": None if used is None else told(over(used, measured)),
    }


def of_data(found: pd.DataFrame) -> dict[str, Told]:
    """Data is not used up: an asset counts once, at the most that one institution used of it."""
    used = found.groupby(["asset", "fingerprint"])["used"].max().sum(min_count=1)
    return UNKNOWN | {"used": number(used)}
