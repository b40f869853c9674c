"""``ullage usage``."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import dataclass
from typing import get_args

import typer

from ullage_operator.ledger import GroupKey
from ullage_operator.ledger.report import Scope, UsageLine, UsageTable, usage_table
from ullage_operator.local.books import now_ms

from .books import Place, moment_of
from .exits import Exit
from .instants import instant
from .manifests import Unusable, complain
from .options import Sheet
from .tables import ENERGY_NOTE, usage_columns, wide_console

_KEYS: tuple[GroupKey, ...] = get_args(GroupKey)


@dataclass(frozen=True)
class UsageQuestion:
    """What is asked, as it was typed."""

    by: str
    since: str | None
    until: str | None
    as_of: str | None


def usage_command(place: Place, question: UsageQuestion, form: Sheet) -> Exit:
    """Print usage; return how the command ends."""
    now = now_ms()
    problems: list[str] = []
    keys = _keys(question.by, problems)
    from_ms = instant(question.since, "--since", 0, problems)
    to_ms = instant(question.until, "--until", now + 1, problems)
    if not problems and to_ms <= from_ms:
        ends = question.until or "now", question.since or "none"
        problems.append(f"--until: expected an instant after --since, found {ends[0]} and {ends[1]}")
    if problems:
        complain("\n".join(problems))
        return Exit.INVALID
    try:
        moment = moment_of(question.as_of)
        with place.reading() as ledger, ledger.books(moment) as books:
            rows = books.usage(from_ms, to_ms, by=keys)
            total = books.usage(from_ms, to_ms)[0]
            work = books.work(from_ms, to_ms)
            scope = Scope(cluster=place.cluster, from_ms=from_ms, to_ms=to_ms, now_ms=min(now, books.now_ms))
    except Unusable as error:
        return error.code
    table = usage_table(rows, total, scope, work)
    if form is Sheet.JSON:
        typer.echo(json.dumps(table.to_json(), indent=1))
    elif form is Sheet.CSV:
        _write_csv(table)
    elif not rows:
        typer.echo("The books hold nothing for this period.")
    else:
        console = wide_console()
        console.print(usage_columns(table))
        since = table.period_from if question.since else "from the beginning"
        as_of = f", as of {table.as_of}" if question.as_of else ""
        text = f"Cluster {table.cluster}, {since} to {table.period_to}{as_of}. {ENERGY_NOTE}"
        console.print(text, highlight=False, soft_wrap=True)
        for line in table.work:
            text = f"Work of people that jobs declared: {line.institution}, {line.role}: {line.declared_hours:,.4g} h."
            console.print(text, highlight=False, soft_wrap=True)
    return Exit.OK


def _write_csv(table: UsageTable) -> None:
    """Write a row a group, with the JSON's names; unknown and unattributed are empty cells."""
    figures = [name for name in UsageLine.model_fields if name != "group"]
    groups = list(table.lines[0].group) if table.lines else []
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([*groups, *figures, "cluster", "period_from", "period_to", "as_of"])
    for line in table.lines:
        told = [line.group[key] for key in groups] + [getattr(line, name) for name in figures]
        writer.writerow([*told, table.cluster, table.period_from, table.period_to, table.as_of])


def _keys(by: str, problems: list[str]) -> list[GroupKey]:
    names = list(dict.fromkeys(name.strip() for name in by.split(",") if name.strip()))
    if unknown := [name for name in names if name not in _KEYS]:
        problems.append(f"--by: expected keys among {', '.join(_KEYS)}, found {', '.join(unknown)}")
    return [key for name in names for key in _KEYS if key == name]
