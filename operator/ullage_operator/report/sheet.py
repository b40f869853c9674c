"""What sheets are made of: a row a figure, each with its unit, provenance, bounds and scope. Unknown is empty."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, get_args

from ullage_operator.gap import Resource

from .gap_parts import Use
from .parts import FTE, RATIO, Part, Quantity, Thing

HEAD: Final = ("of", "name", "resource", "type", "measure", "value", "low", "high", "unit", "provenance", "basis")
"""Of what a row is, which of them, what is counted, and the figure with its bounds and how it is known."""
_TALENT_ONLY: Final = frozenset({"moved", "gap_fte"})
_UNITS: Final = {
    "gap_fte": FTE,
    **dict.fromkeys(
        (
            "coverage",
            "met",
            "measured_share",
            "rest_share",
            "intensity",
            "coverage_before",
            "coverage_after",
            "gini",
            "theil",
            "level",
        ),
        RATIO,
    ),
    **dict.fromkeys(("theil_between_countries", "theil_between_kinds", "gini_before", "gini_after"), RATIO),
}

Cells = Sequence[str | float | None]


def sheet(head: Sequence[str], found: Iterable[Cells]) -> str:
    """Return rows under their heads as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([_cell(value) for value in row] for row in found)
    return out.getvalue()


def _cell(value: str | float | None) -> str | float:
    """Return a cell that no spreadsheet takes for a formula (OWASP: CSV injection)."""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r", "\n")):
        return f"'{value}"
    return "" if value is None else value


def figures(part: Part) -> Iterator[tuple[str, Quantity | None]]:
    """Yield the figures that a part of a document has, by key, those of its use too."""
    for name, about in type(part).model_fields.items():
        value = getattr(part, name)
        if isinstance(value, Use):
            yield from figures(value)
        elif Quantity in (about.annotation, *get_args(about.annotation)):
            yield name, value


def rows(of: str, name: str, thing: Thing | None, part: Part, unit: str = "") -> Iterator[Cells]:
    """Yield a row a figure, without the columns that are the same for a whole document."""
    for measure, found in figures(part):
        if measure in _TALENT_ONLY and thing is not None and thing.resource is not Resource.TALENT:
            continue
        resource, kind = (thing.resource.value, thing.type) if thing else (None, None)
        head = [of, name, resource, kind, measure]
        if found is None:
            default = thing.unit if thing else unit
            yield [*head, None, None, None, _UNITS.get(measure, default), "unknown", None, None]
        else:
            yield known(head, found)


def known(head: Cells, found: Quantity) -> Cells:
    """Return a row of a figure that is there, after the cells that say what it is."""
    measured = [found.value, found.low, found.high, found.unit, found.provenance.value]
    return [*head, *measured, found.scope.basis.value, " ".join(found.scope.books)]
