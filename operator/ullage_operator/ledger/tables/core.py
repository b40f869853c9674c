"""The tables that every entry has a row in, and the version of them all."""

from __future__ import annotations

from typing import Final

from sqlalchemy import CheckConstraint, Column, ForeignKey, Table, Text

from .columns import BIG, details, metadata, number, words

SCHEMA_VERSION: Final = 5
"""How many migrations there are; the greatest ``schema_version.version`` of a ledger of this version."""

schema_version: Final = Table(
    "schema_version",
    metadata,
    Column("version", BIG, primary_key=True, autoincrement=False),
    number("created_at_ms"),
    sqlite_strict=True,
)

entry: Final = Table(
    "entry",
    metadata,
    Column("sequence", BIG, primary_key=True, autoincrement=False),
    words("id", unique=True),
    number("revision"),
    words("cluster"),
    words("type"),
    number("effective_from_ms"),
    number("effective_to_ms", nullable=True),
    number("posted_at_ms"),
    words("institution", nullable=True),
    words("programme", nullable=True),
    words("model_family", nullable=True),
    words("line", nullable=True, index=True),
    words("job_uid", nullable=True, index=True),
    words("namespace", nullable=True),
    words("job", nullable=True),
    words("worker_uid", nullable=True, index=True),
    words("provenance"),
    words("source"),
    words("author"),
    Column("reverses", Text, ForeignKey("entry.id", deferrable=True, initially="DEFERRED"), nullable=True, unique=True),
    words("reason", nullable=True),
    words("previous_hash"),
    words("hash"),
    # Since version 2; null, as in all entries before it, for those of workers.
    words("subject", nullable=True, index=True),
    CheckConstraint("effective_to_ms >= effective_from_ms", name="entry_ends_after_it_starts"),
    CheckConstraint("(reverses IS NULL) = (reason IS NULL)", name="entry_reversal_has_a_reason"),
    sqlite_strict=True,
)

booking: Final = details("booking", number("booked_ms"))
"""Of an entry whose service date lay in a closed period: the start of the open period that it counts in."""
