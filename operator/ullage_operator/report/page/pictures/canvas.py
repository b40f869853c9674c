"""A picture's frame: margins from the texts themselves, so that nothing depends on the fonts of a machine."""

from __future__ import annotations

import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from .marks import GRID, INK, PAPER, Mark
from .svg import inline_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH: Final = 360.0
"""In points of the picture: a phone shows them one to one."""
_FONT_SIZE: Final = 11.0
_LINE: Final = 16.0
_EDGE: Final = 6.0
_SWATCH: Final = 16.0
_WIDEST_LABEL: Final = 140.0


@dataclass(frozen=True)
class Told:
    """What a picture says of itself."""

    key: str
    """Its identifier in the page."""
    title: str
    description: str
    """For those who don't see it."""
    axis: str
    """What the horizontal axis shows, with its unit."""


@dataclass(frozen=True)
class Frame:
    """How large a picture is, and what stands around its axes."""

    told: Told
    plot_height: float
    legend: Sequence[tuple[str, Mark]] = ()
    left: float = 60.0
    right: float = 14.0
    bars: bool = field(default=False, kw_only=True)
    """Whether the legend shows bars, and not points or curves."""


def text_width(text: str, size: float = _FONT_SIZE) -> float:
    """Return about how wide a text is: ideographs are as wide as they are high."""
    return sum(size if unicodedata.east_asian_width(each) in "WF" else 0.58 * size for each in text)


def fitting(text: str, width: float) -> str:
    """Return a text, cut short where it is too wide."""
    if text_width(text) <= width:
        return text
    while text and text_width(text + "…") > width:
        text = text[:-1]
    return text + "…"


def label_room(labels: Sequence[str]) -> tuple[list[str], float]:
    """Return labels that fit beside the axes, and how much room they take."""
    fit = [fitting(label, _WIDEST_LABEL) for label in labels]
    return fit, max((text_width(label) for label in fit), default=0.0) + 12.0


@contextmanager
def canvas(frame: Frame) -> Iterator[tuple[Axes, list[Markup]]]:
    """Yield axes to draw on, and a list that holds the picture afterwards."""
    import matplotlib as mpl  # noqa: PLC0415 - half a second that other commands need not wait
    from matplotlib.figure import Figure  # noqa: PLC0415

    places = list(_legend_places(frame))
    top = _LINE * (1 + max((row for row, *_ in places), default=-1)) + _EDGE
    bottom = 2.5 * _LINE
    height = top + frame.plot_height + bottom
    with mpl.rc_context(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": frame.told.key,
            "font.size": _FONT_SIZE,
            "hatch.linewidth": 0.7,
            "hatch.color": INK,
            "axes.edgecolor": INK,
            "axes.labelcolor": INK,
            "text.color": INK,
            "xtick.color": INK,
            "ytick.color": INK,
            # A $ in a name is no formula.
            "text.parse_math": False,
        }
    ):
        figure = Figure(figsize=(WIDTH / 72, height / 72), dpi=72, facecolor="none")
        box = (
            frame.left / WIDTH,
            bottom / height,
            (WIDTH - frame.left - frame.right) / WIDTH,
            frame.plot_height / height,
        )
        axes = figure.add_axes(box, facecolor="none")
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="x", color=GRID, linewidth=0.8)
        axes.set_axisbelow(True)
        axes.tick_params(length=0)
        figure.text(0.5, 0.35 * _LINE / height, fitting(frame.told.axis, WIDTH - 2 * _EDGE), ha="center", va="bottom")
        for row, x, text, mark in places:
            _legend_entry(figure, frame, (x, height - _LINE * (row + 0.5)), text, mark)
        done: list[Markup] = []
        yield axes, done
        with warnings.catch_warnings():
            # The reader's fonts draw the glyphs, not Matplotlib's.
            warnings.filterwarnings("ignore", message="Glyph .* missing from font", category=UserWarning)
            told = frame.told
            done.append(inline_svg(figure, key=told.key, title=told.title, description=told.description))


def _legend_places(frame: Frame) -> Iterator[tuple[int, float, str, Mark]]:
    """Yield in which row, and from where on, each entry of the legend stands."""
    row, x = 0, _EDGE
    for text, mark in frame.legend:
        fit = fitting(text, WIDTH - 2 * _EDGE - _SWATCH - 4)
        width = _SWATCH + 4 + text_width(fit) + 12
        if x > _EDGE and x + width > WIDTH:
            row, x = row + 1, _EDGE
        yield row, x, fit, mark
        x += width


def _legend_entry(figure: Figure, frame: Frame, at: tuple[float, float], text: str, mark: Mark) -> None:
    from matplotlib.lines import Line2D  # noqa: PLC0415
    from matplotlib.patches import Rectangle  # noqa: PLC0415

    look, height = mark.value, figure.get_figheight() * 72
    x, y = at[0] / WIDTH, at[1] / height
    if frame.bars:
        size = (_SWATCH / WIDTH, 10 / height)
        swatch = Rectangle(
            (x, y - size[1] / 2),
            *size,
            facecolor=look.colour,
            hatch=look.hatch,
            edgecolor=INK,
            linewidth=0.7,
            transform=figure.transFigure,
        )
        figure.add_artist(swatch)
    else:
        line = Line2D(
            [x, x + _SWATCH / 2 / WIDTH, x + _SWATCH / WIDTH],
            [y, y, y],
            color=look.colour,
            linestyle=look.dashes,
            marker=look.marker or None,
            markevery=[1],
            markersize=6,
            markerfacecolor=PAPER if look.hollow else look.colour,
            markeredgecolor=look.colour,
            transform=figure.transFigure,
        )
        figure.add_artist(line)
    figure.text((at[0] + _SWATCH + 4) / WIDTH, y, text, va="center")
