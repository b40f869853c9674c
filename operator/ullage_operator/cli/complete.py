"""Names that a shell completes: what the books and the catalogue know. It is silent where they can't be read."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import typer

from .options import DEFAULT_WORKDIR, LOCAL


def institutions(context: typer.Context, incomplete: str) -> list[str]:
    """Return the ids of institutions in the books."""
    from ullage_operator.ledger import Ledger, LedgerError  # noqa: PLC0415
    from ullage_operator.local import Workdir  # noqa: PLC0415
    from ullage_operator.local.books import now_ms  # noqa: PLC0415

    given = context.params
    workdir = Path(given.get("workdir") or os.environ.get("ULLAGE_WORKDIR") or DEFAULT_WORKDIR)
    url = given.get("ledger") or os.environ.get("ULLAGE_LEDGER_URL") or Workdir(workdir).ledger_url
    try:
        with (
            Ledger.open(url, cluster=LOCAL, now_ms=now_ms, read_only=True) as ledger,
            ledger.books() as books,
        ):
            rows = books.declarations(0, now_ms() + 1)
    except LedgerError:
        return []
    return _starting({row.object_id for row in rows if row.kind == "Institution"}, incomplete)


def models(incomplete: str) -> list[str]:
    """Return the ids of the published models."""
    from ullage_operator.gap import published  # noqa: PLC0415

    catalogue = published()
    names = {model.id for model in catalogue.models} | {landmark.id for landmark in catalogue.landmarks}
    return _starting(names, incomplete)


def _starting(names: Iterable[str], incomplete: str) -> list[str]:
    return sorted(name for name in names if name.startswith(incomplete))
