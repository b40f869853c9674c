"""The report in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from ullage_operator.report.document import ReportDocument
from ullage_operator.report.gap_parts import GroupLine
from ullage_operator.report.page.views import Column, Section, Writer
from ullage_operator.report.parts import Quantity


def summary(writer: Writer, document: ReportDocument) -> Section:
    """Return what matters, each figure with its unit and how it is known."""
    return Section("summary", points=list(_points(writer, document)))


def _points(writer: Writer, document: ReportDocument) -> Iterator[str]:
    words, gap = writer.words, document.gap
    for total in gap.totals:
        if total.members:
            yield _total(writer, total)
    for money in gap.money_totals:
        amounts = {name: _told(writer, getattr(money, name)) for name in ("gross", "awarded", "net")}
        if money.at_least:
            amounts |= {name: words("at_least", amount=amounts[name]) for name in ("gross", "net")}
        yield words("summary.money", **amounts)
    for each in gap.bottlenecks:
        told = _told(writer, each.coverage)
        yield words(
            "summary.bottleneck",
            institution=writer.name(each.institution),
            thing=writer.thing(each.thing),
            coverage=told,
        )
    if document.plan:
        chosen = document.plan.chosen
        yield words(
            "summary.plan",
            budget=_told(writer, chosen.budget),
            before=_told(writer, chosen.gap_cost_before),
            after=_told(writer, chosen.gap_cost_after),
            least_before=_told(writer, chosen.least_coverage_before),
            least_after=_told(writer, chosen.least_coverage_after),
        )


def _total(writer: Writer, total: GroupLine) -> str:
    words, unit = writer.words, writer.words.unit(total.thing.unit)
    thing, supply = writer.thing(total.thing), _told(writer, total.supply, unit)
    if writer.data(total.thing):
        return words("summary.data", thing=thing, supply=supply)
    if total.required is None:
        return words("summary.need_unknown", thing=thing, supply=supply)
    amounts = {name: _told(writer, getattr(total, name), unit) for name in ("required", "gap", "met")}
    return words("summary.covered", thing=thing, supply=supply, **amounts)


def _told(writer: Writer, found: Quantity | None, unit: str = "") -> str:
    """Return a figure with its unit and, where it is not known as usual, how it is known."""
    if found is None:
        return writer.words("unknown")
    how = writer.words(f"provenance.{found.provenance}")
    if bounds := writer.bounds(found, Column("")):
        how = f"{how}, {bounds}"
    return writer.words("told_as", figure=writer.full(found) if unit else writer.amount(found), how=how)
