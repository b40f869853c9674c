from __future__ import annotations

from dataclasses import replace

import pytest

from plan.builders import failed, killed, make_worker, succeeded
from ullage_operator.plan import Worker, WorkerPhase
from ullage_operator.plan.failures import cause_of, may_end_differently
from ullage_trainer.config import Failure, Reason

FIRST, SECOND, THIRD = (make_worker(index=index) for index in range(3))
LAST_WORDS = "stopped on SIGTERM"


def peer(worker: Worker, of: int) -> Worker:
    return failed(worker, Reason.PEER_FAILED, f"because of worker {of}", cause=of)


def stopped(worker: Worker) -> Worker:
    return failed(replace(worker, stopping=True), Reason.STOPPED, LAST_WORDS)


def test_what_a_worker_says_of_itself_is_the_cause_and_not_what_others_say_because_of_it() -> None:
    attempt = (peer(FIRST, of=1), failed(SECOND, Reason.NUMERIC_FAILURE, "loss is nan"), stopped(THIRD))
    assert cause_of(attempt, 3) == Failure(reason=Reason.NUMERIC_FAILURE, message="loss is nan", worker=1)


def test_of_several_causes_the_one_of_the_first_worker_is_told_in_any_order() -> None:
    attempt = (failed(SECOND, Reason.EXCEPTION, "second"), failed(FIRST, Reason.STORAGE_FAILURE, "first"))
    expected = Failure(reason=Reason.STORAGE_FAILURE, message="first", worker=0)
    assert [cause_of(attempt, 2), cause_of(attempt[::-1], 2)] == [expected, expected]


def test_a_worker_that_is_gone_is_the_cause_and_not_the_stop_of_those_that_were_left() -> None:
    assert cause_of((stopped(FIRST), stopped(THIRD)), 3) == Failure(
        reason=Reason.LOST, message="gone without a trace: worker 1", worker=1
    )


def test_an_attempt_with_nobody_left_is_lost() -> None:
    assert cause_of((), 2) == Failure(reason=Reason.LOST, message="gone without a trace: worker 0, 1", worker=0)


def test_a_worker_that_was_killed_is_the_cause_and_not_the_peer_that_noticed() -> None:
    assert cause_of((peer(FIRST, of=1), killed(SECOND)), 2) == Failure(
        reason=Reason.LOST, message="worker 1 ended without saying why", worker=1
    )


def test_a_worker_that_never_wrote_a_report_ended_without_saying_why() -> None:
    assert cause_of((replace(FIRST, phase=WorkerPhase.FAILED),), 1) == Failure(
        reason=Reason.LOST, message="worker 0 ended without saying why", worker=0
    )


def test_a_worker_that_we_had_to_kill_is_not_the_cause_where_another_says_more() -> None:
    attempt = (peer(FIRST, of=2), killed(replace(SECOND, stopping=True)), succeeded(THIRD))
    assert cause_of(attempt, 3) == Failure(reason=Reason.PEER_FAILED, message="because of worker 2", worker=2)


def test_a_stop_that_we_did_not_ask_for_is_told_where_nothing_else_is_known() -> None:
    assert cause_of((failed(FIRST, Reason.STOPPED, LAST_WORDS),), 1) == Failure(
        reason=Reason.STOPPED, message=LAST_WORDS, worker=0
    )


def test_the_message_of_a_great_gang_that_is_gone_still_fits() -> None:
    assert len(cause_of((), 4096).message) == 1024


@pytest.mark.parametrize("reason", Reason)
def test_only_bad_input_is_not_worth_another_attempt(reason: Reason) -> None:
    bad_input = {
        Reason.CONFIG_INVALID,
        Reason.INPUT_MISSING,
        Reason.DATA_INVALID,
        Reason.MODEL_INVALID,
        Reason.NUMERIC_FAILURE,
    }
    assert may_end_differently(Failure(reason=reason, message="")) == (reason not in bad_input)
