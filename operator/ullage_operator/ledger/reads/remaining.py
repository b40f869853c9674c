"""What is left of lines now: sums of the database's, since a line that many jobs draw on has very many entries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, func, select

from ullage_operator.ledger import tables
from ullage_operator.ledger.entries import Expend, Grant, Reserve, Unreserve
from ullage_operator.ledger.groups import chunks
from ullage_operator.ledger.selection import counts, of_types, only, posted
from ullage_operator.ledger.usage import prorated

_MOVES: Final = ((Reserve, -1), (Unreserve, 1), (Expend, -1))
"""Entries with an amount, and whether it adds to what is left: what is set aside for later does not."""


def remaining(connection: Connection, names: Sequence[str], *, now_ms: int, upto: int | None) -> dict[str, int]:
    """Return for each line what is released until now, less what is reserved and what is spent until now.

    Below 0 is an overdraft; of lines without a grant it is what was drawn on them. What is dated later, such as a
    purchase that is declared ahead, is not spent yet.
    """
    left = dict.fromkeys(names, 0)
    column = tables.entry.c
    for some in chunks(set(names)):
        of_lines = column.line.in_(some) & counts(upto)
        for grant in only(posted(connection, of_lines & of_types(Grant)), Grant):
            left[grant.entry.line] += _until(grant.entry, now_ms)
        # What is spent evenly over a time that is not over counts in part: that is told one by one.
        over = ~of_types(Expend) | (column.effective_to_ms <= now_ms)
        goes_on = of_types(Expend) & ~over & (column.effective_from_ms <= now_ms)
        for spent in only(posted(connection, of_lines & goes_on), Expend):
            left[spent.entry.line] -= _until(spent.entry, now_ms)
        for kind, sign in _MOVES:
            table = tables.metadata.tables[kind.type]
            query = (
                select(column.line, func.sum(table.c.amount))
                .join(tables.entry, column.sequence == table.c.sequence)
                .where(of_lines, over)
                .group_by(column.line)
            )
            for line, amount in connection.execute(query):
                left[line] += sign * int(amount)
    return left


def _until(entry: Grant | Expend, now_ms: int) -> int:
    """Return what of an amount that is due at once, or spread evenly over a time, counts until now."""
    end_ms = entry.from_ms if entry.to_ms is None else entry.to_ms
    return prorated(entry.amount, entry.from_ms, end_ms, start_ms=0, end_ms=now_ms + 1)
