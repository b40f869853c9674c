"""What it would cost to close gaps, and how much of that money is awarded already. One currency at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from .figures import Figure, Provenance, combined, total, weakest
from .flow import Pot, absorbed
from .periods import Period
from .releases import Instalment, Release
from .subjects import Resource, Subject


@dataclass(frozen=True)
class Price:
    """What one unit costs from an instant on, until another price of the same begins.

    Raises
    ------
    ValueError
        It is negative.
    """

    subject: Subject
    currency: str
    """ISO 4217."""
    amount: Fraction
    start_ms: int
    source: str
    """Who says so."""
    end_ms: int | None = None
    """Until when anybody says so; None: no end is known."""

    def until(self, at_ms: int) -> Price | None:
        """Return it as it is in force before an instant; None where it begins later."""
        return replace(self, end_ms=at_ms) if self.start_ms < at_ms else None

    def __post_init__(self) -> None:
        if self.amount < 0:
            raise ValueError(f"price of {self.subject}: expected 0 or more, found {self.amount}")


@dataclass(frozen=True)
class Award:
    """A line that gives money."""

    line: str
    beneficiaries: frozenset[str]
    """The institution it is for; of several, they share it as one pool."""
    currency: str
    release: Release
    resource: Resource | None = None
    """What alone it may be spent on; None: anything."""
    type: str | None = None
    """Of that resource, which kind; None: any."""
    purchases: tuple[Instalment, ...] = ()
    """What was bought with it: from then it counts as capacity, no longer as money. What was released first is spent
    first."""

    def within(self, period: Period) -> Figure:
        """Return the money of a period: what is released in it, as far as all until its end is not yet spent.

        With R what is released and B what is bought before an instant, of a period from s until e it is
        max(0, min(R(e) - R(s), R(e) - B(e))).
        """
        released = self.release.within(period)
        bought = sum((each.amount for each in self.purchases if each.at_ms < period.end_ms), Fraction(0))
        if not bought:
            return released
        left = (
            self.release.within(Period(min(self.release.term.start_ms, period.start_ms), period.end_ms)).value - bought
        )
        return Figure(max(Fraction(0), min(released.value, left)), released.provenance)

    def until(self, at_ms: int) -> Award | None:
        """Return what of it is released before an instant, where it then ends; None where it begins later."""
        release = self.release.until(at_ms)
        if release is None:
            return None
        return replace(self, release=release, purchases=tuple(each for each in self.purchases if each.at_ms < at_ms))

    def pays_for(self, institution: str, subject: Subject) -> bool:
        """Tell whether it may be spent on that."""
        return (
            institution in self.beneficiaries
            and self.resource in (None, subject.resource)
            and self.type in (None, subject.type)
        )


@dataclass(frozen=True)
class Need:
    """The gap of one institution in one thing; an unknown gap is None."""

    institution: str
    subject: Subject
    gap: Figure | None


@dataclass(frozen=True)
class Money:
    """What it costs to close gaps, in one currency, over a period."""

    currency: str
    gross: Figure
    """Σ price × gap."""
    awarded: Figure
    """Money that is released to these institutions alone; it never counts as supply."""
    net: Figure
    """What is left of the gross need when awards are spent where they may be: never below 0."""
    costs: dict[Subject, Figure] = field(default_factory=dict)
    """The gross need by what it is spent on."""
    unpriced: tuple[Need, ...] = ()
    """Gaps that have no price in this currency, or are not known: they are in no sum."""

    @property
    def at_least(self) -> bool:
        """Whether the sums are lower bounds."""
        return bool(self.unpriced)


def price_at(prices: Iterable[Price], subject: Subject, currency: str, at_ms: int) -> Price | None:
    """Return the price in force just before an instant; None where there is none."""
    begun = [
        price
        for price in prices
        if (price.subject, price.currency) == (subject, currency)
        and price.start_ms < at_ms
        and (price.end_ms is None or at_ms <= price.end_ms)
    ]
    return max(begun, key=lambda price: price.start_ms, default=None)


def money(
    needs: Iterable[Need], prices: Sequence[Price], awards: Iterable[Award], period: Period, currency: str
) -> Money:
    """Return what it costs to close gaps, at the prices in force at the period's end.

    The awards are those to the institutions whose needs are given, and to no other.
    """
    costs: list[tuple[Need, Figure]] = []
    unpriced: list[Need] = []
    for need in needs:
        price = price_at(prices, need.subject, currency, period.end_ms)
        if need.gap is None or (price is None and any(bound != 0 for bound in need.gap.bounds)):
            unpriced.append(need)
        elif price is not None:
            costs.append((need, need.gap.times(price.amount)))
    lines = [award for award in awards if award.currency == currency]
    released = [award.within(period) for award in lines]
    by_subject: dict[Subject, list[Figure]] = {}
    for need, cost in costs:
        by_subject.setdefault(need.subject, []).append(cost)
    return Money(
        currency=currency,
        gross=total(cost for _, cost in costs),
        awarded=total(released),
        net=_net(costs, lines, released),
        costs={subject: total(parts) for subject, parts in sorted(by_subject.items())},
        unpriced=tuple(unpriced),
    )


def _net(costs: Sequence[tuple[Need, Figure]], lines: Sequence[Award], released: Sequence[Figure]) -> Figure:
    """Return what is left of costs when the lines are spent on them as well as they can be."""
    reach = [
        frozenset(index for index, (need, _) in enumerate(costs) if line.pays_for(need.institution, need.subject))
        for line in lines
    ]

    def left(needs: Iterable[Fraction], amounts: Iterable[Fraction]) -> Fraction:
        open_needs = list(needs)
        return sum(open_needs, Fraction(0)) - absorbed(open_needs, [*map(Pot, amounts, reach)])

    figures = [cost for _, cost in costs]
    value = left((figure.value for figure in figures), (figure.value for figure in released))
    parts = [*figures, *released]
    if weakest(part.provenance for part in parts) is not Provenance.ESTIMATED:
        return combined(parts or [Figure(Fraction(0))], value, None, None)
    lows, highs = _known(figure.bounds[0] for figure in figures), _known(figure.bounds[1] for figure in figures)
    least, most = _known(figure.bounds[0] for figure in released), _known(figure.bounds[1] for figure in released)
    low = None if lows is None or most is None else left(lows, most)
    high = None if highs is None or least is None else left(highs, least)
    return combined(parts, value, low, high)


def _known(bounds: Iterable[Fraction | None]) -> list[Fraction] | None:
    """Return bounds if all of them are known."""
    listed = list(bounds)
    known = [bound for bound in listed if bound is not None]
    return known if len(known) == len(listed) else None
