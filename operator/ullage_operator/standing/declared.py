"""From what is declared to what the gap is measured from: needs, holdings, grants, people, prices. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from fractions import Fraction

from ullage_operator import gap
from ullage_operator.api import Declarations
from ullage_operator.api.types import Accelerators, Channel, Institution, Investment, Line, Requirement, Unit
from ullage_operator.api.types.units import exactly
from ullage_operator.gap.subjects import HOURS_PER_FTE_YEAR


def day_ms(day: date) -> int:
    """Return a day's first moment in UTC, in milliseconds since 1970."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000


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
    places
        Whose books tell of which machines.
    """
    unknown: list[str] = []
    approved = [each for each in declarations.investments if each.spec.approval is not None]
    lines = [_Granted(investment, line, declarations) for investment in approved for line in investment.spec.lines]
    granted = [line for line in lines if line.beneficiaries]
    everyone = declarations.institutions
    return Declared(
        gap.Inputs(
            institutions=tuple(gap.Institution(i.spec.id, i.spec.country, i.spec.kind.value) for i in everyone),
            requirements=tuple(
                _requirement(each, need, catalogue, unknown) for each in everyone for need in each.spec.requires
            ),
            capacities=tuple(machines for each in everyone for machines in _machines(each, places)),
            grants=tuple(line.grant() for line in granted if line.line.channel is Channel.IN_KIND),
            staff=tuple(staff for each in everyone for staff in _staff(each)),
            transfers=tuple(move for line in granted for move in line.transfers()),
            courses=tuple(course for line in granted for course in line.courses()),
            assets=tuple(asset for each in everyone for asset in _assets(each)),
            awards=tuple(line.award() for line in granted if line.line.channel is Channel.MONEY),
            prices=tuple(_prices(declarations)),
            books=books,
        ),
        tuple(unknown),
    )


def _figure(amount: float | Fraction) -> gap.Figure:
    return gap.Figure(amount if isinstance(amount, Fraction) else exactly(amount))


def _subject(resource: str, kind: str, unit: Unit) -> gap.Subject:
    # Full-time equivalents are converted into hours.
    counted = Unit.HOURS if unit is Unit.FTE else unit
    return gap.Subject(gap.Resource(resource), kind, gap.Unit(counted.value))


def _requirement(
    institution: Institution, need: Requirement, catalogue: gap.Catalogue, unknown: list[str]
) -> gap.Requirement:
    period = gap.Period(day_ms(need.start), day_ms(need.end))
    subject = _subject(need.resource, need.type, need.unit)
    if need.model is not None:
        try:
            amount: gap.Figure | None = _hours(need, catalogue)
        except LookupError as error:
            unknown.append(f"{institution.spec.id}: {error.args[0]}")
            amount = None
    else:
        stated = exactly(need.amount or 0.0)
        amount = _figure(gap.fte_hours(stated, period) if need.unit is Unit.FTE else stated)
    return gap.Requirement(institution.spec.id, subject, amount, period)


def _hours(need: Requirement, catalogue: gap.Catalogue) -> gap.Figure:
    """Return the accelerator-hours that training a model takes.

    Raises
    ------
    LookupError
        The catalogue lacks the model, its operations, or the accelerator's peak.
    """
    model = need.model
    if model is None:
        raise LookupError(f"requires {need.type}: expected a model, found none")
    peak = catalogue.peak(need.type) if model.peak_flops is None else exactly(model.peak_flops)
    if peak is None:
        raise LookupError(f"requires {need.type}: expected its peak in the catalogue, found none; give peakFlops")
    if model.ref is not None:
        reference = catalogue.model_of(model.ref)
        flop = None if reference is None else reference.training_flop
        if flop is None:
            raise LookupError(f"requires {need.type}: expected operations of {model.ref} in the catalogue, found none")
    else:
        flop = _figure(gap.transformer_flop(exactly(model.parameters or 0.0), exactly(model.tokens or 0.0)))
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


def _assets(institution: Institution) -> Iterator[gap.DataAsset]:
    for asset in institution.spec.holds.data:
        yield gap.DataAsset(
            id=asset.asset_id,
            holder=institution.spec.id,
            subject=_subject("data", asset.type, asset.unit),
            amount=exactly(asset.amount),
            unique_share=exactly(asset.unique_share),
            shared_with=frozenset(asset.shared_with),
            term=_term(asset.start, asset.end),
        )


def _prices(declarations: Declarations) -> Iterator[gap.Price]:
    """Return the prices of all lists; of the same from the same day on, the first counts."""
    seen: set[tuple[gap.Subject, str, int]] = set()
    for price_list in declarations.price_lists:
        for entry in price_list.spec.entries:
            amount = exactly(entry.price)
            if entry.unit is Unit.FTE:
                amount /= HOURS_PER_FTE_YEAR  # A full-time equivalent is priced by the year.
            subject = _subject(entry.resource, entry.type, entry.unit)
            key = subject, entry.currency, day_ms(entry.start)
            if key not in seen:
                seen.add(key)
                yield gap.Price(subject, entry.currency, amount, key[2], f"{price_list.metadata.name}: {entry.source}")


def line_transfers(investment: Investment, line: Line, declarations: Declarations) -> list[gap.Transfer]:
    """Return the people and hours that a line moves."""
    return list(_Granted(investment, line, declarations).transfers())


@dataclass(frozen=True)
class _Granted:
    """A line of an approved investment."""

    investment: Investment
    line: Line
    declarations: Declarations

    @property
    def beneficiaries(self) -> frozenset[str]:
        return frozenset(self.declarations.beneficiaries(self.line))

    @property
    def name(self) -> str:
        return f"{self.investment.metadata.name}/{self.line.id}"

    @property
    def term(self) -> gap.Period:
        return gap.Period(day_ms(self.investment.spec.start), day_ms(self.investment.spec.end))

    def release(self, less: Fraction = Fraction(0)) -> gap.Release:
        """Return how it becomes available, less what was spent of it; the earliest instalments are spent first."""
        parts, left = [], less
        for part in sorted(self.line.instalments, key=lambda part: part.date):
            taken = min(left, exactly(part.amount))
            left -= taken
            parts.append(gap.Instalment(day_ms(part.date), exactly(part.amount) - taken))
        amount = max(exactly(self.line.amount) - less, Fraction(0))
        return gap.Release(_figure(amount), self.term, tuple(parts))

    def grant(self) -> gap.Grant:
        subject = _subject(self.line.resource or "", self.line.type or "", Unit(self.line.unit))
        if self.line.unit == Unit.FTE:
            hours = gap.fte_hours(exactly(self.line.amount), self.term)
            return gap.Grant(self.name, self.beneficiaries, subject, gap.Release(_figure(hours), self.term))
        return gap.Grant(self.name, self.beneficiaries, subject, self.release())

    def award(self) -> gap.Award:
        resource = None if self.line.resource is None else gap.Resource(self.line.resource.value)
        spent = sum((cost for cost in self._purchases()), Fraction(0))
        return gap.Award(
            self.name, self.beneficiaries, self.line.unit, self.release(less=spent), resource, self.line.type
        )

    def _purchases(self) -> Iterable[Fraction]:
        """Return what machines cost that were bought with this line: they count as capacity, no longer as money."""
        for institution in self.declarations.institutions:
            for machines in institution.spec.holds.accelerators:
                bought = machines.acquired_by
                if bought is not None and (bought.name, bought.line) == (self.investment.metadata.name, self.line.id):
                    yield exactly(bought.cost)

    def transfers(self) -> Iterator[gap.Transfer]:
        line, hours = self.line, exactly(self.line.amount)
        for beneficiary in self.beneficiaries:
            if line.collaboration is not None:
                part = line.collaboration
                yield from gap.collaboration(part.partner, beneficiary, part.role, hours, self.term)
            elif line.exchange is not None:
                moved = line.exchange
                until = self.investment.spec.end if moved.returns is None else moved.returns
                yield from gap.exchange(
                    moved.origin,
                    moved.destination,
                    moved.role,
                    moved.headcount,
                    hours,
                    gap.Period(day_ms(moved.departs), day_ms(until)),
                    returns=moved.returns is not None,
                )
        for course in self.courses():
            yield from course.transfers()

    def courses(self) -> Iterator[gap.Course]:
        part = self.line.education
        for beneficiary in self.beneficiaries if part is not None else ():
            assert part is not None  # noqa: S101 - for the type checker
            yield gap.Course(
                institution=beneficiary,
                cohort=part.cohort,
                hours=exactly(part.hours),
                completion=exactly(part.completion),
                term=self.term,
                from_role=part.from_role,
                to_role=part.to_role,
                completes_ms=day_ms(part.completes),
            )
