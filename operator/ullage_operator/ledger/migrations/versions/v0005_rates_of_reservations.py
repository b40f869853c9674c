"""Version 5: at which price money is set aside."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add it to reservations; of what was posted before it is what was declared then."""
    op.add_column("reserve", sa.Column("rate_micros", _BIG, nullable=True))
    op.add_column("reserve", sa.Column("rate_unit", sa.Text, nullable=True))
    op.add_column("reserve", sa.Column("rate_currency", sa.Text, nullable=True))
    op.add_column("reserve", sa.Column("rate_dated_ms", _BIG, nullable=True))
    op.add_column("reserve", sa.Column("rate_source", sa.Text, nullable=True))
