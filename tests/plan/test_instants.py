from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ullage_operator.plan.instants import brief_duration, millis, rfc3339


def test_an_instant_is_written_to_the_second_in_utc_rounded_down() -> None:
    assert rfc3339(1_795_000_000_999) == "2026-11-18T11:06:40Z"


@pytest.mark.parametrize("written", ["2026-11-18T11:06:40Z", "2026-11-18T11:06:40+00:00", "2026-11-18T19:06:40+08:00"])
def test_an_instant_is_read_with_any_offset(written: str) -> None:
    assert millis(written) == 1_795_000_000_000


def test_an_instant_is_read_with_microseconds() -> None:
    assert millis("2026-11-18T11:06:40.123000Z") == 1_795_000_000_123


@given(st.integers(min_value=0, max_value=253_402_300_799_999))
def test_writing_an_instant_loses_less_than_a_second_and_nothing_the_second_time(at_ms: int) -> None:
    written = rfc3339(at_ms)
    assert 0 <= at_ms - millis(written) < 1000
    assert rfc3339(millis(written)) == written


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0s"),
        (0, "0s"),
        (0.6, "1s"),
        (59.4, "59s"),
        (59.6, "1m00s"),
        (130, "2m10s"),
        (3599.6, "1h00m"),
        (11_100, "3h05m"),
        (360_000, "100h00m"),
    ],
)
def test_a_duration_is_written_as_people_say_it(seconds: float, text: str) -> None:
    assert brief_duration(seconds) == text
