"""Where training stands, and what that decides."""

from hypothesis import given
from hypothesis import strategies as st

from ullage_trainer.config import EarlyStopping
from ullage_trainer.train.position import Position


def after(values, *, higher=False, min_delta=0.0):
    """The position after epochs whose metric was so."""
    position = Position()
    for value in values:
        position = position.after_step(loss=1.0, weight=2.0, samples=4, seconds=0.5).after_epoch(
            learning_rate=0.1,
            seconds=1.0,
            validation={"log_loss": value},
            value=value,
            higher_is_better=higher,
            min_delta=min_delta,
        )
    return position


def test_an_epoch_is_recorded_with_its_sums_and_the_next_begins_with_none():
    position = Position()
    for loss, weight in ((4.0, 1.0), (1.0, 3.0)):
        position = position.after_step(loss=loss, weight=weight, samples=10, seconds=2.0)
    assert (position.step, position.seen, position.mean_loss, position.first_loss) == (2, 20, 1.75, 4.0)
    ended = position.after_epoch(
        learning_rate=0.1, seconds=5.0, validation={}, value=None, higher_is_better=False, min_delta=0.0
    )
    assert (ended.epoch, ended.step, ended.seen, ended.best, ended.first_loss) == (1, 0, 0, None, 4.0)
    assert ended.history[0].model_dump() == {
        "epoch": 1,
        "loss": 1.75,
        "learning_rate": 0.1,
        "seconds": 5.0,
        "samples_per_second": 5.0,
        "validation": {},
    }


def test_training_ends_after_so_many_epochs_without_a_better_value():
    patience = EarlyStopping(patience_epochs=2)
    assert not after([3.0, 2.0, 2.5]).over(10, patience)
    assert after([3.0, 2.0, 2.5, 2.0]).over(10, patience)
    assert not after([3.0, 2.0, 2.5, 1.9]).over(10, patience)
    assert after([3.0, 2.0, 2.5, 1.9], min_delta=0.2).over(10, patience)
    assert after([0.5, 0.9, 0.8, 0.7], higher=True).over(10, patience)
    assert after([3.0, 2.0]).over(2, None)
    assert not after([3.0, 4.0, 5.0]).over(4, None)


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=20), st.booleans())
def test_the_best_epoch_is_the_first_with_the_best_value(values, higher):
    best = max(values) if higher else min(values)
    found = after(values, higher=higher)
    assert found.best is not None
    assert (found.best.value, found.best.epoch) == (best, values.index(best) + 1)
    assert found.epochs_without_better == len(values) - found.best.epoch
    assert found.is_best == (found.best.epoch == len(values))


def test_a_loss_that_ran_away_is_told_from_one_that_only_rose():
    position = Position(first_loss=2.0)
    assert not position.diverged(1000.0)
    assert position.diverged(3e6)
    assert position.diverged(-3e6)
    assert not Position().diverged(1e9)


@given(st.lists(st.floats(-100, 100), max_size=5))
def test_a_position_is_the_same_after_it_was_written_and_read(values):
    position = after(values).after_step(loss=0.1, weight=3.0, samples=3, seconds=0.1)
    assert Position.model_validate_json(position.model_dump_json(by_alias=True)) == position
