"""Bars, one row a name: side by side on the same line, or one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from .canvas import Frame, Told, canvas, label_room, text_width
from .marks import INK, Mark

_ROW = 30.0


@dataclass(frozen=True)
class Bar:
    """One row: its parts in order, each with its mark, and a word at its end."""

    label: str
    parts: Sequence[tuple[float, Mark]]
    note: str = ""


def bars(
    told: Told, rows: Sequence[Bar], legend: Sequence[tuple[str, Mark]], form: Callable[[float], str], *, stacked: bool
) -> Markup:
    """Return bars from 0 on; not stacked, a row's second part lies narrower over its first."""
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 - as the canvas does

    labels, left = label_room([row.label for row in rows])
    right = 14.0 + max((text_width(row.note) for row in rows), default=0.0)
    frame = Frame(told, _ROW * len(rows), legend, left, right, bars=True)
    with canvas(frame) as (axes, done):
        for y, row in enumerate(rows):
            start = 0.0
            for place, (value, mark) in enumerate(row.parts):
                look, height = mark.value, 0.62 if stacked or place == 0 else 0.34
                axes.barh(
                    *(y, value, height),
                    left=start,
                    facecolor=look.colour,
                    hatch=look.hatch,
                    edgecolor=INK,
                    linewidth=0.7,
                )
                start += value if stacked else 0.0
            axes.text(1.015, y, row.note, transform=axes.get_yaxis_transform(), va="center")
        axes.set_yticks(range(len(rows)), labels)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        most = max((_reach(row, stacked=stacked) for row in rows), default=0.0)
        axes.set_xlim(0, most * 1.02 or 1)
        axes.xaxis.set_major_locator(MaxNLocator(3))
        axes.xaxis.set_major_formatter(lambda value, _: form(value))
    return done[0]


def _reach(row: Bar, *, stacked: bool) -> float:
    values = [value for value, _ in row.parts]
    return sum(values) if stacked else max(values, default=0.0)
