"""From what is declared to what the gap is measured from: needs, holdings, grants, people, prices. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Protocol, Self, TypeVar

from ullage_operator import gap
from ullage_operator.api import Declarations
from ullage_operator.api.types import Accelerators, Channel, Institution, ModelNeed, Requirement, Unit
from ullage_operator.api.types.units import exactly
from ullage_operator.gap.subjects import HOURS_PER_FTE_YEAR

from .granted import NONE_WITHDRAWN, Withdrawn, figure, granted_lines, thing
from .terms import day_ms


@dataclass(frozen=True)
class Declared:
    """What is declared, as the gap takes it, and what of it can't be told."""

    inputs: gap.Inputs
    unknown: tuple[str, ...] = ()
    """Needs whose amount does not follow from what is declared, each as a sentence."""


@dataclass(frozen=True)
class Places:
    """Whose books tell what an institution's own machines were used for."""

    cluster: frozenset[str] = frozenset()
    """This cluster's: of machines whose nodes are in it."""
    imports: Mapping[tuple[str, gap.Subject], frozenset[str]] = field(default_factory=dict)
    """Imports, by institution and accelerator: of machines that are elsewhere."""

    def of(self, institution: str, machines: Accelerators) -> frozenset[str]:
        """Return whose books tell of some machines; none where no books do."""
        if machines.node_selector:
            return self.cluster
        return self.imports.get((institution, gap.accelerators(machines.type)), frozenset())


def declared(
    declarations: Declarations,
    catalogue: gap.Catalogue,
    books: frozenset[str] = frozenset(),
    withdrawn: Withdrawn = NONE_WITHDRAWN,
    places: Places = Places(),
) -> Declared:
    """Return what is declared, over all time.

    Parameters
    ----------
    declarations
        Institutions, investments and price lists that hold.
    catalogue
        The reference models that needs may name.
    books
        The clusters whose books are read.
    withdrawn
        Which of the objects were withdrawn, and when: what they declare counts until then.
    places
        Whose books tell of which machines.
    """
    unknown: list[str] = []
    granted = [line for each in declarations.investments for line in granted_lines(each, declarations, withdrawn)]
    everyone = [(each, withdrawn.get(("Institution", each.spec.id))) for each in declarations.institutions]
    return Declared(
        gap.Inputs(
            institutions=tuple(gap.Institution(i.spec.id, i.spec.country, i.spec.kind.value) for i, _ in everyone),
            requirements=_kept((_requirements(each, catalogue, unknown), until) for each, until in everyone),
            capacities=_kept((_machines(each, places), until) for each, until in everyone),
            grants=_kept(([each.grant()], each.until) for each in granted if each.line.channel is Channel.IN_KIND),
            staff=_kept((_staff(each), until) for each, until in everyone),
            transfers=_kept((each.transfers(), each.until) for each in granted),
            courses=_kept((each.courses(), each.until) for each in granted),
            assets=_kept((_assets(each, withdrawn), until) for each, until in everyone),
            awards=_kept(([each.award()], each.until) for each in granted if each.line.channel is Channel.MONEY),
            prices=_prices(declarations, withdrawn),
            books=books,
        ),
        tuple(unknown),
    )


class _Ending(Protocol):
    """What can end before its time."""

    def until(self, at_ms: int) -> Self | None: ...


E = TypeVar("E", bound=_Ending)


def _kept(found: Iterable[tuple[Iterable[E], int | None]]) -> tuple[E, ...]:
    """Return what counts of several, each group until an instant: all of it where that is None."""
    ended = ((each if until is None else each.until(until)) for group, until in found for each in group)
    return tuple(each for each in ended if each is not None)


def _requirements(institution: Institution, catalogue: gap.Catalogue, unknown: list[str]) -> Iterator[gap.Requirement]:
    return (_requirement(institution, need, catalogue, unknown) for need in institution.spec.requires)


def _requirement(
    institution: Institution, need: Requirement, catalogue: gap.Catalogue, unknown: list[str]
) -> gap.Requirement:
    period = gap.Period(day_ms(need.start), day_ms(need.end))
    subject = thing(need.resource, need.type, need.unit)
    lacks: gap.Lacking | None = None
    if need.model is not None:
        found = _hours(need, need.model, catalogue)
        amount, lacks = (None, found) if isinstance(found, gap.Lacking) else (found, None)
        if lacks is not None:
            unknown.append(f"{institution.spec.id}: requires {need.type}: {lacks}")
    else:
        stated = exactly(need.amount or 0.0)
        amount = figure(gap.fte_hours(stated, period) if need.unit is Unit.FTE else stated)
    return gap.Requirement(institution.spec.id, subject, amount, period, lacks)


