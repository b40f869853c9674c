"""How a ledger's schema came about, version by version, by Alembic; each revision is written once and then left alone.

A new version is a file in ``versions`` and one more in :data:`~..tables.SCHEMA_VERSION`. Tests hold the result of
all revisions to be what the tables say.
"""

from .run import upgrade as upgrade
