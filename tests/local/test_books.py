"""What the ledger is told of workers that have ended, and of those that were cut off."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from ullage_operator.accounts import context_of, opened
from ullage_operator.api.types import TrainingJob
from ullage_operator.ledger import (
    Activity,
    DataUse,
    Entry,
    HoldOpened,
    HoldReleased,
    Ledger,
    Outcome,
    Provenance,
    estimate,
)
from ullage_operator.local.books import ended, settle, write_ended
from ullage_operator.local.process import WorkerFolder
from ullage_operator.plan import Worker, WorkerPhase, worker_plans
from ullage_trainer.config import ExitReport, Stage, Usage, Use, WorkerState

OPENED_MS, STARTED_MS, UPDATED_MS = 1_000, 1_200, 9_000
USAGE = Usage(wall_ms=7_800, cpu_ms=9_500, peak_memory_bytes=200 << 20, bytes_read=4_082, samples=200, flop=34_200)
USE = Use(asset="points", fingerprint="f", rows_read=200, rows_accepted=190, bytes=4_082)
MEGA = 1 << 20

JOB = TrainingJob.model_validate(
    {
        "metadata": {"name": "points", "namespace": "local", "uid": "0123456789abcdef"},
        "spec": {
            "data": {
                "sources": [
                    {"name": "points", "csv": {"paths": ["p.csv"]}, "columns": [{"name": "x", "type": "int64"}]}
                ],
                "label": {"source": "points", "column": "x"},
                "features": [{"column": "x"}],
            },
            "accounting": {"institution": "north", "programme": "open-models", "modelFamily": "mlp"},
        },
    }
)
(PLAN,) = worker_plans(JOB, Stage.PREPARE, 1)


def hold(uid: str = "worker-1") -> HoldOpened:
    return opened(context_of(JOB), PLAN, uid, OPENED_MS, accelerators=PLAN.accelerators)


def report(state: WorkerState, **facts: object) -> ExitReport:
    known: dict[str, object] = {
        "started_ms": STARTED_MS,
        "updated_ms": UPDATED_MS,
        "usage": USAGE,
        "uses": [USE],
        "parameters": 33,
    }
    return ExitReport.model_validate(
        {"stage": Stage.PREPARE, "attempt": 1, "index": 0, "state": state, "ranks": [(0, 9_000, 200 * MEGA)]}
        | known
        | facts
    )


def entries_of(outcome: Outcome, provenance: Provenance, source: str) -> list[Entry]:
    """What is written of a worker that held from 1.0 s, started at 1.2 s and was last heard of at 9.0 s."""
    about = {"context": context_of(JOB), "worker_uid": "worker-1"}
    known = {"provenance": provenance, "source": source}
    return [
        HoldReleased.model_validate({**about, **known, "to_ms": UPDATED_MS, "outcome": outcome}),
        Activity.model_validate(
            {
                **about,
                **known,
                "from_ms": STARTED_MS,
                "to_ms": UPDATED_MS,
                "usage": USAGE,
                "ranks": ((0, 9_000, 200 * MEGA),),
                "parameters": 33,
                "energy": estimate(9_500, 2048 * MEGA, UPDATED_MS - STARTED_MS, gpu_joules=None, accelerators=0),
            }
        ),
        DataUse.model_validate({**about, "at_ms": UPDATED_MS, "use": USE}),
    ]


def test_a_hold_says_whose_it_is_and_what_is_held_from_when() -> None:
    assert hold() == HoldOpened(
        context=context_of(JOB),
        worker_uid="worker-1",
        stage=Stage.PREPARE,
        attempt=1,
        index=0,
        slots=1,
        accelerators=0,
        cpu_millis=1000,
        memory_mib=2048,
        from_ms=OPENED_MS,
    )
    assert (hold().context.institution, hold().context.programme, hold().context.model_family) == (
        "north",
        "open-models",
        "mlp",
    )


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (WorkerState.SUCCEEDED, Outcome.SUCCEEDED),
        (WorkerState.FAILED, Outcome.FAILED),
        (WorkerState.STOPPED, Outcome.STOPPED),
    ],
)
def test_a_worker_s_last_word_is_measured(state: WorkerState, outcome: Outcome) -> None:
    expected = entries_of(outcome, Provenance.MEASURED, "exit report")
    assert ended(hold(), report(state), killed=False) == expected


@pytest.mark.parametrize(
    ("accelerators", "told", "known"),
    [
        (2, (0, 0, 0), (None, None, None)),
        (2, (8_000, 0, 900), (8_000, 0, 900)),
        (2, (None, None, None), (None, None, None)),
        (0, (0, 0, 0), (0, 0, 0)),
    ],
)
def test_what_accelerators_did_is_unknown_where_a_worker_holds_some_and_saw_none(
    accelerators: int, told: tuple[int | None, ...], known: tuple[int | None, ...]
) -> None:
    meters = ("gpu_ms", "gpu_active_ms", "gpu_joules")
    held = hold().model_copy(update={"accelerators": accelerators, "accelerator_type": "amd.com/gpu"})
    said = report(WorkerState.SUCCEEDED, usage=USAGE.model_copy(update=dict(zip(meters, told, strict=True))))
    activity = next(entry for entry in ended(held, said, killed=False) if isinstance(entry, Activity))
    assert tuple(getattr(activity.usage, name) for name in meters) == known
    # Without a meter, the energy of accelerators has no upper bound.
    assert (activity.energy.joules_high is None) == (accelerators > 0 and known[2] is None)


@pytest.mark.parametrize("state", [WorkerState.STARTING, WorkerState.RUNNING])
@pytest.mark.parametrize("killed", [False, True])
def test_a_worker_that_was_cut_off_is_lost_at_its_last_heartbeat_and_that_is_estimated(
    state: WorkerState, *, killed: bool
) -> None:
    expected = entries_of(Outcome.LOST, Provenance.ESTIMATED, "last heartbeat")
    assert ended(hold(), report(state), killed=killed) == expected


def test_a_worker_that_never_said_a_word_held_for_no_time() -> None:
    assert ended(hold(), None, killed=False) == [
        HoldReleased(
            context=context_of(JOB),
            worker_uid="worker-1",
            to_ms=OPENED_MS,
            outcome=Outcome.LOST,
            provenance=Provenance.ESTIMATED,
            source="no report: it never started",
        )
    ]


def test_a_clock_that_was_put_back_gives_no_time_below_zero() -> None:
    release, activity, _ = ended(hold(), report(WorkerState.SUCCEEDED, started_ms=100, updated_ms=200), killed=False)
    assert isinstance(release, HoldReleased)
    assert isinstance(activity, Activity)
    assert (release.to_ms, activity.from_ms, activity.to_ms) == (OPENED_MS, OPENED_MS, OPENED_MS)


# -- the same in a real ledger --------------------------------------------------------------------------


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(f"sqlite:///{tmp_path / 'books.db'}", cluster="local", now_ms=lambda: 100_000) as ledger:
        yield ledger


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends when its standard input does, as an agent does."""
    process = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.communicate()


