"""From a comparison of trainings to its document: each figure beside the first one's, and how many times that."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from ullage_operator import gap

from .parts import Basis, Document, Part, Quantity, Scope, known

COMPARE_VERSION: Final = "ullage.dev/compare/v1alpha1"

UNITS: Final = {
    "parameters": "parameters",
    "active_parameters": "parameters",
    "flop": "flop",
    "accelerator_hours": "acceleratorHours",
    "core_hours": "coreHours",
    "energy_kilowatt_hours": "kilowattHours",
    "it_energy_kilowatt_hours": "kilowattHours",
    "emissions_tonnes": "tonnesCO2",
}
"""Of data, the unit is what was counted."""


class NoRatio(StrEnum):
    """Why two figures are not held against each other."""

    UNKNOWN = "unknown"
    """One of them is not known."""
    OTHER_KIND = "otherKind"
    """They do not count the same."""
    ZERO = "baseIsZero"
    """The first one has 0."""


class Compared(Part):
    """One training's figure."""

    name: str
    figure: Quantity | None
    """What it counts stands in its scope, in the words of the source."""
    source: str
    """Who says so; empty where the figure is not known."""
    kind: str
    """In what it is counted beyond its unit, such as the accelerator."""
    ratio: float | None
    """This over the first training's."""
    orders_of_magnitude: float | None
    """The ratio's decimal logarithm."""
    why_not: NoRatio | None
    """Why there is no ratio."""
    why_not_told: str
    """The same, in words."""


class ComparedQuantity(Part):
    """One quantity over all trainings."""

    quantity: str
    """parameters, active_parameters, data, flop, accelerator_hours, core_hours, energy_kilowatt_hours,
    it_energy_kilowatt_hours or emissions_tonnes."""
    cells: tuple[Compared, ...]
    """In the order in which they were named."""


class CompareDocument(Document):
    """Trainings beside each other, against the first."""

    version: str = COMPARE_VERSION
    """The shape of this document."""
    names: tuple[str, ...]
    """The trainings; the first is what the others are held against."""
    quantities: tuple[ComparedQuantity, ...]


def compare_document(comparisons: Sequence[gap.Comparison]) -> CompareDocument:
    """Return the document of a comparison, as :func:`ullage_operator.gap.compare` returns it.

    Raises
    ------
    ValueError
        It is empty.
    """
    if not comparisons:
        raise ValueError("comparisons: expected those of gap.compare, found none")
    return CompareDocument(
        names=tuple(cell.name for cell in comparisons[0].cells),
        quantities=tuple(
            ComparedQuantity(
                quantity=each.quantity,
                cells=tuple(_compared(each.quantity, each.cells[0], cell) for cell in each.cells),
            )
            for each in comparisons
        ),
    )


def _compared(quantity: str, base: gap.Cell, cell: gap.Cell) -> Compared:
    cited = cell.cited
    figure = None
    if cited is not None:
        scope = Scope(basis=Basis.PUBLISHED, detail=cited.scope)
        figure = known(cited.figure, UNITS.get(quantity, cited.kind), scope)
    return Compared(
        name=cell.name,
        figure=figure,
        source=cited.source if cited else "",
        kind=cited.kind if cited else "",
        ratio=None if cell.ratio is None else float(cell.ratio),
        orders_of_magnitude=cell.magnitudes,
        why_not=_why_not(base, cell),
        why_not_told=cell.why_not,
    )


def _why_not(base: gap.Cell, cell: gap.Cell) -> NoRatio | None:
    if cell.ratio is not None:
        return None
    if base.cited is None or cell.cited is None:
        return NoRatio.UNKNOWN
    return NoRatio.OTHER_KIND if base.cited.kind != cell.cited.kind else NoRatio.ZERO
