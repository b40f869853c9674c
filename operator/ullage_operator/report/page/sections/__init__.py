"""The page's sections: each turns a part of the document into texts, pictures and tables."""

from __future__ import annotations

from ullage_operator.report.document import ReportDocument
from ullage_operator.report.page.views import Section, Writer

from .closing import glossary, unknown
from .comparison import comparison
from .groups import groups
from .money import money
from .people import people
from .plan import plan
from .spread import spread
from .summary import summary
from .supply import coverage, supply
from .trend import trend
from .use import use


def sections(writer: Writer, document: ReportDocument) -> list[Section]:
    """Return all sections in order; without groups, a plan or a comparison theirs are not there."""
    gap = document.gap
    found = [summary(writer, document), supply(writer, gap), coverage(writer, gap), use(writer, gap)]
    found += [people(writer, gap), money(writer, gap), spread(writer, gap)]
    if gap.groups:
        found.append(groups(writer, gap))
    found.append(trend(writer, gap))
    if document.plan:
        found.append(plan(writer, document.plan))
    if document.comparison:
        found.append(comparison(writer, document.comparison))
    return [*found, unknown(writer, gap), glossary(writer)]
