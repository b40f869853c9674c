"""What was declared at the moments of a time that has passed, and when that changed. Pure but for the reading."""

from __future__ import annotations

from collections.abc import Iterator

from ullage_operator.api import Declarations, Declared
from ullage_operator.api.types import Institution, Investment, PriceList
from ullage_operator.ledger import Books, DeclarationRow

from .stand import object_of
from .terms import day_ms, term_of


class Past:
    """The declarations that applied in a time ``[from_ms, to_ms)``."""

    def __init__(self, books: Books, from_ms: int, to_ms: int) -> None:
        rows = sorted(books.declarations(from_ms, to_ms), key=lambda row: (row.declared_from_ms, row.kind))
        self._told: list[tuple[DeclarationRow, Declared]] = [(row, object_of(row)) for row in rows]
        self._known: dict[tuple[int, ...], Declarations] = {}

    def at(self, at_ms: int) -> Declarations:
        """Return what applied at a moment."""
        which = tuple(number for number, (row, _) in enumerate(self._told) if row.from_ms <= at_ms < row.to_ms)
        if which not in self._known:
            self._known[which] = Declarations.of([self._told[number][1] for number in which])
        return self._known[which]

    def changes(self) -> set[int]:
        """Return when something else applied: a generation, a term, a price, whose machines they are."""
        found = {at_ms for row, _ in self._told for at_ms in (row.from_ms, row.to_ms)}
        return found | {at_ms for _, told in self._told for at_ms in _days(told)}


def _days(told: Declared) -> Iterator[int]:
    match told:
        case Investment():
            if (term := term_of(told)) is not None:
                yield from (term.start_ms, term.end_ms)
        case PriceList():
            yield from (day_ms(entry.start) for entry in told.spec.entries)
        case Institution():
            for machines in told.spec.holds.accelerators:
                yield day_ms(machines.start)
                if machines.end is not None:
                    yield day_ms(machines.end)
        case _:
            return
