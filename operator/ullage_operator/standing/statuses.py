"""What is written to the status of an Institution: its rows of the gap report of a month. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime

from ullage_operator import gap
from ullage_operator.api.types import InstitutionStatus, Provenance, Resource, ResourceStatus, StatusPeriod, Unit

_MAX_ROWS = 256
_MAX_MISSING = 16
_MAX_TEXT = 1024


def institution_status(before: InstitutionStatus, institution: str, report: gap.GapReport) -> InstitutionStatus:
    """Return the status with the figures of a period; its conditions stay.

    Parameters
    ----------
    before
        What the status was.
    institution
        The institution's id.
    report
        The measures of one period.
    """
    rows = [row for row in report.rows if row.institution == institution]
    worst = report.bottlenecks.get(institution)
    return before.model_copy(
        update={
            "message": _message(rows),
            "period": _period(report.period),
            "resources": [_resource(row) for row in rows[:_MAX_ROWS]],
            "bottleneck": "" if worst is None else str(worst.subject)[:128],
            "coverage": None if worst is None else _value(worst.coverage),
        }
    )


def _message(rows: Iterable[gap.Row]) -> str:
    """Return why needs are not known, a line each."""
    return "\n".join(f"{row.subject}: {row.lacks}" for row in rows if row.lacks is not None)[:_MAX_TEXT]


def _period(period: gap.Period) -> StatusPeriod:
    start, end = _day(period.start_ms), _day(period.end_ms)
    return StatusPeriod.model_validate({"label": f"{start:%Y-%m}", "from": start, "to": end})


def _day(at_ms: int) -> date:
    return datetime.fromtimestamp(at_ms // 1000, UTC).date()


def _resource(row: gap.Row) -> ResourceStatus:
    usage = row.usage
    figures = [row.required, row.supply, usage.allocated, usage.used]
    return ResourceStatus(
        resource=Resource(row.subject.resource.value),
        type=row.subject.type,
        unit=Unit(row.subject.unit.value),
        required=_value(row.required),
        own=_value(row.own),
        granted=_value(row.granted),
        moved=_value(row.moved) if row.subject.resource is gap.Resource.TALENT else None,
        supply=_value(row.supply.at_least_zero()),
        allocated=_value(usage.allocated),
        used=_value(usage.used),
        measured_share=None if usage.measured_share is None else float(usage.measured_share),
        gap=_value(row.gap),
        coverage=_value(row.coverage),
        provenance=_weakest([figure for figure in figures if figure is not None]),
        missing=[text[:_MAX_TEXT] for text in row.missing[:_MAX_MISSING]],
    )


def _weakest(figures: list[gap.Figure]) -> Provenance:
    order = list(gap.Provenance)
    return Provenance(max((figure.provenance for figure in figures), key=order.index).value)


def _value(figure: gap.Figure | None) -> float | None:
    return None if figure is None else float(figure.value)
