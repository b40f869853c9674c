"""Ctrl-C, SIGTERM, and agents that are killed: nothing stays running, and the books are closed."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

from local.runs.harness import DATA, Place, stages_of
from ullage_trainer.config import Stage, WorkerState

Training = Callable[..., tuple[Place, dict[str, Any]]]


def test_ctrl_c_while_data_is_prepared_stops_everything_however_often_it_is_pressed(place: Place) -> None:
    run = place.start({"data": DATA}, "-o", "json")
    run.wait_until(lambda: bool(run.ranks()), "a process that prepares data")
    run.signal(signal.SIGINT)
    run.signal(signal.SIGINT)
    ended = run.end()
    assert (ended.code, ended.out, run.family()) == (130, "", [])
    assert "points: stopped by SIGINT; no worker is left running, the books are closed" in ended.err
    assert (place.holds(), place.faults()) == ({"prepare Stopped": 1}, [])


def test_sigterm_while_a_worker_starts_stops_everything(place: Place) -> None:
    run = place.start({"data": DATA})
    run.wait_until(lambda: bool(run.agents()), "an agent")
    run.signal(signal.SIGTERM)
    ended = run.end()
    assert (ended.code, run.family()) == (143, [])
    assert "points: stopped by SIGTERM; no worker is left running, the books are closed" in ended.err
    assert (sum(place.holds().values()), place.faults()) == (1, [])


def test_sigterm_while_a_gang_trains_stops_all_of_it(training: Training) -> None:
    place, spec = training(training={"epochs": 1000, "globalBatchSize": 24})
    run = place.start(spec, "--replicas", "2")
    run.wait_until(lambda: place.says(WorkerState.RUNNING, Stage.TRAIN) and len(run.ranks()) == 2, "two ranks that run")
    run.signal(signal.SIGTERM)
    ended = run.end()
    assert (ended.code, run.family()) == (143, [])
    assert place.faults() == []
    assert sum(count for name, count in place.holds().items() if name.startswith("train")) == 2


def test_sigterm_to_one_agent_of_two_ends_both_at_one_step_and_the_next_attempt_goes_on_from_there(
    training: Training,
) -> None:
    place, spec = training(training={"epochs": 100_000, "globalBatchSize": 24})
    run = place.start(spec, "--replicas", "2")
    run.wait_until(lambda: "training" in place.doing(attempt=1), "two ranks that train")
    next(agent for agent in run.agents() if agent.cmdline()[agent.cmdline().index("--index") + 1] == "1").terminate()
    run.wait_until(lambda: "training" in place.doing(attempt=2), "a second attempt that trains")
    first = {report.index: report for report in place.reports(Stage.TRAIN, attempt=1)}
    run.signal(signal.SIGINT)
    ended = run.end()
    assert (ended.code, run.family(), place.faults()) == (130, [], [])
    assert {index: report.state for index, report in first.items()} == dict.fromkeys((0, 1), WorkerState.STOPPED)
    kept = first[0].checkpoint
    assert kept is not None
    assert first[0].progress is not None
    assert first[0].progress.step == kept.step
    # Worker 0 hears of worker 1, or its rank of the stop that all ranks agreed on: whichever comes first.
    said = str(first[0].failure)
    assert "stopped on SIGTERM" in said or f"after step {kept.step} of " in said
    assert "stopped on SIGTERM" in str(first[1].failure)
    said = f"training: going on after step {kept.step}, from {kept.path}"
    assert [said in folder.log_path.read_text() for folder in place.folders()].count(True) == 1


def test_ctrl_c_while_a_model_is_quantized_stops_everything(trained: tuple[Place, dict[str, Any], str]) -> None:
    place, result, _ = trained
    made = stages_of(result)
    inputs = {"dataset": made["prepare"][0], "trained": made["train"][0]}
    run = place.start({"quantize": {}, "inputs": inputs})
    run.wait_until(lambda: bool(run.ranks()), "a process that quantizes")
    run.signal(signal.SIGINT)
    ended = run.end()
    assert (ended.code, run.family()) == (130, [])
    assert place.faults() == []
    assert sum(count for name, count in place.holds().items() if name.startswith("quantize")) == 1


def test_a_job_whose_agent_is_killed_starts_again_and_succeeds(place: Place) -> None:
    run = place.start({"data": DATA})
    run.wait_until(lambda: place.says(WorkerState.STARTING), "an agent that reports")
    (agent,) = run.agents()
    agent.kill()
    ended = run.end()
    assert ended.code == 0, ended.err
    assert "prepare: started, attempt 2" in ended.err
    assert "prepare: attempt 1 failed (Lost): worker 0 ended without saying why" in ended.err
    assert (place.holds(), place.faults()) == ({"prepare Lost": 1, "prepare Succeeded": 1}, [])
    assert run.family() == []


def test_a_gang_of_which_an_agent_is_killed_fails_as_one_with_the_reason(training: Training) -> None:
    place, spec = training(training={"epochs": 1000, "globalBatchSize": 24}, runPolicy={"maxRestarts": 0})
    run = place.start(spec, "--replicas", "2")
    run.wait_until(lambda: place.says(WorkerState.RUNNING, Stage.TRAIN) and len(run.ranks()) == 2, "two ranks that run")
    victim = next(agent for agent in run.agents() if agent.cmdline()[agent.cmdline().index("--index") + 1] == "1")
    victim.kill()
    ended = run.end()
    assert ended.code == 1
    assert "Lost" in ended.err
    assert "worker 1" in ended.err
    assert (run.family(), place.faults()) == ([], [])
    outcomes = {name: count for name, count in place.holds().items() if name.startswith("train")}
    # Worker 0 is stopped because of worker 1, or has seen by itself that it is gone: whichever comes first.
    assert outcomes in ({"train Lost": 1, "train Stopped": 1}, {"train Lost": 1, "train PeerFailed": 1})
