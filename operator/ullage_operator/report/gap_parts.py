"""The document of a period's gap: its keys, and what each means."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from .parts import Document, Lacking, Part, Period, Quantity, Thing
from .spread_parts import Spread

GAP_VERSION: Final = "ullage.dev/gap/v1alpha1"


class Unknown(StrEnum):
    """What is not known of a line, and why."""

    NO_NEED = "noNeedDeclared"
    """R, and so gap and coverage: nobody declared a need."""
    NEED_ENDED = "needEnded"
    """R, and so gap and coverage: data was needed in the period, and no longer at its end."""
    NEED_AMOUNT = "needAmountUnknown"
    """R, and so gap and coverage: a need is declared, its amount is not known."""
    OWN_MACHINES = "ownMachinesNotRead"
    """A on own machines: no books tell what some of them were used for."""
    NO_BOOKS = "noBooksRead"
    """A and U: no books were read."""
    USE_PARTLY = "usePartlyMeasured"
    """U: over a part of A it was not measured."""


class Institution(Part):
    """Who needs and has."""

    id: str
    """Its key in the books."""
    name: str
    """Its name for people."""
    country: str
    """ISO 3166-1 alpha-2."""
    kind: str
    """What it is, such as university."""


class Use(Part):
    """A and U. U and what follows from it are over the part of A that was measured."""

    allocated: Quantity | None
    """A: what workers held."""
    measured: Quantity | None
    """The part of A whose use is known."""
    measured_share: Quantity | None
    """That part over A; null where nothing was held."""
    used: Quantity | None
    """U: what was active while held. Activity, not model FLOP utilisation."""
    unmeasured: Quantity | None
    """The part of A whose use is not known."""
    idle: Quantity | None
    """A - U; below 0 where CPU was used beyond what was asked for."""
    intensity: Quantity | None
    """U / A."""


class GapLine(Part):
    """One institution and one thing."""

    institution: str
    """Its id."""
    thing: Thing
    """What is counted; its unit is that of all amounts here."""
    required: Quantity | None
    """R."""
    own: Quantity
    """K: its machines, the data that it holds, its people."""
    granted: Quantity
    """F: granted in kind, and released; of data, also what others share with it."""
    moved: Quantity | None
    """Of talent, net hours that collaboration, exchange and education brought; null of all else."""
    supply: Quantity
    """S = K + F, and what moved."""
    gap: Quantity | None
    """max(R - S, 0)."""
    gap_fte: Quantity | None
    """Of talent, the gap in full-time equivalents of the period; null of all else."""
    surplus: Quantity | None
    """max(S - R, 0): never netted with another's gap."""
    coverage: Quantity | None
    """S / R; null where nothing is required or R is unknown."""
    use: Use
    """A and U."""
    own_allocated: Quantity | None
    """The part of A on its own machines."""
    unknown: tuple[Unknown, ...]
    """What is not known."""
    need_lacks: Lacking | None
    """Why the amount of a need is not known; null of all else."""
    need_ended: str | None
    """Of data that was needed in the period and no longer at its end, when the last such need ended; null of all
    else."""


class GroupLine(Part):
    """One thing over several institutions. Of data, R and the gap are null: several may need the same data."""

    thing: Thing
    """What is counted; its unit is that of all amounts here."""
    members: tuple[str, ...]
    """The institutions that have a line of it; none where only those used it that are not declared."""
    required: Quantity | None
    """The sum of R."""
    own: Quantity
    """The sum of K; of data, each asset once."""
    granted: Quantity | None
    """The sum of F, pools not counted; null of data, which is shared and not handed over."""
    moved: Quantity | None
    """Of talent, net hours that came to them: what moves between them cancels out; null of all else."""
    supply: Quantity
    """The sum of S; of data, each asset once. Pools are not in it."""
    pooled: Quantity
    """Granted to several of these as one pool."""
    gap: Quantity | None
    """The sum of gaps, each clipped at 0, pools not counted."""
    gap_after_pools: Quantity | None
    """What is left of it when pools are shared out as well as they can be."""
    gap_fte: Quantity | None
    """Of talent, the gap in full-time equivalents of the period; null of all else."""
    surplus: Quantity | None
    """The sum of surpluses."""
    coverage: Quantity | None
    """The sums of S and R of those whose need is known, as S / R: one's surplus counts in it."""
    met: Quantity | None
    """The share of the need that is met where it arises: 1 - gap / R."""
    use: Use
    """A and U."""
    own_allocated: Quantity | None
    """The part of A on own machines; null where it is unknown for one of them."""
    need_unknown: tuple[str, ...]
    """Institutions that are in no sum of R, gap and surplus."""


