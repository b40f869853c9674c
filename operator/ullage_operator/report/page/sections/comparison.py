"""Trainings beside published ones, as orders of magnitude."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import floor, log10

from ullage_operator.report.compare_document import Compared, CompareDocument, ComparedQuantity
from ullage_operator.report.page.pictures import Dot, DotRow, Mark, Told, dots
from ullage_operator.report.page.views import Cell, Column, Item, Picture, Section, Writer
from ullage_operator.report.page.words import power


def comparison(writer: Writer, document: CompareDocument) -> Section:
    """Return each quantity of all trainings, and how many times the first one's it is."""
    words, first = writer.words, document.names[0]
    keys = ("quantity", "training", "figure", "times", "orders", "source")
    rows: list[Sequence[Item]] = [
        _row(writer, quantity, cell) for quantity in document.quantities for cell in quantity.cells if cell.figure
    ]
    columns = [Column(words(f"column.{key}", name=first)) for key in keys]
    table = writer.table("comparison", words("table.comparison"), columns, rows)
    drawn = [each for each in document.quantities if sum(cell.figure is not None for cell in each.cells) > 1]
    return Section(
        "comparison",
        words("intro.comparison", name=first),
        pictures=[_picture(writer, each) for each in drawn],
        tables=[replace(table, scopes=())],
        notes=list(_notes(writer, document)),
    )


def _row(writer: Writer, quantity: ComparedQuantity, cell: Compared) -> list[Item]:
    words, none = writer.words, writer.words("none")
    figure = writer.cell(cell.figure, Column(""))
    kind = cell.kind if cell.figure and cell.kind != cell.figure.unit else ""
    unit = " ".join(filter(None, (words.unit(cell.figure.unit) if cell.figure else "", kind)))
    figure = replace(figure, text=f"{figure.text} {unit}")
    ratio = none if cell.ratio is None else words.number(cell.ratio)
    orders = none if cell.orders_of_magnitude is None else words.signed(cell.orders_of_magnitude)
    detail = cell.figure.scope.detail if cell.figure else ""
    name = words(f"quantity.{quantity.quantity}")
    return [name, cell.name, figure, _number(ratio), _number(orders), Cell(cell.source, bounds=detail)]


def _number(text: str) -> Cell:
    return Cell(text, figure=True)


def _notes(writer: Writer, document: CompareDocument) -> Iterator[str]:
    for quantity in document.quantities:
        for cell in quantity.cells:
            if cell.figure and cell.why_not:
                why = writer.words(f"no_ratio.{cell.why_not}")
                name = writer.words(f"quantity.{quantity.quantity}")
                yield writer.words("note.not_compared", quantity=name, name=cell.name, why=why)


def _picture(writer: Writer, quantity: ComparedQuantity) -> Picture:
    words = writer.words
    known = [(cell, cell.figure) for cell in quantity.cells if cell.figure and cell.figure.value > 0]
    first = quantity.cells[0].name
    rows = [
        DotRow(cell.name, [Dot(figure.value, Mark.SUPPLY if cell.name == first else Mark.SECOND)])
        for cell, figure in known
    ]
    unit = words.unit(known[0][1].unit)
    lines = [words("picture.comparison_line", name=cell.name, figure=writer.full(figure)) for cell, figure in known]
    title = words("picture.comparison", quantity=words(f"quantity.{quantity.quantity}"))
    about = Told(
        f"comparison-{quantity.quantity}",
        title,
        words("picture.comparison_told", unit=unit, lines=" ".join(lines)),
        unit,
    )
    svg = dots(about, rows, (), lambda value: power(floor(log10(value) + 0.5)), logarithmic=True)
    return Picture(svg, title, words("data_below", table=words("table.comparison")))
