"""The whole document of a period, each figure as its number alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from . import costs, groups
from .bounds import less, over, summed, told
from .declared import THING, courses
from .held import allocations, capacity
from .rows import Period, bottlenecks, lines, measured
from .spreads import spreads
from .tables import Tables
from .times import Span, instant, written
from .use import of_compute


def document(tables: Tables, span: Span, kinds: dict[str, str], cluster: str) -> dict[str, Any]:
    """Return the gap of a month.

    Parameters
    ----------
    tables
        The books.
    span
        The month: its trend is of itself.
    kinds
        Which accelerator a resource of the cluster is.
    cluster
        Whose books these are.
    """
    period = measured(tables, span, kinds)
    everyone = sorted(each["id"] for each in period.institutions)
    month = {
        "period": {"start": written(span.start), "end": written(span.end)},
        "lines": lines(period),
        "totals": groups.totals(period),
        "money": costs.money(period),
        "money_totals": costs.together(period, everyone),
    }
    return {
        "version": "ullage.dev/gap/v1alpha1",
        **month,
        "as_of": written(instant(tables.as_of_ms)),
        "books": [cluster],
        "institutions": [
            {"id": each["id"], "name": each["displayName"], "country": each["country"], "kind": each["kind"]}
            for each in sorted(period.institutions, key=lambda each: each["id"])
        ],
        "groups": groups.groups(period),
        "bottlenecks": bottlenecks(period),
        "spreads": spreads(period, everyone),
        "moved": _moved(period),
        "courses": courses(period.investments, span),
        "rests": _rests(tables, span, kinds),
        "unattributed": _of_nobody(period),
        "undeclared": _undeclared(period),
        "families": _families(period),
        "trend": [month],
    }


def _moved(period: Period) -> list[dict[str, Any]]:
    balance = period.moved.groupby(["institution", "type"])["moved"].sum()
    assert abs(balance.sum()) < 1e-9, "expected double entries that sum to zero"
    return [{"holder": holder, "role": role, "hours": hours} for (holder, role), hours in balance.items()]


def _rests(tables: Tables, span: Span, kinds: dict[str, str]) -> list[dict[str, Any]]:
    """Return what nodes offered less what workers held: only our own pods are known, so none of it is called idle."""
    held = allocations(tables, span, kinds)
    rows = []
    for row in capacity(tables, span, kinds).to_dict("records"):
        thing = tuple(row[name] for name in THING)
        amount = summed(held[(held[THING] == list(thing)).all(axis="columns")])
        offered = np.full(3, float(row["capacity"]))
        rest = less(offered, amount)
        rows.append(
            {
                "books": row["scope"],
                "thing": dict(zip(THING, thing, strict=True)),
                "capacity": told(offered),
                "held": told(amount),
                "rest": told(rest),
                "rest_share": told(over(rest, offered)),
                "idle": False,
            }
        )
    return rows


def _of_nobody(period: Period) -> list[dict[str, Any]]:
    nobodys = period.allocations[period.allocations["institution"].isna()]
    return [
        {"thing": dict(zip(THING, thing, strict=True)), "use": of_compute(found)}
        for thing, found in nobodys.groupby(THING)
    ]


def _undeclared(period: Period) -> list[dict[str, Any]]:
    return [
        {"institution": name, "thing": dict(zip(THING, thing, strict=True)), "use": period.use([name], tuple(thing))}
        for name, *thing in period.others().itertuples(index=False)
    ]


def _families(period: Period) -> list[dict[str, Any]]:
    """Return use by family of models, those without a name last."""
    groups = period.allocations.groupby(["model_family", *THING], dropna=False)
    return [
        {
            "model_family": None if pd.isna(family) else family,
            "thing": dict(zip(THING, thing, strict=True)),
            "use": of_compute(found),
        }
        for (family, *thing), found in groups
    ]
