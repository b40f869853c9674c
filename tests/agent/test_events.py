"""What wakes an agent."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import pytest

from ullage_trainer.agent.events import Events

HANDLED = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)


@pytest.fixture
def events() -> Iterator[Events]:
    before = {number: signal.getsignal(number) for number in HANDLED}
    yield Events()
    signal.set_wakeup_fd(-1)
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_signal_is_heard_at_the_next_wait_and_not_between_two_steps_of_the_program(events: Events) -> None:
    heard: list[tuple[str, float]] = []
    events.catch_signals(lambda why, at: heard.append((why, at)))
    before = time.monotonic()
    signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGINT)
    after = time.monotonic()
    assert heard == []
    events.wait()
    assert [why for why, _ in heard] == ["SIGTERM", "SIGINT"]
    assert all(before <= at <= after for _, at in heard)


def test_work_that_lasts_hears_a_signal_without_a_wait(events: Events) -> None:
    heard: list[str] = []
    events.catch_signals(lambda why, _at: heard.append(why))
    signal.raise_signal(signal.SIGTERM)
    events.hear()
    events.hear()
    assert heard == ["SIGTERM"]
