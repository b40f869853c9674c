"""An agent's process, seen by the command that started it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import psutil

from local.runs.harness import wait_until
from ullage_operator.local.process import AgentProcess, WorkerFolder

DEAF = "trap '' TERM; sleep 1000 & echo started; while :; do sleep 1; done"


def test_an_agent_that_does_not_end_is_killed_with_all_that_it_has_started(tmp_path: Path) -> None:
    process = subprocess.Popen(
        ["/bin/sh", "-c", DEAF], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"started\n"
        family = psutil.Process(process.pid).children(recursive=True)
        AgentProcess(WorkerFolder(tmp_path), process, grace_period_seconds=0).close()
    assert process.returncode == -9
    assert family != []
    wait_until(lambda: not any(alive(member) for member in family), "no process of it")


def alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
