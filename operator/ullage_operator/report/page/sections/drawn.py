"""What of many institutions a picture has room for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ullage_operator.report.gap_parts import GapLine
from ullage_operator.report.page.views import Writer

MOST_ROWS: Final = 25
"""A picture shows no more institutions: those with the largest gaps."""


def shown(lines: Sequence[GapLine]) -> list[GapLine]:
    """Return the lines that a picture has room for, in their order."""
    largest = sorted(lines, key=lambda line: -(line.gap.value if line.gap else 0))[:MOST_ROWS]
    return [line for line in lines if line in largest]


def more(writer: Writer, lines: Sequence[GapLine], caption: str) -> str:
    """Return where a picture's figures are, and how many it leaves out."""
    note = writer.words("data_below", table=caption)
    if len(lines) <= MOST_ROWS:
        return note
    return f"{note} {writer.words('and_more', count=len(lines) - MOST_ROWS)}"
