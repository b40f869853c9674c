"""Version 3: the operations that training took, and the parameters of what was trained."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add them to activities; of what was posted before they are unknown."""
    for name in ("flop_high", "flop_low", "parameters"):
        op.add_column("activity", sa.Column(name, _BIG, nullable=True))
