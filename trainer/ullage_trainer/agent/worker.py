"""A worker's life: reuse or register, start the ranks, watch them, end them together, and say how it went."""

from __future__ import annotations

import math
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ullage_trainer.artifacts import read_manifest
from ullage_trainer.channel import Result
from ullage_trainer.config import (
    EXIT_CODES,
    Checkpoint,
    ExitReport,
    Failure,
    Output,
    Progress,
    Reason,
    Stage,
    StageDocument,
    StopRequested,
    TrainerError,
    WorkerState,
)
from ullage_trainer.distributed.rendezvous import places
from ullage_trainer.paths import resolve
from ullage_trainer.reuse import earlier_output, stage_digest
from ullage_trainer.script.carry import carry_over
from ullage_trainer.task import DOCUMENT_VARIABLE, failure_of

from .coordinator import Coordinator
from .events import Events
from .finish import finish
from .lines import write_log
from .link import Exchange, HttpExchange, Link
from .meter import Meter
from .network import address_of, address_towards, interface_of, is_loopback, own_name
from .orphans import adopt, end_all
from .protocol import LOST_AFTER_SECONDS, Heartbeat, Orders
from .ranks import RankProcess
from .reportfile import ReportFile
from .stall import stall_failure
from .watch import looks_at, stalled_seconds

_PEER_GRACE_SECONDS: Final = 2.0
"""How long ranks have to end by themselves once a peer is gone: they can do nothing useful any more."""
_FIRST_LOOKUP_SECONDS: Final = 2.0
"""How long after its start a worker asks for worker 0's name on a cluster."""
_GATHER_SECONDS: Final = 30.0
_LAST_WORD_SECONDS: Final = 2.0


@dataclass(frozen=True)
class WorkerSettings:
    """What differs between the workers of a gang, and where this one reports."""

    index: int
    document_path: Path
    report_path: Path
    key: bytes
    report_interval_seconds: float = 10.0
    listening_descriptor: int | None = None
    """A bound, listening socket for worker 0; absent means that it binds the coordinator's port."""
    watch_stdin: bool = False
    """End when standard input is closed: whoever started the agent is gone."""


