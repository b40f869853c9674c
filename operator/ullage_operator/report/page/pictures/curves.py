"""Curves over an axis: months, or shares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from .canvas import Frame, Told, canvas, text_width
from .marks import GRID, INK, LIGHT, PAPER, Mark

_MOST_TICKS = 5


@dataclass(frozen=True)
class Curve:
    """One curve; a value that is not known leaves a hole."""

    label: str
    xs: Sequence[float]
    ys: Sequence[float | None]
    mark: Mark


def curves(
    told: Told,
    listed: Sequence[Curve],
    form: Callable[[float], str],
    *,
    names: Sequence[str] = (),
    square: bool = False,
) -> Markup:
    """Return curves from 0 up.

    Parameters
    ----------
    told, listed, form
        What is shown, and how values of both axes are written.
    names
        In the place of numbers, what stands below 0, 1, 2, …
    square
        Whether both axes go from 0 to 1.
    """
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 - as the canvas does

    ys = [y for each in listed for y in each.ys if y is not None]
    most = 1.0 if square else max([*ys, 0.0]) * 1.08
    least = min([*ys, 0.0]) * 1.08
    most = most if most > least else 1.0
    ticks = MaxNLocator(4).tick_values(least, most)
    left = max(text_width(form(float(tick))) for tick in ticks if tick <= most) + 12
    legend = [(each.label, each.mark) for each in listed]
    with canvas(Frame(told, 250.0 if square else 150.0, legend, left, 30.0)) as (axes, done):
        for each in listed:
            look = each.mark.value
            # The lightest colour is for areas: as a line it would be lost.
            colour = INK if look.colour == LIGHT else look.colour
            axes.plot(
                [*each.xs],
                [float("nan") if y is None else y for y in each.ys],
                color=colour,
                linestyle=look.dashes,
                marker=look.marker or None,
                markersize=6,
                markerfacecolor=PAPER if look.hollow else colour,
                linewidth=1.8,
                clip_on=False,
            )
        axes.grid(axis="y", color=GRID, linewidth=0.8)
        axes.set_ylim(least, most)
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.yaxis.set_major_formatter(lambda value, _: form(value))
        if names:
            every = -(-len(names) // _MOST_TICKS)
            axes.set_xticks(range(0, len(names), every), names[::every])
            axes.set_xlim(-0.3, len(names) - 0.7)
        else:
            axes.set_xlim(0, 1)
            # The first number of both axes stands in the same corner.
            axes.tick_params(axis="x", pad=9)
            axes.xaxis.set_major_locator(MaxNLocator(4))
            axes.xaxis.set_major_formatter(lambda value, _: form(value))
    return done[0]
