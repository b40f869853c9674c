"""The facts of workers' entries as rows of details, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel

from ullage_trainer.config import Usage, Use

from . import tables
from .base import FLOP_BASE
from .details import Details, Row, single
from .entries import Activity, DataUse, HoldOpened, HoldReleased, OfWorker

TABLES: Final = (
    (HoldOpened.type, tables.hold.name),
    (HoldReleased.type, tables.hold_release.name),
    (Activity.type, tables.activity.name),
    (Activity.type, tables.activity_rank.name),
    (DataUse.type, tables.data_use.name),
)
"""Types, each with a table that has its facts."""

_USAGE: Final = tuple(name for name in Usage.model_fields if name != "flop")
_USE: Final = tuple(Use.model_fields)
_HOLD: Final = ("stage", "attempt", "slots", "accelerators", "accelerator_type", "cpu_millis", "memory_mib")
_JOULES: Final = ("joules", "joules_low", "joules_high")


def parse(row: Row, common: Mapping[str, object], found: Details) -> OfWorker | None:
    """Return the entry that rows state, or None where its type is not one about a worker.

    Raises
    ------
    ValueError
        The rows of details are not those of its type.
    """
    start, end = row["effective_from_ms"], row["effective_to_ms"]
    facts: Mapping[str, object]
    match row["type"]:
        case HoldOpened.type:
            detail = single(found, tables.hold)
            facts = {name: detail[name] for name in _HOLD} | {"index": detail["worker_index"], "from_ms": start}
            facts = {**facts, "own_machines": detail["own_machines"]}
            return HoldOpened.model_validate({**common, **facts})
        case HoldReleased.type:
            detail = single(found, tables.hold_release)
            return HoldReleased.model_validate({**common, "outcome": detail["outcome"], "to_ms": start})
        case Activity.type:
            ranks = found.get(tables.activity_rank.name, [])
            detail = single({name: found[name] for name in found if name != "activity_rank"}, tables.activity)
            facts = {
                "from_ms": start,
                "to_ms": end,
                "usage": {name: detail[name] for name in _USAGE} | {"flop": _flop(detail)},
                "parameters": detail["parameters"],
                "ranks": [(rank["rank"], rank["cpu_ms"], rank["peak_memory_bytes"]) for rank in ranks],
                "energy": {name: detail[name] for name in _JOULES}
                | {"provenance": detail["joules_provenance"], "method": detail["joules_method"]},
            }
            return Activity.model_validate({**common, **facts})
        case DataUse.type:
            detail = single(found, tables.data_use)
            return DataUse.model_validate({**common, "at_ms": start, "use": {name: detail[name] for name in _USE}})
    return None


def details(entry: OfWorker) -> Details:
    """Return the rows of details that state an entry."""
    match entry:
        case HoldOpened():
            own = None if entry.own_machines is None else int(entry.own_machines)
            return {tables.hold.name: [_picked(entry, _HOLD) | {"worker_index": entry.index, "own_machines": own}]}
        case HoldReleased():
            return {tables.hold_release.name: [{"outcome": entry.outcome.value}]}
        case Activity():
            energy = _picked(entry.energy, _JOULES)
            energy |= {"joules_provenance": entry.energy.provenance.value, "joules_method": entry.energy.method}
            ranks: list[Row] = [
                {"rank": rank, "cpu_ms": cpu_ms, "peak_memory_bytes": peak} for rank, cpu_ms, peak in entry.ranks
            ]
            row = _picked(entry.usage, _USAGE) | energy | _limbs(entry.usage.flop) | {"parameters": entry.parameters}
            return {tables.activity.name: [row], tables.activity_rank.name: ranks}
        case DataUse():
            return {tables.data_use.name: [_picked(entry.use, _USE)]}


def _limbs(flop: int | None) -> Row:
    if flop is None:
        return {"flop_high": None, "flop_low": None}
    high, low = divmod(flop, FLOP_BASE)
    return {"flop_high": high, "flop_low": low}


def _flop(detail: Row) -> int | None:
    high, low = detail["flop_high"], detail["flop_low"]
    return None if high is None or low is None else int(high) * FLOP_BASE + int(low)


def _picked(model: BaseModel, names: tuple[str, ...]) -> Row:
    return model.model_dump(mode="json", include=set(names))
