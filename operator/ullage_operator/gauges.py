"""How institutions stand, for Prometheus: gauges of the month, as they were last measured in the background.

Measuring reads all the books of a month; a scrape only shows what came of it last, so it never waits for that. Hours
are given in seconds, Prometheus' base unit; the label ``unit`` tells accelerator-seconds from seconds of people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import Final

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from . import gap
from .ledger import LineRow
from .standing import Standing

_UNITS: Final = {
    gap.Unit.ACCELERATOR_HOURS: ("accelerator_seconds", 3600),
    gap.Unit.CORE_HOURS: ("core_seconds", 3600),
    gap.Unit.HOURS: ("seconds", 3600),
    gap.Unit.TOKENS: ("tokens", 1),
    gap.Unit.SAMPLES: ("samples", 1),
    gap.Unit.BYTES: ("bytes", 1),
}
_LABELS: Final = ("institution", "resource", "type", "unit")


class GapCollector(Collector):
    """Need, supply, gap, coverage, disparity and what it would cost, in the current month."""

    def __init__(self, standing: Callable[[], Standing | None]) -> None:
        self._standing = standing

    def collect(self) -> Iterable[Metric]:
        """Return the gauges; what is not known has no series."""
        measured = self._standing()
        report = None if measured is None else measured.report
        rows = () if report is None else report.rows
        yield from _amounts(rows)
        yield _coverage(rows)
        yield _disparity(rows)
        yield from _money({} if report is None else report.money_totals)


_MICROS: Final = 1_000_000
_MS: Final = 1_000
_LINE_LABELS: Final = ("investment", "line", "institution", "unit")


class LinesCollector(Collector):
    """What was granted and what has become of it: each line that jobs draw on, from its beginning until now."""

    def __init__(self, lines: Callable[[], Iterable[LineRow]]) -> None:
        self._lines = lines

    def collect(self) -> Iterable[Metric]:
        """Return the gauges: accelerator-seconds in kind, or money in its currency, as the label ``unit`` tells."""
        of: tuple[tuple[str, str, Callable[[LineRow], int]], ...] = (
            ("ullage_line_awarded", "What was awarded in all.", lambda row: row.awarded),
            ("ullage_line_released", "What of it was released until now.", lambda row: row.released),
            ("ullage_line_reserved", "What is set aside for jobs that run.", lambda row: row.reserved),
            ("ullage_line_expended", "What was spent, less refunds.", lambda row: row.expended - row.reversed),
            (
                "ullage_line_remaining",
                "What is neither set aside nor spent; an overdraft is below 0.",
                lambda row: row.remaining,
            ),
        )
        drawn = [(row, *found) for row in self._lines() if (found := _scale(row)) is not None]
        for name, text, value in of:
            family = GaugeMetricFamily(name, text, labels=_LINE_LABELS)
            for row, unit, scale in drawn:
                investment, _, line = row.line.partition("/")
                family.add_metric((investment, line, row.institution, unit), value(row) / scale)
            yield family


def _scale(row: LineRow) -> tuple[str, int] | None:
    """Return the unit of a line and how many of the books' units it is; None of a line that no job draws on."""
    if row.currency is not None:
        return row.currency, _MICROS
    return ("accelerator_seconds", _MS) if row.unit == "accelerator-ms" else None


def _amounts(rows: Iterable[gap.Row]) -> Iterator[Metric]:
    found = list(rows)
    of: tuple[tuple[str, str, Callable[[gap.Row], gap.Figure | None]], ...] = (
        ("ullage_required", "What is needed in the current month, in the unit of the label.", lambda row: row.required),
        ("ullage_supply", "What is there or granted in kind in the current month.", lambda row: row.supply),
        ("ullage_gap", "What of the need is not supplied in the current month.", lambda row: row.gap),
    )
    for name, text, value in of:
        family = GaugeMetricFamily(name, text, labels=_LABELS)
        for row in found:
            figure = value(row)
            if figure is not None:
                unit, scale = _UNITS[row.subject.unit]
                labels = (row.institution, row.subject.resource.value, row.subject.type, unit)
                family.add_metric(labels, float(figure.value * scale))
        yield family


def _coverage(rows: Iterable[gap.Row]) -> Metric:
    family = GaugeMetricFamily("ullage_coverage_ratio", "Supply as a share of the need.", labels=_LABELS)
    for row in rows:
        if row.coverage is not None:
            labels = (row.institution, row.subject.resource.value, row.subject.type, _UNITS[row.subject.unit][0])
            family.add_metric(labels, float(row.coverage.value))
    return family


def _disparity(rows: Iterable[gap.Row]) -> Metric:
    text = "How unequally supply is spread: 0 is evenly. By basis: raw is S, need is S / R weighted by R."
    family = GaugeMetricFamily("ullage_disparity_gini", text, labels=("resource", "type", "unit", "basis"))
    by_subject: dict[gap.Subject, list[gap.Row]] = {}
    for row in rows:
        by_subject.setdefault(row.subject, []).append(row)
    for subject, members in sorted(by_subject.items()):
        labels = (subject.resource.value, subject.type, _UNITS[subject.unit][0])
        for basis, measure in (("raw", gap.raw), ("need", gap.need_weighted)):
            gini: Fraction | None = measure(members).gini
            if gini is not None:
                family.add_metric((*labels, basis), float(gini))
    return family


def _money(totals: dict[str, gap.Money]) -> Iterator[Metric]:
    gross = GaugeMetricFamily(
        "ullage_money_gap_gross", "What closing all gaps that have a price would cost.", labels=("currency",)
    )
    net = GaugeMetricFamily(
        "ullage_money_gap_net", "The same, less the money that is released for it.", labels=("currency",)
    )
    for currency, money in sorted(totals.items()):
        gross.add_metric((currency,), float(money.gross.value))
        net.add_metric((currency,), float(money.net.value))
    yield from (gross, net)
