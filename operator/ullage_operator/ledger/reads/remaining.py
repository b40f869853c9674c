"""What is left of lines now: sums of the database's, since a line that many jobs draw on has very many entries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, func, select

from ullage_operator.ledger import tables
from ullage_operator.ledger.entries import Grant
from ullage_operator.ledger.groups import chunks
from ullage_operator.ledger.selection import counts, of_types, only, posted
from ullage_operator.ledger.usage import prorated

_MOVES: Final = (("reserve", -1), ("unreserve", 1), ("expend", -1))
"""Tables with an amount, and whether it adds to what is left."""


def remaining(connection: Connection, names: Sequence[str], *, now_ms: int, upto: int | None) -> dict[str, int]:
    """Return for each line what is released until now, less what is reserved and spent; below 0 for an overdraft.

    Of lines without a grant it is what was drawn on them, below 0.
    """
    left = dict.fromkeys(names, 0)
    for some in chunks(set(names)):
        granted = tables.entry.c.line.in_(some) & of_types(Grant) & counts(upto)
        for grant in only(posted(connection, granted), Grant):
            left[grant.entry.line] += _released(grant.entry, now_ms)
        for name, sign in _MOVES:
            table = tables.metadata.tables[name]
            query = (
                select(tables.entry.c.line, func.sum(table.c.amount))
                .join(tables.entry, tables.entry.c.sequence == table.c.sequence)
                .where(tables.entry.c.line.in_(some), counts(upto))
                .group_by(tables.entry.c.line)
            )
            for line, amount in connection.execute(query):
                left[line] += sign * int(amount)
    return left


def _released(grant: Grant, now_ms: int) -> int:
    end_ms = grant.from_ms if grant.to_ms is None else grant.to_ms
    return prorated(grant.amount, grant.from_ms, end_ms, start_ms=0, end_ms=now_ms + 1)
