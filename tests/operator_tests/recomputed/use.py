"""A, U, A - U and U / A of some allocations, as a document tells them."""

from __future__ import annotations

from typing import Any

import pandas as pd

UNKNOWN = dict.fromkeys(("allocated", "measured", "measured_share", "used", "unmeasured", "idle", "intensity"))


def number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)


def ratio(part: Any, whole: Any) -> float | None:
    """Return a ratio; null where one is unknown or there is nothing that it could be a part of."""
    return None if pd.isna(part) or pd.isna(whole) or not whole else float(part / whole)


def of_compute(found: pd.DataFrame) -> dict[str, float | None]:
    """U and what follows from it are over the part of A that was measured."""
    held, measured = float(found["held"].sum()), float(found["measured"].sum())
    used = number(found["used"].sum(min_count=1))
    return {
        "allocated": held,
        "measured": measured,
        "measured_share": ratio(measured, held),
        "used": used,
        "unmeasured": held - measured,
        "idle": None if used is None else measured - used,
        "intensity": ratio(used, measured),
    }


def of_data(found: pd.DataFrame) -> dict[str, float | None]:
    """Data is not used up: an asset counts once, at the most that one institution used of it."""
    used = found.groupby(["asset", "fingerprint"])["used"].max().sum(min_count=1)
    return UNKNOWN | {"used": number(used)}