def write_worker(
    folder: Path, process: subprocess.Popen[bytes], *, later_seconds: float = 0, grace_period_seconds: int = 1
) -> None:
    folder.mkdir(parents=True)
    known = {"pid": process.pid, "createTime": psutil.Process(process.pid).create_time() - later_seconds}
    (folder / "worker.json").write_text(json.dumps(known))
    document = {
        "job": {"namespace": "local", "name": "points", "uid": "0123456789abcdef"},
        "stage": "prepare",
        "attempt": 1,
        "storage": {"root": "storage", "job": "points", "output": "points/runs/01234567/prepare-1"},
        "data": JOB.spec.data.model_dump(mode="json", by_alias=True, exclude_none=True) if JOB.spec.data else None,
        "gracePeriodSeconds": grace_period_seconds,
    }
    (folder / "document.json").write_text(json.dumps(document))


def outcomes(ledger: Ledger) -> list[tuple[object, int, int]]:
    rows = ledger.usage(0, 100_000, by=("outcome",))
    return [(row.group["outcome"], row.holds, row.holds_estimated) for row in rows]


def test_the_end_of_a_worker_is_written_once(ledger: Ledger) -> None:
    ledger.post([hold()])
    holds = {"worker-1": hold()}
    done = Worker(
        "points-prepare-1-0",
        "worker-1",
        Stage.PREPARE,
        1,
        0,
        WorkerPhase.SUCCEEDED,
        report=report(WorkerState.SUCCEEDED),
    )
    write_ended(ledger, (done,), holds)
    write_ended(ledger, (done,), holds)
    assert (holds, outcomes(ledger), ledger.verify()) == ({}, [("Succeeded", 1, 0)], [])


