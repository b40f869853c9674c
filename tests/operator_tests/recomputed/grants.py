"""What has become of each line of an investment, from its award to what is forecast to be spent."""

from __future__ import annotations

import pandas as pd

from .tables import Tables
from .times import BEGINNING, Span, instant, prorated, span

_PER_UNIT = {"accelerator-ms": 3_600_000, "micros": 1_000_000, "seconds": 3_600}


def lines(tables: Tables) -> dict[str, dict[str, float]]:
    """Return the figures of each line in the unit that it is granted in, as the books stand at their moment.

    What is reserved and given back again is neither reserved nor spent. A correction takes back what was spent
    wrongly, and spends anew: only refunds, whatever was taken back, count as reversed.
    """
    until = Span(BEGINNING, instant(tables.as_of_ms + 1))
    awards = tables.frames["award"].set_index("line")
    sums = {
        name: frames[table].groupby("line")["amount"].sum().reindex(awards.index).fillna(0)
        for name, frames, table in (
            ("reserve", tables.frames, "reserve"),
            ("unreserve", tables.frames, "unreserve"),
            ("expend", tables.frames, "expend"),
            ("reversed", tables.reversed, "expend"),
        )
    }
    grants = tables.frames["line_grant"]
    parts = [_released(row, until) for row in grants.to_dict("records")]
    released = grants.assign(part=parts).groupby("line")["part"].sum().reindex(awards.index).fillna(0)
    reserved = sums["reserve"] - sums["unreserve"]
    term_ms = awards["effective_to_ms"] - awards["effective_from_ms"]
    # At the mean rate since the term began.
    faster = (term_ms / (tables.as_of_ms - awards["effective_from_ms"])).clip(lower=1)
    found = pd.DataFrame(
        {
            "awarded": awards["amount"],
            "released": released,
            "reserved": reserved,
            "expended": sums["expend"],
            "reversed": sums["reversed"],
            "remaining": released - reserved - sums["expend"],
            "forecast": sums["expend"] * faster,
        }
    ).astype("Float64")
    # Nobody draws on people's hours: of these is told what is delivered, or moved, by now.
    people = ~awards["channel"].isin(["money", "inKind"])
    found.loc[people, found.columns != "awarded"] = pd.NA
    for line, award in awards[people].iterrows():
        found.loc[line, "released"] = award["amount"] * until.share_of(_delivery(tables, str(line), award))
    told = found.div(awards["unit"].map(_PER_UNIT), axis="index")
    return {line: row.dropna().astype(float).to_dict() for line, row in told.iterrows()}


def _delivery(tables: Tables, line: str, award: pd.Series) -> Span:
    """Return when the hours of a line are delivered: of an exchange while they are away, else as long as it gives."""
    investment, _, name = line.partition("/")
    specs = tables.specs("Investment", Span(BEGINNING, instant(tables.as_of_ms + 1)))
    (spec,) = (part for each in specs if each["name"] == investment for part in each["lines"] if part["id"] == name)
    if "exchange" in spec:
        return span(spec["exchange"], "departs", "returns")
    return Span(instant(int(award["effective_from_ms"])), instant(int(award["effective_to_ms"])))


def _released(row: dict[str, int], until: Span) -> int:
    start = int(row["effective_from_ms"])
    end = start if pd.isna(row["effective_to_ms"]) else int(row["effective_to_ms"])
    return prorated(int(row["amount"]), start, end, until)
