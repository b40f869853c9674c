"""SIGKILL of ``ullage run`` at any moment: nothing stays running, and the next run's books add up."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from local.runs.harness import DATA, Place, Running, wait_until
from ullage_trainer.config import Stage, WorkerState

Moment = Callable[[Place, Running], bool]


def books_are_there(place: Place, _run: Running) -> bool:
    return (place.workdir.path / "ledger.sqlite3").is_file()


def a_worker_has_a_folder(place: Place, _run: Running) -> bool:
    return place.workdir.workers.is_dir() and any(place.workdir.workers.iterdir())


def an_agent_reports(place: Place, _run: Running) -> bool:
    return place.says(WorkerState.STARTING)


def a_rank_runs(_place: Place, run: Running) -> bool:
    return bool(run.ranks())


def the_output_is_sealed(place: Place, _run: Running) -> bool:
    return any((place.storage / "points").glob("runs/*/prepare-1/manifest.json"))


def cut_off(place: Place, run: Running, moment: Moment) -> None:
    run.wait_until(lambda: moment(place, run), moment.__name__)
    run.process.kill()
    run.process.communicate()
    wait_until(lambda: run.family() == [], "all that came of the run that was cut off has ended")


def held_ms(place: Place) -> int:
    """Every worker of these jobs holds one core."""
    return place.total().cpu_held_core_us // 1000


@pytest.mark.parametrize("moment", [books_are_there, a_worker_has_a_folder, a_rank_runs, the_output_is_sealed])
def test_books_add_up_after_a_run_that_was_cut_off_runs_again(place: Place, moment: Moment) -> None:
    start = time.monotonic()
    cut_off(place, place.start({"data": DATA}), moment)
    result = place.result({"data": DATA})
    assert result["job"]["status"]["phase"] == "Succeeded"
    holds = place.holds()
    assert holds.pop("prepare Succeeded") >= 1
    assert sum(holds.values()) <= 1
    assert place.faults() == []
    assert held_ms(place) <= 1000 * (time.monotonic() - start)


def test_a_run_that_is_cut_off_again_and_again_leaves_one_closed_hold_for_each_worker(place: Place) -> None:
    for _ in range(2):
        cut_off(place, place.start({"data": DATA}), an_agent_reports)
    place.result({"data": DATA})
    assert sum(place.holds().values()) == place.total().holds == 3
    assert place.faults() == []


def test_a_gang_that_was_cut_off_ends_and_its_holds_are_closed_by_the_next_run(
    training: Callable[..., tuple[Place, dict[str, Any]]],
) -> None:
    place, spec = training()
    start = time.monotonic()
    run = place.start(spec, "--replicas", "2")
    run.wait_until(lambda: len(run.ranks()) == 2 and place.says(WorkerState.RUNNING, Stage.TRAIN), "two ranks that run")
    cut_off(place, run, a_rank_runs)
    with place.ledger() as ledger:
        assert len(ledger.open_holds()) == 2
    second = place.run({"data": DATA})
    assert second.code == 0
    assert "books: 2 hold(s) of an earlier run that was cut off are settled" in second.err
    assert place.faults() == []
    holds = place.holds()
    assert sum(count for name, count in holds.items() if name.startswith("train")) == 2
    assert place.total().holds == 4
    assert held_ms(place) - held_ms_of_prepare(place) <= 2 * 1000 * (time.monotonic() - start)


def held_ms_of_prepare(place: Place) -> int:
    with place.ledger() as ledger:
        rows = ledger.usage(0, 2**52, by=("stage",))
    return sum(row.cpu_held_core_us for row in rows if row.group["stage"] == "prepare") // 1000
