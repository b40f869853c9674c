from __future__ import annotations

from dataclasses import dataclass

from ullage_operator.cluster.server_clock import ServerClock

NOON_MS = 1_764_158_400_000
NOON = "Wed, 26 Nov 2025 12:00:00 GMT"


@dataclass
class Machine:
    wall_ms: int = NOON_MS
    seconds: float = 0.0

    def clock(self) -> ServerClock:
        return ServerClock(lambda: self.wall_ms, lambda: self.seconds)


def test_before_the_server_says_anything_the_machine_s_clock_counts_and_goes_on() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.seconds = 1.5
    assert clock.now_ms() == NOON_MS + 1500


def test_a_machine_whose_clock_is_wrong_goes_by_the_server_s() -> None:
    machine = Machine(wall_ms=NOON_MS - 3_600_000)
    clock = machine.clock()
    clock.hear(NOON)
    machine.seconds = 2.0
    assert clock.now_ms() == NOON_MS + 2000


def test_a_step_of_the_machine_s_clock_does_not_show() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.wall_ms += 3_600_000
    assert clock.now_ms() == NOON_MS


def test_whole_seconds_do_not_make_time_jump() -> None:
    machine = Machine(wall_ms=NOON_MS + 900)
    clock = machine.clock()
    clock.hear(NOON)
    assert clock.now_ms() == NOON_MS + 900


def test_what_is_no_date_changes_nothing() -> None:
    clock = Machine().clock()
    clock.hear(None)
    clock.hear("soon")
    assert clock.now_ms() == NOON_MS
