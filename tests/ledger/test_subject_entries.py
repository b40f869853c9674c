from __future__ import annotations

import pytest
from pydantic import ValidationError

from ledger.subject_builders import (
    LINE,
    RATE,
    asset,
    award,
    capacity,
    charge,
    close,
    declaration,
    expend,
    grant,
    imported,
    one_of_each,
    reserve,
    reversal,
    transfer,
    unreserve,
)
from ullage_operator.ledger import ConflictingEntry, Entry, Ledger, RefusedEntry, Reversal


def test_every_type_of_entry_comes_back_as_it_was_posted(ledger: Ledger) -> None:
    entries = one_of_each()
    assert ledger.post(entries) == len(entries)
    assert [ledger.find(entry.id) for entry in entries] == entries
    assert ledger.post(entries) == 0
    assert ledger.verify() == []


def test_ids_follow_from_what_an_entry_is_about() -> None:
    assert [entry.id for entry in one_of_each()[4:]] == [
        "declaration/Institution/north/1",
        "import/slurm/77/2000/a100",
        "capacity/local/n1/accelerator/1000",
        "asset/north/corpus/1000",
        "access/south/north/corpus/1000",
        "transfer/opening/north/engineer",
        "award/exascale/a100",
        "grant/exascale/a100/1000",
        "reserve/exascale/a100/job-uid-1/2000",
        "unreserve/exascale/a100/job-uid-1/2000/12000",
        "expend/exascale/a100/job-uid-1/2000",
        "charge/job-uid-1/exascale/a100/accelerator:a100/2000",
        "close/0/1000",
        "reversal/expend/exascale/a100/job-uid-1/2000",
    ]
    assert declaration(object_uid="u1", spec=None).id == "declaration/Institution/north/u1/1/withdrawn"


def test_a_spec_is_kept_as_canonical_json() -> None:
    assert declaration().spec == '{"a":"ü","b":1}'
    assert declaration() == declaration(spec='{"a": "ü",   "b": 1}')


@pytest.mark.parametrize(
    ("make", "changes", "problem"),
    [
        (declaration, {"spec": "[1]"}, "expected a JSON object, found list"),
        (declaration, {"spec": '{"a": NaN}'}, "Out of range float values are not JSON compliant"),
        (capacity, {"to_ms": 999}, "expected to_ms at or after from_ms 1000, found 999"),
        (capacity, {"amount": -1}, "Input should be greater than or equal to 0"),
        (grant, {"amount": -1}, "Input should be greater than or equal to 0"),
        (award, {"currency": "CNY"}, "expected a currency with the unit micros and with no other"),
        (
            grant,
            {"unit": "micros"},
            "expected a currency with the unit micros and with no other, found micros and none",
        ),
        (
            expend,
            {"rate": RATE},
            "expected a rate in the line's currency None, found CNY: there is no implicit exchange",
        ),
        (reserve, {"purchase": "pc"}, "expected either job_uid or purchase, found job-uid-1 and pc"),
        (transfer, {"to_account": "north"}, "String should match pattern"),
        (transfer, {"to_account": "recruits"}, "expected two accounts, found recruits (engineer) twice"),
        (transfer, {"to_ms": None}, "expected to_ms, since 3600 seconds are spread until then, found none"),
        (transfer, {"operation": "collaborate"}, "expected no headcount in a collaboration, found 3000"),
        (asset, {"unique_millionths": 1_000_001}, "Input should be less than or equal to 1000000"),
    ],
)
def test_what_can_not_be_is_refused(make: object, changes: dict[str, object], problem: str) -> None:
    assert callable(make)
    with pytest.raises(ValidationError) as caught:
        make(**changes)
    assert problem in str(caught.value)


def test_a_period_is_closed_once_it_has_ended() -> None:
    with pytest.raises(ValidationError, match="expected at_ms at or after the period's end 10, found 9"):
        close(5, 10, at_ms=9)
    with pytest.raises(ValidationError, match="expected a period that is not empty, found 5 to 5"):
        close(5, 5)


def test_a_reversal_is_about_a_worker_or_a_subject() -> None:
    with pytest.raises(ValidationError, match="expected either context and worker_uid or a subject"):
        Reversal(at_ms=1, reverses="hold/x", reason="why")


@pytest.mark.parametrize(
    ("entries", "problem"),
    [
        (
            [award(), unreserve()],
            (
                "unreserve/exascale/a100/job-uid-1/2000/12000: expected a reservation of "
                "draw/exascale/a100/job-uid-1/2000, found none that counts"
            ),
        ),
        (
            [award(), reserve(), unreserve(), unreserve(at_ms=13_000, amount=1)],
            (
                "unreserve/exascale/a100/job-uid-1/2000/13000: expected at most the 20000 of "
                "reserve/exascale/a100/job-uid-1/2000 given back, found 20001"
            ),
        ),
        (
            [award(), reserve(), expend(institution="south")],
            (
                "expend/exascale/a100/job-uid-1/2000: expected the unit, currency and institution of "
                "reserve/exascale/a100/job-uid-1/2000: ('accelerator-ms', None, 'north'), "
                "found ('accelerator-ms', None, 'south')"
            ),
        ),
        ([close(0, 10), close(9, 20)], "close/9/20: expected it to start at or after 10 (ms), where close/0/10 ends"),
        (
            [reserve()],
            (
                f"line {LINE}: expected an award that counts, since what is in reserve draws on it, found none; "
                "post the award before it, and end it rather than reverse it"
            ),
        ),
        (
            [award(), grant(unit="micros", currency="CNY")],
            f"line {LINE}: expected accelerator-ms as it was awarded, found micros of CNY in line_grant",
        ),
        (
            [asset(revision=2)],
            (
                "asset.2/north/corpus/1000: expected asset/north/corpus/1000 to be reversed before it is corrected, "
                "found no reversal of it"
            ),
        ),
        (
            [reversal(asset())],
            (
                "reversal/asset/north/corpus/1000: expected an entry of institution/north, "
                "found none with id 'asset/north/corpus/1000'"
            ),
        ),
        (
            [asset(), reversal(asset()).model_copy(update={"institution": "south"})],
            (
                "reversal/asset/north/corpus/1000: expected the context of asset/north/corpus/1000: "
                "institution 'north', found 'south'"
            ),
        ),
    ],
)
def test_books_that_would_not_add_up_are_refused(ledger: Ledger, entries: list[Entry], problem: str) -> None:
    with pytest.raises(RefusedEntry) as caught:
        ledger.post(entries)
    assert caught.value.problems == (problem,)
    assert ledger.find(entries[0].id) is None


def test_an_award_that_is_drawn_on_is_not_reversed(ledger: Ledger) -> None:
    ledger.post([award(), reserve()])
    with pytest.raises(RefusedEntry, match="expected an award that counts, since what is in reserve draws on it"):
        ledger.post([reversal(award())])
    assert ledger.post([reversal(award()), award(amount=7, revision=2)]) == 2


def test_the_same_job_imported_with_other_figures_conflicts(ledger: Ledger) -> None:
    ledger.post([imported(), charge()])
    with pytest.raises(
        ConflictingEntry, match="to_ms 12000, found 13000; to correct it, reverse it and post import.2/"
    ):
        ledger.post([imported(to_ms=13_000)])
