"""Version 2: entries of other subjects than workers: declarations, supply, money, data and talent."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from ullage_operator.ledger.tables.guards import append_only

revision = "0002"
down_revision = "0001"

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")

_RATE = ("rate_micros:int?", "rate_unit:text?", "rate_currency:text?", "rate_dated_ms:int?", "rate_source:text?")
_DRAWN = ("purchase:text?", "unit:text", "currency:text?", "amount:int")

_TABLES = {
    "booking": ("booked_ms:int",),
    "declaration": ("kind:text", "object_id:text", "object_uid:text?", "generation:int", "spec:text?"),
    "period_close": ("at_ms:int",),
    "capacity": ("scope:text", "name:text", "resource:text", "resource_type:text?", "amount:int"),
    "usage_import": (
        "scope:text",
        "external_id:text",
        "accelerators:int",
        "accelerator_type:text?",
        "accelerator_active_ms:int?",
        "cpu_millis:int",
        "cpu_ms:int?",
    ),
    "charge": ("resource:text", "resource_type:text?", "quantity_ms:int", *_RATE),
    "asset": (
        "asset_id:text",
        "fingerprint:text?",
        "unit:text",
        "amount:int",
        "unique_millionths:int",
        "licence:text?",
    ),
    "asset_access": ("asset_id:text", "owner:text"),
    "transfer": (
        "operation:text",
        "reference:text",
        "from_account:text",
        "from_role:text",
        "to_account:text",
        "to_role:text",
        "headcount_thousandths:int",
        "seconds:int",
    ),
    "award": (
        "channel:text",
        "resource:text?",
        "resource_type:text?",
        "unit:text",
        "currency:text?",
        "amount:int",
    ),
    "line_grant": ("unit:text", "currency:text?", "amount:int"),
    "reserve": _DRAWN,
    "unreserve": (*_DRAWN, "reserved_from_ms:int"),
    "expend": (*_DRAWN, "quantity:int?", *_RATE),
}
"""Each table of details, with its columns: name, type, and a question mark where null is unknown."""


def upgrade() -> None:
    """Add the subject to entries, and a table of details for each new type."""
    op.add_column("entry", sa.Column("subject", sa.Text, nullable=True))
    op.create_index("ix_entry_subject", "entry", ["subject"])
    op.create_index("ix_entry_line", "entry", ["line"])
    for name, columns in _TABLES.items():
        of_entry = sa.Column("sequence", _BIG, sa.ForeignKey("entry.sequence"), primary_key=True, autoincrement=False)
        op.create_table(name, of_entry, *map(_column, columns), sqlite_strict=True)
    for statement in append_only(op.get_bind().dialect.name, tuple(_TABLES)):
        op.get_bind().exec_driver_sql(statement)


def _column(text: str) -> sa.Column[Any]:
    name, kind = text.rstrip("?").split(":")
    return sa.Column(name, _BIG if kind == "int" else sa.Text, nullable=text.endswith("?"))
