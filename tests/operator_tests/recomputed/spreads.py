"""How unequally one thing is spread: Gini, Theil and its part between groups, the frontier ratio, a Lorenz curve."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .declared import THING
from .rows import Period, why_unknown

_FEWEST_FOR_A_CURVE = 5


def spreads(period: Period, institutions: list[str]) -> list[dict[str, Any]]:
    """Return two spreads of each thing among some: of S, each institution once, and of S / R weighted by R."""
    return [
        _spread(period, thing, found, by_need=by_need)
        for thing, found in period.rows[period.rows["institution"].isin(institutions)].groupby(THING)
        for by_need in (False, True)
    ]


def _spread(period: Period, thing: tuple[str, ...], found: pd.DataFrame, *, by_need: bool) -> dict[str, Any]:
    counted = found[found["required"] > 0] if by_need else found
    out = found[~found.index.isin(counted.index)]
    supply = counted["supply"].clip(lower=0).to_numpy(float)
    weight = counted["required"].to_numpy(float) if by_need else np.ones(len(counted))
    x = supply / weight
    of = {each["id"]: each for each in period.institutions}
    groups = {name: np.array([of[each][name] for each in counted["institution"]]) for name in ("country", "kind")}
    anything = bool(supply.sum())
    curve = _lorenz(x, weight) if anything and len(x) >= _FEWEST_FOR_A_CURVE else []
    return {
        "thing": dict(zip(THING, thing, strict=True)),
        "by_need": by_need,
        "units": len(counted),
        "left_out": [
            {"institution": row["institution"], "why": why_unknown(row) if pd.isna(row["required"]) else "needsNothing"}
            for row in out.to_dict("records")
        ],
        "gini": _gini(x, weight) if anything else None,
        "theil": _theil(x, weight) if anything else None,
        "theil_between_countries": _between(x, weight, groups["country"]) if anything else None,
        "theil_between_kinds": _between(x, weight, groups["kind"]) if anything else None,
        "frontier": [
            {"institution": name, "ratio": x.max() / own if own else None}
            for name, own in zip(counted["institution"], x, strict=True)
        ],
        "lorenz": curve,
        "no_lorenz": None if curve else "fewerThanFive" if len(x) < _FEWEST_FOR_A_CURVE else "nothingToSpread",
    }


def _gini(x: np.ndarray, weight: np.ndarray) -> float:
    """Half the mean difference of all pairs over the mean."""
    differences = np.abs(x[:, None] - x[None, :]) * weight[:, None] * weight[None, :]
    return float(differences.sum() / (2 * weight.sum() ** 2 * _mean(x, weight)))


def _theil(x: np.ndarray, weight: np.ndarray) -> float:
    """The weighted mean of (x / mean) ln(x / mean); 0 ln 0 is 0."""
    relative = x / _mean(x, weight)
    terms = np.where(relative > 0, relative * np.log(np.where(relative > 0, relative, 1)), 0)
    return float(np.average(terms, weights=weight))


def _between(x: np.ndarray, weight: np.ndarray, groups: np.ndarray) -> float:
    """What is left of Theil when the differences within groups are taken away."""
    within = 0.0
    for mine in (groups == name for name in np.unique(groups)):
        share = (x[mine] @ weight[mine]) / (x @ weight)
        within += share * _theil(x[mine], weight[mine]) if share else 0.0
    return _theil(x, weight) - within


def _lorenz(x: np.ndarray, weight: np.ndarray) -> list[dict[str, float]]:
    order = np.argsort(x, kind="stable")
    weights, amounts = np.cumsum(weight[order]), np.cumsum((x * weight)[order])
    points = zip([0, *weights / weights[-1]], [0, *amounts / amounts[-1]], strict=True)
    return [{"weight_share": float(one), "amount_share": float(other)} for one, other in points]


def _mean(x: np.ndarray, weight: np.ndarray) -> float:
    return float(np.average(x, weights=weight))
