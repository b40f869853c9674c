"""The one table at the end: medians of each side, ours with its interval, beside the aims."""

from __future__ import annotations

from collections.abc import Mapping

from bench.pairs import median_interval
from bench.scale.aims import FIGURES, OURS, Figure, Results
from bench.scale.trial import Size

_HEADER = ("", "script", "Jobs", "ullage", "interval", "aim", "")
_SIDES = ("script", "jobs", OURS)


def table(results: Mapping[Size, Results]) -> str:
    """Return the table; a figure that no side has is left out."""
    rows: list[tuple[str, ...]] = [_HEADER]
    for size, sides in results.items():
        runs = max(map(len, sides.values()))
        rows.append((f"{size.jobs:,} × {size.workers} workers, {runs} run(s)", *[""] * (len(_HEADER) - 1)))
        rows += [row for figure in FIGURES if (row := _row(figure, sides, size))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    lines = ["  ".join(_aligned(row, widths)).rstrip() for row in rows]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def _row(figure: Figure, sides: Results, size: Size) -> tuple[str, ...] | None:
    found = {side: figure.values(sides, side) for side in _SIDES}
    if not any(found.values()):
        return None
    medians = [_number(median_interval(values)[0]) if values else "" for values in found.values()]
    interval = ""
    if len(found[OURS]) > 1:
        _, low, high = median_interval(found[OURS])
        interval = f"{_number(low)} to {_number(high)}"
    return (figure.text, *medians, interval, *figure.aim(sides, size.jobs))


def _number(value: float) -> str:
    return f"{value:,.2f}" if value < 10 else f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def _aligned(row: tuple[str, ...], widths: list[int]) -> list[str]:
    return [
        cell.rjust(width) if column else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
