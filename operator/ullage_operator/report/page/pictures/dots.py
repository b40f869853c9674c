"""Points on a line for each name, linear or logarithmic, with or without a line between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from markupsafe import Markup

from .canvas import Frame, Told, canvas, label_room
from .marks import GRID, INK, PAPER, Mark

_ROW = 26.0


@dataclass(frozen=True)
class Dot:
    """One point."""

    value: float
    mark: Mark


@dataclass(frozen=True)
class DotRow:
    """A name and its points."""

    label: str
    points: Sequence[Dot]


def dots(
    told: Told,
    rows: Sequence[DotRow],
    legend: Sequence[tuple[str, Mark]],
    form: Callable[[float], str],
    *,
    joined: bool = False,
    logarithmic: bool = False,
    line_at: float | None = None,
) -> Markup:
    """Return points by row.

    Parameters
    ----------
    told, rows, legend, form
        What is shown, and how values of the axis are written.
    joined
        Whether a row's points are joined by a line, as before and after are.
    logarithmic
        Whether each power of ten takes the same room; all values are then above 0.
    line_at
        Where an upright line stands.
    """
    from matplotlib.ticker import FixedLocator, MaxNLocator  # noqa: PLC0415 - as the canvas does

    labels, left = label_room([row.label for row in rows])
    with canvas(Frame(told, _ROW * max(len(rows), 2), legend, left, 24.0)) as (axes, done):
        values = [point.value for row in rows for point in row.points]
        for y, row in enumerate(rows):
            xs = [point.value for point in row.points]
            if joined and xs:
                axes.plot([min(xs), max(xs)], [y, y], color=INK, linewidth=1, zorder=2)
            elif not joined:
                axes.axhline(y, color=GRID, linewidth=0.8, zorder=1)
            for place, point in enumerate(row.points):
                # Points of the same value lie beside each other.
                shift = 0.0 if joined else 0.2 * (place - (len(xs) - 1) / 2) * (xs.count(point.value) > 1)
                look = point.mark.value
                axes.plot(
                    [point.value],
                    [y + shift],
                    linestyle="",
                    marker=look.marker,
                    markersize=8,
                    markerfacecolor=PAPER if look.hollow else look.colour,
                    markeredgecolor=look.colour,
                    markeredgewidth=1.5,
                    zorder=3,
                )
        if line_at is not None:
            axes.axvline(line_at, color=INK, linewidth=1, linestyle="--", zorder=2)
        axes.set_yticks(range(len(rows)), labels)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        if logarithmic:
            low, high = floor(log10(min(values)) - 0.05), ceil(log10(max(values)) + 0.05)
            axes.set_xscale("log")
            axes.set_xlim(10.0**low, 10.0**high)
            step = max(1, -(-(high - low) // 5))
            axes.xaxis.set_major_locator(FixedLocator([10.0**each for each in range(low, high + 1, step)]))
            axes.minorticks_off()
        else:
            axes.set_xlim(0, max([*values, line_at or 0.0]) * 1.06 or 1)
            axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.xaxis.set_major_formatter(lambda value, _: form(value))
    return done[0]
