from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.poster import lives
from ullage_operator.ledger import Ledger, UsageRow

TESTS = Path(__file__).parents[1]


def start(url: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "ledger.poster", url],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(TESTS), os.environ.get("PYTHONPATH")]))},
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def whole(tmp_path: Path) -> list[UsageRow]:
    """What all lives sum up to when nothing goes wrong."""
    url = f"sqlite:///{tmp_path / 'whole.db'}"
    with Ledger.open(url, cluster="local", now_ms=lambda: 100_000) as ledger:
        ledger.post(lives())
        return ledger.usage(0, 50_000, by=("job", "outcome"))


@pytest.mark.parametrize("seed", range(2))
def test_a_writer_killed_at_any_moment_leaves_books_that_verify_and_can_be_completed(
    ledger_url: str, open_ledger: Callable[..., Ledger], whole: list[UsageRow], seed: int
) -> None:
    # The first kill is while the tables are made, the others wherever the writer happens to be.
    moments_seconds = [0.0, *(random.Random(seed).uniform(0.02, 0.4) for _ in range(2))]  # no secret
    killed = 0
    for moment_seconds in moments_seconds:
        with start(ledger_url) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "starting\n"
            try:
                process.wait(moment_seconds)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                killed += 1
        with open_ledger() as ledger:
            assert ledger.verify() == []
    assert killed > 0
    with open_ledger() as ledger:
        left = len(lives()) - sum(ledger.find(entry.id) is not None for entry in lives())
        assert ledger.post(lives()) == left
        assert ledger.usage(0, 50_000, by=("job", "outcome")) == whole
        assert ledger.verify() == []


def test_processes_that_post_the_same_at_once_write_it_once(
    ledger_url: str, open_ledger: Callable[..., Ledger], whole: list[UsageRow]
) -> None:
    with start(ledger_url) as one, start(ledger_url) as other:
        said = [process.communicate()[0].split() for process in (one, other)]
    assert [lines[0] for lines in said] == ["starting", "starting"]
    assert sum(int(lines[1]) for lines in said) == len(lives())
    with open_ledger(read_only=True) as ledger:
        assert ledger.usage(0, 50_000, by=("job", "outcome")) == whole
        assert ledger.verify() == []
