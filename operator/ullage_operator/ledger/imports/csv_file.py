"""Usage as CSV, for what has no Slurm: RFC 4180, UTF-8, a header, one row a job.

======================  ======================================================================================
``external_id``         the job's id in that place; empty where it has none
``account``             the account there, which an institution is given for
``accelerators``        how many it held: a whole number, 0 for none
``accelerator_type``    which kind; empty is not known
``from``, ``to``        start and end by ISO 8601, with Z or an offset: 2026-11-01T08:00:00Z
``active_seconds``      seconds in which a kernel ran, summed over accelerators; empty is not known
``cpu_cores``           cores that it held, as a decimal; empty is none
``cpu_seconds``         seconds of CPU time that it used; empty is not known
======================  ======================================================================================

The columns may stand in any order; the last three may be missing.

A row is known again by its scope, ``external_id``, ``from`` and ``accelerator_type``, so it counts once in however many
files it stands. A row without an id is known by its account, accelerators, type, start and end, and by how many such
rows stand before it in its file: equal rows of one file all count, and the file again, under any name, adds nothing.
The scope is the one that is asked for, else ``csv``.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections import Counter
from decimal import Decimal
from typing import Final

from ullage_operator.ledger.base import Provenance
from ullage_operator.ledger.entries import Import

from .parsed import BadRow, Origin, Parsed, Unfit, instant_ms, institution_of, made, named, whole

_NEEDED: Final = ("external_id", "account", "accelerators", "accelerator_type", "from", "to")
_MAY_BE: Final = ("active_seconds", "cpu_cores", "cpu_seconds")

COLUMNS: Final = (*_NEEDED, *_MAY_BE)
"""The columns, in the order that they are best written in."""

UNNAMED_PLACE: Final = "csv"
"""The scope of rows where none is asked for."""

_DECIMAL: Final = re.compile(r"\d{1,15}(\.\d{1,9})?\Z", re.ASCII)


def parse_csv(text: str, origin: Origin) -> Parsed:
    """Return an entry for each row; rows that give none are told, the others go on."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    header = next(reader, [])
    missing = [name for name in _NEEDED if name not in header]
    unknown = [name for name in header if name not in COLUMNS]
    if missing or unknown or len(set(header)) < len(header):
        expected = f"a header with the columns {', '.join(_NEEDED)}, and perhaps {', '.join(_MAY_BE)}, each once"
        return Parsed(origin, (), (BadRow(origin.file, 1, expected, ", ".join(header) or "none"),))
    entries: list[tuple[int, Import]] = []
    bad: list[BadRow] = []
    nameless: Counter[str] = Counter()
    number = reader.line_num + 1
    try:
        for values in reader:
            try:
                if values:
                    entries.append((number, _entry(named(header, values), origin, nameless)))
            except Unfit as problem:
                bad.append(BadRow(origin.file, number, problem.expected, problem.found))
            number = reader.line_num + 1
    except csv.Error as error:
        bad.append(BadRow(origin.file, number, "CSV by RFC 4180; no row from here on was read", str(error)))
    return Parsed(origin, tuple(entries), tuple(bad))


def _entry(row: dict[str, str], origin: Origin, nameless: Counter[str]) -> Import:
    start, end = (instant_ms(name, row[name], origin.zone) for name in ("from", "to"))
    accelerators = whole("accelerators", row["accelerators"])
    active_ms = _thousandths(row, "active_seconds")
    if active_ms is not None and active_ms > accelerators * (end - start):
        raise Unfit(f"active_seconds of at most {accelerators} accelerators x the time", row["active_seconds"])
    who = row["account"], accelerators, row["accelerator_type"], start, end
    return made(
        {
            "scope": origin.scope or UNNAMED_PLACE,
            "external_id": row["external_id"] or _id_of_nameless(who, nameless),
            "institution": institution_of(row["account"], origin),
            "accelerators": accelerators,
            "accelerator_type": row["accelerator_type"] or None,
            "accelerator_active_ms": active_ms,
            "cpu_millis": _thousandths(row, "cpu_cores") or 0,
            "cpu_ms": _thousandths(row, "cpu_seconds"),
            "from_ms": start,
            "to_ms": end,
            "provenance": Provenance.MEASURED if active_ms is not None else Provenance.DECLARED,
            "source": "csv",
            "author": origin.author,
        }
    )


def _id_of_nameless(who: tuple[str | int, ...], before: Counter[str]) -> str:
    """Return the id of a row that has none: what it says, and which of those of its file that say so it is."""
    digest = hashlib.sha256(json.dumps(who).encode()).hexdigest()[:16]
    before[digest] += 1
    return f"row-{digest}-{before[digest]}"


def _thousandths(row: dict[str, str], name: str) -> int | None:
    """Return thousandths of a decimal, rounded half to even; None where it is empty or missing."""
    text = row.get(name, "")
    if text == "":
        return None
    if not _DECIMAL.match(text):
        raise Unfit(f"a decimal that is not negative in {name}", repr(text))
    return int((Decimal(text) * 1000).to_integral_value())
