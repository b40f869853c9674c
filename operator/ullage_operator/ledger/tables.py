"""The tables: integers and text only, append-only, the same on SQLite and on PostgreSQL."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    Text,
)

SCHEMA_VERSION: Final = 1

BIG: Final = BigInteger().with_variant(Integer, "sqlite")
"""64 bits on both: SQLite's strict tables know it as INTEGER."""

metadata: Final = MetaData()


def _number(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BIG, nullable=nullable)


def _text(name: str, *, nullable: bool = False, unique: bool = False, index: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable, unique=unique or None, index=index or None)


def _of_entry() -> Column[int]:
    return Column("sequence", BIG, ForeignKey("entry.sequence"), primary_key=True, autoincrement=False)


schema_version: Final = Table(
    "schema_version",
    metadata,
    Column("version", BIG, primary_key=True, autoincrement=False),
    _number("created_at_ms"),
    sqlite_strict=True,
)

entry: Final = Table(
    "entry",
    metadata,
    Column("sequence", BIG, primary_key=True, autoincrement=False),
    _text("id", unique=True),
    _number("revision"),
    _text("cluster"),
    _text("type"),
    _number("effective_from_ms"),
    _number("effective_to_ms", nullable=True),
    _number("posted_at_ms"),
    _text("institution", nullable=True),
    _text("programme", nullable=True),
    _text("model_family", nullable=True),
    _text("line", nullable=True),
    _text("job_uid", nullable=True, index=True),
    _text("namespace", nullable=True),
    _text("job", nullable=True),
    _text("worker_uid", nullable=True, index=True),
    _text("provenance"),
    _text("source"),
    _text("author"),
    Column("reverses", Text, ForeignKey("entry.id", deferrable=True, initially="DEFERRED"), nullable=True, unique=True),
    _text("reason", nullable=True),
    _text("previous_hash"),
    _text("hash"),
    CheckConstraint("effective_to_ms >= effective_from_ms", name="entry_ends_after_it_starts"),
    CheckConstraint("(reverses IS NULL) = (reason IS NULL)", name="entry_reversal_has_a_reason"),
    sqlite_strict=True,
)

hold: Final = Table(
    "hold",
    metadata,
    _of_entry(),
    _text("stage"),
    _number("attempt"),
    _number("worker_index"),
    _number("slots"),
    _number("accelerators"),
    _text("accelerator_type", nullable=True),
    _number("cpu_millis"),
    _number("memory_mib"),
    sqlite_strict=True,
)

hold_release: Final = Table("hold_release", metadata, _of_entry(), _text("outcome"), sqlite_strict=True)

activity: Final = Table(
    "activity",
    metadata,
    _of_entry(),
    _number("wall_ms"),
    _number("cpu_ms"),
    _number("peak_memory_bytes"),
    _number("gpu_ms", nullable=True),
    _number("gpu_active_ms", nullable=True),
    _number("gpu_joules", nullable=True),
    _number("bytes_read"),
    _number("samples"),
    _number("joules"),
    _number("joules_low"),
    _number("joules_high", nullable=True),
    _text("joules_provenance"),
    _text("joules_method"),
    sqlite_strict=True,
)

activity_rank: Final = Table(
    "activity_rank",
    metadata,
    _of_entry(),
    Column("rank", BIG, primary_key=True, autoincrement=False),
    _number("cpu_ms"),
    _number("peak_memory_bytes"),
    sqlite_strict=True,
)

data_use: Final = Table(
    "data_use",
    metadata,
    _of_entry(),
    _text("asset"),
    _text("fingerprint"),
    _number("rows_read"),
    _number("rows_accepted"),
    _number("bytes"),
    sqlite_strict=True,
)

DETAILS: Final = (hold, hold_release, activity, activity_rank, data_use)
"""The tables that hold the facts of each type, keyed by the entry's sequence."""

REFUSAL: Final = "the ledger is append-only: post a reversal instead"
"""What the database answers to whoever changes or deletes a row."""


def triggers(table: Table) -> list[str]:
    """Return the names of the triggers that keep a table append-only on SQLite."""
    return [f"{table.name}_refuses_{operation}" for operation in ("update", "delete")]


def create(connection: Connection) -> None:
    """Create the tables, and the triggers that keep them append-only."""
    metadata.create_all(connection)
    for statement in append_only(connection.dialect.name):
        connection.exec_driver_sql(statement)


def append_only(dialect: str) -> list[str]:
    """Return the statements that keep every table append-only on SQLite or PostgreSQL."""
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {name} BEFORE {operation} ON {table.name} BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            for table in metadata.sorted_tables
            for operation, name in zip(("UPDATE", "DELETE"), triggers(table), strict=True)
        ]
    function = (
        "CREATE OR REPLACE FUNCTION ullage_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"
    )
    return [function] + [
        f"CREATE TRIGGER {table.name}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table.name} "
        "FOR EACH STATEMENT EXECUTE FUNCTION ullage_append_only()"
        for table in metadata.sorted_tables
    ]
