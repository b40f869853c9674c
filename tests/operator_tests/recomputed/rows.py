"""One institution and one thing: S = K + F and what moved, the gap, the surplus, the coverage, A and U."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .bounds import Told, summed, told
from .declared import KEY, THING, Specs, assets, ending, granted, own, transfers
from .held import allocations, data_used
from .needs import ended, needed
from .tables import Tables
from .times import FTE_HOURS_A_YEAR, Span, span
from .use import UNKNOWN, number, of_compute, of_data


@dataclass(frozen=True)
class Period:
    """A period, with all that belongs to it."""

    span: Span
    institutions: Specs
    investments: Specs
    prices: Specs
    assets: pd.DataFrame
    allocations: pd.DataFrame
    data_used: pd.DataFrame
    moved: pd.DataFrame
    rows: pd.DataFrame
    """A row for each institution and each thing that it needs, has or used."""

    def others(self) -> pd.DataFrame:
        """Return who is not declared and used something all the same, and what: a row for each of both."""
        used = pd.concat([self.allocations, self.data_used])[KEY].dropna(subset=["institution"])
        declared = [each["id"] for each in self.institutions]
        return used[~used["institution"].isin(declared)].drop_duplicates().sort_values(KEY)

    def fte(self, hours: Any, resource: str) -> float | None:
        """Return hours of people as full-time equivalents of the period; null of all else."""
        return None if resource != "talent" or pd.isna(hours) else hours / fte_hours(self.span)

    def use(self, institutions: list[str], thing: tuple[str, ...]) -> dict[str, Told]:
        """Return A and U of one thing over some institutions. Of people it is unknown where no job declared work."""
        found = of(self.data_used if thing[0] == "data" else self.allocations, institutions, thing)
        if thing[0] == "talent" and found.empty:
            return UNKNOWN
        return of_data(found) if thing[0] == "data" else of_compute(found)


def of(frame: pd.DataFrame, institutions: list[str], thing: tuple[str, ...]) -> pd.DataFrame:
    return frame[frame["institution"].isin(institutions) & (frame[THING] == list(thing)).all(axis="columns")]


def fte_hours(span: Span) -> float:
    return FTE_HOURS_A_YEAR * span.months / 12


def measured(tables: Tables, span: Span, kinds: dict[str, str]) -> Period:
    """Measure a period from the tables."""
    institutions, investments, prices = (
        tables.specs(kind, span) for kind in ("Institution", "Investment", "PriceList")
    )
    investments = ending(investments, institutions)
    there = assets(institutions, span)
    held, used = allocations(tables, span, kinds), data_used(tables, span, there)
    moved = transfers(investments, span)
    rows = _rows(span, institutions, investments, moved, pd.concat([held, used]))
    return Period(span, institutions, investments, prices, there, held, used, moved, rows)


def _rows(span: Span, institutions: Specs, investments: Specs, moved: pd.DataFrame, used: pd.DataFrame) -> pd.DataFrame:
    people = moved.assign(resource="talent", unit="hours")
    needs, past = needed(institutions, span), ended(institutions, span)
    parts = {
        "own": own(institutions, span),
        "granted": granted(institutions, investments, span),
        "moved": people,
    }
    everything = pd.concat([needs, past, *parts.values(), used])[KEY].drop_duplicates()
    ours = everything["institution"].isin([each["id"] for each in institutions])
    rows = everything[ours].sort_values(KEY).reset_index(drop=True)
    for name, frame in parts.items():
        sums = frame.groupby(KEY, as_index=False)[name].sum()
        rows = rows.merge(sums, on=KEY, how="left")
    rows = rows.merge(needs, on=KEY, how="left").merge(past, on=KEY, how="left")
    rows["needed"] = rows["needed"].notna()
    # What is needed again at the end has not ended.
    rows["ended"] = rows["ended"].mask(rows["needed"])
    rows = rows.fillna({"own": 0.0, "granted": 0.0, "moved": 0.0})
    rows["supply"] = rows["own"] + rows["granted"] + rows["moved"]
    difference = rows["required"] - rows["supply"]
    rows["gap"], rows["surplus"] = difference.clip(lower=0), (-difference).clip(lower=0)
    rows["coverage"] = (rows["supply"].clip(lower=0) / rows["required"]).where(rows["required"] > 0)
    return rows


def lines(period: Period) -> list[dict[str, Any]]:
    """Return the lines of the document."""
    return [_line(period, row) for row in period.rows.to_dict("records")]


def _line(period: Period, row: dict[str, Any]) -> dict[str, Any]:
    thing = tuple(row[name] for name in THING)
    use, on_own = period.use([row["institution"]], thing), own_allocated(period, row)
    unknown = [] if not pd.isna(row["required"]) else [why_unknown(row)]
    if row["resource"] == "compute":
        unknown += [] if on_own is not None else ["ownMachinesNotRead"]
        partly = use["unmeasured"]["value"] if isinstance(use["unmeasured"], dict) else use["unmeasured"]
        unknown += ["usePartlyMeasured"] if partly else []
    return {
        "institution": row["institution"],
        "thing": dict(zip(THING, thing, strict=True)),
        **{name: number(row[name]) for name in ("required", "own", "granted", "supply", "gap", "surplus", "coverage")},
        "moved": row["moved"] if row["resource"] == "talent" else None,
        "gap_fte": period.fte(row["gap"], row["resource"]),
        "use": use,
        "own_allocated": told(on_own),
        "unknown": unknown,
        "need_lacks": None if pd.isna(row["lacks"]) else row["lacks"],
        "need_ended": None if pd.isna(row["ended"]) else row["ended"],
    }


def why_unknown(row: dict[str, Any]) -> str:
    """Return why R is not known."""
    if row["needed"]:
        return "needAmountUnknown"
    return "noNeedDeclared" if pd.isna(row["ended"]) else "needEnded"


def own_allocated(period: Period, row: dict[str, Any]) -> np.ndarray | None:
    """A on own machines: 0 of an institution that has none, unknown where no books tell what they were used for.

    The books of a cluster tell it of machines whose nodes are in that cluster, if each hold says where it was.
    """
    if row["resource"] != "compute":
        return None
    declared = next(each for each in period.institutions if each["id"] == row["institution"])
    within = period.span.before(declared["until"])
    machines = [
        each
        for each in declared.get("holds", {}).get("accelerators", [])
        if (row["unit"], row["type"]) == ("acceleratorHours", each["type"]) and within.common(span(each)).hours
    ]
    if not machines:
        return np.zeros(3)
    held = of(period.allocations, [row["institution"]], tuple(row[name] for name in THING))
    if not all(each.get("nodeSelector") for each in machines) or held["own_machines"].isna().any():
        return None
    return summed(held[held["own_machines"] == 1])


def bottlenecks(period: Period) -> list[dict[str, Any]]:
    """Return what each institution is covered least in; of several, the first in order."""
    worst = period.rows.dropna(subset=["coverage"]).sort_values(["coverage", *THING]).groupby("institution").head(1)
    return [
        {
            "institution": row["institution"],
            "thing": {name: row[name] for name in THING},
            "coverage": row["coverage"],
        }
        for row in worst.sort_values("institution").to_dict("records")
    ]
