"""``ullage ledger entries`` and ``closes``: what was posted, and which periods are closed."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import typer

from ullage_operator.ledger import Books, Entry, Posted, Reversal

from .books import Place, moment_of
from .cells import add_row, figures_table
from .exits import Exit
from .instants import told
from .manifests import Unusable
from .options import Sheet
from .tables import print_whole, wide_console

ENTRIES_VERSION: Final = "ullage.dev/entries/v1alpha1"
CLOSES_VERSION: Final = "ullage.dev/closes/v1alpha1"
_HEAD: Final = (
    *("sequence", "id", "type", "cluster", "from", "to", "posted_at", "counts_from", "institution", "line"),
    *("provenance", "source", "author", "reverses", "reversed_by"),
)


@dataclass(frozen=True)
class Filter:
    """Which entries are listed; all unless something is given."""

    subject: str | None = None
    type_: str | None = None
    institution: str | None = None
    as_of: str | None = None


def entries_command(place: Place, wanted: Filter, sheet: Sheet) -> Exit:
    """Print entries; return how the command ends."""
    try:
        moment = moment_of(wanted.as_of)
        with place.reading() as ledger, ledger.books(moment) as books:
            found = books.entries(about=wanted.subject, type_=wanted.type_, institution=wanted.institution)
            gone = reversals(books)
    except Unusable as error:
        return error.code
    rows = [_row(one, gone) for one in found]
    if sheet is Sheet.JSON:
        listed = [{**row, "facts": one.entry.model_dump(mode="json")} for row, one in zip(rows, found, strict=True)]
        typer.echo(json.dumps({"version": ENTRIES_VERSION, "entries": listed}, indent=1, ensure_ascii=False))
    elif sheet is Sheet.CSV:
        _write_csv(_HEAD, rows)
    elif not rows:
        typer.echo("The books hold no such entries.")
    else:
        table = figures_table(
            "", "entry", "from", "to", "posted", "institution", "known as", "author", right=(), last=""
        )
        for row in rows:
            mark = f"reversed by {row['reversed_by']}" if row["reversed_by"] else ""
            mark = f"counts from {row['counts_from']}" if row["counts_from"] and not mark else mark
            cells = (row["from"], row["to"] or "open", row["posted_at"], row["institution"] or "–")
            add_row(table, str(row["sequence"]), row["id"], *cells, row["provenance"], row["author"], mark)
        print_whole(wide_console(), table)
    return Exit.OK


def closes_command(place: Place, as_of: str | None, sheet: Sheet) -> Exit:
    """Print the closed periods; return how the command ends."""
    try:
        with place.reading() as ledger, ledger.books(moment_of(as_of)) as books:
            found = books.closes()
    except Unusable as error:
        return error.code
    rows: list[dict[str, Any]] = [
        {
            "from": told(row.from_ms),
            "to": told(row.to_ms),
            "closed_at": told(row.posted_at_ms),
            "sequence": row.sequence,
            "author": row.author,
        }
        for row in found
    ]
    heads = ("from", "to", "closed_at", "sequence", "author")
    if sheet is Sheet.JSON:
        typer.echo(json.dumps({"version": CLOSES_VERSION, "closes": rows}, indent=1))
    elif sheet is Sheet.CSV:
        _write_csv(heads, rows)
    elif not rows:
        typer.echo("No period is closed.")
    else:
        table = figures_table("from", "to", "closed", "by entry", "author", right=())
        for row in rows:
            add_row(table, *(str(row[head]) for head in heads))
        print_whole(wide_console(), table)
    return Exit.OK


def reversals(books: Books) -> dict[str, str]:
    """Return what takes entries out of the books: the reversal's id, by that of the entry."""
    found = (one.entry for one in books.entries(type_=Reversal.type))
    return {entry.reverses: entry.id for entry in found if isinstance(entry, Reversal)}


def _row(one: Posted[Entry], gone: dict[str, str]) -> dict[str, Any]:
    entry = one.entry
    start, end = entry.effective_ms
    institution = entry.ownership()["institution"]
    return {
        "sequence": one.sequence,
        "id": entry.id,
        "type": entry.type,
        "cluster": one.cluster,
        "from": told(start),
        "to": None if end is None else told(end),
        "posted_at": told(one.posted_at_ms),
        "counts_from": None if one.booked_ms is None else told(one.booked_ms),
        "institution": institution,
        "line": entry.line,
        "provenance": entry.provenance.value,
        "source": entry.source,
        "author": entry.author,
        "reverses": entry.reverses if isinstance(entry, Reversal) else None,
        "reversed_by": gone.get(entry.id),
    }


def _write_csv(heads: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(heads)
    writer.writerows([row[head] for head in heads] for row in rows)
