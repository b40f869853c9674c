"""All that released workers held and used, summed by the database: for counters, which are asked for very often.

The same figures as :func:`~ullage_operator.ledger.usage.usage` gives over all time, entry by entry; a test holds the
two together. Open holds are not in it: how they will end is not known yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, RowMapping, Subquery, case, func, select

from ullage_operator.ledger import tables
from ullage_operator.ledger.base import FLOP_BASE, Provenance
from ullage_operator.ledger.entries import Activity, HoldOpened, HoldReleased
from ullage_operator.ledger.selection import counts
from ullage_operator.ledger.usage import GroupKey, UsageRow

_SUMMED: Final = ("cpu_ms", "samples", "bytes_read", "joules", "joules_low")
_LIMBS: Final = ("flop_high", "flop_low")


def totals(connection: Connection, by: Sequence[GroupKey], *, cluster: str, upto: int | None) -> list[UsageRow]:
    """Return a row for each group that held something and released it, in the order of the groups."""
    hold, release = tables.entry.alias("held"), tables.entry.alias("released")
    held, outcome = tables.hold.c, tables.hold_release.c.outcome
    keys: dict[GroupKey, ColumnElement[Any]] = {
        "institution": hold.c.institution,
        "programme": hold.c.programme,
        "model_family": hold.c.model_family,
        "job": hold.c.namespace + "/" + hold.c.job,
        "stage": held.stage,
        "outcome": outcome,
    }
    done = _activities(upto)
    held_ms = release.c.effective_from_ms - hold.c.effective_from_ms
    known = done.c.times > 0
    gpu_known = known & (done.c.gpu_unknown == 0)
    figures: dict[str, ColumnElement[Any]] = {
        "jobs": func.count(hold.c.job_uid.distinct()),
        "holds": func.count(),
        "holds_estimated": func.sum(case((release.c.provenance == Provenance.ESTIMATED.value, 1), else_=0)),
        "accelerator_ms": func.sum(held.accelerators * held_ms),
        "accelerator_measured_ms": func.sum(case((gpu_known, held.accelerators * held_ms), else_=0)),
        "accelerator_active_ms": func.sum(case((gpu_known, done.c.gpu_active_ms))),
        "cpu_held_core_us": func.sum(held.cpu_millis * held_ms),
        "cpu_measured_core_us": func.sum(case((known, held.cpu_millis * held_ms), else_=0)),
        "cpu_used_ms": func.sum(done.c.cpu_ms),
        "memory_held_mib_ms": func.sum(held.memory_mib * held_ms),
        "peak_memory_bytes": func.max(done.c.peak_memory_bytes),
        "samples": func.sum(done.c.samples),
        "samples_counted": func.sum(done.c.samples_counted),
        **{name: func.sum(case((done.c.flop_unknown == 0, done.c[name]))) for name in _LIMBS},
        "parameters": func.max(done.c.parameters),
        "bytes_read": func.sum(done.c.bytes_read),
        "joules": func.sum(done.c.joules),
        "joules_low": func.sum(done.c.joules_low),
        # Without an upper bound of one part there is none of the sum.
        "joules_high": case((func.coalesce(func.sum(done.c.unbounded), 0) == 0, func.sum(done.c.joules_high))),
        "joules_estimated": func.sum(done.c.joules_estimated),
    }
    query = (
        select(*(keys[key].label(f"by_{key}") for key in by), *(found.label(name) for name, found in figures.items()))
        .select_from(hold)
        .join(tables.hold, held.sequence == hold.c.sequence)
        .join(release, (release.c.worker_uid == hold.c.worker_uid) & (release.c.type == HoldReleased.type))
        .join(tables.hold_release, tables.hold_release.c.sequence == release.c.sequence)
        .outerjoin(done, done.c.worker_uid == hold.c.worker_uid)
        .where(hold.c.type == HoldOpened.type, hold.c.cluster == cluster, counts(upto, hold), counts(upto, release))
        .group_by(*(keys[key] for key in by))
    )
    rows = [_row(by, found) for found in connection.execute(query).mappings()]
    return sorted(rows, key=lambda row: [(value is None, value or "") for value in row.group.values()])


def _activities(upto: int | None) -> Subquery:
    """Return what each worker did, over all of its activities that count."""
    entry, did = tables.entry.alias("did"), tables.activity.c
    estimated = case((did.joules_provenance == Provenance.MEASURED.value, 0), else_=did.joules)
    return (
        select(
            entry.c.worker_uid,
            func.count().label("times"),
            *(func.sum(did[name]).label(name) for name in (*_SUMMED, *_LIMBS)),
            *(func.max(did[name]).label(name) for name in ("peak_memory_bytes", "parameters")),
            func.sum(case((did.flop_high.is_(None), 0), else_=did.samples)).label("samples_counted"),
            func.sum(case((did.flop_high.is_(None), 1), else_=0)).label("flop_unknown"),
            func.sum(did.gpu_active_ms).label("gpu_active_ms"),
            func.sum(case((did.gpu_active_ms.is_(None), 1), else_=0)).label("gpu_unknown"),
            func.sum(did.joules_high).label("joules_high"),
            func.sum(case((did.joules_high.is_(None), 1), else_=0)).label("unbounded"),
            func.sum(estimated).label("joules_estimated"),
        )
        .join(entry, entry.c.sequence == did.sequence)
        .where(entry.c.type == Activity.type, counts(upto, entry))
        .group_by(entry.c.worker_uid)
        .subquery("done")
    )


def _row(by: Sequence[GroupKey], columns: RowMapping) -> UsageRow:
    # PostgreSQL sums integers to a numeric.
    amounts = {name: int(value) for name, value in columns.items() if value is not None and not name.startswith("by_")}
    high, low = (amounts.pop(name, None) for name in _LIMBS)
    if high is not None and low is not None:
        amounts["flop"] = high * FLOP_BASE + low
    return UsageRow(group={key: columns[f"by_{key}"] for key in by}, **amounts)
