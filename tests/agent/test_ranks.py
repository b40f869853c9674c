"""A rank's process, seen by its agent."""

from __future__ import annotations

import os
import signal

import psutil
import pytest

from local.runs.harness import wait_until
from ullage_trainer.agent.ranks import RankProcess


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGUSR1])
def test_a_rank_that_is_signalled_after_it_has_ended_and_before_that_is_seen_is_still_seen_to_end(
    number: signal.Signals,
) -> None:
    # Without a document: it ends by itself, as ranks do whose peers fail with them in the same moment.
    rank = RankProcess.start(0, 1, {"PATH": os.environ["PATH"]})
    process = psutil.Process(rank.process.pid)
    wait_until(lambda: process.status() == psutil.STATUS_ZOMBIE, "a rank that has ended")
    rank.send_signal(number)
    assert rank.reap()
    assert (rank.exit_code, rank.running) == (1, False)
    assert rank.failure is not None
    assert (rank.failure.rank, rank.failure.exit_code, rank.failure.signal) == (1, 1, None)
    assert "KeyError" in rank.failure.last_lines[-1]
    rank.close()
