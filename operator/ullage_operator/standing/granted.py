"""From a line of an investment to what the gap is measured from: grants, awards, people who move or learn. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from ullage_operator import gap
from ullage_operator.api import Declarations
from ullage_operator.api.types import Investment, Line, Unit
from ullage_operator.api.types.units import exactly

from .terms import day_ms, delivery_of, hours_per_unit, term_of

Withdrawn = Mapping[tuple[str, str], int]
"""When objects were withdrawn, by kind and by what they are called in the books, in milliseconds since 1970."""
NONE_WITHDRAWN: Final[Withdrawn] = {}


def figure(amount: float | Fraction) -> gap.Figure:
    """Return an amount that is declared."""
    return gap.Figure(amount if isinstance(amount, Fraction) else exactly(amount))


def thing(resource: str, kind: str, unit: Unit) -> gap.Subject:
    """Return what is counted; full-time equivalents are converted into hours."""
    counted = Unit.HOURS if unit is Unit.FTE else unit
    return gap.Subject(gap.Resource(resource), kind, gap.Unit(counted.value))


def granted_lines(
    investment: Investment, declarations: Declarations, withdrawn: Withdrawn = NONE_WITHDRAWN
) -> list[Granted]:
    """Return the lines of an investment that give something to somebody; of a proposal there are none."""
    term = term_of(investment)
    if term is None:
        return []
    lines = [Granted(investment, line, term, declarations, withdrawn) for line in investment.spec.lines]
    return [line for line in lines if line.beneficiaries]


@dataclass(frozen=True)
class Granted:
    """A line of an approved investment, beside all that is declared."""

    investment: Investment
    line: Line
    term: gap.Period
    """When the investment gives: from its approval on."""
    declarations: Declarations
    withdrawn: Withdrawn = field(default_factory=dict)
    """What of it was withdrawn, and when."""

    @property
    def until(self) -> int | None:
        """When it ended early: its investment, or all whom it is for, were withdrawn; None where that is not so."""
        ends = [self.withdrawn.get(("Investment", self.investment.metadata.name))]
        theirs = [self.withdrawn.get(("Institution", name)) for name in self.beneficiaries]
        known = [end for end in theirs if end is not None]
        if known and len(known) == len(theirs):
            ends.append(max(known))
        return min((end for end in ends if end is not None), default=None)

    @property
    def beneficiaries(self) -> frozenset[str]:
        """The institutions it is for, of those that are declared."""
        return frozenset(self.declarations.beneficiaries(self.line))

    @property
    def name(self) -> str:
        """What the books call it."""
        return f"{self.investment.metadata.name}/{self.line.id}"

    def release(self) -> gap.Release:
        """Return how it becomes available: what was due before the approval is released on its day."""
        factor = hours_per_unit(self.investment, self.line)
        parts: dict[int, Fraction] = {}
        for part in sorted(self.line.instalments, key=lambda part: part.date):
            at_ms = max(day_ms(part.date), self.term.start_ms)
            parts[at_ms] = parts.get(at_ms, Fraction(0)) + exactly(part.amount) * factor
        instalments = tuple(gap.Instalment(at_ms, amount) for at_ms, amount in parts.items())
        return gap.Release(figure(exactly(self.line.amount) * factor), self.term, instalments)

    def grant(self) -> gap.Grant:
        """Return what it gives in kind."""
        subject = thing(self.line.resource or "", self.line.type or "", Unit(self.line.unit))
        return gap.Grant(self.name, self.beneficiaries, subject, self.release())

    def award(self) -> gap.Award:
        """Return the money that it gives."""
        resource = None if self.line.resource is None else gap.Resource(self.line.resource.value)
        return gap.Award(
            self.name,
            self.beneficiaries,
            self.line.unit,
            self.release(),
            resource,
            self.line.type,
            tuple(self._purchases()),
        )

    def _purchases(self) -> Iterator[gap.Instalment]:
        """Return what machines cost that were bought with this line, on the day from which they are held."""
        for institution in self.declarations.institutions:
            for machines in institution.spec.holds.accelerators:
                bought = machines.acquired_by
                if bought is not None and (bought.name, bought.line) == (self.investment.metadata.name, self.line.id):
                    yield gap.Instalment(max(day_ms(machines.start), self.term.start_ms), exactly(bought.cost))

    def transfers(self) -> Iterator[gap.Transfer]:
        """Return the people and hours that it moves; of education, those who complete."""
        line, hours = self.line, exactly(self.line.amount)
        for beneficiary in self.beneficiaries:
            if line.collaboration is not None:
                part = line.collaboration
                yield from gap.collaboration(part.partner, beneficiary, part.role, hours, self.term)
            elif line.exchange is not None and (away := delivery_of(self.investment, line)) is not None:
                moved = line.exchange
                yield from gap.exchange(
                    moved.origin,
                    moved.destination,
                    moved.role,
                    moved.headcount,
                    hours,
                    away,
                    returns=moved.returns is not None,
                )
        for course in self.courses():
            yield from course.transfers()

    def courses(self) -> Iterator[gap.Course]:
        """Return the education that it pays for."""
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
                completes_ms=max(day_ms(part.completes), self.term.start_ms),
            )
