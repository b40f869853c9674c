"""How a rank's end is explained."""

import pytest

from ullage_trainer.agent.ending import explain
from ullage_trainer.config import Failure, Reason


def explained(code, told=None, *, short=False, rank=1):
    return explain(
        code, rank=rank, told=told, last_lines=["last words"], short_of_memory=short, peak_memory_bytes=5 << 20
    )


@pytest.mark.parametrize(
    ("code", "short", "reason", "exit_code", "name", "message"),
    [
        (3, False, Reason.EXCEPTION, 3, None, "rank 1 exited with code 3"),
        (200, False, Reason.EXCEPTION, 200, None, "rank 1 exited with code 200"),
        (-11, False, Reason.SIGNAL, 139, "SIGSEGV", "rank 1 was ended by SIGSEGV"),
        (
            *(-9, False, Reason.SIGNAL, 137, "SIGKILL"),
            "rank 1 was ended by SIGKILL; was memory short? see the kernel's log",
        ),
        (-11, True, Reason.SIGNAL, 139, "SIGSEGV", "rank 1 was ended by SIGSEGV"),
        (-40, False, Reason.SIGNAL, 168, "SIGRTMIN+6", "rank 1 was ended by SIGRTMIN+6"),
    ],
)
def test_an_end_without_a_word_is_told_by_its_code_or_signal(code, short, reason, exit_code, name, message):
    assert explained(code, short=short) == Failure(
        reason=reason, exit_code=exit_code, signal=name, rank=1, message=message, last_lines=["last words"]
    )


def test_a_rank_that_dies_of_sigterm_was_asked_to_stop():
    assert explained(-15) == Failure(
        reason=Reason.STOPPED,
        exit_code=143,
        signal="SIGTERM",
        rank=1,
        message="rank 1 was ended by SIGTERM at once, without a checkpoint of that moment",
    )


def test_want_of_memory_is_told_with_what_was_held():
    failure = explained(-9, short=True, rank=None)
    assert (failure.reason, failure.exit_code, failure.rank) == (Reason.OUT_OF_MEMORY, 137, None)
    assert failure.message.startswith("the process was ended by the kernel for want of memory, having held 5 MiB; ")


def test_what_a_rank_said_itself_counts_and_a_consequence_has_no_last_lines():
    told = Failure(reason=Reason.DATA_INVALID, message="no rows")
    assert explained(65, told) == told.model_copy(update={"rank": 1, "exit_code": 65, "last_lines": ["last words"]})
    script = Failure(reason=Reason.EXCEPTION, exit_code=7, message="the script ended with 7")
    assert explained(70, script).exit_code == 7
    peer = Failure(reason=Reason.PEER_FAILED, message="a collective broke")
    assert explained(75, peer) == peer.model_copy(update={"rank": 1, "exit_code": 75})
