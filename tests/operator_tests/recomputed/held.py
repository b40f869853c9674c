"""A and U, what nodes offered, and data that was used: from the tables of workers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from .bounds import held_between
from .declared import THING
from .tables import Tables
from .times import Span, prorated

_SECONDS_PER_HOUR = 3_600
_MS_PER_HOUR = 3_600_000
_US_PER_HOUR = 3_600_000_000
GROUP = ["institution", "programme", "model_family", "own_machines"]
_AMOUNTS = ["held", "low", "high"]
HELD = ["institution", "model_family", "own_machines", *THING, *_AMOUNTS, "measured", "used"]


def allocations(tables: Tables, period: Span, kinds: dict[str, str]) -> pd.DataFrame:
    """A, the part of it that was measured, and U over that part; a row for each group of jobs and each thing.

    A worker holds from its hold until its release; where its end is estimated, A lies between bounds. What it did is
    known if its container left a report; what its accelerators did, if that tells it.
    """
    assert tables.frames["usage_import"].empty, "expected of this example no machines elsewhere"
    found = workers(tables, period)
    gpus = found[found["accelerator_type"].notna()]
    gpus = gpus.assign(
        type=gpus["accelerator_type"].replace(kinds),
        **{name: gpus["accelerators"] * gpus[f"{name}_ms"] for name in _AMOUNTS},
        known=gpus["gpu_known"],
        active=gpus["gpu_active_ms"],
    )
    cores = found.assign(
        type="cpu",
        **{name: found["cpu_millis"] * found[f"{name}_ms"] for name in _AMOUNTS},
        known=found["runs"] > 0,
        active=found["cpu_ms"],
    )
    return pd.concat(
        [
            _grouped(gpus, "acceleratorHours", _MS_PER_HOUR, _MS_PER_HOUR),
            # Thousandths of a core × milliseconds are core-microseconds.
            _grouped(cores, "coreHours", _US_PER_HOUR, _MS_PER_HOUR),
            _work(tables, period),
        ],
        ignore_index=True,
    )[HELD]


def _work(tables: Tables, period: Span) -> pd.DataFrame:
    """A of people: what jobs declared, spread over their time; nothing of it is measured."""
    found = tables.frames["transfer"]
    found = found[(found["operation"] == "work") & (found["effective_from_ms"] < period.end_ms)]
    found = found[found["effective_to_ms"] > period.start_ms]
    hours = [_part(row, "seconds", period) / _SECONDS_PER_HOUR for row in found.to_dict("records")]
    found = found.assign(
        type=found["from_role"],
        held=pd.array(hours, dtype="Float64"),
        own_machines=pd.array([None] * len(found), "Int64"),
    )
    sums = found.groupby([*GROUP, "type"], dropna=False, as_index=False)[["held"]].sum()
    zero, unknown = (pd.array([value] * len(sums), dtype="Float64") for value in (0.0, None))
    exactly = {"low": sums["held"], "high": sums["held"]}
    return sums.assign(resource="talent", unit="hours", measured=zero, used=unknown, **exactly)


def _grouped(found: pd.DataFrame, unit: str, held_per_hour: int, active_per_hour: int) -> pd.DataFrame:
    found = found.assign(measured=found["held"].where(found["known"], 0), used=found["active"].where(found["known"]))
    amounts = [*_AMOUNTS, "measured"]
    sums = found.groupby([*GROUP, "type"], dropna=False, as_index=False)[[*amounts, "used"]].sum(min_count=1)
    sums = sums[sums["high"] > 0]
    used = sums["used"].where(sums["measured"] > 0).astype("Float64") / active_per_hour
    hours = {name: sums[name].astype("Float64") / held_per_hour for name in amounts}
    return sums.assign(resource="compute", unit=unit, used=used, **hours)


def workers(tables: Tables, period: Span) -> pd.DataFrame:
    """Return each worker that held something in a period: for how long, and what it did meanwhile."""
    ends = held_between(tables, tables.frames["hold_release"])
    found = tables.frames["hold"].merge(ends, how="left")
    start = found["effective_from_ms"].clip(lower=period.start_ms)
    held = {
        f"{name}_ms": (found[end].fillna(tables.as_of_ms).clip(upper=period.end_ms) - start).clip(lower=0)
        for name, end in zip(_AMOUNTS, ("end_ms", "low_end_ms", "high_end_ms"), strict=True)
    }
    did = tables.frames["activity"]
    parts = {name: [_part(row, name, period) for row in did.to_dict("records")] for name in ("cpu_ms", "gpu_active_ms")}
    done = did.assign(gpu_unknown=did["gpu_active_ms"].isna(), **parts).groupby("worker_uid", as_index=False)
    did = done.agg(
        runs=("sequence", "count"),
        unknown=("gpu_unknown", "sum"),
        cpu_ms=("cpu_ms", "sum"),
        gpu_active_ms=("gpu_active_ms", "sum"),
    )
    found = found.assign(**held).merge(did, on="worker_uid", how="left")
    found["runs"] = found["runs"].fillna(0)
    found["gpu_known"] = (found["runs"] > 0) & (found["unknown"] == 0).fillna(value=False)
    return found[found["high_ms"] > 0]


def _part(row: Mapping[str, Any], name: str, period: Span) -> int:
    total = row[name]
    if pd.isna(total):
        return 0
    return prorated(int(total), int(row["effective_from_ms"]), int(row["effective_to_ms"]), period)


def capacity(tables: Tables, period: Span, kinds: dict[str, str]) -> pd.DataFrame:
    """Return what nodes offered until the moment of the books, by cluster and thing, in hours."""
    found = tables.frames["capacity"]
    found = found[found["resource"].isin(["accelerator", "cpu"])]
    end = found["effective_to_ms"].fillna(tables.as_of_ms).clip(upper=min(period.end_ms, tables.as_of_ms))
    ms = (end - found["effective_from_ms"].clip(lower=period.start_ms)).clip(lower=0)
    is_cpu = found["resource"] == "cpu"
    found = found.assign(
        type=found["resource_type"].replace(kinds).fillna("cpu"),
        unit=np.where(is_cpu, "coreHours", "acceleratorHours"),
        resource="compute",
        capacity=found["amount"] * ms / np.where(is_cpu, _US_PER_HOUR, _MS_PER_HOUR),
    )[ms > 0]
    return found.groupby(["scope", *THING], as_index=False)["capacity"].sum()


def data_used(tables: Tables, period: Span, assets: pd.DataFrame) -> pd.DataFrame:
    """U of data: distinct accepted rows of each asset, by who used it. Reading it again adds nothing."""
    found = tables.frames["data_use"]
    at = found["effective_from_ms"]
    found = found[(period.start_ms <= at) & (at < period.end_ms)]
    types = dict(zip(assets["asset"], assets["type"], strict=True))
    found = found.assign(
        resource="data", type=found["asset"].map(lambda name: types.get(name, "rows")), unit="samples"
    ).rename(columns={"rows_accepted": "used"})
    return found.groupby(["institution", *THING, "asset", "fingerprint"], as_index=False)["used"].max()