def _hours(need: Requirement, model: ModelNeed, catalogue: gap.Catalogue) -> gap.Figure | gap.Lacking:
    """Return the accelerator-hours that training a model takes, or what the catalogue lacks of what would tell it."""
    peak = catalogue.peak(need.type) if model.peak_flops is None else exactly(model.peak_flops)
    if peak is None:
        return gap.Lacking(gap.Lack.PEAK, need.type)
    if model.ref is not None:
        reference = catalogue.model_of(model.ref)
        flop = None if reference is None else reference.training_flop
        if flop is None:
            return gap.Lacking(gap.Lack.OPERATIONS, model.ref)
    else:
        flop = figure(gap.transformer_flop(exactly(model.parameters or 0.0), exactly(model.tokens or 0.0)))
    efficiency = gap.Efficiency(peak, exactly(model.mfu), exactly(model.overhead), model.runs)
    return gap.accelerator_hours(flop, efficiency)


def _machines(institution: Institution, places: Places) -> Iterator[gap.OwnCapacity]:
    for machines in institution.spec.holds.accelerators:
        yield gap.OwnCapacity(
            institution=institution.spec.id,
            subject=gap.accelerators(machines.type),
            count=machines.count,
            availability=exactly(machines.availability),
            term=_term(machines.start, machines.end),
            books=places.of(institution.spec.id, machines),
        )


def _term(start: date | None, end: date | None) -> gap.Term:
    return gap.Term(0 if start is None else day_ms(start), None if end is None else day_ms(end))


def _staff(institution: Institution) -> Iterator[gap.Staff]:
    for group in institution.spec.holds.talent:
        yield gap.Staff(
            institution=institution.spec.id,
            role=group.role,
            headcount=group.headcount,
            term=_term(group.start, group.end),
            hours_per_year=exactly(group.hours_per_year),
        )


def _assets(institution: Institution, withdrawn: Withdrawn) -> Iterator[gap.DataAsset]:
    for asset in institution.spec.holds.data:
        whole = gap.DataAsset(
            id=asset.asset_id,
            holder=institution.spec.id,
            subject=thing("data", asset.type, asset.unit),
            amount=exactly(asset.amount),
            unique_share=exactly(asset.unique_share),
            shared_with=frozenset(asset.shared_with),
            term=_term(asset.start, asset.end),
        )
        yield from _while_shared(whole, withdrawn)


def _while_shared(asset: gap.DataAsset, withdrawn: Withdrawn) -> Iterator[gap.DataAsset]:
    """Yield an asset for each time in which the same institutions have access: one that is withdrawn no longer has."""
    gone = ((withdrawn.get(("Institution", name)), name) for name in asset.shared_with)
    for end_ms, name in sorted((end_ms, name) for end_ms, name in gone if end_ms is not None):
        before, term = asset.until(end_ms), asset.term
        if before is not None:
            yield before
        if term.end_ms is not None and term.end_ms <= end_ms:
            return
        others = asset.shared_with - {name}
        asset = replace(asset, shared_with=others, term=gap.Term(max(term.start_ms, end_ms), term.end_ms))
    yield asset


def _prices(declarations: Declarations, withdrawn: Withdrawn) -> tuple[gap.Price, ...]:
    """Return the prices of all lists; of the same from the same day on, the first of a list that is there counts."""
    found: dict[tuple[gap.Subject, str, int], gap.Price] = {}
    ends = [(each, withdrawn.get(("PriceList", each.metadata.name))) for each in declarations.price_lists]
    for price_list, until in sorted(ends, key=lambda each: each[1] is not None):
        for entry in price_list.spec.entries:
            amount = exactly(entry.price)
            if entry.unit is Unit.FTE:
                amount /= HOURS_PER_FTE_YEAR  # A full-time equivalent is priced by the year.
            subject, start_ms = thing(entry.resource, entry.type, entry.unit), day_ms(entry.start)
            source = f"{price_list.metadata.name}: {entry.source}"
            price: gap.Price | None = gap.Price(subject, entry.currency, amount, start_ms, source)
            if until is not None and price is not None:
                price = price.until(until)
            if price is not None:
                found.setdefault((subject, entry.currency, start_ms), price)
    return tuple(found.values())
