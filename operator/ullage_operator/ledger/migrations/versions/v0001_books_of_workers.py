"""Version 1: the books of what workers held and used."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from ullage_operator.ledger.tables.guards import append_only

revision = "0001"
down_revision = None

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create the tables, and the triggers that keep them append-only."""
    _table("schema_version", _key("version"), _number("created_at_ms"))
    _table(
        "entry",
        _key("sequence"),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        _number("revision"),
        *_texts("cluster", "type"),
        _number("effective_from_ms"),
        _number("effective_to_ms", nullable=True),
        _number("posted_at_ms"),
        *_texts("institution", "programme", "model_family", "line", nullable=True),
        sa.Column("job_uid", sa.Text, nullable=True, index=True),
        *_texts("namespace", "job", nullable=True),
        sa.Column("worker_uid", sa.Text, nullable=True, index=True),
        *_texts("provenance", "source", "author"),
        sa.Column(
            "reverses",
            sa.Text,
            sa.ForeignKey("entry.id", deferrable=True, initially="DEFERRED"),
            nullable=True,
            unique=True,
        ),
        *_texts("reason", nullable=True),
        *_texts("previous_hash", "hash"),
        sa.CheckConstraint("effective_to_ms >= effective_from_ms", name="entry_ends_after_it_starts"),
        sa.CheckConstraint("(reverses IS NULL) = (reason IS NULL)", name="entry_reversal_has_a_reason"),
    )
    held = ("attempt", "worker_index", "slots", "accelerators")
    _details(
        "hold",
        *_texts("stage"),
        *map(_number, held),
        *_texts("accelerator_type", nullable=True),
        *map(_number, ("cpu_millis", "memory_mib")),
    )
    _details("hold_release", *_texts("outcome"))
    _details(
        "activity",
        *map(_number, ("wall_ms", "cpu_ms", "peak_memory_bytes")),
        *(_number(name, nullable=True) for name in ("gpu_ms", "gpu_active_ms", "gpu_joules")),
        *map(_number, ("bytes_read", "samples", "joules", "joules_low")),
        _number("joules_high", nullable=True),
        *_texts("joules_provenance", "joules_method"),
    )
    _details("activity_rank", _key("rank"), *map(_number, ("cpu_ms", "peak_memory_bytes")))
    _details("data_use", *_texts("asset", "fingerprint"), *map(_number, ("rows_read", "rows_accepted", "bytes")))
    guarded = ("schema_version", "entry", "hold", "hold_release", "activity", "activity_rank", "data_use")
    for statement in append_only(op.get_bind().dialect.name, guarded):
        op.get_bind().exec_driver_sql(statement)


def _table(name: str, *columns: sa.schema.SchemaItem) -> None:
    op.create_table(name, *columns, sqlite_strict=True)


def _details(name: str, *columns: sa.schema.SchemaItem) -> None:
    of_entry = sa.Column("sequence", _BIG, sa.ForeignKey("entry.sequence"), primary_key=True, autoincrement=False)
    _table(name, of_entry, *columns)


def _key(name: str) -> sa.Column[Any]:
    return sa.Column(name, _BIG, primary_key=True, autoincrement=False)


def _number(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, _BIG, nullable=nullable)


def _texts(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text, nullable=nullable) for name in names]