def test_the_end_of_a_worker_that_lives_is_not_written(ledger: Ledger) -> None:
    ledger.post([hold()])
    running = Worker("points-prepare-1-0", "worker-1", Stage.PREPARE, 1, 0, WorkerPhase.RUNNING)
    write_ended(ledger, (running,), {"worker-1": hold()})
    assert ledger.open_holds() == [hold()]


def test_settling_closes_every_hold_that_was_left_open(ledger: Ledger, tmp_path: Path) -> None:
    ledger.post([hold(f"worker-{number}") for number in range(3)])
    states = {"worker-1": WorkerState.SUCCEEDED, "worker-2": WorkerState.RUNNING}
    for uid, state in states.items():
        (tmp_path / uid).mkdir()
        (tmp_path / uid / "report.json").write_bytes(report(state).encode())
    said: list[str] = []
    assert settle(ledger, tmp_path, said.append) == 3
    assert (ledger.open_holds(), ledger.verify(), said) == ([], [], [])
    assert outcomes(ledger) == [("Lost", 2, 2), ("Succeeded", 1, 0)]
    assert settle(ledger, tmp_path, said.append) == 0


def test_a_report_that_is_not_whole_counts_as_none(ledger: Ledger, tmp_path: Path) -> None:
    ledger.post([hold()])
    (tmp_path / "worker-1").mkdir()
    (tmp_path / "worker-1" / "report.json").write_bytes(report(WorkerState.SUCCEEDED).encode()[:-9])
    settle(ledger, tmp_path, lambda _: None)
    assert (outcomes(ledger), ledger.verify()) == ([("Lost", 1, 1)], [])


def test_settling_ends_a_worker_that_does_not_end_by_itself(
    ledger: Ledger, tmp_path: Path, sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ullage_operator.local.books._END_MARGIN_SECONDS", 0.0)
    write_worker(tmp_path / "worker-1", sleeper)
    (tmp_path / "worker-1" / "report.json").write_bytes(report(WorkerState.SUCCEEDED).encode())
    ledger.post([hold()])
    said: list[str] = []
    settle(ledger, tmp_path, said.append)
    assert WorkerFolder(tmp_path / "worker-1").process() is None
    assert said == [f"waiting for a worker of an earlier run that was cut off (points, pid {sleeper.pid})"]
    assert (outcomes(ledger), ledger.verify()) == ([("Succeeded", 1, 1)], [])


def test_settling_leaves_a_process_alone_that_only_has_the_pid_of_a_worker(
    ledger: Ledger, tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    write_worker(tmp_path / "worker-1", sleeper, later_seconds=60)
    ledger.post([hold()])
    said: list[str] = []
    settle(ledger, tmp_path, said.append)
    assert (sleeper.poll(), said, outcomes(ledger)) == (None, [], [("Lost", 1, 1)])


def test_a_worker_is_waited_for_as_long_as_its_document_grants_it(
    tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    write_worker(tmp_path / "worker-1", sleeper, grace_period_seconds=600)
    assert WorkerFolder(tmp_path / "worker-1").grace_period_seconds() == 600
    (tmp_path / "worker-1" / "document.json").write_text("{")
    assert WorkerFolder(tmp_path / "worker-1").grace_period_seconds() == 30
