"""``ullage run`` when nothing is in its way, and when another run is."""

from __future__ import annotations

import json
import signal
from typing import Any

from local.runs.harness import DATA, MODEL, WORKERS, Place, stages_of
from ullage_operator.ledger import WorkRow
from ullage_trainer.config import WorkerState


def test_json_is_all_that_is_printed_and_progress_goes_to_standard_error(
    trained: tuple[Place, dict[str, Any], str],
) -> None:
    _, result, said = trained
    assert sorted(result) == ["job", "root", "usage"]
    assert [line for line in said.splitlines() if line.startswith("train: started")] == ["train: started on 2 rank(s)"]


def test_a_path_with_blanks_and_marks_of_addresses_holds_data_books_and_artifacts(
    trained: tuple[Place, dict[str, Any], str],
) -> None:
    place, result, _ = trained
    assert result["root"] == str(place.storage)
    made = stages_of(result)
    assert (place.storage / made["train"][0] / "model.keras").is_file()
    assert (place.workdir.path / "ledger.sqlite3").is_file()


def test_replicas_of_the_command_line_are_the_workers_that_train(trained: tuple[Place, dict[str, Any], str]) -> None:
    place, result, _ = trained
    assert result["job"]["spec"]["workers"]["replicas"] == 2
    names = sorted(
        (document["stage"], document["gang"]["replicas"])
        for folder in place.folders()
        for document in [json.loads(folder.document_path.read_text())]
    )
    assert names == [("prepare", 1), ("prepare", 1), ("train", 2), ("train", 2)]


def test_every_worker_has_one_hold_that_is_closed_and_measured(trained: tuple[Place, dict[str, Any], str]) -> None:
    place, result, _ = trained
    assert place.holds() == {"prepare Succeeded": 2, "train Succeeded": 2}
    assert (place.faults(), place.total().holds_estimated) == ([], 0)
    assert result["usage"]["total"]["workers"] == 3


def test_what_the_status_says_was_taken_is_what_the_books_say(trained: tuple[Place, dict[str, Any], str]) -> None:
    place, result, _ = trained
    status = result["job"]["status"]["usage"]
    with place.ledger() as ledger:
        (row,) = ledger.usage(0, 2**52, job_uid=result["job"]["metadata"]["uid"])
    assert (row.cpu_used_ms, row.samples, row.bytes_read) == (
        status["cpuMs"],
        status["samples"],
        status.get("bytesRead", 0),
    )


def test_a_stage_before_the_one_that_is_new_is_reused(
    prepared: tuple[Place, dict[str, Any]], trained: tuple[Place, dict[str, Any], str]
) -> None:
    made = stages_of(trained[1])
    assert made["prepare"] == (stages_of(prepared[1])["prepare"][0], True)
    assert made["train"][1] is False


def test_a_second_run_in_one_folder_is_refused_and_names_the_first(place: Place) -> None:
    first = place.start({"data": DATA})
    first.wait_until(lambda: place.workdir.workers.is_dir() and place.says(WorkerState.STARTING), "a worker")
    # Halted, so that it holds the folder however slowly the second one starts.
    first.process.send_signal(signal.SIGSTOP)
    try:
        second = place.run({"data": DATA})
    finally:
        first.process.send_signal(signal.SIGCONT)
    assert (second.code, second.out) == (4, "")
    assert second.err == (
        f"{place.workdir.path}: expected no other run here, found that process {first.process.pid} holds it; "
        "wait for it, or name another folder with --workdir\n"
    )
    assert first.end().code == 0
    assert (place.holds(), place.faults()) == ({"prepare Succeeded": 1}, [])


def test_a_job_that_is_suspended_is_refused_and_starts_nothing(place: Place) -> None:
    ended = place.run({"data": DATA, "runPolicy": {"suspend": True}})
    assert ended.code == 2
    assert "expected spec.runPolicy.suspend to be false, since nothing would run here, found true" in ended.err
    assert not place.workdir.workers.exists()


def test_a_job_past_its_deadline_is_stopped_and_fails(again: Place, prepared: tuple[Place, dict[str, Any]]) -> None:
    dataset, _ = stages_of(prepared[1])["prepare"]
    run = again.start(
        {**MODEL, "inputs": {"dataset": dataset}, "workers": WORKERS, "runPolicy": {"activeDeadlineSeconds": 2}}
    )
    ended = run.end()
    assert ended.code == 1
    assert "expected the job to end within runPolicy.activeDeadlineSeconds (2), and it did not" in ended.err
    assert (run.family(), again.faults()) == ([], [])


def test_the_work_that_a_run_declares_is_in_the_books_over_the_run_s_time(place: Place) -> None:
    people = {"institution": "north", "personHours": [{"role": "engineer", "hours": 1.5}]}
    result = place.result({"data": DATA, "accounting": people})
    with place.ledger() as ledger, ledger.books() as books:
        rows = books.work(0, 2**52)
        (posted,) = books.entries(about=f"job/{result['job']['metadata']['uid']}")
    assert rows == [WorkRow(scope="local", institution="north", role="engineer", seconds=5_400)]
    assert posted.entry.id == f"transfer/work/{result['job']['metadata']['uid']}/engineer"
    assert (place.faults(), result["usage"]["total"]["workers"]) == ([], 1)
