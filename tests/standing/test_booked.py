"""From entries in the books to A and U of the gap: what counts in which period, how well it is known, and of what."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from gap.vessel import A100, DECEMBER, NOVEMBER, at
from ledger.builders import NORTH, activity, hold, release
from ledger.subject_builders import close
from plan.builders import make_job, with_status
from standing.clock import Clock
from ullage_operator import gap
from ullage_operator.accounts import work
from ullage_operator.api.types import InstitutionStatus, JobStatus
from ullage_operator.ledger import Import, Ledger, Provenance, sqlite_url
from ullage_operator.ledger.imports import Origin, parse_csv, parse_sacct, post_imports
from ullage_operator.report import gap_document
from ullage_operator.report.parts import About
from ullage_operator.standing import institution_status
from ullage_operator.standing.booked import CORES, allocations
from ullage_trainer.config import Usage

HOUR = 3_600_000
START = NOVEMBER.start_ms
KINDS = {"a100": "A100"}
SACCT = "JobID|Account|AllocTRES|Start|End|Elapsed|TotalCPU\n"
ORIGIN = Origin("october.txt", scope="slurm", institutions={"physics": "north"})


@pytest.fixture
def clock() -> Clock:
    return Clock(at("2026-12-02"))


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> Iterator[Ledger]:
    with Ledger.open(sqlite_url(tmp_path / "ledger.sqlite3"), cluster="local", now_ms=clock) as opened:
        yield opened


def report(ledger: Ledger, period: gap.Period) -> gap.GapReport:
    with ledger.books() as books:
        found = tuple(allocations(books, period, KINDS))
    inputs = gap.Inputs((gap.Institution("north", "DE", "university"),), allocations=found)
    return gap.gap_report(inputs, period)


def use(ledger: Ledger, subject: gap.Subject = A100, period: gap.Period = NOVEMBER) -> gap.Usage:
    return report(ledger, period).row("north", subject).usage


def post_sacct(ledger: Ledger, *rows: str) -> None:
    found = post_imports(ledger, parse_sacct(SACCT + "\n".join(rows), ORIGIN))
    assert (found.new, found.bad) == (len(rows), ())


def figure(hours: int | Fraction, provenance: gap.Provenance) -> gap.Figure:
    return gap.Figure(Fraction(hours), provenance)


def test_what_is_imported_for_a_closed_month_is_in_the_next_one_and_not_in_its_own(ledger: Ledger) -> None:
    tres = "cpu=2,gres/gpu:a100=4"
    post_sacct(ledger, f"1|physics|{tres}|2026-11-03T00:00:00|2026-11-03T05:00:00|05:00:00|04:00:00")
    ledger.post([close(NOVEMBER.start_ms, NOVEMBER.end_ms)])
    before = use(ledger), use(ledger, CORES)
    post_sacct(ledger, f"2|physics|{tres}|2026-11-30T23:00:00|2026-12-01T01:00:00|02:00:00|03:00:00")
    assert (use(ledger), use(ledger, CORES)) == before
    assert use(ledger, A100, DECEMBER).allocated == figure(8, gap.Provenance.MEASURED)
    cores = use(ledger, CORES, DECEMBER)
    assert (cores.allocated, cores.measured, cores.used) == (
        figure(4, gap.Provenance.MEASURED),
        figure(4, gap.Provenance.MEASURED),
        figure(3, gap.Provenance.MEASURED),
    )


def test_a_hold_that_turns_out_shorter_is_taken_back_from_the_open_month_and_is_told_in_every_form(
    ledger: Ledger, clock: Clock
) -> None:
    ledger.post([hold(from_ms=START + 20 * 24 * HOUR)])
    ledger.post([close(NOVEMBER.start_ms, NOVEMBER.end_ms)])
    clock.now_ms = at("2026-12-20")
    ledger.post([release(to_ms=START + 21 * 24 * HOUR)])
    assert use(ledger).allocated == figure(2 * 240, gap.Provenance.MEASURED)
    found = report(ledger, DECEMBER)
    usage = found.row("north", A100).usage
    assert (usage.allocated, usage.measured_share, usage.intensity) == (
        figure(-2 * 216, gap.Provenance.MEASURED),
        Fraction(0),
        None,
    )
    (row, *_) = institution_status(InstitutionStatus(), "north", found).resources
    assert (row.allocated, row.used) == (-432, None)
    (line, *_) = gap_document(found, About(clock.now_ms)).lines
    assert line.use.allocated is not None
    assert line.use.allocated.value == -432


def test_cpu_jobs_of_an_import_are_in_the_core_hours_held_and_used(ledger: Ledger) -> None:
    post_sacct(ledger, "1|physics|cpu=8,mem=4G|2026-11-03T00:00:00|2026-11-03T05:00:00|05:00:00|1-06:00:00")
    row = report(ledger, NOVEMBER).row("north", CORES)
    assert (row.usage.allocated, row.usage.used, row.usage.books) == (
        figure(40, gap.Provenance.MEASURED),
        figure(30, gap.Provenance.MEASURED),
        frozenset({"slurm"}),
    )


def test_a_and_u_say_how_they_are_known_as_their_weakest_part(ledger: Ledger) -> None:
    said = (
        "external_id,account,accelerators,accelerator_type,from,to\n"
        "7,physics,2,a100,2026-11-04T00:00:00,2026-11-04T01:00:00\n"
    )
    whole = "1|physics|gres/gpu:a100=1|2026-11-03T00:00:00|2026-11-03T01:00:00|01:00:00|00:10:00"
    suspended = "2|physics|gres/gpu:a100=1|2026-11-05T00:00:00|2026-11-05T02:00:00|01:00:00|00:10:00"
    told = []
    post_sacct(ledger, whole)
    told.append(use(ledger).allocated)
    assert post_imports(ledger, parse_csv(said, ORIGIN)).new == 1
    told.append(use(ledger).allocated)
    post_sacct(ledger, suspended)
    told.append(use(ledger).allocated)
    assert told == [
        figure(1, gap.Provenance.MEASURED),
        figure(3, gap.Provenance.DECLARED),
        figure(4, gap.Provenance.ESTIMATED),
    ]


def test_what_a_last_heartbeat_tells_is_an_estimate_of_u_and_an_estimated_end_bounds_a(
    ledger: Ledger, clock: Clock
) -> None:
    seen, end, written = START + 3 * HOUR, START + 4 * HOUR, START + 6 * HOUR
    clock.now_ms = written
    used = Usage(cpu_ms=HOUR, gpu_ms=6 * HOUR, gpu_active_ms=2 * HOUR)
    heartbeat = {"provenance": Provenance.ESTIMATED, "source": "last heartbeat"}
    ledger.post([hold(from_ms=START), activity(from_ms=START, to_ms=seen, usage=used, ranks=(), **heartbeat)])
    ledger.post([release(to_ms=end, **heartbeat)])
    clock.now_ms = at("2026-12-02")
    whole = use(ledger)
    assert whole.allocated == gap.estimated(Fraction(8), Fraction(6), Fraction(12))
    assert whole.used == figure(2, gap.Provenance.ESTIMATED)
    assert use(ledger, CORES).allocated == gap.estimated(Fraction(6), Fraction(9, 2), Fraction(9))


def test_exact_and_estimated_parts_of_a_have_bounds_together_and_none_where_one_has_none(ledger: Ledger) -> None:
    lost = {"provenance": Provenance.ESTIMATED, "to_ms": START + HOUR}
    ledger.post([hold(from_ms=START), release(to_ms=START + HOUR), hold("worker-2", index=1, from_ms=START)])
    ledger.post([release("worker-2", **lost)])
    # It was never seen, and its end was written down after the month.
    assert use(ledger).allocated == gap.estimated(Fraction(4), Fraction(2), Fraction(2 + 2 * 720))
    guess = {
        "scope": "slurm",
        "external_id": "1",
        "institution": "north",
        "accelerators": 1,
        "accelerator_type": "a100",
    }
    times = {"from_ms": START, "to_ms": START + HOUR, "provenance": Provenance.ESTIMATED}
    ledger.post([Import.model_validate({**guess, **times})])
    assert use(ledger).allocated == figure(5, gap.Provenance.ESTIMATED)


def test_cores_of_every_cluster_of_the_books_are_in_the_core_hours(ledger: Ledger, tmp_path: Path) -> None:
    ledger.post([hold(from_ms=START), release(to_ms=START + 2 * HOUR)])
    there = sqlite_url(tmp_path / "ledger.sqlite3")
    with Ledger.open(there, cluster="elsewhere", now_ms=lambda: at("2026-12-02")) as other:
        facts = {"context": NORTH.model_copy(update={"job_uid": "job-uid-2"})}
        other.post([hold("worker-2", **facts, from_ms=START), release("worker-2", **facts, to_ms=START + 2 * HOUR)])
    assert use(ledger, CORES).allocated == figure(6, gap.Provenance.MEASURED)
    assert use(ledger, CORES).books == frozenset({"local", "elsewhere"})


def test_the_work_that_jobs_declare_is_a_of_talent_over_their_time_and_unknown_where_none_did(ledger: Ledger) -> None:
    people = {"institution": "north", "personHours": [{"role": "engineer", "hours": 12}]}
    job = with_status(make_job(accounting=people), JobStatus(start_time="2026-11-30T23:00:00Z"))
    ledger.post(work(job, DECEMBER.start_ms + 3 * HOUR))
    found = [use(ledger, gap.talent("engineer"), month) for month in (NOVEMBER, DECEMBER)]
    assert [(each.allocated, each.used, each.books) for each in found] == [
        (figure(3, gap.Provenance.DECLARED), None, frozenset({"local"})),
        (figure(9, gap.Provenance.DECLARED), None, frozenset({"local"})),
    ]
    row = report(ledger, NOVEMBER).row("north", gap.talent("engineer"))
    assert (row.supply.value, row.moved.value) == (0, 0)
    assert report(ledger, gap.Period(0, NOVEMBER.start_ms)).rows == ()
