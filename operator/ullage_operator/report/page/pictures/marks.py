"""How things look: told apart by form and by lightness, so that neither colour nor a screen is needed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal

# Matplotlib writes these into the SVG, where the style sheet's variables take their place.
INK: Final = "#101112"
GRID: Final = "#d0d1d2"
PAPER: Final = "#fdfefd"
DARK: Final = "#1b5e8c"
MID: Final = "#d9822b"
LIGHT: Final = "#c3d6e6"
VARIABLES: Final = {
    INK: "currentColor",
    GRID: "var(--grid)",
    PAPER: "var(--paper)",
    DARK: "var(--dark)",
    MID: "var(--mid)",
    LIGHT: "var(--light)",
}


@dataclass(frozen=True)
class Look:
    """Of a bar its colour and hatch; of a point its marker; of a curve its dashes too."""

    colour: str
    hatch: str = ""
    marker: str = "o"
    dashes: Literal["-", "--", ":"] = "-"
    hollow: bool = False


class Mark(Enum):
    """What is drawn alike in all pictures."""

    NEED = Look(LIGHT, marker="s", dashes="--")
    SUPPLY = Look(DARK)
    GAP = Look(MID, hatch="////", marker="^", dashes=":")
    UNKNOWN = Look(PAPER, hatch="....")
    BEFORE = Look(DARK, hollow=True)
    REFERENCE = Look(INK, dashes="--", marker="")
    SECOND = Look(MID, marker="s")
    THIRD = Look(INK, marker="^", hollow=True)
    FOURTH = Look(DARK, marker="D", hollow=True)
    FIFTH = Look(MID, marker="v", hollow=True)
    SIXTH = Look(INK, marker="P")


IN_TURN: Final = (Mark.SUPPLY, Mark.SECOND, Mark.THIRD, Mark.FOURTH, Mark.FIFTH, Mark.SIXTH)
"""For things without a mark of their own; from the seventh on they come again."""
