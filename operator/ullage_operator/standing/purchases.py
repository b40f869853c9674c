"""Machines that were bought with a grant: spent on the day that they are held from, and from then counted as capacity.

What is bought stays bought: an institution or an investment that is withdrawn takes nothing back, but for what was to
be bought later. An institution that is declared anew without the machines does.
"""

from __future__ import annotations

from ullage_operator.api import Declarations
from ullage_operator.api.types import Channel
from ullage_operator.api.types.units import exactly
from ullage_operator.ledger import MONEY, Entry, Expend, Ledger, Provenance, Reversal, counting

from .entries import MICROS
from .terms import day_ms, term_of


def purchases(declarations: Declarations) -> list[Expend]:
    """Return what all institutions bought with the money of investments that are approved, one for a line and day."""
    found: dict[str, Expend] = {}
    approved = {
        f"{investment.metadata.name}/{line.id}": (line, term)
        for investment in declarations.investments
        if (term := term_of(investment)) is not None
        for line in investment.spec.lines
        if line.channel is Channel.MONEY
    }
    for institution in declarations.institutions:
        for machines in institution.spec.holds.accelerators:
            bought = machines.acquired_by
            name = None if bought is None else f"{bought.name}/{bought.line}"
            if bought is None or name is None or name not in approved:
                continue
            line, term = approved[name]
            on_ms = max(day_ms(machines.start), term.start_ms)
            entry = Expend(
                institution=institution.spec.id,
                line=name,
                purchase=f"{institution.spec.id}/{machines.type}",
                unit=MONEY,
                currency=line.unit,
                amount=round(exactly(bought.cost) * MICROS),
                from_ms=on_ms,
                to_ms=on_ms,
                provenance=Provenance.DECLARED,
                source="declaration",
            )
            before = found.get(entry.key)
            found[entry.key] = (
                entry if before is None else entry.model_copy(update={"amount": entry.amount + before.amount})
            )
    return list(found.values())


def post_purchases(ledger: Ledger, declarations: Declarations, now_ms: int, author: str) -> None:
    """Have the books as :func:`purchases` tells, of all institutions and investments that are declared.

    Raises
    ------
    LedgerError
        Nothing was written.
    """
    wanted = {entry.key: entry for entry in purchases(declarations)}
    with ledger.books() as books:
        posted = books.purchases()
    standing = {entry.key: entry for entry in counting(posted) if isinstance(entry, Expend)}
    kept = {key for key, entry in standing.items() if key in wanted and _same(entry, wanted[key])}
    kept |= {key for key, entry in standing.items() if _stands(entry, declarations, now_ms)}
    last: dict[str, int] = {}
    for entry in posted:
        if isinstance(entry, Expend):
            last[entry.key] = max(entry.revision, last.get(entry.key, 0))
    reason = "what was bought was declared anew"
    back = [entry for key, entry in standing.items() if key not in kept]
    entries: list[Entry] = [Reversal.of(entry, reason=reason, author=author, at_ms=now_ms) for entry in back]
    for key, told in wanted.items():
        if key not in kept:
            entries.append(told.model_copy(update={"revision": last.get(key, 0) + 1, "author": author}))
    if entries:
        ledger.post(entries)


def _stands(entry: Expend, declarations: Declarations, now_ms: int) -> bool:
    """Tell whether what was bought stays so for good: its buyer is gone, or the investment that it names."""
    investment, _, line = entry.line.partition("/")
    if entry.from_ms > now_ms:
        return False
    owner = declarations.institutions_by_id.get(entry.institution or "")
    if owner is None or investment in declarations.investments_by_name:
        return owner is None
    bought = (machines.acquired_by for machines in owner.spec.holds.accelerators)
    return any(each is not None and (each.name, each.line) == (investment, line) for each in bought)


def _same(entry: Expend, told: Expend) -> bool:
    return (entry.amount, entry.currency) == (told.amount, told.currency)
