"""From the books to what the gap is measured from: what was held and used, month by month. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Final

from ullage_operator import gap
from ullage_operator.ledger import AssetRow, Books, CapacityRow, ComputeRow, UsageRow

from .kinds import of_import

_MS_PER_HOUR: Final = 3_600_000
_US_PER_HOUR: Final = 3_600_000_000
CORES: Final = gap.Subject(gap.Resource.COMPUTE, "cpu", gap.Unit.CORE_HOURS)
"""Cores of processors."""


def allocations(
    books: Books, period: gap.Period, kinds: Mapping[str, str], names: Iterable[str] = ()
) -> Iterator[gap.Allocation]:
    """Yield what was held and used, a row a month: so sums over the period and a trend are of the same rows.

    Parameters
    ----------
    books
        The books, open at one moment.
    period
        The period that is asked for.
    kinds
        Which accelerator a resource of the cluster or of an import is, such as ``nvidia.com/gpu`` an ``A100``.
    names
        What types of accelerators are called: another case of one in an import is the same type.
    """
    known = tuple(names)
    for month in gap.months(period):
        for row in books.compute(month.start_ms, month.end_ms):
            if row.held_ms and (kind := _kind_of(row, kinds, known)) is not None:
                yield _accelerators(row, month, kind)
        for used in books.usage(month.start_ms, month.end_ms, by=("institution", "programme", "model_family")):
            if used.cpu_held_core_us:
                yield _cores(used, month, books.cluster)


def scopes(rows: Iterable[gap.Allocation], cluster: str) -> frozenset[str]:
    """Return the clusters and imports whose books were read: this cluster's always are."""
    return frozenset({cluster, *(row.books for row in rows)})


def imported(rows: Iterable[gap.Allocation], cluster: str) -> dict[tuple[str, gap.Subject], frozenset[str]]:
    """Return by institution and accelerator the places, this cluster left out, whose books tell of own machines."""
    found: dict[tuple[str, gap.Subject], frozenset[str]] = {}
    for row in rows:
        if row.institution is not None and row.own_machines and row.books != cluster:
            key = row.institution, row.subject
            found[key] = found.get(key, frozenset()) | {row.books}
    return found


def data_uses(rows: Iterable[AssetRow], period: gap.Period, assets: Iterable[gap.DataAsset]) -> Iterator[gap.DataUse]:
    """Yield which data was used, as distinct accepted rows; what is declared under the same id gives its type."""
    types = {asset.id: asset.subject.type for asset in assets}
    for row in rows:
        if row.institution is not None:
            subject = gap.Subject(gap.Resource.DATA, types.get(row.asset, "rows"), gap.Unit.SAMPLES)
            amount = gap.Figure(Fraction(row.rows_accepted), gap.Provenance.MEASURED)
            yield gap.DataUse(row.institution, f"{row.asset}@{row.fingerprint[:12]}", subject, amount, period)


def clusters(
    rows: Iterable[CapacityRow], period: gap.Period, kinds: Mapping[str, str]
) -> Iterator[gap.ClusterCapacity]:
    """Yield what each cluster's nodes offered; only our own pods are known, so the rest is not called idle."""
    sums: dict[tuple[str, gap.Subject], int] = {}
    for row in rows:
        subject = _capacity_of(row, kinds)
        if subject is not None:
            place = row.scope, subject
            sums[place] = sums.get(place, 0) + row.amount_ms
    for (scope, subject), amount_ms in sorted(sums.items()):
        scale = _US_PER_HOUR if subject == CORES else _MS_PER_HOUR
        amount = gap.Figure(Fraction(amount_ms, scale), gap.Provenance.MEASURED)
        yield gap.ClusterCapacity(scope, subject, amount, period, all_tenants=False)


def _kind_of(row: ComputeRow, kinds: Mapping[str, str], names: Iterable[str]) -> str | None:
    kind = row.accelerator_type
    if row.imported:
        return of_import(kind, kinds, names)
    return None if kind is None else kinds.get(kind, kind)


def _capacity_of(row: CapacityRow, kinds: Mapping[str, str]) -> gap.Subject | None:
    if row.resource == "accelerator" and row.resource_type is not None:
        return gap.accelerators(kinds.get(row.resource_type, row.resource_type))
    return CORES if row.resource == "cpu" else None


def _accelerators(row: ComputeRow, month: gap.Period, kind: str) -> gap.Allocation:
    return gap.Allocation(
        institution=row.institution,
        subject=gap.accelerators(kind),
        period=month,
        held=_known(Fraction(row.held_ms, _MS_PER_HOUR), estimated=row.held_estimated_ms > 0),
        measured=Fraction(row.measured_ms, _MS_PER_HOUR),
        used=None if row.active_ms is None else _known(Fraction(row.active_ms, _MS_PER_HOUR)),
        books=row.scope,
        # What an institution's own account of another place tells was held there, on machines of its own.
        own_machines=row.imported or row.own_machines,
        programme=row.programme,
        model_family=row.model_family,
    )


def _cores(row: UsageRow, month: gap.Period, cluster: str) -> gap.Allocation:
    measured = Fraction(row.cpu_measured_core_us, _US_PER_HOUR)
    used = row.cpu_used_ms if measured else None
    return gap.Allocation(
        institution=row.group["institution"],
        subject=CORES,
        period=month,
        held=_known(Fraction(row.cpu_held_core_us, _US_PER_HOUR), estimated=row.holds_estimated > 0),
        measured=measured if used is not None else Fraction(0),
        used=None if used is None else _known(Fraction(used, _MS_PER_HOUR)),
        books=cluster,
        programme=row.group["programme"],
        model_family=row.group["model_family"],
    )


def _known(amount: Fraction, *, estimated: bool = False) -> gap.Figure:
    return gap.Figure(amount, gap.Provenance.ESTIMATED if estimated else gap.Provenance.MEASURED)
