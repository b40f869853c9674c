"""The rows of a gap's sheet: every figure of its document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from ullage_operator.gap import Provenance, Resource

from .gap_parts import Course, GapDocument, Group, GroupLine, Money, Month, Moved, Rest
from .parts import DECLARED, RATIO, SUPPLIED, Quantity, Thing, plain
from .sheet import HEAD, Cells, known, rows
from .spread_parts import Spread

GAP_HEAD: Final = (*HEAD, "books", "detail", "period_start", "period_end", "as_of")
"""``detail`` tells rows of the same measure apart, such as by institution, or says how a figure is meant."""
AT_LEAST: Final = "atLeast"
_COUNT: Final = "institutions"


def gap_rows(document: GapDocument) -> Iterator[Cells]:
    """Yield all figures of a gap, each with the period that it is of."""
    for row in _of_period(document):
        yield [*row, document.period.start, document.period.end, document.as_of]
    for month in document.trend:
        for row in _month(month):
            yield [*row, month.period.start, month.period.end, document.as_of]


def _of_period(document: GapDocument) -> Iterator[Cells]:
    for line in document.lines:
        yield from _told(rows("institution", line.institution, line.thing, line))
    for each in document.bottlenecks:
        yield _measure("institution", each.institution, each.thing, "bottleneck", each.coverage)
    for found in document.money:
        yield from _money("institution", found.institution or "", found)
        yield from _unpriced(found)
    yield from _totals("total", "", document.totals, document.money_totals)
    for spread in document.spreads:
        yield from _spread("", "", spread)
    for group in document.groups:
        yield from _group(group)
    yield from _others(document)


def _others(document: GapDocument) -> Iterator[Cells]:
    for account in document.moved:
        yield _moved(account)
    for course in document.courses:
        yield from _course(course)
    for rest in document.rests:
        yield from _rest(rest)
    for family in document.families:
        yield from _told(rows("modelFamily", family.model_family or "", family.thing, family.use))
    for each in document.unattributed:
        yield from _told(rows("unattributed", "", each.thing, each.use))
    for other in document.undeclared:
        yield from _told(rows("undeclared", other.institution, other.thing, other.use))


def _totals(of: str, name: str, totals: Iterable[GroupLine], money: Iterable[Money]) -> Iterator[Cells]:
    for total in totals:
        yield from _told(rows(of, name, total.thing, total))
        for institution in total.need_unknown:
            yield _measure(of, name, total.thing, "need_unknown", _count(1), institution)
    for found in money:
        yield from _money(of, name, found)


def _group(group: Group) -> Iterator[Cells]:
    yield from _totals(group.by, group.name, group.totals, group.money)
    if group.bottleneck:
        yield _measure(group.by, group.name, group.bottleneck.thing, "bottleneck", group.bottleneck.met)
    for spread in group.spreads:
        yield from _spread(group.by, group.name, spread)


def _month(month: Month) -> Iterator[Cells]:
    """Yield the sums of a month, named by it, and those of each institution in it, named by the institution."""
    yield from _totals("month", month.period.start[:7], month.totals, month.money_totals)
    for line in month.lines:
        yield from _told(rows("institutionMonth", line.institution, line.thing, line))
    for found in month.money:
        yield from _money("institutionMonth", found.institution or "", found)


def _money(of: str, name: str, found: Money) -> Iterator[Cells]:
    for row in rows(of, name, None, found, found.currency):
        lower = found.at_least and row[HEAD.index("measure")] in ("gross", "net")
        yield [*row, AT_LEAST if lower else ""]
    for each in found.costs:
        yield from _told(rows(of, name, each.thing, each))


def _unpriced(found: Money) -> Iterator[Cells]:
    """Yield what gaps have no price in a currency: they are in no sum of it."""
    for each in found.unpriced:
        if each.gap is not None:
            yield _measure("institution", each.institution, each.thing, "unpriced_gap", each.gap, found.currency)


def _spread(by: str, group: str, found: Spread) -> Iterator[Cells]:
    """Yield the disparity among all institutions (``spread``) or within a group (such as ``countrySpread``)."""
    what = "spreadByNeed" if found.by_need else "spread"
    of = f"{by}{what[0].upper()}{what[1:]}" if by else what
    yield from _told(rows(of, group, found.thing, found))
    yield _measure(of, group, found.thing, "units", _count(found.units))
    for out in found.left_out:
        yield _measure(of, group, found.thing, "left_out", _count(1), f"{out.institution}: {out.why}")
    for each in found.frontier:
        yield _measure(of, group, found.thing, "frontier_ratio", each.ratio, each.institution)
    provenance = found.gini.provenance if found.gini else Provenance.DECLARED
    for place, point in enumerate(found.lorenz):
        shares = (("lorenz_weight_share", point.weight_share), ("lorenz_amount_share", point.amount_share))
        for measure, share in shares:
            yield _measure(of, group, found.thing, measure, plain(share, RATIO, SUPPLIED, provenance), str(place))


def _moved(account: Moved) -> Cells:
    head = ["account", account.holder, Resource.TALENT.value, account.role, "moved"]
    return [*known(head, account.hours), ""]


def _course(course: Course) -> Iterator[Cells]:
    """Yield a course; ``detail`` is from when those who complete have their new role."""
    completers = plain(float(course.completers), "people", DECLARED, Provenance.DECLARED)
    for measure, found in (("learner_hours", course.learner_hours), ("completers", completers)):
        head = ["course", course.institution, Resource.TALENT.value, None, measure]
        yield [*known(head, found), course.completes_at]


def _rest(rest: Rest) -> Iterator[Cells]:
    yield from _told(rows("nodes", rest.books, rest.thing, rest), "idle" if rest.idle else "notHeldByUllage")


def _measure(of: str, name: str, thing: Thing, measure: str, found: Quantity | None, detail: str = "") -> Cells:
    head = [of, name, thing.resource.value, thing.type, measure]
    if found is None:
        return [*head, None, None, None, RATIO, "unknown", None, None, detail]
    return [*known(head, found), detail]


def _count(number: int) -> Quantity:
    return plain(float(number), _COUNT, DECLARED, Provenance.DECLARED)


def _told(found: Iterable[Cells], detail: str = "") -> Iterator[Cells]:
    for row in found:
        yield [*row, detail]
