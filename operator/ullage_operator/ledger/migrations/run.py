"""Running the revisions on an open transaction, which the caller commits: all of them happen, or none."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


def upgrade(connection: Connection, *, since: int, to: int | None = None) -> None:
    """Bring a schema from version ``since`` (0 where there is none) to a later one, by default the latest."""
    config = Config()
    config.set_main_option("script_location", "ullage_operator.ledger:migrations")
    config.attributes["connection"] = connection
    if since == 1:
        # What wrote the first version did not know Alembic.
        command.stamp(config, revision_of(1))
    command.upgrade(config, "head" if to is None else revision_of(to))


def revision_of(version: int) -> str:
    """Return the name that a version of the schema has as a revision."""
    return f"{version:04d}"


def latest() -> int:
    """Return the version that the last revision makes."""
    config = Config()
    config.set_main_option("script_location", "ullage_operator.ledger:migrations")
    head = ScriptDirectory.from_config(config).get_current_head()
    return int(head or 0)
