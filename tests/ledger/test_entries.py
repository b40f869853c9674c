from __future__ import annotations

import pytest
from pydantic import ValidationError

from ledger.builders import activity, data_use, hold, release
from ullage_operator.ledger import Activity, Reversal
from ullage_trainer.config import Usage


def test_ids_follow_from_what_an_entry_is_about() -> None:
    reversal = Reversal.of(release(), reason="clock was wrong", author="ana", at_ms=20_000)
    corrected = release(revision=2)
    assert [entry.id for entry in (hold(), release(), activity(), data_use(), reversal, corrected)] == [
        "hold/worker-1",
        "release/worker-1",
        "activity/worker-1/2000",
        "use/worker-1/flights",
        "reversal/release/worker-1",
        "release.2/worker-1",
    ]


def test_all_errors_of_an_entry_come_at_once() -> None:
    with pytest.raises(ValidationError) as caught:
        hold("no/slash", attempt=0, cpu_millis=-1, memory_mib=2**63, accelerator_type="two\nlines", colour="red")
    assert [".".join(map(str, error["loc"])) for error in caught.value.errors()] == [
        "worker_uid",
        "attempt",
        "accelerator_type",
        "cpu_millis",
        "memory_mib",
        "colour",
    ]


def test_activity_that_ends_before_it_starts_names_its_ranks_twice_and_does_not_fit_is_refused_for_each() -> None:
    with pytest.raises(ValidationError) as caught:
        activity(from_ms=10, to_ms=9, ranks=((0, 1, 1), (0, 2, 2)), usage=Usage(cpu_ms=2**63, flop=10**29))
    assert [error["msg"] for error in caught.value.errors()] == [
        (
            "Value error, expected to_ms at or after from_ms 10, found 9; expected each rank once, found [0, 0]; "
            "usage.cpu_ms: expected at most 9223372036854775807, found 9223372036854775808; "
            "usage.flop: expected at most 92233720368547758070000000000, found 100000000000000000000000000000"
        )
    ]


@pytest.mark.parametrize(
    ("inside", "expected"),
    [((3_000, 9_000), (3_000, 9_000)), ((0, 99_000), (2_000, 10_000)), ((20_000, 30_000), (20_000, 20_000))],
)
def test_activity_is_moved_within_a_hold_and_keeps_its_quantities(
    inside: tuple[int, int], expected: tuple[int, int]
) -> None:
    moved = activity().within(*inside)
    assert isinstance(moved, Activity)
    assert moved == activity(from_ms=expected[0], to_ms=expected[1])
