"""How institutions stand in a period: the books' declarations and what was held and used, measured together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ullage_operator import gap
from ullage_operator.api import Declarations, Declared, parse_as
from ullage_operator.api.types import API_VERSION, Institution, Investment, PriceList
from ullage_operator.ledger import Books, DeclarationRow

from .booked import allocations, clusters, data_uses, imported, scopes
from .declared import Places, declared
from .granted import Withdrawn
from .kinds import names_of

_TYPES: Mapping[str, type[Institution | Investment | PriceList]] = {
    "Institution": Institution,
    "Investment": Investment,
    "PriceList": PriceList,
}


@dataclass(frozen=True)
class Standing:
    """A period, measured."""

    inputs: gap.Inputs
    """What it was measured from."""
    report: gap.GapReport
    """The measures."""
    declarations: Declarations
    """What was declared in the period, as it applied last."""
    unknown: tuple[str, ...]
    """What can't be told, each as a sentence."""


def standing(books: Books, period: gap.Period, catalogue: gap.Catalogue, kinds: Mapping[str, str]) -> Standing:
    """Measure a period from the books, as they stand or stood.

    Parameters
    ----------
    books
        The books, open at one moment.
    period
        The period.
    catalogue
        The reference models that needs may name.
    kinds
        Which accelerator a resource of the cluster or of an import is.

    Raises
    ------
    InvalidManifest
        A declaration in the books is of another version of Ullage.
    """
    known = declarations_of(books, period)
    held = tuple(allocations(books, period, kinds, names_of(known, catalogue)))
    places = Places(frozenset({books.cluster}), imported(held, books.cluster))
    told = declared(known, catalogue, scopes(held, books.cluster), withdrawals(books, period), places)
    inputs = replace(
        told.inputs,
        allocations=held,
        data_uses=tuple(data_uses(books.assets(period.start_ms, period.end_ms), period, told.inputs.assets)),
        clusters=tuple(clusters(books.capacity(period.start_ms, period.end_ms), period, kinds)),
    )
    return Standing(inputs, gap.gap_report(inputs, period), known, told.unknown)


def declarations_of(books: Books, period: gap.Period) -> Declarations:
    """Return what was declared in any part of a period, as it applied last, the oldest first."""
    rows = sorted(_latest(books, period), key=lambda row: (row.declared_from_ms, row.kind, row.object_id))
    return Declarations.of([object_of(row) for row in rows])


def withdrawals(books: Books, period: gap.Period) -> Withdrawn:
    """Return which of a period's declarations no longer applied at its end, and when they were withdrawn."""
    return {(row.kind, row.object_id): row.to_ms for row in _latest(books, period) if row.to_ms < period.end_ms}


def _latest(books: Books, period: gap.Period) -> list[DeclarationRow]:
    """Return for each object the generation that applied last in a period."""
    latest: dict[tuple[str, str], DeclarationRow] = {}
    for row in books.declarations(period.start_ms, period.end_ms):
        latest[row.kind, row.object_id] = row
    return list(latest.values())


def object_of(row: DeclarationRow) -> Declared:
    """Return what a row declares.

    Raises
    ------
    InvalidManifest
        It is of another version of Ullage.
    """
    kept = json.loads(row.spec)
    document = {"apiVersion": API_VERSION, "kind": row.kind, **kept}
    return parse_as(_TYPES[row.kind], document, source=f"{row.kind} {row.object_id}, generation {row.generation}")
