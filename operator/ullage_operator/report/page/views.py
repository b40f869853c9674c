"""What the template shows: sections with texts, pictures and tables, where each figure says how it is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from markupsafe import Markup

from ullage_operator.gap import Resource
from ullage_operator.report.gap_parts import GapDocument
from ullage_operator.report.parts import RATIO, Quantity, Scope, Thing

from .words import Words


@dataclass(frozen=True)
class Cell:
    """A cell of a table."""

    text: str
    how: str = ""
    """How a figure is known; empty of what is no figure."""
    bounds: str = ""
    """Of an estimate, between what it lies."""
    known: bool = True
    figure: bool = False


@dataclass(frozen=True)
class Table:
    """A table, with the scope of the figures of each column."""

    key: str
    caption: str
    heads: tuple[str, ...]
    figures: tuple[bool, ...]
    """Which columns hold figures."""
    rows: tuple[tuple[Cell, ...], ...]
    scopes: tuple[str, ...]
    """Which columns cover what."""


@dataclass(frozen=True)
class Picture:
    """A picture, and the table that holds its figures."""

    svg: Markup
    caption: str
    note: str


@dataclass(frozen=True)
class Section:
    """A part of the page."""

    key: str
    intro: str = ""
    points: Sequence[str] = ()
    pictures: Sequence[Picture] = ()
    tables: Sequence[Table] = ()
    notes: Sequence[str] = field(default=())


@dataclass(frozen=True)
class AtLeast:
    """A figure that is a lower bound, as something has no price."""

    found: Quantity


Item = Quantity | AtLeast | Cell | str | None
"""A figure, a text; None is unknown."""


@dataclass(frozen=True)
class Column:
    """A column's head, and how its ratios are written: as parts of 1 unless it says otherwise."""

    head: str
    coefficient: bool = False
    """To four places."""
    times: bool = False
    """As how many times."""


class Writer:
    """Writes figures and names of one document in one language."""

    def __init__(self, words: Words, gap: GapDocument) -> None:
        self.words = words
        self._names = {each.id: each.name for each in gap.institutions}

    def name(self, institution: str) -> str:
        """Return an institution's name for people."""
        return self._names.get(institution, institution)

    def thing(self, thing: Thing) -> str:
        """Return what is counted."""
        return f"{self.words(f'resource.{thing.resource}')} {thing.type}"

    def thing_cell(self, thing: Thing) -> Cell:
        """Return what is counted, and in what."""
        return Cell(self.thing(thing), bounds=self.words("in_unit", unit=self.words.unit(thing.unit)))

    def amount(self, found: Quantity | None) -> str:
        """Return a figure's value without its unit, but money with its currency."""
        return self.words("unknown") if found is None else self._value(found.value, found.unit, Column(""))

    def full(self, found: Quantity | None) -> str:
        """Return a figure's value with its unit."""
        if found is None:
            return self.words("unknown")
        if found.unit == RATIO or not self.words.has(f"unit.{found.unit}"):
            return self.amount(found)
        return f"{self.amount(found)} {self.words.unit(found.unit)}"

    def cell(self, item: Item, column: Column) -> Cell:
        """Return a cell: what is not known says so."""
        if isinstance(item, Cell):
            return item
        if isinstance(item, str):
            return Cell(item)
        if isinstance(item, AtLeast):
            cell = self.cell(item.found, column)
            return replace(cell, text=self.words("at_least", amount=cell.text))
        if item is None:
            return Cell(self.words("unknown"), known=False, figure=True)
        told = self.bounds(item, column)
        bounds = f"({told})" if told else ""
        how = self.words(f"provenance.{item.provenance}")
        return Cell(self._value(item.value, item.unit, column), how, bounds, figure=True)

    def bounds(self, found: Quantity, column: Column) -> str:
        """Return between what an estimate lies; nothing of a figure without bounds."""
        if found.low is None and found.high is None:
            return ""
        low, high = (
            self.words("unknown") if each is None else self._value(each, found.unit, column)
            for each in (found.low, found.high)
        )
        return self.words("range", low=low, high=high)

    def table(self, key: str, caption: str, columns: Sequence[Column], rows: Sequence[Sequence[Item]]) -> Table:
        """Return a table of figures and texts."""
        cells = tuple(tuple(self.cell(item, column) for item, column in zip(row, columns, strict=True)) for row in rows)
        figures = tuple(any(row[place].figure for row in cells) for place in range(len(columns)))
        heads = tuple(column.head for column in columns)
        return Table(key, caption, heads, figures, cells, tuple(self._scopes(columns, rows)))

    def columns(self, *keys: str, coefficients: Sequence[str] = ()) -> list[Column]:
        """Return columns by the keys of their heads."""
        found = [(key, f"column.{key}" if self.words.has(f"column.{key}") else key) for key in keys]
        return [Column(self.words(message), key in coefficients) for key, message in found]

    def scope(self, scope: Scope) -> str:
        """Return what a figure covers."""
        told = self.words(f"basis.{scope.basis}", books=", ".join(scope.books))
        return f"{told}: {scope.detail}" if scope.detail else told

    def data(self, thing: Thing) -> bool:
        """Tell whether it is data, whose needs and gaps are not summed."""
        return thing.resource is Resource.DATA

    def _value(self, value: float, unit: str, column: Column) -> str:
        if unit == RATIO:
            if column.times:
                return self.words("times", number=self.words.number(value))
            return self.words.exact(value) if column.coefficient else self.words.percent(value)
        currency, _, per = unit.partition("/")
        if len(currency) == 3 and currency.isupper() and not self.words.has(f"unit.{unit}"):
            money = self.words.money(value, currency)
            return f"{money} / {self.words.unit(per)}" if per else money
        return self.words.number(value)

    def _scopes(self, columns: Sequence[Column], rows: Sequence[Sequence[Item]]) -> list[str]:
        found: dict[str, list[str]] = {}
        for place, column in enumerate(columns):
            items = [row[place] for row in rows]
            figures = [each.found if isinstance(each, AtLeast) else each for each in items]
            told = dict.fromkeys(self.scope(each.scope) for each in figures if isinstance(each, Quantity))
            for text in told:
                found.setdefault(text, []).append(column.head)
        return [f"{', '.join(heads)}: {text}" for text, heads in found.items()]
