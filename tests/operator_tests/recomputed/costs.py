"""Money: what it costs to close the gaps, and what is left of that when what was awarded is spent on it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from .declared import THING, approved, released
from .rows import Period
from .use import number

_PRICED = [*THING, "currency"]


def money(period: Period) -> list[dict[str, Any]]:
    """Return the money of each institution, in each currency that anything is priced or awarded in."""
    everyone = sorted(each["id"] for each in period.institutions)
    return [_money(period, [name], currency) | {"institution": name} for name in everyone for currency in _all(period)]


def together(period: Period, institutions: list[str]) -> list[dict[str, Any]]:
    """Return the money of several together: the net of each is clipped at 0 before it is summed."""
    return [_money(period, institutions, currency) | {"institution": None} for currency in _all(period)]


def _all(period: Period) -> list[str]:
    return sorted({*_prices(period)["currency"], *_awards(period)["currency"]})


def _prices(period: Period) -> pd.DataFrame:
    """Return what things cost just before the period's end; where lists differ, the first that was declared counts."""
    there = [each for each in period.prices if each["until"] >= period.span.end]
    rows = [{**entry, "start": pd.Timestamp(entry["from"])} for each in there for entry in each["entries"]]
    assert all(row["unit"] != "fte" for row in rows), "expected of this example prices by the hour"
    found = pd.DataFrame(rows, columns=[*_PRICED, "price", "start"])
    found = found[found["start"] < period.span.end].drop_duplicates([*_PRICED, "start"])
    return found.sort_values("start", kind="stable").groupby(_PRICED, as_index=False).tail(1)


def _awards(period: Period) -> pd.DataFrame:
    """Return the money that is released to each institution within the period. It never counts as supply."""
    rows = []
    for investment, line in approved(period.investments, "money"):
        assert "resource" not in line, "expected of this example money that is not earmarked"
        amount = released(line, investment, period.span)
        rows.append({"institution": line["beneficiary"], "currency": line["unit"], "awarded": amount})
    return pd.DataFrame(rows, columns=["institution", "currency", "awarded"])


def _money(period: Period, institutions: list[str], currency: str) -> dict[str, Any]:
    prices, awards = _prices(period), _awards(period)
    needs = period.rows[period.rows["institution"].isin(institutions) & period.rows["needed"]]
    needs = needs.merge(prices[prices["currency"] == currency][[*THING, "price"]], on=THING, how="left")
    needs["cost"] = needs["price"] * needs["gap"]
    awards = awards[awards["institution"].isin(institutions) & (awards["currency"] == currency)]
    each = needs.groupby("institution")["cost"].sum()
    left = each - awards.groupby("institution")["awarded"].sum().reindex(each.index).fillna(0.0)
    unpriced = needs[needs["gap"].isna() | (needs["price"].isna() & (needs["gap"] > 0))]
    return {
        "currency": currency,
        "gross": float(each.sum()),
        "awarded": float(awards["awarded"].sum()),
        "net": float(left.clip(lower=0).sum()),
        "at_least": bool(len(unpriced)),
        "costs": [
            {"thing": dict(zip(THING, thing, strict=True)), "cost": float(cost)}
            for thing, cost in needs.dropna(subset=["cost"]).groupby(THING)["cost"].sum().items()
        ],
        "unpriced": [
            {
                "institution": row["institution"],
                "thing": {name: row[name] for name in THING},
                "gap": number(row["gap"]),
            }
            for row in unpriced.to_dict("records")
        ],
    }
