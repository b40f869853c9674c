"""Attempts that are cut off at some step, and those that go on from what they kept."""

import csv
import json
import os
import random
import re
import signal

import numpy as np
import pytest

from ullage_trainer.config import Reason

CHANCE = random.Random(20261124)


FLOP_PER_SAMPLE = 3 * ((2 * 2 * 8 + 8) + (2 * 8 * 1 + 1))
"""Of two features, eight hidden units and one probability: three times the forward pass."""
FLOP_WITH_DROPOUT = FLOP_PER_SAMPLE + 3 * 37
"""The same with what TensorFlow counts for drawing eight numbers and for dropping as many."""


def fell_and_went_on(lab, run, *, rank, after, ranks=2, then_ranks=2, flop=FLOP_PER_SAMPLE, **training):
    """Kill a rank at a step, make another attempt, and return both."""
    first = lab.train(run, ranks=ranks, **training)
    first.reach(after)
    first.ranks()[rank].kill()
    report = first.end()
    assert (report.failure.reason, report.failure.rank, report.failure.signal) == (Reason.SIGNAL, rank, "SIGKILL")
    second = lab.train(run, 2, ranks=then_ranks, **training)
    ended = second.end()
    assert ended.failure is None, second.printed()
    # What the attempt did that fell is counted as well, and what goes on does not count it again.
    for told in (report, ended):
        assert (told.usage.flop, told.parameters) == (flop * told.usage.samples, 33)
        assert told.usage.samples > 0
    assert f"training: going on after step {report.checkpoint.step}, from {report.checkpoint.path}" in second.printed()
    return report, second


@pytest.mark.parametrize(("rank", "after"), [(0, CHANCE.randrange(50, 500)), (1, CHANCE.randrange(50, 500))])
def test_an_exact_run_that_lost_a_rank_at_some_step_ends_bit_equal_to_one_that_lost_none(lab, undisturbed, rank, after):
    report, second = fell_and_went_on(lab, f"exact-{rank}", rank=rank, after=after, exact=True)
    # The one at the end of an epoch counts too, if that epoch was the best; all others stand at every 40th step.
    assert report.checkpoint.step % 40 == 0 or report.checkpoint.epoch > 0
    found, expected = second.arrays(), undisturbed.arrays()
    assert found.keys() == expected.keys()
    assert all(np.array_equal(found[name], expected[name]) for name in expected)
    assert second.summary()["weightsSha256"] == undisturbed.summary()["weightsSha256"]
    assert second.summary()["metrics"] == undisturbed.summary()["metrics"]


def test_a_run_with_fused_sums_agrees_with_the_undisturbed_one_to_1e_4(lab, undisturbed):
    _, second = fell_and_went_on(lab, "fused", rank=1, after=CHANCE.randrange(50, 500))
    assert_close(second, undisturbed)


def test_a_run_goes_on_with_another_number_of_ranks(lab, undisturbed):
    _, second = fell_and_went_on(lab, "resized", rank=0, after=300, then_ranks=3, exact=True)
    assert second.summary()["ranks"] == 3
    assert_close(second, undisturbed)


def test_learning_curves_of_a_run_that_went_on_are_those_of_the_whole(lab, undisturbed):
    _, second = fell_and_went_on(lab, "curves", rank=1, after=450, exact=True)
    assert curves(second) == curves(undisturbed)
    assert [row[0] for row in curves(second)] == ["1", "2", "3"]


def test_random_layers_go_on_with_the_numbers_that_were_next(lab):
    model = {"mlp": {"hiddenUnits": [8], "dropout": 0.3}}
    whole = lab.train("dropout-whole", model=model)
    assert whole.end().failure is None
    _, second = fell_and_went_on(lab, "dropout-cut", rank=0, after=250, model=model, flop=FLOP_WITH_DROPOUT)
    assert whole.summary()["exactness"] == second.summary()["exactness"] == "statistical"
    assert_close(second, whole)


def test_sigterm_makes_all_ranks_finish_the_same_step_and_keep_it(lab, undisturbed):
    first = lab.train("stopped", exact=True, checkpoints={"everySeconds": 3600})
    first.reach(100)
    first.process.send_signal(signal.SIGTERM)
    report = first.end()
    assert (first.process.returncode, report.failure.reason) == (143, Reason.STOPPED)
    printed = first.printed()
    kept = json.loads((first.checkpoints()[-1] / "manifest.json").read_text())
    assert report.checkpoint.step == kept["step"] >= 100
    second = lab.train("stopped", 2, exact=True, checkpoints={"everySeconds": 3600})
    assert second.end().failure is None, printed
    assert f"going on after step {kept['step']}" in second.printed()
    assert second.summary()["weightsSha256"] == undisturbed.summary()["weightsSha256"]


