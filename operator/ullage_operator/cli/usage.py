"""``ullage usage``."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import typer

from ullage_operator.ledger import GroupKey, Ledger, LedgerError
from ullage_operator.ledger.report import Scope, usage_table
from ullage_operator.local import Workdir
from ullage_operator.local.books import now_ms

from .exits import Exit
from .manifests import complain
from .tables import ENERGY_NOTE, usage_columns, wide_console

_KEYS: tuple[GroupKey, ...] = get_args(GroupKey)


def usage_command(workdir_path: Path, *, by: str, since: str | None, until: str | None, as_json: bool) -> Exit:
    """Print usage; return how the command ends."""
    workdir = Workdir(workdir_path)
    now = now_ms()
    problems: list[str] = []
    keys = _keys(by, problems)
    from_ms = _instant(since, "--since", 0, problems)
    to_ms = _instant(until, "--until", now + 1, problems)
    if not problems and to_ms <= from_ms:
        problems.append(f"--until: expected an instant after --since, found {until or 'now'} and {since or 'none'}")
    if problems:
        complain("\n".join(problems))
        return Exit.INVALID
    try:
        with Ledger.open(workdir.ledger_url, cluster="local", now_ms=now_ms, read_only=True) as ledger:
            rows = ledger.usage(from_ms, to_ms, by=keys)
            total = ledger.usage(from_ms, to_ms)[0]
    except LedgerError as error:
        complain(str(error))
        return Exit.ENVIRONMENT
    table = usage_table(rows, total, Scope(cluster="local", from_ms=from_ms, to_ms=to_ms, now_ms=now))
    if as_json:
        typer.echo(json.dumps(table.to_json(), indent=1))
        return Exit.OK
    if not rows:
        typer.echo("The books hold nothing for this period.")
        return Exit.OK
    console = wide_console()
    console.print(usage_columns(table))
    console.print(
        f"Cluster {table.cluster}, {'from the beginning' if not since else table.period_from} to {table.period_to}. "
        f"{ENERGY_NOTE}",
        highlight=False,
        soft_wrap=True,
    )
    return Exit.OK


def _keys(by: str, problems: list[str]) -> list[GroupKey]:
    names = list(dict.fromkeys(name.strip() for name in by.split(",") if name.strip()))
    if unknown := [name for name in names if name not in _KEYS]:
        problems.append(f"--by: expected keys among {', '.join(_KEYS)}, found {', '.join(unknown)}")
    return [key for name in names for key in _KEYS if key == name]


def _instant(text: str | None, option: str, default: int, problems: list[str]) -> int:
    """Return milliseconds since 1970; a text that is no instant since then is a problem."""
    if text is None:
        return default
    try:
        parsed = datetime.fromisoformat(text)
        milliseconds = round((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp() * 1000)
    except ValueError:
        milliseconds = -1
    if milliseconds < 0:
        problems.append(
            f"{option}: expected an instant since 1970 such as 2026-11-01 or 2026-11-01T08:00:00Z, found {text!r}"
        )
    return milliseconds
