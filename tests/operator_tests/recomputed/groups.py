"""One thing over several institutions: gaps are clipped before they are summed, and a surplus is never netted."""

from __future__ import annotations

from typing import Any

import pandas as pd

from . import costs
from .bounds import told
from .declared import THING
from .rows import Period, own_allocated
from .spreads import spreads
from .use import number, ratio


def groups(period: Period) -> list[dict[str, Any]]:
    """Return what the institutions of each country, and of each kind, have together."""
    return [
        _group(period, by, name, sorted(each["id"] for each in period.institutions if each[by] == name))
        for by in ("country", "kind")
        for name in sorted({each[by] for each in period.institutions})
    ]


def _group(period: Period, by: str, name: str, members: list[str]) -> dict[str, Any]:
    totals = sums(period, members)
    needs = [row for row in totals if row["met"] is not None]
    # Of several that are met equally little, the first in order.
    least = min(needs, key=lambda row: row["met"], default=None)
    return {
        "by": by,
        "name": name,
        "members": members,
        "totals": totals,
        "bottleneck": least and {"thing": least["thing"], "met": least["met"]},
        "money": costs.together(period, members),
        "spreads": spreads(period, members),
    }


def totals(period: Period) -> list[dict[str, Any]]:
    """Return the sums over all institutions; in A and U, what is used in the name of others counts too."""
    return sums(period, [each["id"] for each in period.institutions], period.others())


def sums(period: Period, institutions: list[str], others: pd.DataFrame | None = None) -> list[dict[str, Any]]:
    """Return the sums over several institutions, thing by thing, with the use of others that have no line."""
    rows = period.rows[period.rows["institution"].isin(institutions)]
    users = pd.concat([rows[["institution", *THING]], others])
    return [
        _sum(period, thing, rows[(rows[THING] == list(thing)).all(axis="columns")], list(found["institution"]))
        for thing, found in users.groupby(THING)
    ]


def _sum(period: Period, thing: tuple[str, ...], found: pd.DataFrame, users: list[str]) -> dict[str, Any]:
    members, is_data = list(found["institution"]), thing[0] == "data"
    total = {name: None if is_data else number(found[name].sum(min_count=1)) for name in ("required", "gap", "surplus")}
    share = ratio(total["gap"], total["required"])
    needy = found[found["required"].notna()]
    on_own = [each for row in found.to_dict("records") if (each := own_allocated(period, row)) is not None]
    return {
        "thing": dict(zip(THING, thing, strict=True)),
        "members": members,
        **total,
        "own": float(found["own"].sum()),
        # Data is shared and not handed over: what one shares with another is there already.
        "granted": None if is_data else float(found["granted"].sum()),
        "moved": float(found["moved"].sum()) if thing[0] == "talent" else None,
        "supply": _each_asset_once(period, thing, members) if is_data else float(found["supply"].sum()),
        # Of this example nothing is granted to several as one pool.
        "pooled": 0.0,
        "gap_after_pools": total["gap"],
        "gap_fte": period.fte(float("nan") if total["gap"] is None else total["gap"], thing[0]),
        "coverage": None if is_data else ratio(needy["supply"].clip(lower=0).sum(), needy["required"].sum()),
        "met": None if share is None else 1 - share,
        "use": period.use(users, thing),
        "own_allocated": told(sum(on_own)) if on_own and len(on_own) == len(found) else None,
        "need_unknown": list(found[found["required"].isna()]["institution"]),
    }


def _each_asset_once(period: Period, thing: tuple[str, ...], members: list[str]) -> float:
    """A programme counts an asset once, however many of its institutions have access."""
    found = period.assets[(period.assets[THING] == list(thing)).all(axis="columns")]
    reached = [{row["holder"], *row["shared"]} & set(members) for row in found.to_dict("records")]
    return float(found[[bool(each) for each in reached]]["amount"].sum()) if len(found) else 0.0
