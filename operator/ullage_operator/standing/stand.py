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
    """What was declared, as it applied at the period's end."""
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
    told = declared(known, catalogue, scopes(held, books.cluster), places)
    assets = told.inputs.assets
    # Jobs may have used data in the name of one that was never declared, or is no longer.
    institutions = known.institutions_by_id
    uses = data_uses(books.assets(period.start_ms, period.end_ms), period, assets)
    inputs = replace(
        told.inputs,
        allocations=held,
        data_uses=tuple(use for use in uses if use.institution in institutions),
        clusters=tuple(clusters(books.capacity(period.start_ms, period.end_ms), period, kinds)),
    )
    return Standing(inputs, gap.gap_report(inputs, period), known, told.unknown)


def declarations_of(books: Books, period: gap.Period) -> Declarations:
    """Return what was declared as it applied at the end of a period, the oldest first."""
    latest: dict[tuple[str, str], DeclarationRow] = {}
    for row in books.declarations(period.start_ms, period.end_ms):
        latest[row.kind, row.object_id] = row
    rows = sorted(latest.values(), key=lambda row: (row.declared_from_ms, row.kind, row.object_id))
    return Declarations.of([_object(row) for row in rows if row.to_ms == period.end_ms])


def _object(row: DeclarationRow) -> Declared:
    kept = json.loads(row.spec)
    document = {"apiVersion": API_VERSION, "kind": row.kind, **kept}
    return parse_as(_TYPES[row.kind], document, source=f"{row.kind} {row.object_id}, generation {row.generation}")
