"""The gang as worker 0 sees it: when to start, and whose fault the end is."""

from ullage_trainer.agent.gang import SETTLE_SECONDS, GangState
from ullage_trainer.agent.protocol import LOST_AFTER_SECONDS, Heartbeat, Orders
from ullage_trainer.config import Failure, Reason, Usage, WorkerState

STOPPED = Failure(reason=Reason.STOPPED, message="stopped on SIGTERM", worker=1)


def gang(replicas=2):
    return GangState(replicas=replicas, start_timeout_seconds=60, started=0)


def beat(index, sequence=1, state=WorkerState.RUNNING, failure=None, cpu_ms=0):
    return Heartbeat(index=index, sequence=sequence, state=state, usage=Usage(cpu_ms=cpu_ms), failure=failure)


def failed(reason, worker, rank=None):
    return Failure(reason=reason, message=f"{reason} on {worker}", worker=worker, rank=rank)


def test_a_gang_is_complete_when_all_have_registered_and_knows_their_addresses():
    state = gang()
    state.heard(beat(0), "10.0.0.1", 1)
    assert (state.complete, state.addresses()) == (False, {"10.0.0.1"})
    state.heard(beat(1), "10.0.0.2", 2)
    assert (state.complete, state.addresses()) == (True, {"10.0.0.1", "10.0.0.2"})


def test_orders_name_the_rendezvous_once_it_is_open():
    state = gang(1)
    assert state.heard(beat(0), "a", 1) == Orders(sequence=1)
    state.rendezvous_port = 4321
    assert state.heard(beat(0, 2), "a", 2) == Orders(sequence=2, rendezvous_port=4321)


def test_an_old_heartbeat_sent_again_changes_nothing():
    state = gang(1)
    state.heard(beat(0, 5, cpu_ms=50), "a", 1)
    state.heard(beat(0, 4, WorkerState.FAILED, failed(Reason.EXCEPTION, 0), cpu_ms=40), "stranger", 2)
    assert (state.usage(), state.verdict, state.addresses()) == (Usage(cpu_ms=50), None, {"a"})


def test_a_worker_that_is_not_of_the_gang_is_not_taken_in():
    state = gang(1)
    state.heard(beat(7), "stranger", 1)
    assert (state.complete, state.addresses()) == (False, frozenset())


def test_the_first_failure_that_is_no_consequence_is_the_verdict():
    state = gang(3)
    state.heard(beat(2, 1, failure=failed(Reason.PEER_FAILED, 2)), "c", 1.0)
    assert state.verdict is None
    cause = failed(Reason.SIGNAL, 1, rank=1)
    state.heard(beat(1, 1, failure=cause), "b", 1.5)
    state.heard(beat(0, 1, failure=failed(Reason.EXCEPTION, 0)), "a", 1.6)
    assert state.verdict == cause


def test_a_consequence_is_the_verdict_if_no_cause_is_told_in_time():
    state = gang()
    consequence = failed(Reason.PEER_FAILED, 1)
    state.heard(beat(1, 1, failure=consequence), "b", 1.0)
    assert state.judge(1.0 + SETTLE_SECONDS - 0.1) is None
    assert state.judge(1.0 + SETTLE_SECONDS) == consequence


def test_a_worker_that_falls_silent_is_lost():
    state = gang()
    state.heard(beat(0), "a", 0)
    state.heard(beat(1), "b", 0)
    state.heard(beat(0, 2), "a", LOST_AFTER_SECONDS)
    assert state.judge(LOST_AFTER_SECONDS) is None
    assert state.judge(LOST_AFTER_SECONDS + 1) == Failure(
        reason=Reason.LOST, worker=1, message="worker 1 (b) has not been heard of for 16 s"
    )


def test_a_worker_that_has_ended_may_be_silent():
    state = gang()
    state.heard(beat(0), "a", 0)
    state.heard(beat(1, 1, WorkerState.SUCCEEDED), "b", 0)
    state.heard(beat(0, 2), "a", 99)
    assert (state.judge(100), state.others_succeeded, state.ended) == (None, True, False)


def test_workers_that_never_come_are_named():
    state = gang(3)
    state.heard(beat(0), "a", 59)
    assert state.judge(60) is None
    assert state.judge(61) == Failure(
        reason=Reason.RENDEZVOUS_FAILED,
        message="expected 3 workers within 60 s, not heard of: 1, 2; are they scheduled, and can they reach worker 0?",
    )


def test_a_stop_of_one_worker_stops_all():
    state = gang()
    state.heard(beat(0), "a", 1)
    state.heard(beat(1, 1, failure=STOPPED), "b", 1)
    assert state.heard(beat(0, 2), "a", 2).stop == STOPPED


def test_the_verdict_stays():
    state = gang()
    first = failed(Reason.EXCEPTION, 1)
    state.heard(beat(1, 1, failure=first), "b", 1)
    state.heard(beat(0, 1, failure=failed(Reason.SIGNAL, 0)), "a", 2)
    assert state.judge(500) == first
