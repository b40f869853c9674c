"""The tables: integers and text only, append-only, the same on SQLite and on PostgreSQL."""

from __future__ import annotations

from typing import Final

from .columns import metadata as metadata
from .core import SCHEMA_VERSION as SCHEMA_VERSION
from .core import booking as booking
from .core import entry as entry
from .core import schema_version as schema_version
from .guards import REFUSAL as REFUSAL
from .guards import append_only as append_only
from .guards import triggers as triggers
from .subjects import asset as asset
from .subjects import asset_access as asset_access
from .subjects import award as award
from .subjects import capacity as capacity
from .subjects import charge as charge
from .subjects import declaration as declaration
from .subjects import expend as expend
from .subjects import line_grant as line_grant
from .subjects import period_close as period_close
from .subjects import reserve as reserve
from .subjects import transfer as transfer
from .subjects import unreserve as unreserve
from .subjects import usage_import as usage_import
from .workers import activity as activity
from .workers import activity_rank as activity_rank
from .workers import data_use as data_use
from .workers import hold as hold
from .workers import hold_release as hold_release

DETAILS: Final = tuple(table for table in metadata.sorted_tables if table not in (entry, schema_version))
"""The tables that hold the facts of each type, keyed by the entry's sequence."""
