"""Version 4: whether what a worker held was on its institution's own machines."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add it to holds; of what was posted before it is unknown."""
    op.add_column("hold", sa.Column("own_machines", _BIG, nullable=True))
