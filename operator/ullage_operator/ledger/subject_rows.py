"""The facts of entries of other subjects as rows of details, and back: a column for each field, by its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Table

from . import tables
from .details import Details, Row, single
from .entries import (
    Access,
    Asset,
    Award,
    Capacity,
    Charge,
    Close,
    Declaration,
    Expend,
    Grant,
    Import,
    OfSubject,
    Rate,
    Reserve,
    StatedEntry,
    Transfer,
    Unreserve,
)

_OF: Final[dict[type[OfSubject], Table]] = {
    Access: tables.asset_access,
    Asset: tables.asset,
    Award: tables.award,
    Capacity: tables.capacity,
    Charge: tables.charge,
    Close: tables.period_close,
    Declaration: tables.declaration,
    Expend: tables.expend,
    Grant: tables.line_grant,
    Import: tables.usage_import,
    Reserve: tables.reserve,
    Transfer: tables.transfer,
    Unreserve: tables.unreserve,
}
_BY_TYPE: Final = {model.type: model for model in _OF}

TABLES: Final = tuple((model.type, table.name) for model, table in _OF.items())
"""Types, each with the table that has its facts."""

_RATE: Final = tuple(Rate.model_fields)
RATE_COLUMNS: Final = tuple(f"rate_{name}" for name in _RATE)


def parse(row: Row, common: Mapping[str, object], found: Details) -> OfSubject | None:
    """Return the entry that rows state, or None where its type is not one of another subject.

    Raises
    ------
    ValueError
        The rows of details are not those of its type.
    """
    model = _BY_TYPE.get(str(row["type"]))
    if model is None:
        return None
    facts: dict[str, object] = dict(single(found, _OF[model]))
    start, end = model.times
    facts[start] = row["effective_from_ms"]
    if end is not None:
        facts[end] = row["effective_to_ms"]
    if issubclass(model, StatedEntry):
        facts["subject"] = row["subject"]
    if "job_uid" in model.model_fields:
        facts["job_uid"] = row["job_uid"]
    if "rate" in model.model_fields:
        rate = {name: facts.pop(f"rate_{name}") for name in _RATE}
        facts["rate"] = None if rate["micros"] is None else rate
    entry: OfSubject = model.model_validate({**common, **facts})
    return entry


def details(entry: OfSubject) -> Details:
    """Return the row of details that states an entry."""
    table = _OF[type(entry)]
    facts = entry.model_dump(mode="json")
    if "rate" in facts:
        rate = facts.pop("rate") or {}
        facts |= {f"rate_{name}": rate.get(name) for name in _RATE}
    return {table.name: [{column.name: facts[column.name] for column in table.columns if column.name != "sequence"}]}
