"""``ullage ledger import``: usage from elsewhere, as sacct or a CSV file tells it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from ullage_operator.api.closest import did_you_mean
from ullage_operator.api.types.institution import INSTITUTION_KIND
from ullage_operator.ledger import Ledger
from ullage_operator.ledger.imports import Origin, parse_csv, parse_sacct, post_imports

from .books import Place, author
from .exits import Exit
from .instants import FAR_MS
from .manifests import Unusable, complain


@dataclass(frozen=True)
class Source:
    """A file of usage, as the options name it."""

    path: Path
    form: str
    """sacct or csv."""
    accounts: tuple[str, ...]
    """Each as ACCOUNT=INSTITUTION."""
    scope: str | None
    """Which place it is the account of; what its rows say unless given."""
    zone: str
    """In which zone its times are that name none."""


def import_command(place: Place, source: Source) -> Exit:
    """Post a file's rows; return how the command ends."""
    try:
        origin = _origin(source)
        text = source.path.read_text(encoding="utf-8")
        parsed = (parse_sacct if source.form == "sacct" else parse_csv)(text, origin)
        with place.writing() as ledger:
            _refuse_unknown(ledger, (entry.institution for _, entry in parsed.entries))
            found = post_imports(ledger, parsed)
    except Unusable as error:
        return error.code
    except (OSError, UnicodeDecodeError) as error:
        complain(f"{source.path}: expected a file in UTF-8 that can be read, found: {error}; correct the path")
        return Exit.INVALID
    for row in found.bad:
        complain(str(row))
    typer.echo(f"{source.path}: {found.new} new, {found.held} held already, {len(found.bad)} left out")
    return Exit.INPUT if found.bad else Exit.OK


def _refuse_unknown(ledger: Ledger, institutions: Iterable[str | None]) -> None:
    """Refuse institutions that the books have never heard of, where any was declared: their use would be in no gap."""
    with ledger.books() as books:
        declared = books.declarations(0, FAR_MS)
    known = sorted({row.object_id for row in declared if row.kind == INSTITUTION_KIND})
    unknown = sorted({each for each in institutions if each is not None} - set(known)) if known else []
    for name in unknown:
        hint = did_you_mean(name, known) or f"declare it, or correct --accounts; there are: {', '.join(known)}"
        complain(f"expected the id of an Institution in these books, found {name!r}; {hint}")
    if unknown:
        raise Unusable(Exit.INVALID)


def _origin(source: Source) -> Origin:
    problems: list[str] = []
    institutions = dict(_accounts(source.accounts, problems))
    zone: tzinfo | None = None
    try:
        zone = ZoneInfo(source.zone)
    except (ZoneInfoNotFoundError, ValueError):
        problems.append(f"--zone: expected a time zone such as UTC or Asia/Shanghai, found {source.zone!r}")
    if problems or zone is None:
        complain("\n".join(problems))
        raise Unusable(Exit.INVALID)
    return Origin(str(source.path), source.scope, institutions, zone, author())


def _accounts(texts: Iterable[str], problems: list[str]) -> Iterable[tuple[str, str]]:
    for text in texts:
        for pair in text.split(","):
            account, _, institution = pair.partition("=")
            if account and institution:
                yield account, institution
            else:
                problems.append(f"--accounts: expected ACCOUNT=INSTITUTION such as phys=north, found {pair!r}")
