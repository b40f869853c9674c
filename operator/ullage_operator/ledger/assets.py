"""Which data was used in a period. Pure. Data is not used up: a digest counts once, however many jobs read it."""

from __future__ import annotations

from collections.abc import Iterable

from .base import Amount, Name, Record
from .entries import DataUse
from .workers import Worker


class AssetRow(Record):
    """One data asset, as an institution's jobs used it in a period."""

    institution: Name | None
    """Whose jobs; null is unattributed."""
    asset: str
    """The source's name."""
    fingerprint: str
    """A digest of its files."""
    rows_read: Amount
    """Rows in the files."""
    rows_accepted: Amount
    """Distinct rows that cleaning let pass, in the job that took the most of them."""
    bytes: Amount
    """Size of the files."""
    jobs: Amount
    """Distinct jobs that used it."""


def assets(workers: Iterable[Worker], *, from_ms: int, to_ms: int) -> list[AssetRow]:
    """Return the data that was used in the period ``[from_ms, to_ms)``, each asset once for each institution."""
    found: dict[tuple[str | None, str, str], list[DataUse]] = {}
    for worker in workers:
        for entry in worker.uses:
            if from_ms <= entry.at_ms < to_ms:
                key = entry.context.institution, entry.use.asset, entry.use.fingerprint
                found.setdefault(key, []).append(entry)
    return [
        AssetRow(
            institution=institution,
            asset=asset,
            fingerprint=fingerprint,
            rows_read=max(entry.use.rows_read for entry in entries),
            rows_accepted=max(entry.use.rows_accepted for entry in entries),
            bytes=max(entry.use.bytes for entry in entries),
            jobs=len({entry.context.job_uid for entry in entries}),
        )
        for (institution, asset, fingerprint), entries in sorted(
            found.items(), key=lambda item: (item[0][0] is None, item[0][0] or "", *item[0][1:])
        )
    ]
