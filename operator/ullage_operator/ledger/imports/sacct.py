"""Slurm's accounts: what ``sacct --parsable2`` or ``--parsable`` prints, with a header.

``sacct -P -a -X --format=JobID,Account,AllocTRES,Start,End,Elapsed,TotalCPU`` has what is needed (without ``-X``
steps come too, and are passed over: a job's own row covers them). Other columns may be there, in any order.

A row is known again by its cluster, job id, start and type of accelerator, so it counts once in however many files it
stands. The cluster is the scope that is asked for, else the column ``Cluster``, else ``sacct``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ullage_operator.ledger.base import Provenance
from ullage_operator.ledger.entries import Import

from .parsed import BadRow, Origin, Parsed, Unfit, instant_ms, institution_of, made, named, whole

UNNAMED_CLUSTER: Final = "sacct"
"""The scope of rows that name no cluster, where none is asked for."""

SACCT_FIELDS: Final = ("JobID", "Account", "AllocTRES", "Start", "End", "Elapsed")
"""The columns that have to be there; ``TotalCPU`` is taken where it is."""

_DURATION: Final = re.compile(r"(?:(?:(\d+)-)?(\d+):)?(\d+):(\d+)(?:\.(\d{1,6}))?\Z", re.ASCII)
_GPU: Final = "gres/gpu"


def parse_sacct(text: str, origin: Origin) -> Parsed:
    """Return an entry for each job and type of accelerator; rows that give none are told, the others go on."""
    rows = text.splitlines()
    header = rows[0].rstrip("|").split("|") if rows else []
    if missing := [name for name in SACCT_FIELDS if name not in header]:
        expected = f"a header with {', '.join(missing)}, separated by |"
        return Parsed(origin, (), (BadRow(origin.file, 1, expected, repr(rows[0] if rows else "")),))
    entries: list[tuple[int, Import]] = []
    bad: list[BadRow] = []
    for number, row in enumerate(rows[1:], start=2):
        values = row.split("|")
        if values[-1] == "" and len(values) == len(header) + 1:
            values.pop()  # --parsable ends each line with one more |
        if not row.strip():
            continue
        try:
            entries += [(number, entry) for entry in _entries(named(header, values), origin)]
        except Unfit as problem:
            bad.append(BadRow(origin.file, number, problem.expected, problem.found))
    return Parsed(origin, tuple(entries), tuple(bad))


def _entries(row: dict[str, str], origin: Origin) -> Iterator[Import]:
    if "." in row["JobID"]:
        return
    tres = _tres(row["AllocTRES"])
    start = instant_ms("Start, since the job started,", row["Start"], origin.zone)
    end = instant_ms("End, since it has ended,", row["End"], origin.zone)
    held_ms = duration_ms("Elapsed", row["Elapsed"])
    if not 0 <= held_ms <= end - start:
        raise Unfit("Elapsed within Start and End", f"{row['Elapsed']} from {row['Start']} to {row['End']}")
    # While a job is suspended it holds no processors, and Elapsed stands still: the time is right, its place is not.
    suspended = held_ms < end - start
    facts: dict[str, object] = {
        "scope": origin.scope or row.get("Cluster") or UNNAMED_CLUSTER,
        "external_id": row["JobID"],
        "institution": institution_of(row["Account"], origin),
        "from_ms": start,
        "to_ms": start + held_ms,
        "provenance": Provenance.ESTIMATED if suspended else Provenance.MEASURED,
        "source": "sacct, time suspended left out at the end" if suspended else "sacct",
        "author": origin.author,
    }
    cpu: dict[str, object] = {"cpu_millis": 1000 * whole("cpu of AllocTRES", tres.get("cpu", "0"))}
    if row.get("TotalCPU"):
        cpu["cpu_ms"] = duration_ms("TotalCPU", row["TotalCPU"])
    for kind, count in _accelerators(tres):
        yield made({**facts, **cpu, "accelerators": count, "accelerator_type": kind})
        cpu = {}  # the job's processors count once, with its first type of accelerator


def _tres(text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in text.split(",") if part]
    if unfit := [name for name, equals, _ in pairs if not equals]:
        raise Unfit("AllocTRES as name=count, separated by commas", repr(unfit[0]))
    return {name: value for name, _, value in pairs}


def _accelerators(tres: dict[str, str]) -> list[tuple[str | None, int]]:
    """Return how many accelerators of which type: those by type where Slurm tells, which sum to all of them."""
    all_of_them = whole(_GPU, tres.get(_GPU, "0"))
    by_type: list[tuple[str | None, int]] = [
        (name.removeprefix(f"{_GPU}:"), whole(name, value))
        for name, value in sorted(tres.items())
        if name.startswith(f"{_GPU}:")
    ]
    total = sum(count for _, count in by_type)
    if by_type and _GPU in tres and total != all_of_them:
        raise Unfit(f"{_GPU} by type that sum to {all_of_them}", str(total))
    return by_type or [(None, all_of_them)]


def duration_ms(name: str, text: str) -> int:
    """Return milliseconds of Slurm's ``[days-][hours:]minutes:seconds[.fraction]``.

    Raises
    ------
    Unfit
        It is none.
    """
    found = _DURATION.match(text)
    if found is None:
        raise Unfit(f"[DD-]HH:MM:SS in {name}", repr(text))
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[:4])
    fraction = int((found[5] or "").ljust(3, "0")[:3])
    return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000 + fraction
