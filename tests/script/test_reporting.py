"""What a script's reports come to on their way to the agent: odd values are left out and never end the script."""

import json
import os
from pathlib import Path

import pytest

from ullage_trainer import report, reporting
from ullage_trainer.channel import CHANNEL_VARIABLE, Message, PipeSink
from ullage_trainer.config import Checkpoint, Progress


@pytest.fixture
def told(monkeypatch, tmp_path):
    """A connected script; returns what the agent was told since, by kind."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    monkeypatch.setenv(CHANNEL_VARIABLE, str(writing))
    monkeypatch.setenv(reporting.CHECKPOINT_VARIABLE, str(tmp_path / "checkpoints"))
    monkeypatch.setattr(reporting._Link, "session", None)
    reporting.connect("job/runs/r/train-1")

    def read():
        return [Message.model_validate_json(line) for line in os.read(reading, 1 << 16).splitlines()]

    yield read
    os.close(reading)
    os.close(writing)


def without_times(progress):
    return progress.model_copy(update={"step_ms": None, "eta_seconds": None, "samples_per_second": None})


def test_a_report_tells_how_far_it_is(told):
    report(step=10, total=10, epoch=1, epochs=2, loss=0.5, metrics={"accuracy": 0.75}, samples=320)
    (message,) = told()
    assert message.samples == 320
    assert message.progress is not None
    assert without_times(message.progress) == Progress(
        step=10, total_steps=10, epoch=1, epochs=2, loss=0.5, metric=("accuracy", 0.75), doing="running the script"
    )


def test_what_is_not_finite_is_left_out_and_a_metric_that_was_is_forgotten(told):
    report(step=1, metrics={"auc": 0.9, "cost": 3.0})
    report(step=2, loss=float("nan"), metrics={"auc": float("nan"), "cost": 2.0})
    progress = told()[-1].progress
    assert (progress.loss, progress.metric, reporting.metrics()) == (None, ("cost", 2.0), {"cost": 2.0})


def test_steps_beyond_the_total_leave_no_time(told):
    for step in (1, 2, 3):
        report(step=step, total=2, metrics={})
    assert [message.progress.eta_seconds for message in told()] == [None, 0.0, 0.0]


@pytest.mark.usefixtures("told")
def test_as_many_metrics_are_told_as_a_report_holds():
    report(step=1, metrics={f"m{number}": number for number in range(40)})
    assert reporting.metrics() == {f"m{number}": float(number) for number in range(32)}


@pytest.mark.parametrize("given", ["epoch-3.npz", "deep/../epoch-3.npz", Path("epoch-3.npz"), "{folder}/epoch-3.npz"])
def test_a_checkpoint_is_told_relative_to_storage_however_it_is_named(told, tmp_path, given):
    if isinstance(given, str):
        given = given.format(folder=tmp_path / "checkpoints")
    report(step=7, epoch=3, checkpoint=given)
    checkpoint = told()[0].checkpoint
    assert checkpoint == Checkpoint(
        path="job/runs/r/train-1/checkpoints/epoch-3.npz", step=7, epoch=3, written_ms=checkpoint.written_ms
    )


def test_a_checkpoint_that_the_next_attempt_would_not_find_is_not_told_of(told, tmp_path, capfd):
    report(step=7, checkpoint="../weights.npz")
    assert [message.checkpoint for message in told()] == [None]
    assert capfd.readouterr().err == (
        f"ullage_trainer.report: expected a checkpoint in {tmp_path}/checkpoints, found ../weights.npz; the next "
        f"attempt would not find it there, and it is not told of\n"
    )


def test_nothing_is_written_into_a_file_that_has_got_the_number_of_the_channel(tmp_path):
    reading, writing = os.pipe()
    sink = PipeSink(writing)
    sink.send(Message(samples=1))
    assert json.loads(os.read(reading, 1000)) == {"samples": 1}
    with (tmp_path / "own.txt").open("w") as own:
        os.dup2(own.fileno(), writing)
    sink.send(Message(samples=2))
    os.close(writing)
    sink.send(Message(samples=3))
    assert ((tmp_path / "own.txt").read_text(), os.read(reading, 1000)) == ("", b"")
    os.close(reading)
