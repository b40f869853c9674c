from __future__ import annotations

from collections.abc import Callable

import pytest

from ledger.builders import NORTH, activity, data_use, hold, release
from ullage_operator.ledger import (
    AssetRow,
    ConflictingEntry,
    Entry,
    Ledger,
    LedgerError,
    Outcome,
    Provenance,
    RefusedEntry,
    Reversal,
)
from ullage_trainer.config import Stage, Use

WHOLE_LIFE: list[Entry] = [hold(), activity(), data_use(), release()]


def test_every_type_of_entry_comes_back_as_it_was_posted(ledger: Ledger) -> None:
    reversal = Reversal.of(data_use(), reason="not ours", author="ana", at_ms=12_000)
    entries: list[Entry] = [*WHOLE_LIFE, reversal]
    assert ledger.post(entries) == 5
    assert [ledger.find(entry.id) for entry in entries] == entries
    assert ledger.find("hold/nobody") is None
    assert ledger.verify() == []


def test_posting_again_changes_nothing_whoever_posts(ledger: Ledger) -> None:
    assert ledger.post(WHOLE_LIFE) == 4
    before = ledger.usage(0, 50_000)
    assert ledger.post([*WHOLE_LIFE, hold(author="a later version", source="a pod")]) == 0
    assert ledger.usage(0, 50_000) == before


def test_entries_of_one_post_may_come_in_any_order_and_twice(ledger: Ledger) -> None:
    assert ledger.post([*reversed(WHOLE_LIFE), *WHOLE_LIFE]) == 4
    assert ledger.verify() == []


def test_a_hold_is_open_until_it_is_released(ledger: Ledger) -> None:
    other = hold("worker-2", index=1)
    ledger.post([hold(), other])
    assert ledger.open_holds() == [hold(), other]
    ledger.post([release()])
    assert ledger.open_holds() == [other]


def test_holds_of_another_cluster_are_not_ours_to_release_or_to_count(ledger: Ledger, ledger_url: str) -> None:
    ledger.post([hold()])
    with Ledger.open(ledger_url, cluster="elsewhere", now_ms=lambda: 100_000) as other:
        assert (other.open_holds(), other.usage(0, 50_000, by=("job",))) == ([], [])
        assert other.verify() == []


def test_a_second_end_of_a_hold_conflicts_and_nothing_of_that_post_is_written(ledger: Ledger) -> None:
    ledger.post([hold(), release()])
    with pytest.raises(ConflictingEntry) as caught:
        ledger.post([hold("worker-2"), release(to_ms=12_000, outcome=Outcome.FAILED)])
    assert caught.value.problems == (
        (
            "release/worker-1: expected what the ledger holds: to_ms 11000, found 12000, outcome 'Succeeded', "
            "found 'Failed'; to correct it, reverse it and post release.2/worker-1"
        ),
    )
    assert ledger.open_holds() == []
    assert ledger.find("release/worker-1") == release()


def test_what_has_no_hold_is_refused_all_at_once_and_nothing_is_written(ledger: Ledger) -> None:
    with pytest.raises(RefusedEntry) as caught:
        ledger.post([hold("worker-2"), release(), activity()])
    assert caught.value.problems == tuple(
        f"{entry_id}: expected a hold of worker worker-1, found none that counts; "
        "post the hold before it, or together with it"
        for entry_id in ("release/worker-1", "activity/worker-1/2000")
    )
    assert ledger.open_holds() == []


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        (release(to_ms=999), "release/worker-1: expected times within its hold, from 1000 until 999 (ms), found 999"),
        (
            activity(from_ms=500),
            "activity/worker-1/500: expected times within its hold, from 1000 still open (ms), found 500 to 10000",
        ),
        (
            data_use(at_ms=0),
            "use/worker-1/flights: expected times within its hold, from 1000 still open (ms), found 0",
        ),
    ],
)
def test_nothing_counts_before_its_hold(ledger: Ledger, entry: Entry, problem: str) -> None:
    ledger.post([hold()])
    with pytest.raises(RefusedEntry) as caught:
        ledger.post([entry])
    assert caught.value.problems == (problem,)


def test_activity_past_the_end_of_its_hold_is_refused_in_either_order(ledger: Ledger) -> None:
    problem = (
        "activity/worker-1/2000: expected times within its hold, from 1000 until 9000 (ms), found 2000 to 10000",
    )
    ledger.post([hold("worker-1")])
    with pytest.raises(RefusedEntry) as caught:
        ledger.post([release(to_ms=9_000), activity()])
    assert caught.value.problems == problem
    ledger.post([activity()])
    with pytest.raises(RefusedEntry) as caught:
        ledger.post([release(to_ms=9_000)])
    assert caught.value.problems == problem


def test_a_millisecond_is_in_one_activity_only(ledger: Ledger) -> None:
    ledger.post([hold(), activity()])
    assert ledger.post([activity(from_ms=10_000, to_ms=10_500)]) == 1
    with pytest.raises(RefusedEntry) as caught:
        ledger.post([activity(from_ms=9_999, to_ms=10_000)])
    assert caught.value.problems == (
        "activity/worker-1/9999: expected it to start at or after 10000 (ms), where activity/worker-1/2000 ends",
    )


