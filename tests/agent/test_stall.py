"""Which rank holds up the others."""

import pytest

from ullage_trainer.agent.stall import RankLook, stall_failure
from ullage_trainer.config import Failure, Reason

WAITING = """Thread 0x00007f01 (most recent call first):
  File "/x/threading.py", line 320 in wait

Current thread 0x00007f02 (most recent call first):
  File "/x/site-packages/tensorflow/python/eager/execute.py", line 53 in quick_execute
  File "/x/ullage_trainer/train/step.py", line 200 in <lambda>
"""
COLLECTIVE = """Current thread 0x00007f02 (most recent call first):
  File "<string>", line 120 in horovod_allreduce
  File "/x/site-packages/horovod/tensorflow/mpi_ops.py", line 156 in _allreduce
  File "/x/ullage_trainer/distributed/collectives.py", line 60 in <lambda>
"""
STUCK = """Current thread 0x00007f02 (most recent call first):
  File "/storage/code/costs.py", line 12 in cost
  File "/x/ullage_trainer/train/objective.py", line 50 in total
"""


def look(rank, stack, status="sleeping"):
    return RankLook(rank, status, stack)


@pytest.mark.parametrize("other", [WAITING, STUCK])
def test_a_rank_that_was_stopped_is_named_and_not_those_that_stand_elsewhere(other):
    failure = stall_failure([look(0, other), look(1, "", "stopped")], 600, 0, alone=True)
    assert failure == Failure(
        reason=Reason.STALLED,
        rank=1,
        message="expected progress within 600 s (runPolicy.stallTimeoutSeconds), found none: rank 1 is stopped "
        "(by SIGSTOP or a debugger)",
    )


def test_a_rank_whose_code_hangs_is_named_with_its_line():
    failure = stall_failure([look(1, WAITING), look(2, COLLECTIVE), look(3, STUCK)], 30, 1, alone=False)
    assert failure == Failure(
        reason=Reason.STALLED,
        rank=3,
        worker=1,
        message="expected progress within 30 s (runPolicy.stallTimeoutSeconds), found none: rank 3 stands in "
        "costs.py:12 cost, called from objective.py:50 total",
        last_lines=["/storage/code/costs.py:12 cost", "/x/ullage_trainer/train/objective.py:50 total"],
    )


def test_a_worker_whose_ranks_all_wait_leaves_the_cause_to_another_if_there_is_one():
    alone = stall_failure([look(0, WAITING)], 30, 0, alone=True)
    beside = stall_failure([look(0, WAITING)], 30, 0, alone=False)
    assert (alone.reason, beside.reason) == (Reason.STALLED, Reason.PEER_FAILED)
    assert alone.message == beside.message
    assert alone.message.endswith("; it computes, or waits for other ranks: is the network there?")


def test_a_rank_that_does_not_answer_is_named_with_its_state():
    failure = stall_failure([look(0, WAITING), look(1, "", "disk-sleep")], 30, 0, alone=True)
    assert failure.rank == 1
    assert failure.message.endswith("rank 1 did not say where it stands (its process is disk-sleep)")
