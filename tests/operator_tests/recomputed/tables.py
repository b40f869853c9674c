"""The tables of the books as they stood at a moment: the entries that count, with their facts."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from .times import END, Span, instant

FACTS = (
    *("activity", "award", "capacity", "data_use", "declaration", "expend", "hold", "hold_release", "line_grant"),
    *("reserve", "transfer", "unreserve", "usage_import"),
)


@dataclass(frozen=True)
class Tables:
    """Entries that were neither reversed nor are reversals, by the table of their facts."""

    as_of_ms: int
    frames: dict[str, pd.DataFrame]
    reversed: dict[str, pd.DataFrame]
    """Those that were reversed."""

    def specs(self, kind: str, period: Span) -> list[dict[str, Any]]:
        """Return the specs of a kind that were declared in a period, as they were last.

        Each has its object's name, and until when it counts: what was withdrawn counts until then, all else for ever.
        """
        found = self.frames["declaration"]
        found = found[(found["kind"] == kind) & (found["effective_from_ms"] < period.end_ms)]
        found = found.sort_values(["effective_from_ms", "sequence"])
        found = found.assign(until_ms=found.groupby("object_id")["effective_from_ms"].shift(-1))
        found = found[found["spec"].notna() & ~(found["until_ms"] <= period.start_ms).fillna(value=False)]
        latest = found.groupby("object_id").tail(1).sort_values("effective_from_ms")
        return [
            {
                "name": kept["metadata"]["name"],
                "until": END if pd.isna(until_ms) else instant(int(until_ms)),
                **kept["spec"],
            }
            for text, until_ms in latest[["spec", "until_ms"]].itertuples(index=False)
            for kept in [json.loads(text)]
        ]


def read(ledger: Path, as_of_ms: int) -> Tables:
    """Read the tables of a ledger in SQLite."""
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as connection:
        entries, facts = _table(connection, "entry"), {name: _table(connection, name) for name in FACTS}
    entries = entries[entries["posted_at_ms"] <= as_of_ms]
    taken_back = entries["id"].isin(entries["reverses"].dropna())
    return Tables(
        as_of_ms,
        {name: entries[~taken_back].merge(frame, on="sequence") for name, frame in facts.items()},
        {name: entries[taken_back].merge(frame, on="sequence") for name, frame in facts.items()},
    )


def _table(connection: sqlite3.Connection, name: str) -> pd.DataFrame:
    """Return a table in the order of its entries, its columns typed as they are there: an empty one has types too."""
    columns = connection.execute(f"PRAGMA table_info({name})").fetchall()
    types = {column[1]: "Int64" if column[2] == "INTEGER" else "string" for column in columns}
    found = pd.read_sql(f"SELECT * FROM {name} ORDER BY sequence", connection, dtype_backend="numpy_nullable")  # noqa: S608
    return found.astype(types)