def test_a_workers_entries_are_all_in_the_same_books(ledger: Ledger) -> None:
    ledger.post([hold()])
    with pytest.raises(RefusedEntry) as caught:
        ledger.post([release(context=NORTH.model_copy(update={"institution": "south"}))])
    assert caught.value.problems == (
        "release/worker-1: expected the context of hold/worker-1: institution 'north', found 'south'",
    )


def test_a_correction_reverses_an_entry_and_posts_its_next_revision(ledger: Ledger) -> None:
    ledger.post(WHOLE_LIFE)
    reversal = Reversal.of(release(), reason="the node's clock was wrong", author="ana", at_ms=20_000)
    corrected = release(to_ms=10_500, revision=2, provenance=Provenance.ESTIMATED, source="last heartbeat")
    assert ledger.post([corrected, reversal]) == 2
    row = ledger.usage(0, 50_000)[0]
    assert (row.accelerator_ms, row.holds_estimated) == (2 * 9_500, 1)
    assert ledger.post([release()]) == 0
    assert ledger.verify() == []


def test_a_release_that_was_reversed_leaves_its_hold_open(ledger: Ledger) -> None:
    ledger.post(WHOLE_LIFE)
    ledger.post([Reversal.of(release(), reason="it runs", author="ana", at_ms=20_000)])
    assert ledger.open_holds() == [hold()]


def test_a_correction_of_what_was_not_reversed_is_refused(ledger: Ledger) -> None:
    ledger.post(WHOLE_LIFE)
    with pytest.raises(RefusedEntry) as caught:
        ledger.post([release(revision=2)])
    assert caught.value.problems == (
        "release.2/worker-1: expected release/worker-1 to be reversed before it is corrected, found no reversal of it",
        "worker worker-1: expected at most one release, found release/worker-1, release.2/worker-1",
    )


def test_a_hold_is_reversed_only_with_all_that_depends_on_it(ledger: Ledger) -> None:
    ledger.post([hold(), release()])
    of_hold, of_release = (
        Reversal.of(entry, reason="no such worker", author="ana", at_ms=20_000) for entry in (hold(), release())
    )
    with pytest.raises(RefusedEntry, match="release/worker-1: expected a hold of worker worker-1"):
        ledger.post([of_hold])
    assert ledger.post([of_hold, of_release]) == 2
    assert ledger.usage(0, 50_000, by=("job",)) == []


def test_a_reversal_of_nothing_or_of_a_reversal_is_refused(ledger: Ledger) -> None:
    ledger.post([hold()])
    first = Reversal.of(hold(), reason="no such worker", author="ana", at_ms=20_000)
    ledger.post([first])
    with pytest.raises(RefusedEntry) as caught:
        ledger.post(
            [
                Reversal.of(first, reason="it was there", author="ana", at_ms=21_000),
                Reversal.of(release(), reason="never ended", author="ana", at_ms=21_000),
            ]
        )
    assert caught.value.problems == (
        "reversal/reversal/hold/worker-1: a reversal is final; post the next revision of hold/worker-1 instead",
        "reversal/release/worker-1: expected an entry of worker worker-1, found none with id 'release/worker-1'",
    )


def test_the_last_attempt_counts_holds_that_ended_or_were_reversed(ledger: Ledger) -> None:
    assert ledger.last_attempt(NORTH.job_uid, Stage.TRAIN) == 0
    ledger.post([hold(), release(), hold("worker-2", attempt=3), hold("worker-3", attempt=9, stage=Stage.QUANTIZE)])
    ledger.post([Reversal.of(hold("worker-2", attempt=3), reason="mistaken", author="ana", at_ms=20_000)])
    assert [ledger.last_attempt(NORTH.job_uid, stage) for stage in Stage] == [0, 3, 9]
    assert ledger.last_attempt("another-job", Stage.TRAIN) == 0


def test_an_asset_counts_once_for_an_institution_however_many_jobs_use_it(ledger: Ledger) -> None:
    second = NORTH.model_copy(update={"job_uid": "job-uid-2", "job": "again"})
    fewer = Use(asset="flights", fingerprint="f1", rows_read=100, rows_accepted=80, bytes=5_000)
    ledger.post(
        [
            hold(),
            data_use(),
            hold("worker-2", context=second),
            data_use("worker-2", context=second, use=fewer, at_ms=4_000),
        ]
    )
    used = AssetRow(
        institution="north",
        asset="flights",
        fingerprint="f1",
        rows_read=100,
        rows_accepted=90,
        bytes=5_000,
        jobs=2,
    )
    assert ledger.assets(0, 50_000) == [used]
    assert ledger.assets(0, 4_000) == [used.model_copy(update={"jobs": 1})]
    assert ledger.assets(4_001, 50_000) == []


def test_a_ledger_that_is_read_only_posts_nothing(ledger: Ledger, open_ledger: Callable[..., Ledger]) -> None:
    ledger.post([hold()])
    with open_ledger(read_only=True) as reader:
        assert reader.open_holds() == [hold()]
        with pytest.raises(LedgerError, match="opened to be read only; open it for writing to post"):
            reader.post([release()])