class Bottleneck(Part):
    """What an institution is covered least in."""

    institution: str
    thing: Thing
    coverage: Quantity


class Cost(Part):
    """What closing the gaps in one thing costs."""

    thing: Thing
    cost: Quantity


class Unpriced(Part):
    """A gap that is in no sum of money: it has no price, or is not known."""

    institution: str
    thing: Thing
    gap: Quantity | None


class Money(Part):
    """What closing gaps costs, in one currency."""

    institution: str | None
    """Its id; null: all of them, or of the group, pools counted."""
    currency: str
    """ISO 4217; nothing is exchanged."""
    gross: Quantity
    """The sum of price x gap."""
    awarded: Quantity
    """Money that is released to them; it never counts as supply."""
    net: Quantity
    """What is left when awards are spent where they may be."""
    at_least: bool
    """Whether gross and net are lower bounds, as something has no price."""
    costs: tuple[Cost, ...]
    """The gross need by what it is spent on."""
    unpriced: tuple[Unpriced, ...]
    """What is in no sum."""


class LeastMet(Part):
    """What the needs of several institutions are met least in."""

    thing: Thing
    met: Quantity
    """The share of the need that is met where it arises."""


class Group(Part):
    """The institutions of one country or kind, and what they have together."""

    by: str
    """By what they are grouped: country or kind."""
    name: str
    """Which."""
    members: tuple[str, ...]
    """Their ids."""
    totals: tuple[GroupLine, ...]
    """Thing by thing."""
    bottleneck: LeastMet | None
    """Null where none of their needs is known."""
    money: tuple[Money, ...]
    """By currency; pools count that are theirs alone."""
    spreads: tuple[Spread, ...]
    """How unequally each thing is spread among them."""


class Moved(Part):
    """Hours that reached an account of people; over all accounts of a role they sum to zero."""

    holder: str
    """An institution's id, or a boundary: ``abroad:XX``, ``recruits``, ``departures``, ``training``."""
    role: str
    hours: Quantity


class Course(Part):
    """Education delivered: reported, never counted as supply."""

    institution: str
    learner_hours: Quantity
    completers: int
    """People who complete, in this period or later."""
    completes_at: str
    """From when they have the new role."""


class Rest(Part):
    """What a cluster's nodes offer, and what of it nobody held."""

    books: str
    thing: Thing
    capacity: Quantity
    held: Quantity
    rest: Quantity
    rest_share: Quantity | None
    idle: bool
    """True: all tenants' pods are known, and the rest is idle. False: it is merely not held by Ullage."""


class Unattributed(Part):
    """Use by jobs of no institution: in no line and no total."""

    thing: Thing
    use: Use


class Undeclared(Part):
    """Use by jobs of an institution that is not declared: in no line, and in the totals of use."""

    institution: str
    """What the jobs call it."""
    thing: Thing
    use: Use


class FamilyUse(Part):
    """Use by jobs that train the same family of models: needs are declared by institution, so only A and U are told."""

    model_family: str | None
    """The family; null: jobs that name none."""
    thing: Thing
    use: Use


class Month(Part):
    """One calendar month: each institution's, and the sums."""

    period: Period
    lines: tuple[GapLine, ...]
    totals: tuple[GroupLine, ...]
    """Over all institutions, thing by thing."""
    money: tuple[Money, ...]
    """By institution and currency."""
    money_totals: tuple[Money, ...]
    """By currency."""


class GapDocument(Document):
    """The gap of a period: each institution's, sums, money, disparity, trend."""

    version: str = GAP_VERSION
    """The shape of this document."""
    period: Period
    as_of: str
    """Until when the books and declarations were read, UTC."""
    books: tuple[str, ...]
    """The clusters and imports whose books were read; none: A and U are unknown."""
    institutions: tuple[Institution, ...]
    lines: tuple[GapLine, ...]
    totals: tuple[GroupLine, ...]
    """Over all institutions, thing by thing."""
    groups: tuple[Group, ...]
    """Over countries and kinds, where they were asked for."""
    bottlenecks: tuple[Bottleneck, ...]
    money: tuple[Money, ...]
    """By institution and currency."""
    money_totals: tuple[Money, ...]
    """By currency."""
    spreads: tuple[Spread, ...]
    moved: tuple[Moved, ...]
    courses: tuple[Course, ...]
    rests: tuple[Rest, ...]
    unattributed: tuple[Unattributed, ...]
    undeclared: tuple[Undeclared, ...] = ()
    """By institution that is not declared."""
    families: tuple[FamilyUse, ...] = ()
    """By family of models."""
    trend: tuple[Month, ...]
    """By calendar month, where it was asked for."""
