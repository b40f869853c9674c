"""One institution and one thing: S = K + F and what moved, the gap, the surplus, the coverage, A and U."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from .declared import KEY, THING, Specs, assets, granted, needed, own, transfers
from .held import allocations, data_used
from .tables import Tables
from .times import FTE_HOURS_A_YEAR, Span
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

    def use(self, institutions: list[str], thing: tuple[str, ...]) -> dict[str, float | None]:
        """Return A and U of one thing over some institutions. Of people it is unknown where no job declared work."""
        frame = self.data_used if thing[0] == "data" else self.allocations
        found = frame[frame["institution"].isin(institutions) & (frame[THING] == list(thing)).all(axis="columns")]
        if thing[0] == "talent" and found.empty:
            return UNKNOWN
        return of_data(found) if thing[0] == "data" else of_compute(found)


def fte_hours(span: Span) -> float:
    return FTE_HOURS_A_YEAR * span.months / 12


def measured(tables: Tables, span: Span, kinds: dict[str, str]) -> Period:
    """Measure a period from the tables."""
    institutions, investments, prices = (
        tables.specs(kind, span.end_ms) for kind in ("Institution", "Investment", "PriceList")
    )
    there = assets(institutions, span)
    held, used = allocations(tables, span, kinds), data_used(tables, span, there)
    moved = transfers(investments, span)
    rows = _rows(span, institutions, investments, moved, pd.concat([held, used]))
    return Period(span, institutions, investments, prices, there, held, used, moved, rows)


def _rows(span: Span, institutions: Specs, investments: Specs, moved: pd.DataFrame, used: pd.DataFrame) -> pd.DataFrame:
    people = moved.assign(resource="talent", unit="hours")
    parts = {
        "required": needed(institutions, span),
        "own": own(institutions, span),
        "granted": granted(institutions, investments, span),
        "moved": people,
    }
    everything = pd.concat([*parts.values(), used])[KEY].drop_duplicates()
    ours = everything["institution"].isin([each["id"] for each in institutions])
    rows = everything[ours].sort_values(KEY).reset_index(drop=True)
    for name, frame in parts.items():
        sums = frame.groupby(KEY, as_index=False)[name].sum()
        rows = rows.merge(sums, on=KEY, how="left")
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
    unknown = [] if not pd.isna(row["required"]) else ["noNeedDeclared"]
    if row["resource"] == "compute":
        unknown += [] if on_own is not None else ["ownMachinesNotRead"]
        unknown += ["usePartlyMeasured"] if use["unmeasured"] else []
    return {
        "institution": row["institution"],
        "thing": dict(zip(THING, thing, strict=True)),
        **{name: number(row[name]) for name in ("required", "own", "granted", "supply", "gap", "surplus", "coverage")},
        "moved": row["moved"] if row["resource"] == "talent" else None,
        "gap_fte": period.fte(row["gap"], row["resource"]),
        "use": use,
        "own_allocated": on_own,
        "unknown": unknown,
        "need_lacks": None,
        "need_ended": None,  # Of this example, no need for data ends within a month.
    }


def own_allocated(period: Period, row: dict[str, Any]) -> float | None:
    """A on own machines: 0 of an institution that has none, unknown where no books tell what they were used for."""
    if row["resource"] != "compute":
        return None
    declared = next(each for each in period.institutions if each["id"] == row["institution"])
    machines = [each["type"] for each in declared.get("holds", {}).get("accelerators", [])]
    return None if row["unit"] == "acceleratorHours" and row["type"] in machines else 0.0


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