@pytest.mark.parametrize("damage", ["half", "other bytes", "no manifest", "half a manifest"])
def test_a_checkpoint_that_is_not_whole_is_passed_over_for_the_one_before(lab, undisturbed, damage):
    run = f"damaged-{damage.replace(' ', '-')}"
    first = lab.train(run, exact=True)
    first.reach(330)
    first.ranks()[1].kill()
    first.end()
    before, last = first.checkpoints()[-2:]
    state, manifest = last / "state.npz", last / "manifest.json"
    content = state.read_bytes()
    if damage == "half":
        state.write_bytes(content[: len(content) // 2])
    elif damage == "other bytes":
        state.write_bytes(content[:-200] + bytes(200))
    elif damage == "no manifest":
        manifest.unlink(missing_ok=True)
    else:
        manifest.write_text(manifest.read_text()[:100])
    second = lab.train(run, 2, exact=True)
    assert second.end().failure is None, second.printed()
    step = int(before.name.split("-")[1])
    assert f"going on after step {step}, from" in second.printed()
    assert (last.name in second.printed()) == (damage != "no manifest")
    assert second.summary()["weightsSha256"] == undisturbed.summary()["weightsSha256"]


def test_a_run_goes_on_from_an_earlier_run_of_the_job_that_was_cut_off(lab, undisturbed):
    first = lab.train("first", job="again", exact=True)
    first.reach(300)
    first.process.kill()
    first.process.wait()
    second = lab.train("second", job="again", exact=True)
    assert second.end().failure is None
    assert "going on after step" in second.printed()
    assert "again/runs/first/train-1/checkpoints/" in second.printed()
    assert second.summary()["weightsSha256"] == undisturbed.summary()["weightsSha256"]


def test_a_run_with_other_settings_begins_at_the_beginning(lab):
    first = lab.train("changed", exact=True)
    first.reach(100)
    first.ranks()[0].kill()
    first.end()
    second = lab.train("changed", 2, exact=True, epochs=1, seed=4)
    assert second.end().failure is None
    assert "going on" not in second.printed()


def test_the_newest_checkpoints_and_that_of_the_best_epoch_are_kept(lab):
    attempt = lab.train("kept", epochs=6, checkpoints={"everySteps": 50, "keepLast": 3})
    report = attempt.end()
    positions = [json.loads((folder / "manifest.json").read_text())["position"] for folder in attempt.checkpoints()]
    losses = validation_losses(attempt)
    best = losses.index(min(losses)) + 1
    assert positions[-1]["best"] == {"epoch": best, "value": pytest.approx(min(losses))}
    assert [(p["epoch"], p["step"]) for p in positions].count((best, 0)) == 1
    assert len(positions) in (3, 4)
    assert report.checkpoint.path.endswith(attempt.checkpoints()[-1].name)


def test_early_stopping_ends_with_the_weights_of_the_best_epoch_also_after_a_loss(lab):
    settings = {
        "epochs": 40,
        "optimizer": {"name": "sgd", "learningRate": 2.0},
        "earlyStopping": {"patienceEpochs": 2},
        "exact": True,
    }
    whole = lab.train("early-whole", **settings)
    assert whole.end().failure is None, whole.printed()
    losses = validation_losses(whole)
    best = losses.index(min(losses))
    assert len(losses) == best + 3 < 40
    _, second = fell_and_went_on(lab, "early-cut", rank=1, after=200 * (best + 1) + 20, **settings)
    assert second.summary()["weightsSha256"] == whole.summary()["weightsSha256"]


def validation_losses(attempt):
    with (attempt.output / "history.csv").open() as history:
        return [float(row["validation_log_loss"]) for row in csv.DictReader(history)]


def curves(attempt):
    """Rows of the learning curves without how long they took."""
    header, *rows = (line.split(",") for line in (attempt.output / "history.csv").read_text().split())
    timed = [header.index(name) for name in ("seconds", "samples_per_second")]
    assert header[:2] == ["epoch", "loss"]
    return [["" if place in timed else value for place, value in enumerate(row)] for row in rows]


def assert_close(left, right):
    found, expected = left.arrays(), right.arrays()
    weights = [name for name in expected if name.startswith("model.") and expected[name].dtype.kind == "f"]
    assert len(weights) == 4
    for name in weights:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-4, atol=1e-4)


def test_data_that_vanishes_while_training_is_named_and_training_goes_on_when_it_is_back(lab, undisturbed):
    shards = {path: path.read_bytes() for path in (lab.root / "data/runs/prepared/prepare-1/train").iterdir()}
    # A checkpoint a step makes the epoch last, so that it is not over before its data is gone.
    first = lab.train("vanished", exact=True, checkpoints={"everySteps": 1})
    first.reach(60)
    for path in shards:
        os.truncate(path, 0)
    try:
        failure = first.end().failure
    finally:
        for path, content in shards.items():
            path.write_bytes(content)
    assert (first.process.returncode, failure.reason) == (74, Reason.STORAGE_FAILURE)
    assert re.match(r"train/shard-\d+\.parquet: block 0 of this shard can't be read: ", failure.message)
    second = lab.train("vanished", 2, exact=True)
    assert second.end().failure is None, second.printed()
    assert "going on after step" in second.printed()
    assert second.summary()["weightsSha256"] == undisturbed.summary()["weightsSha256"]


def test_sigterm_to_one_rank_alone_stops_all_at_the_same_step(lab, undisturbed):
    first = lab.train("one-told", exact=True, checkpoints={"everySeconds": 3600})
    first.reach(100)
    first.ranks()[1].send_signal(signal.SIGTERM)
    report = first.end()
    assert (first.process.returncode, report.failure.reason) == (143, Reason.STOPPED), first.printed()
    assert report.checkpoint.step >= 100
    second = lab.train("one-told", 2, exact=True, checkpoints={"everySeconds": 3600})
    assert second.end().failure is None
    assert f"going on after step {report.checkpoint.step}" in second.printed()
    assert second.summary()["weightsSha256"] == undisturbed.summary()["weightsSha256"]
