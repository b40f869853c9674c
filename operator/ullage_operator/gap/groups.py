"""Sums over several institutions: one thing at a time, and what closing their gaps costs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from .figures import Figure, total
from .flow import Pot, absorbed
from .inputs import Inputs
from .measures import asset_amount, held_by
from .money import Money, Need, money
from .periods import Period
from .row import Row
from .subjects import Resource, Subject
from .usage import Usage, data_usage, usage, within


@dataclass(frozen=True)
class GroupRow:
    """One thing over several institutions. Gaps are clipped before they are summed; a surplus is never netted."""

    subject: Subject
    members: tuple[str, ...]
    """The institutions that have a row of it; none where only those used it that are not declared."""
    required: Figure | None
    """Σ R; None of data, which several may need at the same time."""
    own: Figure
    """Σ K; of data, each asset once, as one of them holds it."""
    granted: Figure | None
    """Σ F, pools not counted; None of data, which is shared and not handed over."""
    moved: Figure
    """Of talent, Σ net hours that came: what moves between these institutions cancels out."""
    supply: Figure
    """Σ S; of data, each asset once. Pools are not in it."""
    supply_of_needy: Figure | None
    """Σ S of those whose need is known; None of data."""
    pooled: Figure
    """Granted in kind to several of these institutions as one pool."""
    gap: Figure | None
    """Σ max(R - S, 0), pools not counted; None of data, whose gaps are not summed."""
    gap_after_pools: Fraction | None
    """What is left of it where pools are shared out as well as they can be."""
    surplus: Figure | None
    """Σ max(S - R, 0)."""
    usage: Usage
    """A and U; over all institutions, those that are not declared too."""
    own_allocated: Figure | None
    """None where it is unknown for one of them."""
    unknown: tuple[str, ...]
    """Institutions with a row but no known need: they are in no sum of R, gap and surplus."""

    @property
    def coverage(self) -> Figure | None:
        """Σ S / Σ R of those whose need is known: one's surplus counts in it, so ``met`` says who is left short."""
        if self.required is None or self.supply_of_needy is None:
            return None
        return self.supply_of_needy.over(self.required)

    @property
    def met(self) -> Figure | None:
        """The share of the need that is met where it arises: 1 - gap / R."""
        share = None if self.gap is None or self.required is None else self.gap.over(self.required)
        return None if share is None else Figure(Fraction(1)) - share


@dataclass(frozen=True)
class Group:
    """Institutions that have something in common, such as their country, and what they have together."""

    name: str
    """What they have in common."""
    members: frozenset[str]
    """Their ids."""
    totals: tuple[GroupRow, ...]
    """Thing by thing."""
    money: dict[str, Money]
    """By currency; pools count that are theirs alone."""

    @property
    def bottleneck(self) -> GroupRow | None:
        """What their needs are met least in, no surplus netted; None where no need is known."""
        known = [(row.met.value, row) for row in self.totals if row.met is not None]
        return min(known, key=lambda pair: (pair[0], pair[1].subject))[1] if known else None


def group_rows(
    inputs: Inputs,
    found: Iterable[Row],
    institutions: frozenset[str],
    period: Period,
    others: Iterable[tuple[str, Subject]] = (),
) -> tuple[GroupRow, ...]:
    """Sum the rows of some institutions, and the use of others that have no row, thing by thing."""
    by_subject: dict[Subject, list[Row]] = {}
    users: dict[Subject, list[str]] = {}
    for row in found:
        if row.institution in institutions:
            by_subject.setdefault(row.subject, []).append(row)
            users.setdefault(row.subject, []).append(row.institution)
    for name, subject in others:
        users.setdefault(subject, []).append(name)
    return tuple(
        _group_row(
            inputs, by_subject.get(subject, []), institutions, period, usage_of(inputs, subject, names, period), subject
        )
        for subject, names in sorted(users.items())
    )


def _group_row(
    inputs: Inputs, found: list[Row], institutions: frozenset[str], period: Period, use: Usage, subject: Subject
) -> GroupRow:
    members = tuple(row.institution for row in found)
    is_data = subject.resource is Resource.DATA
    required = [row.required for row in found if row.required is not None]
    gaps = [row.gap for row in found if row.gap is not None]
    surpluses = [row.surplus for row in found if row.surplus is not None]
    own = [row.own_allocated for row in found if row.own_allocated is not None]
    pools = [
        (grant.beneficiaries, grant.release.stock(period.end_ms) if is_data else grant.release.within(period))
        for grant in inputs.grants
        if grant.subject == subject and len(grant.beneficiaries) > 1 and grant.beneficiaries <= institutions
    ]
    return GroupRow(
        subject=subject,
        members=members,
        required=None if is_data or not required else total(required),
        own=total(row.own for row in found),
        granted=None if is_data else total(row.granted for row in found),
        moved=total(row.moved for row in found),
        supply=_data_supply(inputs, subject, members, period) if is_data else total(row.supply for row in found),
        supply_of_needy=None
        if is_data
        else total(row.supply.at_least_zero() for row in found if row.required is not None),
        pooled=total(amount for _, amount in pools),
        gap=None if is_data or not gaps else total(gaps),
        gap_after_pools=None if is_data or not gaps else _after_pools(found, pools),
        surplus=None if is_data or not surpluses else total(surpluses),
        usage=use,
        own_allocated=total(own) if own and len(own) == len(found) else None,
        unknown=tuple(row.institution for row in found if row.required is None),
    )


def usage_of(inputs: Inputs, subject: Subject, members: Sequence[str], period: Period) -> Usage:
    """Return A and U of one thing by some institutions, whether they are declared or not."""
    if subject.resource is Resource.DATA:
        uses = [use for use in inputs.data_uses if use.subject == subject and use.institution in members]
        return data_usage(use for use in uses if period.encloses(use.period))
    allocations = [
        each for each in within(inputs.allocations, period) if each.subject == subject and each.institution in members
    ]
    return usage(allocations, books=inputs.books if subject.resource is Resource.COMPUTE else frozenset())


def _data_supply(inputs: Inputs, subject: Subject, members: tuple[str, ...], period: Period) -> Figure:
    assets = [each for each in inputs.assets if each.subject == subject and each.term.at_end_of(period)]
    granted = [
        grant.release.stock(period.end_ms)
        for grant in inputs.grants
        if grant.subject == subject and len(grant.beneficiaries) == 1 and grant.beneficiaries <= set(members)
    ]
    return total([*(asset_amount(each) for each in assets if any(held_by(each, m) for m in members)), *granted])


def _after_pools(found: list[Row], pools: list[tuple[frozenset[str], Figure]]) -> Fraction:
    needs = [(row.institution, row.gap.value) for row in found if row.gap is not None]
    pots = [
        Pot(amount.value, frozenset(index for index, (name, _) in enumerate(needs) if name in beneficiaries))
        for beneficiaries, amount in pools
    ]
    amounts = [gap for _, gap in needs]
    return sum(amounts, Fraction(0)) - absorbed(amounts, pots)


def priced(inputs: Inputs, found: Iterable[Row], institutions: frozenset[str], period: Period, currency: str) -> Money:
    """Price the gaps of some institutions' rows: what nobody declared to need has no gap and costs nothing."""
    needs = [Need(row.institution, row.subject, row.gap) for row in found if row.needed]
    # A pool that others share can't be told apart: it counts in the sum over all of them.
    awards = [award for award in inputs.awards if award.beneficiaries <= institutions]
    return money(needs, inputs.prices, awards, period, currency)
