"""K, F and people who move: from the specs that were declared, a row for each amount."""

from __future__ import annotations

from collections.abc import Iterator
from math import floor
from typing import Any

import pandas as pd

from .times import FTE_HOURS_A_YEAR, Span, span

THING = ["resource", "type", "unit"]
KEY = ["institution", *THING]
Row = dict[str, Any]
Specs = list[dict[str, Any]]


def frame(rows: Iterator[Row], *columns: str) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(columns))


def own(institutions: Specs, period: Span) -> pd.DataFrame:
    """K: machines by count × hours × availability, people by a twelfth of a year a month, data at the end."""
    return frame(_own(institutions, period), *KEY, "own")


def _own(institutions: Specs, period: Span) -> Iterator[Row]:
    for each in institutions:
        holds, within = each.get("holds", {}), period.before(each["until"])
        for machines in holds.get("accelerators", []):
            if hours := within.common(span(machines)).hours:
                amount = machines["count"] * hours * machines.get("availability", 1)
                yield _row(each["id"], "compute", machines["type"], "acceleratorHours", own=amount)
        for people in holds.get("talent", []):
            if months := within.common(span(people)).months:
                yearly = people["headcount"] * people.get("hoursPerYear", FTE_HOURS_A_YEAR)
                yield _row(each["id"], "talent", people["role"], "hours", own=yearly * months / 12)
    for asset in assets(institutions, period).to_dict("records"):
        yield {**{name: asset[name] for name in THING}, "institution": asset["holder"], "own": asset["amount"]}


def assets(institutions: Specs, period: Span) -> pd.DataFrame:
    """Data that is there at the period's end: amount × unique share, its holder, and who else has access."""
    there = [each for each in institutions if each["until"] >= period.end]
    names = {each["id"] for each in there}
    rows = (
        _row(each["id"], "data", asset.get("type", "text"), asset["unit"])
        | {"asset": asset["assetId"], "holder": each["id"], "shared": sorted(names & {*asset.get("sharedWith", [])})}
        | {"amount": asset["amount"] * asset.get("uniqueShare", 1)}
        for each in there
        for asset in each.get("holds", {}).get("data", [])
        if period.ends_in(span(asset))
    )
    return frame(rows, *THING, "asset", "holder", "shared", "amount")


def ending(investments: Specs, institutions: Specs) -> Specs:
    """Return investments whose lines give until the institution that each is for is withdrawn, at the latest."""
    ends = {each["id"]: each["until"] for each in institutions}
    return [
        each | {"lines": [line | {"until": min(each["until"], ends[line["beneficiary"]])} for line in lines]}
        for each in investments
        for lines in [[line for line in each["lines"] if line["beneficiary"] in ends]]
    ]


def granted(institutions: Specs, investments: Specs, period: Span) -> pd.DataFrame:
    """F: what is released in kind within the period, and data that others share."""
    shared = assets(institutions, period).explode("shared").dropna(subset=["shared"])
    shared = shared.rename(columns={"shared": "institution", "amount": "granted"})[[*KEY, "granted"]]
    return pd.concat([frame(_in_kind(investments, period), *KEY, "granted"), shared], ignore_index=True)


def _in_kind(investments: Specs, period: Span) -> Iterator[Row]:
    for investment, line in approved(investments, "inKind"):
        assert line["unit"] == "acceleratorHours", "expected of this example grants of accelerator-hours alone"
        if period.before(line["until"]).common(span(investment)).hours:
            amount = released(line, investment, period)
            yield _row(line["beneficiary"], line["resource"], line["type"], line["unit"], granted=amount)


def approved(investments: Specs, channel: str) -> Iterator[tuple[Row, Row]]:
    """Yield the lines of one channel, with their investments; of what is not approved nothing is given."""
    for investment in investments:
        for line in investment["lines"]:
            assert "beneficiary" in line, "expected of this example no pools"
            if line["channel"] == channel and "approval" in investment:
                yield investment, line


def released(line: Row, investment: Row, period: Span) -> float:
    """What of a line is released within a period, while it gives: by instalments, or evenly over the term."""
    period = period.before(line["until"])
    parts = line.get("instalments")
    if parts is None:
        return line["amount"] * period.share_of(span(investment))
    return sum(part["amount"] for part in parts if period.start <= pd.Timestamp(part["date"]) < period.end)


def transfers(investments: Specs, period: Span) -> pd.DataFrame:
    """People's hours: each row is one side of a double entry, and all of a role sum to zero."""
    return frame(_transfers(investments, period), "institution", "type", "moved")


def _transfers(investments: Specs, period: Span) -> Iterator[Row]:
    for investment, line in approved(investments, "collaboration"):
        part = line["collaboration"]
        hours = line["amount"] * period.before(line["until"]).share_of(span(investment))
        yield from _both(part["partner"], line["beneficiary"], part["role"], part["role"], hours)
    for investment, line in approved(investments, "exchange"):
        part = line["exchange"]
        away = Span(pd.Timestamp(part["departs"]), pd.Timestamp(part.get("returns", investment["to"])))
        hours = line["amount"] * period.before(line["until"]).share_of(away)
        yield from _both(part["from"], part["to"], part["role"], part["role"], hours)
    for _, line in approved(investments, "education"):
        part = line["education"]
        months = period.before(line["until"]).common(span(part, "completes", "never")).months
        hours = completers(part) * FTE_HOURS_A_YEAR * months / 12
        yield from _both(line["beneficiary"], line["beneficiary"], part["fromRole"], part["toRole"], hours)


def completers(education: Row) -> int:
    return floor(round(education["cohort"] * education["completion"], 9))


def courses(investments: Specs, period: Span) -> list[Row]:
    """Education delivered within the period: told, and in no supply."""
    return [
        {
            "institution": line["beneficiary"],
            "learner_hours": part["cohort"] * part["hours"] * within.share_of(span(investment)),
            "completers": completers(part),
            "completes_at": f"{part['completes']}T00:00:00.000Z",
        }
        for investment, line in approved(investments, "education")
        for part, within in [(line["education"], period.before(line["until"]))]
        if within.common(span(investment)).hours
    ]


def _both(giver: str, taker: str, role: str, new_role: str, hours: float) -> Iterator[Row]:
    if hours:
        yield {"institution": giver, "type": role, "moved": -hours}
        yield {"institution": taker, "type": new_role, "moved": hours}


def _row(institution: str, resource: str, kind: str, unit: str, **amounts: float) -> Row:
    return {"institution": institution, "resource": resource, "type": kind, "unit": unit, **amounts}
