"""R: from the specs that were declared and what the catalogue publishes of models and accelerators."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from .declared import KEY, Row, Specs, frame
from .times import FTE_HOURS_A_YEAR, Span, span, written

_PUBLISHED = Path(__file__).parents[3] / "operator" / "ullage_operator" / "gap" / "catalogue" / "published.yaml"


def needed(institutions: Specs, period: Span) -> pd.DataFrame:
    """R, by the share of its time in the period; of data whole, where it is needed at the end.

    Where the amount of one need is not known, R is not, and ``lacks`` says what the catalogue lacks.
    """
    found = frame(_needed(institutions, period), *KEY, "required", "lacks").astype({"required": float})
    groups = found.groupby(KEY)
    required = groups["required"].agg(lambda amounts: amounts.sum(skipna=False))
    return pd.DataFrame({"required": required, "lacks": groups["lacks"].first()}).reset_index().assign(needed=True)


def ended(institutions: Specs, period: Span) -> pd.DataFrame:
    """Data that was needed in the period and is not at its end, with when its last need ended."""
    rows = (
        {**_key(each["id"], need), "ended": time.end}
        for each in institutions
        for need in each.get("requires", [])
        for time in [span(need).before(each["until"])]
        if need["resource"] == "data" and period.common(time).hours and not period.ends_in(time)
    )
    last = frame(rows, *KEY, "ended").groupby(KEY, as_index=False)["ended"].max()
    return last.assign(ended=[written(at) for at in last["ended"]])


def _needed(institutions: Specs, period: Span) -> Iterator[Row]:
    for each in institutions:
        for need in each.get("requires", []):
            time, until = span(need), each["until"]
            is_data = need["resource"] == "data"
            share = float(period.ends_in(time.before(until))) if is_data else period.before(until).share_of(time)
            if share:
                amount = _amount(need, time)
                known = {"lacks": amount} if isinstance(amount, dict) else {"required": share * amount}
                yield {**_key(each["id"], need), "required": None, "lacks": None, **known}


def _amount(need: Row, time: Span) -> float | dict[str, str]:
    """Return the amount of a need, or what the catalogue lacks of what would tell it."""
    if "model" not in need:
        hours_of_one = FTE_HOURS_A_YEAR * time.months / 12 if need["unit"] == "fte" else 1
        return need["amount"] * hours_of_one
    model = need["model"]
    peak = model.get("peakFlops") or _published("accelerators", need["type"], "name").get("peakFlopPerSecond")
    if peak is None:
        return {"what": "peak", "name": need["type"]}
    if "ref" in model:
        reference = _published("models", model["ref"], "id")
        if not reference:
            return {"what": "operations", "name": model["ref"]}
        flop = float(reference["flop"]["value"])
    else:
        flop = 6 * model["parameters"] * model["tokens"]
    return flop * model.get("overhead", 1) * model.get("runs", 1) / (float(peak) * model["mfu"] * 3600)


def _published(what: str, name: str, by: str) -> dict[str, Any]:
    return next((each for each in _catalogue()[what] if each[by] == name), {})


@cache
def _catalogue() -> dict[str, Any]:
    return yaml.safe_load(_PUBLISHED.read_text(encoding="utf-8"))


def _key(institution: str, need: Row) -> Row:
    unit = "hours" if need["unit"] == "fte" else need["unit"]
    return {"institution": institution, "resource": need["resource"], "type": need["type"], "unit": unit}
