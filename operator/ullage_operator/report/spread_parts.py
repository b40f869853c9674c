"""Disparity in a document: how unequally one thing is spread, and whom that leaves out."""

from __future__ import annotations

from enum import StrEnum

from .parts import Part, Quantity, Thing


class LeftOut(StrEnum):
    """Why an institution is not counted in a disparity."""

    NO_NEED = "noNeedDeclared"
    NEED_ENDED = "needEnded"
    NEED_AMOUNT = "needAmountUnknown"
    NEEDS_NOTHING = "needsNothing"


class NoCurve(StrEnum):
    """Why there is no Lorenz curve."""

    TOO_FEW = "fewerThanFive"
    NOTHING = "nothingToSpread"


class Point(Part):
    """A point of a Lorenz curve, from the worst supplied on."""

    weight_share: float
    """The part of all institutions, or of all need."""
    amount_share: float
    """The part of the supply that they have."""


class Excluded(Part):
    """An institution that a disparity does not count."""

    institution: str
    why: LeftOut


class Frontier(Part):
    """How many times more the best supplied institution has."""

    institution: str
    ratio: Quantity | None
    """Null where it has nothing."""


class Spread(Part):
    """How unequally one thing is spread."""

    thing: Thing
    by_need: bool
    """False: S, each institution counted once. True: S / R weighted by R, which is 0 where all are covered alike."""
    units: int
    """How many institutions are counted."""
    left_out: tuple[Excluded, ...]
    gini: Quantity | None
    """0 to 1."""
    theil: Quantity | None
    """0 and up."""
    theil_between_countries: Quantity | None
    """The part of Theil from differences between countries; the rest lies within them."""
    theil_between_kinds: Quantity | None
    """The part of Theil from differences between kinds of institutions; the rest lies within them."""
    frontier: tuple[Frontier, ...]
    lorenz: tuple[Point, ...]
    """Empty below five institutions."""
    no_lorenz: NoCurve | None
    """Why it is empty."""
