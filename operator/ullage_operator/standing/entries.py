"""From what is declared to what is posted: the entries that each object stands for. Pure.

Awards and grants of every line, people who move, data that is held and shared, machines that were bought. Together
they are the double entries of the books; an object that is declared anew restates its own, by reversal.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from ullage_operator import gap
from ullage_operator.api import Declarations
from ullage_operator.api.types import Channel, Institution, Investment, PriceList, Unit
from ullage_operator.api.types.units import exactly
from ullage_operator.ledger import (
    MILLIONTHS,
    MONEY,
    Access,
    Asset,
    Award,
    Declaration,
    Grant,
    Transfer,
    account_of,
)

from .granted import Granted, granted_lines
from .terms import day_ms

Object = Institution | Investment | PriceList
Stated = Access | Asset | Award | Grant | Transfer

IN_KIND_UNITS: Final = {
    Unit.ACCELERATOR_HOURS.value: ("accelerator-ms", 3_600_000),
    Unit.CORE_HOURS.value: ("core-ms", 3_600_000),
    Unit.HOURS.value: ("seconds", 3_600),
    Unit.TOKENS.value: ("tokens", 1),
    Unit.SAMPLES.value: ("samples", 1),
    Unit.BYTES.value: ("bytes", 1),
}
"""Units of lines: in what the books count them, and how many of that one is."""
MICROS: Final = 1_000_000
_SECONDS_PER_HOUR: Final = 3_600


def subject_of(declared: Object) -> str:
    """Return the subject that an object's entries are of."""
    key = declared.spec.id if isinstance(declared, Institution) else declared.metadata.name
    return f"{declared.kind.lower()}/{key}"


def declaration_of(declared: Object, generation: int, at_ms: int, *, author: str) -> Declaration:
    """Return the entry that a generation of an object was accepted; it holds the labels that selectors look at."""
    kept = {"name": declared.metadata.name, "labels": declared.metadata.labels}
    spec = declared.spec.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)
    return Declaration(
        institution=declared.spec.id if isinstance(declared, Institution) else None,
        kind=declared.kind,
        object_id=declared.spec.id if isinstance(declared, Institution) else declared.metadata.name,
        object_uid=declared.metadata.uid,
        generation=generation,
        spec=json.dumps({"metadata": kept, "spec": spec}),
        from_ms=at_ms,
        author=author,
    )


def stated(declared: Object, declarations: Declarations, catalogue_ms: int) -> list[Stated]:
    """Return the entries that an object stands for beside others.

    Parameters
    ----------
    declared
        The object.
    declarations
        All that is declared: who the beneficiaries of a line are follows from it.
    catalogue_ms
        Since when what has no beginning is taken to hold, in milliseconds since 1970.
    """
    if isinstance(declared, Institution):
        return [*_data(declared, catalogue_ms), *_people(declared)]
    if isinstance(declared, Investment):
        return [entry for line in granted_lines(declared, declarations) for entry in _line(line)]
    return []


def _data(institution: Institution, since_ms: int) -> Iterator[Asset | Access]:
    for asset in institution.spec.holds.data:
        start = since_ms if asset.start is None else day_ms(asset.start)
        end = None if asset.end is None else day_ms(asset.end)
        yield Asset(
            subject=subject_of(institution),
            institution=institution.spec.id,
            asset_id=asset.asset_id,
            fingerprint=asset.fingerprint or None,
            unit=asset.unit.value,
            amount=round(exactly(asset.amount)),
            unique_millionths=round(exactly(asset.unique_share) * MILLIONTHS),
            licence=asset.licence or None,
            from_ms=start,
            to_ms=end,
        )
        for other in asset.shared_with:
            yield Access(
                subject=subject_of(institution),
                institution=other,
                owner=institution.spec.id,
                asset_id=asset.asset_id,
                from_ms=start,
                to_ms=end,
            )


def _people(institution: Institution) -> Iterator[Transfer]:
    """Open the accounts of people with those who are there; a group that ends goes again."""
    for number, group in enumerate(institution.spec.holds.talent):
        account, name = account_of(institution.spec.id), f"{institution.spec.id}/{group.role}/{number}"
        heads = group.headcount * 1000
        moves = [("recruits", account, group.start, "")]
        moves += [(account, "departures", group.end, "/end")] if group.end is not None else []
        for source, target, day, suffix in moves:
            yield Transfer(
                subject=subject_of(institution),
                institution=institution.spec.id,
                operation="opening",
                reference=name + suffix,
                from_account=source,
                from_role=group.role,
                to_account=target,
                to_role=group.role,
                headcount_thousandths=heads,
                from_ms=day_ms(day),
            )


def _line(granted: Granted) -> Iterator[Award | Grant | Transfer]:
    line, release = granted.line, granted.release()
    beneficiaries = sorted(granted.beneficiaries)
    unit, scale = (MONEY, MICROS) if line.channel is Channel.MONEY else IN_KIND_UNITS[_counted(line.unit)]
    facts = {
        "subject": subject_of(granted.investment),
        "institution": beneficiaries[0] if len(beneficiaries) == 1 else f"pool:{granted.name}",
        "line": granted.name,
        "unit": unit,
        "currency": line.unit if line.channel is Channel.MONEY else None,
    }
    whole = {
        "amount": round(release.amount.value * scale),
        "from_ms": release.term.start_ms,
        "to_ms": release.term.end_ms,
    }
    yield Award.model_validate(
        {
            **facts,
            "channel": line.channel.value,
            "resource": None if line.resource is None else line.resource.value,
            "resource_type": line.type,
            **whole,
        }
    )
    if line.channel in (Channel.MONEY, Channel.IN_KIND):
        for part in release.instalments:
            yield Grant.model_validate({**facts, "amount": round(part.amount * scale), "from_ms": part.at_ms})
        if not release.instalments:
            yield Grant.model_validate({**facts, **whole})
    for number, move in enumerate(granted.transfers()):
        yield _transfer(granted.investment, granted.name, number, move)


def _counted(unit: str) -> str:
    return Unit.HOURS.value if unit == Unit.FTE else unit


_OPERATIONS: Final = {
    gap.Operation.EDUCATION: "education",
    gap.Operation.COLLABORATION: "collaborate",
    gap.Operation.EXCHANGE: "exchange",
    gap.Operation.DEPARTURE: "exchange",
}


def _transfer(investment: Investment, line: str, number: int, move: gap.Transfer) -> Transfer:
    # Hours of those who complete an education go on as long as they are there: what they change is their role.
    seconds = round(move.hours * _SECONDS_PER_HOUR)
    return Transfer.model_validate(
        {
            "subject": subject_of(investment),
            "line": line,
            "operation": _OPERATIONS[move.operation],
            "reference": f"{line}/{number}",
            "from_account": _account(move.debit.holder),
            "from_role": move.debit.role,
            "to_account": _account(move.credit.holder),
            "to_role": move.credit.role,
            "headcount_thousandths": 1000 * move.headcount,
            "seconds": seconds,
            "from_ms": move.term.start_ms,
            "to_ms": move.term.end_ms,
        }
    )


def _account(holder: str) -> str:
    return holder if gap.is_boundary(holder) else account_of(holder)
