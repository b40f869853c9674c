"""From the books to what the gap is measured from: what was held and used, month by month. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Final

from ullage_operator import gap
from ullage_operator.ledger import AssetRow, Books, CapacityRow, ComputeRow, Provenance, WorkRow

from .kinds import of_import

_SECONDS_PER_HOUR: Final = 3_600
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
            if (subject := _subject_of(row, kinds, known)) is not None and _tells(row):
                yield _allocation(row, month, subject)
        for work in books.work(month.start_ms, month.end_ms):
            yield _work(work, month)


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


def _tells(row: ComputeRow) -> bool:
    """Tell whether there is anything in a row: something held, perhaps held, used, or taken back."""
    return any((row.held_ms, row.held_high_ms, row.measured_ms, row.active_ms))


def _subject_of(row: ComputeRow, kinds: Mapping[str, str], names: Iterable[str]) -> gap.Subject | None:
    if row.resource == "cpu":
        return CORES
    kind = row.accelerator_type
    found = of_import(kind, kinds, names) if row.imported else kind and kinds.get(kind, kind)
    return gap.accelerators(found) if found else None


def _capacity_of(row: CapacityRow, kinds: Mapping[str, str]) -> gap.Subject | None:
    if row.resource == "accelerator" and row.resource_type is not None:
        return gap.accelerators(kinds.get(row.resource_type, row.resource_type))
    return CORES if row.resource == "cpu" else None


def _allocation(row: ComputeRow, month: gap.Period, subject: gap.Subject) -> gap.Allocation:
    scale = _US_PER_HOUR if subject == CORES else _MS_PER_HOUR
    low, high = (
        None if bound is None or row.held_provenance is not Provenance.ESTIMATED else Fraction(bound, scale)
        for bound in row.held_bounds_ms
    )
    held = gap.Figure(Fraction(row.held_ms, scale), gap.Provenance(row.held_provenance.value), low, high)
    used = None
    if row.active_ms is not None:
        used = gap.Figure(Fraction(row.active_ms, scale), gap.Provenance(row.active_provenance.value))
    return gap.Allocation(
        institution=row.institution,
        subject=subject,
        period=month,
        held=held,
        measured=Fraction(row.measured_ms, scale),
        used=used,
        books=row.scope,
        # What an institution's own account of another place tells was held there, on machines of its own.
        own_machines=row.imported or row.own_machines,
        programme=row.programme,
        model_family=row.model_family,
        late=row.late,
    )


def _work(row: WorkRow, month: gap.Period) -> gap.Allocation:
    return gap.Allocation(
        institution=row.institution,
        subject=gap.talent(row.role),
        period=month,
        held=gap.Figure(Fraction(row.seconds, _SECONDS_PER_HOUR), gap.Provenance.DECLARED),
        measured=Fraction(0),
        used=None,
        books=row.scope,
        late=row.late,
    )
