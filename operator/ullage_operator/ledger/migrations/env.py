"""What Alembic executes before it runs revisions: it is given the connection, and the transaction is the caller's."""

from __future__ import annotations

from alembic import context

from ullage_operator.ledger import tables

context.configure(connection=context.config.attributes["connection"], target_metadata=tables.metadata)
context.run_migrations()
