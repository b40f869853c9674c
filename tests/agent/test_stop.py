"""What SIGTERM does to a rank."""

import signal

import pytest

from ullage_trainer.config import StopRequested
from ullage_trainer.stop import StopFlag


@pytest.fixture
def flag():
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    caught = StopFlag()
    caught.catch()
    yield caught
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_rank_that_works_alone_stops_at_once(flag):
    with pytest.raises(StopRequested, match="stopped on request"):
        signal.raise_signal(signal.SIGTERM)
    assert flag()


def test_a_rank_that_trains_takes_note_and_goes_on_to_the_step_that_all_ranks_share(flag):
    flag.defer()
    assert not flag()
    signal.raise_signal(signal.SIGTERM)
    assert flag()


def test_ctrl_c_of_the_terminal_is_the_agents_business(flag):
    signal.raise_signal(signal.SIGINT)
    assert not flag()


def test_a_stop_that_somebodys_code_has_swallowed_is_raised_before_ranks_act_together(flag):
    with pytest.raises(StopRequested):
        signal.raise_signal(signal.SIGTERM)
    with pytest.raises(StopRequested, match="stopped on request"):
        flag.defer()


def test_it_is_known_whether_a_stop_has_ended_what_ran(flag):
    assert not flag.ended_it
    flag.defer()
    signal.raise_signal(signal.SIGTERM)
    assert not flag.ended_it
    with pytest.raises(StopRequested):
        flag.at_once()
    flag.note()
    assert flag.ended_it


def test_a_process_that_ends_already_can_not_be_stopped(flag):
    flag.ignore()
    signal.raise_signal(signal.SIGTERM)
    assert not flag()
