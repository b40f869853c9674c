"""The worked example of the specification: November 2026, three institutions, CNY."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction

from ullage_operator.gap import (
    Account,
    Allocation,
    Award,
    ClusterCapacity,
    Course,
    DataAsset,
    Efficiency,
    Figure,
    Grant,
    Inputs,
    Instalment,
    Institution,
    OwnCapacity,
    Period,
    Price,
    Provenance,
    Release,
    Requirement,
    Resource,
    Staff,
    Subject,
    Term,
    Unit,
    accelerator_hours,
    accelerators,
    collaboration,
    exchange,
    talent,
    transformer_flop,
)

A100 = accelerators("A100")
ENGINEER = talent("engineer")
TEXT = Subject(Resource.DATA, "text", Unit.TOKENS)
G = 10**9


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


NOVEMBER = Period(at("2026-11-01"), at("2026-12-01"))
DECEMBER = Period(at("2026-12-01"), at("2027-01-01"))
BOTH = Period(NOVEMBER.start_ms, DECEMBER.end_ms)
WITHIN = Term(NOVEMBER.start_ms, NOVEMBER.end_ms)
ABROAD = Account("abroad:DE", "engineer")


def figure(value: float | Fraction) -> Figure:
    return Figure(Fraction(value))


def measured(value: float | Fraction) -> Figure:
    return Figure(Fraction(value), Provenance.MEASURED)


def twice(name: str, hours: int) -> Grant:
    parts = (Instalment(NOVEMBER.start_ms, Fraction(hours)), Instalment(DECEMBER.start_ms, Fraction(hours)))
    return Grant(f"first/{name}", frozenset({name}), A100, Release(figure(2 * hours), BOTH, parts))


def needs(name: str, subject: Subject, amount: Figure) -> Requirement:
    return Requirement(name, subject, amount, NOVEMBER)


def held(name: str, hours: int, measured_hours: int, used: int | None, period: Period = NOVEMBER) -> Allocation:
    return Allocation(
        institution=name,
        subject=A100,
        period=period,
        held=measured(hours),
        measured=Fraction(measured_hours),
        used=None if used is None else measured(used),
        books="here",
    )


FLOP = transformer_flop(Fraction(10**9), Fraction(14976 * G, 100))
NORTH_HOURS = accelerator_hours(figure(FLOP), Efficiency(Fraction(312 * 10**12), Fraction(2, 5)))
LEARNERS = Course(
    institution="north",
    cohort=5,
    hours=Fraction(20),
    completion=Fraction(4, 5),
    term=NOVEMBER,
    from_role="technician",
    to_role="engineer",
    completes_ms=DECEMBER.start_ms,
)

INPUTS = Inputs(
    institutions=(
        Institution("north", "CN", "university"),
        Institution("south", "CN", "institute"),
        Institution("forge", "DE", "company"),
    ),
    requirements=(
        needs("north", A100, NORTH_HOURS),
        needs("south", A100, figure(1000)),
        needs("forge", A100, figure(3000)),
        needs("north", ENGINEER, figure(860)),
        needs("south", ENGINEER, figure(430)),
        needs("forge", ENGINEER, figure(430)),
        needs("north", TEXT, figure(Fraction(14976 * G, 100))),
        needs("south", TEXT, figure(40 * G)),
        needs("forge", TEXT, figure(40 * G)),
    ),
    capacities=(
        OwnCapacity("south", A100, 1, Fraction(3, 4), WITHIN),
        OwnCapacity("forge", A100, 4, Fraction(3, 4), WITHIN),
    ),
    grants=(twice("north", 600), twice("south", 200)),
    staff=(
        Staff("north", "engineer", 3, Term(0)),
        Staff("south", "engineer", 2, Term(0), hours_per_year=Fraction(1290)),
        Staff("forge", "engineer", 6, Term(0)),
    ),
    transfers=(
        *collaboration("forge", "south", "engineer", Fraction(86), NOVEMBER),
        *exchange("north", "abroad:DE", "engineer", 1, Fraction(43), Period(at("2026-11-03"), at("2026-11-12"))),
        *LEARNERS.transfers(),
    ),
    courses=(LEARNERS,),
    assets=(
        DataAsset("north-corpus", "north", TEXT, Fraction(60 * G), Fraction(4, 5), frozenset({"south"})),
        DataAsset("forge-corpus", "forge", TEXT, Fraction(40 * G)),
    ),
    allocations=(
        held("north", 400, 400, 300),  # n1
        held("north", 100, 0, None),  # n2, without NVML
        held("south", 220, 220, 110),  # s1 until the end of November
        held("south", 20, 20, 10, DECEMBER),  # and after it
    ),
    clusters=(ClusterCapacity("here", A100, figure(4 * 720), NOVEMBER, all_tenants=False),),
    awards=(Award("second/south", frozenset({"south"}), "CNY", Release(figure(10_000), NOVEMBER)),),
    prices=(
        Price(A100, "CNY", Fraction(20), 0, "tariff 2026"),
        Price(ENGINEER, "CNY", Fraction(300), 0, "survey 2026"),
    ),
    books=frozenset({"here"}),
)

BEFORE_MONEY = replace(INPUTS, awards=())
