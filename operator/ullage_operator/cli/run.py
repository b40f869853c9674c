"""``ullage run``."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import typer
from rich.console import Console

from ullage_operator.api.types import Phase
from ullage_operator.ledger import Ledger, LedgerError
from ullage_operator.local import RunOutcome, Workdir, WorkdirInUse, run_job, settle
from ullage_operator.local.books import now_ms
from ullage_operator.local.run import as_local

from .exits import Exit, exit_of
from .manifests import Unusable, complain, read_job
from .screen import Screen
from .summary import print_failure, print_summary, program, summary_json, workdir_flag
from .tables import wide_console

CLUSTER = "local"


def run_command(path: Path, workdir_path: Path, *, replicas: int | None, as_json: bool) -> Exit:
    """Run a manifest; return how the command ends."""
    try:
        job = read_job(path, replicas=replicas)
    except Unusable as error:
        return error.code
    workdir = Workdir(workdir_path)
    screen = Screen(Console(stderr=True))
    cancelled = threading.Event()
    try:
        with workdir.locked(), Ledger.open(workdir.ledger_url, cluster=CLUSTER, now_ms=now_ms) as ledger:
            settled = settle(ledger, workdir.workers, screen.say)
            if settled:
                screen.say(f"books: {settled} hold(s) of an earlier run that was cut off are settled")
            with _stopping(cancelled, screen) as caught:
                try:
                    outcome = run_job(as_local(job), workdir, ledger, cancelled=cancelled, observe=screen.show)
                finally:
                    screen.close()
            if caught:
                return _interrupted(outcome, workdir, caught[0])
            return _ended(outcome, workdir, ledger, as_json=as_json)
    except (WorkdirInUse, LedgerError) as error:
        complain(str(error))
    except OSError as error:
        where = error.filename or workdir.path
        complain(
            f"{where}: expected a folder that this user can work in, found: {error.strerror or error}; make room or "
            f"access there, or name another folder with --workdir"
        )
    return Exit.ENVIRONMENT


@contextmanager
def _stopping(cancelled: threading.Event, screen: Screen) -> Iterator[list[signal.Signals]]:
    """While inside, SIGINT and SIGTERM stop the workers in order; which came is listed."""
    caught: list[signal.Signals] = []

    def handle(number: int, _frame: FrameType | None) -> None:
        caught.append(signal.Signals(number))
        if len(caught) == 1:
            cancelled.set()
            screen.say("stopping: workers are asked to end")

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupted(outcome: RunOutcome, workdir: Workdir, number: signal.Signals) -> Exit:
    complain(f"{outcome.job.metadata.name}: stopped by {number.name}; no worker is left running, the books are closed")
    complain(f"See what it took: {program()} usage{workdir_flag(workdir)}")
    return Exit.INTERRUPTED if number is signal.SIGINT else Exit.TERMINATED


def _ended(outcome: RunOutcome, workdir: Workdir, ledger: Ledger, *, as_json: bool) -> Exit:
    job = outcome.job
    if as_json:
        typer.echo(json.dumps(summary_json(job, workdir, ledger), indent=1, ensure_ascii=False))
    if job.status.phase is Phase.SUCCEEDED:
        if not as_json:
            print_summary(wide_console(), outcome, workdir, ledger)
        return Exit.OK
    print_failure(Console(stderr=True), outcome, workdir)
    return exit_of(job.status.failure)
