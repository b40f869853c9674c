"""Rejected rows, kept: each with where it is from, its original texts, and every reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import ibis
from ibis.backends.duckdb import Backend
from ibis.expr.types import StringValue, Table

from .names import DAMAGE, FILE, IMAGE, OUTCOME, RAW, REASONS, ROW
from .rules import REASON_TYPE


@dataclass
class Rejects:
    """The rejected and merged rows of one source, as they come in step by step.

    The file holds ``file`` and ``row`` (from 1), ``outcome`` (rejected or merged), ``reasons`` (each with rule,
    expected and found), ``values`` (the texts by column) and ``raw`` (the text of a record that is damaged).
    """

    texts: Table
    """The source's records as texts."""
    file_names: Sequence[str]
    """The files' paths, in order."""
    steps: list[Table] = field(default_factory=list)

    def add(self, table: Table, outcome: str) -> None:
        """Take in rows with identity and reasons."""
        self.steps.append(
            table.select(
                **{
                    FILE: table[FILE],
                    ROW: table[ROW],
                    REASONS: table[REASONS].cast(f"array<{REASON_TYPE}>"),
                    OUTCOME: ibis.literal(outcome, "string"),
                }
            )
        )

    def write(self, connection: Backend, target: Path) -> None:
        """Write them, in the order of the files; without any, no file."""
        if not self.steps:
            return
        rows = ibis.union(*self.steps) if len(self.steps) > 1 else self.steps[0]
        both = rows.join(self.texts, [FILE, ROW])
        names = ibis.array([ibis.literal(name, "string") for name in self.file_names])
        columns = [name for name in self.texts.columns if name not in (FILE, ROW, DAMAGE, RAW, IMAGE)]
        written = both.order_by([FILE, ROW, OUTCOME]).select(
            file=names[both[FILE]],
            row=both[ROW],
            outcome=both[OUTCOME],
            reasons=both[REASONS],
            values=ibis.struct({name: both[name] for name in columns}),
            raw=both[RAW],
        )
        target.parent.mkdir(exist_ok=True)
        connection.to_parquet(written, target)


def one_reason(rule: str, expected: str, found: StringValue) -> dict[str, ibis.Value]:
    """Return the column of reasons for rows that one rule takes out."""
    reason = ibis.struct(
        {"rule": ibis.literal(rule, "string"), "expected": ibis.literal(expected, "string"), "found": found}
    )
    return {REASONS: ibis.array([reason])}