class Worker:
    """One worker of one attempt."""

    def __init__(self, document: StageDocument, settings: WorkerSettings) -> None:
        self.document = document
        self.settings = settings
        self._state = WorkerState.STARTING
        self._failure: Failure | None = None
        self._output: Output | None = None
        self._result = Result()
        self._progress: Progress | None = None
        self._checkpoint: Checkpoint | None = None
        self._digest = ""
        self._ranks: list[RankProcess] = []
        self._kill_at: float | None = None
        self._stop_by = math.inf
        self._killed = False
        self._meter = Meter()
        self._report = ReportFile(settings.report_path, settings.report_interval_seconds)
        self._events = Events()
        self._coordinator: Coordinator | None = None
        self._link: Link | None = None

    def run(self) -> int:
        """Live; return the exit code."""
        self._events.catch_signals(self._asked_to_stop)
        if self.settings.watch_stdin:
            self._events.watch(sys.stdin.fileno(), self._stdin_readable)
        adopt()
        self._attempt(self._begin)
        while not self._over():
            self._attempt(self._turn)
        if self._failure is None:
            self._attempt(self._succeed)
        return self._end()

    def _attempt(self, part: Callable[[], None]) -> None:
        """Do a part of the work; what goes wrong in it fails the worker, which still ends its ranks in order."""
        try:
            part()
        except (TrainerError, OSError) as error:
            self._fail(failure_of(error))

    def _turn(self) -> None:
        self._events.wait()
        self._tick()

    # -- from start to end --------------------------------------------------------------------------

    def _begin(self) -> None:
        self._write_report()
        gang = self.document.gang
        exchange: Exchange = HttpExchange(gang.coordinator_host, gang.coordinator_port, self.settings.key)
        if self.settings.index == 0:
            self._coordinator = Coordinator(
                self.document,
                self.settings.key,
                lambda: self._live_report().encode(),
                self.settings.listening_descriptor,
            )
            exchange = self._coordinator.exchange
        # A name server that is asked too early remembers for half a minute that there is no such name.
        alone = self._coordinator is not None or is_loopback(gang.coordinator_host)
        first = 0.0 if alone else _FIRST_LOOKUP_SECONDS
        self._link = Link(exchange, self._heartbeat, self._events.wake, gang.start_timeout_seconds, first)
        self._link.start()
        if self._coordinator is not None:
            self._look_for_earlier_output(self._coordinator)

    def _look_for_earlier_output(self, coordinator: Coordinator) -> None:
        self._digest = stage_digest(self.document, self._looking)
        self._output = earlier_output(self.document, self._digest)
        if self._output is None and self.document.script is not None:
            source = carry_over(self.document)
            if source is not None:
                write_log(f"script: beginning with the checkpoints of {source.parent.name}\n")
        if self._output is not None:
            self._result = read_manifest(resolve(Path(self.document.storage.root), self._output.path)).result
            coordinator.reuse()

    def _looking(self, what: str, step: int, total: int) -> None:
        self._events.hear()
        if self._failure is not None:
            raise StopRequested(self._failure.message)
        self._progress = Progress(doing=what[:64], step=step, total_steps=total)

    def _over(self) -> bool:
        if any(rank.running for rank in self._ranks):
            return False
        finish_ordered = self._link is not None and self._link.orders is not None and self._link.orders.finish
        return self._failure is not None or self._output is not None or bool(self._ranks) or finish_ordered

    def _tick(self) -> None:
        now = time.monotonic()
        if self._coordinator is not None:
            self._coordinator.tick()
        if self._link is not None:
            if self._link.orders is not None:
                self._obey(self._link.orders)
            if self._failure is None and (silence := self._link.silence(now)) is not None:
                self._fail(silence)
        self._meter.tick(self._ranks)
        for rank in self._ranks:
            if rank.running and rank.reap():
                self._rank_ended(rank)
        self._judge_stall(now)
        if self._kill_at is not None and now >= self._kill_at and not self._killed:
            self._killed = True
            self._signal(signal.SIGKILL)
        if self._report.due():
            self._write_report()

    def _judge_stall(self, now: float) -> None:
        if self._failure is not None or self.document.stage is not Stage.TRAIN:
            return
        seconds = stalled_seconds(self._ranks, now)
        if seconds > self.document.stall_timeout_seconds:
            alone = self.document.gang.replicas == 1
            self._fail(stall_failure(looks_at(self._ranks), seconds, self.settings.index, alone=alone))

    def _obey(self, orders: Orders) -> None:
        if orders.stop is not None and self._failure is None:
            self._fail(self._because_of(orders.stop))
        # Orders may be older than the find of an earlier output, which is what `_output` says before the end.
        if self._ranks or self._failure is not None or self._output is not None or orders.finish:
            return
        if self.document.stage is not Stage.TRAIN:
            self._start_rank(0, None, {})
        elif orders.rendezvous_port is not None:
            self._start_ranks(orders.rendezvous_port)

    def _because_of(self, cause: Failure) -> Failure:
        if cause.worker == self.settings.index or cause.reason is Reason.STOPPED:
            return cause
        who = f"worker {cause.worker}" if cause.rank is None else f"rank {cause.rank} on worker {cause.worker}"
        message = f"because of {who}: {cause.message}"[:1024]
        return Failure(reason=Reason.PEER_FAILED, rank=cause.rank, worker=cause.worker, message=message)

    def _succeed(self) -> None:
        """Worker 0 waits for the others, writes the card and seals the output; the others are done."""
        if self._coordinator is not None and self._output is None:
            while not self._coordinator.others_succeeded:
                if self._failure is None and (verdict := self._coordinator.verdict) is not None:
                    self._fail(self._because_of(verdict))
                if self._failure is not None:
                    return
                self._events.wait()
            used = self._meter.usage(self._ranks) if self.document.gang.replicas == 1 else self._coordinator.usage()
            self._output = finish(self.document, self._digest, self._result, used)
        self._state = WorkerState.SUCCEEDED

    def _end(self) -> int:
        if self._failure is not None:
            stopped = self._failure.reason is Reason.STOPPED
            self._state = WorkerState.STOPPED if stopped else WorkerState.FAILED
        end_all()
        self._meter.end()
        # Again and again: whoever ends this worker while it speaks or listens finds that it has said all it knew.
        self._write_report()
        if self._link is not None:
            # A failure is found out also if it is not heard of. Who succeeds and is not heard counts as lost.
            self._link.close(timeout_seconds=LOST_AFTER_SECONDS if self._failure is None else _LAST_WORD_SECONDS)
        self._learn_cause()
        self._write_report()
        if self._coordinator is not None:
            self._hear_last_words(self._coordinator)
            self._coordinator.close()
            self._learn_cause()
            self._write_report()
        self._report.close()
        return 0 if self._failure is None else EXIT_CODES[self._failure.reason]

    def _hear_last_words(self, coordinator: Coordinator) -> None:
        """Stay until the others have ended, so that they find somebody who hears them; if time is given, no longer."""
        deadline = time.monotonic() + _GATHER_SECONDS
        while not coordinator.ended and time.monotonic() < min(deadline, self._stop_by):
            coordinator.tick()
            self._events.wait()

    def _learn_cause(self) -> None:
        """Say because of whom this worker failed, if it failed because of another."""
        orders = self._link.orders if self._link is not None else None
        cause = self._coordinator.verdict if self._coordinator is not None else orders.stop if orders else None
        mine = self._failure is not None and self._failure.reason is not Reason.PEER_FAILED
        if self._failure is not None and cause is not None and not mine and cause.reason is not Reason.PEER_FAILED:
            self._failure = self._because_of(cause)

    # -- ranks --------------------------------------------------------------------------------------

    def _start_ranks(self, rendezvous_port: int) -> None:
        gang = self.document.gang
        name = gang.coordinator_host if self.settings.index else own_name(gang.coordinator_host)
        host = address_of(name)
        interface = gang.interface or interface_of(address_towards(host))
        for slot, place in enumerate(places(gang.replicas, gang.slots_per_worker, self.settings.index)):
            environment = place.environment(
                worker=self.settings.index,
                rendezvous_host=host,
                rendezvous_port=rendezvous_port,
                interface=interface,
            )
            self._start_rank(slot, place.rank, environment)

    def _start_rank(self, slot: int, rank: int | None, environment: dict[str, str]) -> None:
        # The gang's key and the agent's settings are not for the user's code.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("ULLAGE_")}
        defaults = {"TF_CPP_MIN_LOG_LEVEL": "2", "PYTHONUNBUFFERED": "1", "KERAS_BACKEND": "tensorflow"}
        document = {DOCUMENT_VARIABLE: str(self.settings.document_path)}
        process = RankProcess.start(slot, rank, defaults | inherited | environment | document)
        self._ranks.append(process)
        self._events.watch(process.output, lambda: self._forward(process))
        self._events.watch(process.channel, lambda: self._listen(process))
        self._state = WorkerState.RUNNING

    def _forward(self, rank: RankProcess) -> None:
        prefix = "" if rank.rank is None else f"[rank {rank.rank}] "
        write_log("".join(f"{prefix}{line}\n" for line in rank.read_output()))
        if rank.output_ended:
            self._events.forget(rank.output)

    def _listen(self, rank: RankProcess) -> None:
        rank.read_channel()
        if rank.channel_ended:
            self._events.forget(rank.channel)
        self._take(rank)

    def _take(self, rank: RankProcess) -> None:
        if rank.slot == 0:
            self._progress = rank.latest.progress or self._progress
            self._checkpoint = rank.latest.checkpoint or self._checkpoint
            self._result = rank.latest.result or self._result

    def _rank_ended(self, rank: RankProcess) -> None:
        self._forward(rank)
        for descriptor in (rank.output, rank.channel):
            self._events.forget(descriptor)
        rank.close()
        self._take(rank)
        if rank.failure is not None:
            self._fail(rank.failure.model_copy(update={"worker": self.settings.index}))

    def _fail(self, failure: Failure) -> None:
        if self._failure is None or self._outranks(failure):
            self._failure = failure
        if self._kill_at is None:
            stopping = failure.reason is Reason.STOPPED
            grace = self._grace_seconds if stopping else _PEER_GRACE_SECONDS
            self._kill_at = min(time.monotonic() + grace, self._stop_by)
            self._signal(signal.SIGTERM)

    @property
    def _grace_seconds(self) -> float:
        """How long ranks that are asked to end have: less than the worker has, which then says how they ended."""
        return max(1.0, self.document.grace_period_seconds - 2.0)

    def _outranks(self, failure: Failure) -> bool:
        """Tell whether a cause is told after its consequence: the rank that sees its peer go may end before it."""
        told = self._failure
        consequence = told is not None and told.reason is Reason.PEER_FAILED
        # Ranks of a gang that fails are sent SIGTERM: one that stops or dies of it is no cause.
        caused = failure.reason in (Reason.PEER_FAILED, Reason.STOPPED)
        return consequence and not caused and not self._killed

    def _signal(self, number: signal.Signals) -> None:
        for rank in self._ranks:
            rank.send_signal(number)

    def _asked_to_stop(self, why: str, at: float) -> None:
        self._stop_by = min(self._stop_by, at + self._grace_seconds)
        if self._state is WorkerState.SUCCEEDED:
            return  # What it had to do is done.
        self._fail(Failure(reason=Reason.STOPPED, message=f"stopped on {why}", worker=self.settings.index))

    def _stdin_readable(self) -> None:
        if os.read(sys.stdin.fileno(), 1) == b"":
            self._events.forget(sys.stdin.fileno())
            self._asked_to_stop("the end of the process that started the worker", time.monotonic())

    # -- what it took, and what is said -------------------------------------------------------------

    def _heartbeat(self, sequence: int) -> Heartbeat:
        return Heartbeat(
            index=self.settings.index,
            sequence=sequence,
            state=self._state,
            usage=self._meter.usage(self._ranks),
            failure=self._failure,
        )

    def _exit_report(self) -> ExitReport:
        leads = self.settings.index == 0
        return ExitReport(
            stage=self.document.stage,
            attempt=self.document.attempt,
            index=self.settings.index,
            state=self._state,
            started_ms=self._meter.started_ms,
            updated_ms=self._meter.until_ms,
            usage=self._meter.usage(self._ranks),
            ranks=[
                (rank.slot if rank.rank is None else rank.rank, rank.cpu_ms, rank.peak_memory_bytes)
                for rank in self._ranks
            ],
            parameters=self._ranks[0].latest.parameters if leads and self._ranks else None,
            progress=self._progress if leads else None,
            failure=self._failure,
            checkpoint=self._checkpoint if leads else None,
            output=self._output if leads and self._state is WorkerState.SUCCEEDED else None,
            metrics=self._result.metrics if leads else {},
            variants=self._result.variants if leads else [],
            uses=self._result.uses if leads else [],
        )

    def _live_report(self) -> ExitReport:
        """Return the exit report as it is now, with what the others have told of themselves."""
        report, leads = self._exit_report(), self._coordinator
        if leads is None or not leads.complete or self.document.gang.replicas == 1:
            return report
        return report.model_copy(update={"gang_usage": leads.usage()})

    def _write_report(self) -> None:
        try:
            self._report.write(self._exit_report().encode())
        except OSError as error:
            # Detail is lost, and no work: the exit code still says how it ended.
            write_log(f"{self.settings.report_path}: expected to write the report, found: {error.strerror}\n")
