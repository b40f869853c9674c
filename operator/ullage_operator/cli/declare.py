"""``ullage declare``: post what institutions and funders declare, once all of it is seen to hold together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import typer

from ullage_operator import gap
from ullage_operator.api import (
    Declarations,
    Declared,
    Institution,
    Investment,
    PriceList,
    TrainingJob,
    contradictions,
    edited_rates,
)
from ullage_operator.api.closest import did_you_mean
from ullage_operator.ledger import Ledger
from ullage_operator.local.books import now_ms
from ullage_operator.standing import declarations_of, declare, post_purchases, withdraw

from .books import Place, author
from .exits import Exit
from .instants import FAR_MS, instant, told
from .manifests import Unusable, complain, read_objects

_KINDS: Final = ("Institution", "Investment", "PriceList")
_BookedObject = Institution | Investment | PriceList
Key = tuple[str, str]


@dataclass(frozen=True)
class Wanted:
    """What is to be declared and withdrawn."""

    paths: Sequence[Path]
    withdrawn: Sequence[str] = ()
    """Each as KIND/ID."""
    since: str | None = None
    """From when it applies; now unless given."""


def declare_command(place: Place, wanted: Wanted) -> Exit:
    """Check manifests beside what the books have, and post them; return how the command ends."""
    if not wanted.paths and not wanted.withdrawn:
        complain("ullage declare: expected manifests, or --withdraw KIND/ID, found neither")
        return Exit.INVALID
    try:
        at_ms = _instant(wanted.since)
        objects = _read(wanted.paths)
        with place.writing() as ledger:
            _post(ledger, objects, wanted.withdrawn, at_ms)
    except Unusable as error:
        return error.code
    return Exit.OK


def _instant(since: str | None) -> int:
    problems: list[str] = []
    at_ms = instant(since, "--since", now_ms(), problems)
    _refuse(problems)
    return at_ms


def _read(paths: Sequence[Path]) -> list[_BookedObject]:
    """Return the objects of all files; everything that is wrong with any of them is said first."""
    found: dict[Key, tuple[Path, _BookedObject]] = {}
    problems: list[str] = []
    worst: Exit | None = None
    for path in paths:
        try:
            read: list[Declared] = read_objects(path)
        except Unusable as error:
            worst = error.code
            continue
        for each in read:
            name = f"{each.kind} {each.metadata.name}"
            if isinstance(each, TrainingJob):
                problems.append(
                    f"{path}: expected {', '.join(_KINDS)}, found {name}; leave it out here, and run it with "
                    "`ullage run` or `ullage submit`"
                )
            elif (each.kind, each.metadata.name) in found:
                first = found[each.kind, each.metadata.name][0]
                problems.append(f"{path}: expected each object once, found {name} again, which {first} has")
            else:
                found[each.kind, each.metadata.name] = path, each
    if problems:
        complain("\n".join(problems))
    if problems or worst:
        raise Unusable(worst or Exit.INVALID)
    return [each for _, each in found.values()]


def _post(ledger: Ledger, objects: Sequence[_BookedObject], withdrawn: Sequence[str], at_ms: int) -> None:
    before = _generations(ledger, at_ms)
    known = _known(ledger, at_ms)
    gone = _gone(withdrawn, known)
    named = {(each.kind, each.metadata.name) for each in objects}
    kept = [each for each in known if _key(each) not in gone and (each.kind, each.metadata.name) not in named]
    every = [*kept, *objects]
    declarations = Declarations.of(every)
    problems = [
        *_ids_changed(objects, known),
        *_rates_edited(objects, known),
        *_later(ledger, [*map(_key, objects), *gone], at_ms),
    ]
    problems += [str(each) for each in contradictions(declarations)]
    _refuse(problems)
    for kind, object_id in gone:
        withdraw(ledger, kind, object_id, at_ms, author())
    # Whose a pool is follows from labels of others: what was declared before is stated anew beside what is new.
    declare(ledger, every, declarations, at_ms, author())
    post_purchases(ledger, declarations, at_ms, author())
    after = _generations(ledger, at_ms)
    for kind, object_id in gone:
        typer.echo(f"{kind} {object_id}: withdrawn, from {told(at_ms)}")
    for each in objects:
        typer.echo(f"{each.kind} {_key(each)[1]}: {_change(before.get(_key(each)), after[_key(each)], at_ms)}")


def _change(before: int | None, after: int, at_ms: int) -> str:
    if before is None:
        return f"declared, from {told(at_ms)}"
    return "unchanged" if before == after else f"generation {after} in the place of {before}, from {told(at_ms)}"


def _key(declared: _BookedObject) -> Key:
    return declared.kind, declared.spec.id if isinstance(declared, Institution) else declared.metadata.name


def _known(ledger: Ledger, at_ms: int) -> list[_BookedObject]:
    """Return what is declared in the books at an instant."""
    with ledger.books() as books:
        found = declarations_of(books, gap.Period(at_ms, at_ms + 1))
    return [*found.institutions, *found.investments, *found.price_lists]


def _generations(ledger: Ledger, at_ms: int) -> dict[Key, int]:
    with ledger.books() as books:
        rows = books.declarations(at_ms, at_ms + 1)
    return {(row.kind, row.object_id): row.generation for row in rows}


def _gone(withdrawn: Sequence[str], known: Iterable[_BookedObject]) -> list[Key]:
    keys = {_key(each) for each in known}
    there = [f"{kind}/{object_id}" for kind, object_id in sorted(keys)]
    problems = []
    for text in withdrawn:
        if text not in there:
            hint = did_you_mean(text, there) or f"there are: {', '.join(there) or 'none'}"
            problems.append(f"--withdraw: expected KIND/ID of what is declared, found {text!r}; {hint}")
    _refuse(problems)
    return [(kind, object_id) for kind, _, object_id in (text.partition("/") for text in dict.fromkeys(withdrawn))]


def _ids_changed(objects: Iterable[_BookedObject], known: Iterable[_BookedObject]) -> list[str]:
    """Tell which institutions have another id than before: the books know them by it."""
    ids = {each.metadata.name: each.spec.id for each in known if isinstance(each, Institution)}
    return [
        f"Institution {each.metadata.name}: spec.id: expected {ids[each.metadata.name]!r}, which never changes, found "
        f"{each.spec.id!r}; withdraw Institution/{ids[each.metadata.name]} first, or give this one another name"
        for each in objects
        if isinstance(each, Institution) and ids.get(each.metadata.name, each.spec.id) != each.spec.id
    ]


def _rates_edited(objects: Iterable[_BookedObject], known: Iterable[_BookedObject]) -> list[str]:
    """Tell which prices are not as they were declared."""
    lists = {each.metadata.name: each for each in known if isinstance(each, PriceList)}
    return [
        f"PriceList {each.metadata.name}: {error}"
        for each in objects
        if isinstance(each, PriceList) and each.metadata.name in lists
        for error in edited_rates(lists[each.metadata.name], each)
    ]


def _later(ledger: Ledger, keys: Iterable[Key], at_ms: int) -> list[str]:
    """Tell which objects were declared later than the instant from which these would apply."""
    with ledger.books() as books:
        rows = books.declarations(at_ms + 1, FAR_MS)
    latest = {(row.kind, row.object_id): row.declared_from_ms for row in rows}
    return [
        f"--since: expected an instant from {told(latest[key])} on, when {key[0]} {key[1]} was declared last, "
        f"found {told(at_ms)}"
        for key in keys
        if latest.get(key, 0) > at_ms
    ]


def _refuse(problems: Sequence[str]) -> None:
    if problems:
        complain("\n".join(problems))
        raise Unusable(Exit.INVALID)
