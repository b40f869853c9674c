"""One pass over one job: observe its pods, write the books, ask them, decide, write the status, act, and let go.

The order is what makes a crash between any two calls harmless. What was decided is written before it is done;
a pod's finalizer goes last, once its end is in the books and in the status; and every call may be made again.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Container, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from typing import Final

from ullage_trainer.config import Failure, Reason

from .accounts import work
from .api import InvalidManifest
from .api.types import CleanPodPolicy, JobStatus, Phase, StageState, TrainingJob
from .clock import Clock
from .cluster.books import ended, hold_of
from .cluster.contention import elder
from .cluster.events import Recorder
from .cluster.jobs import Jobs
from .cluster.names import INDEX_LABEL, JOB_UID_LABEL, STORAGE_ROOT, JobKey, JsonObject, labels_of, uid_of
from .cluster.observe import attempt_of, container_state, has_ended, lost_at_ms, observe
from .cluster.pull import Puller
from .cluster.reflector import Reflector
from .cluster.workers import PodWorkers, PredecessorThere, Refused, for_each
from .ledger import ConflictingEntry, Entry, HoldOpened, LedgerError, RefusedEntry
from .plan import Admission, CreateWorkers, Decision, Policy, StopWorkers, decide
from .plan.conditions import accepted
from .plan.instants import millis
from .plan.reasons import JobReason
from .posting import Poster
from .settings import Settings

_log = logging.getLogger(__name__)
_TERMINAL: Final = frozenset({Phase.SUCCEEDED, Phase.FAILED})
_GOOD_NEWS: Final = frozenset({
    *(JobReason.STAGE_SUCCEEDED, JobReason.COMPLETED, JobReason.DELETED, JobReason.NOT_ADMITTED, JobReason.GIVES_WAY),
    Phase.SUSPENDED,
})  # fmt: skip
_RETRY_SECONDS: Final = 5.0
_PREDECESSOR_SECONDS: Final = 1.0
"""How soon to look again whether a name is free that pods have of which the watch does not tell."""
_WATCHED_SECONDS: Final = 30.0
"""The same of pods that are watched. That they are gone is told; on a node that is silent they may stay for hours."""

_PREDECESSOR: Final = Failure(
    reason=Reason.START_FAILED, message="waits until the pods of the job that had this name before are gone"
)


async def _nothing_to_ask(_key: JobKey) -> float | None:
    return None


@dataclass
class Reconciler:
    """Works on jobs; what it remembers only spares calls, and may be lost at any time."""

    jobs: Jobs
    pods: Reflector
    workers: PodWorkers
    poster: Poster
    puller: Puller
    recorder: Recorder
    settings: Settings
    clock: Clock = field(default_factory=Clock)
    admit: Callable[[TrainingJob], Admission] = lambda _job: Admission()
    """Whether a job may hold resources now, by what its books say."""
    attribute: Callable[[TrainingJob], TrainingJob] = lambda job: job
    """Returns a job as it is in the books; raises InvalidManifest for one that contradicts what is declared."""
    own_machines: Callable[[JsonObject, HoldOpened], bool | None] = lambda _pod, _hold: None
    """Whether a pod is on its institution's own machines; null where that is not known."""
    review: Callable[[JobKey], Awaitable[float | None]] = _nothing_to_ask
    """Asks the books what a job may hold, once all is in them that it held; returns in how many seconds to ask again.

    It raises LedgerError where pods are not to be let go yet.
    """
    written: set[tuple[str, bool]] = field(default_factory=set)
    """Pods, by UID, whose hold (false) and whose end (true) are in the books."""
    _worked: set[str] = field(default_factory=set)
    """Jobs that have ended, by UID, whose people's work is in the books."""
    _refused: dict[str, Failure] = field(default_factory=dict)
    """Why the pods of a job, by UID, were not to be had when that was last tried."""
    _status_written: dict[str, float] = field(default_factory=dict)
    """When a job's status, by UID, was last written; or, by another operator, found written."""

    async def reconcile(self, key: JobKey) -> float | None:
        """Make one pass; return after how many seconds to come again."""
        pods = self.pods.of(key)
        raw = self.jobs.get(key)
        if raw is None and pods:
            raw = await self.jobs.read(key)  # It may only not have been heard of yet.
        uid = None if raw is None else uid_of(raw)
        own = [item for item in pods if labels_of(item).get(JOB_UID_LABEL) == uid]
        strangers = [item for item in pods if labels_of(item).get(JOB_UID_LABEL) != uid]
        now = self.clock.now_ms()
        in_books = await self._write_books(pods, now)
        waits: list[float | None] = [self._wait_for_lost(pods)]
        try:
            waits.append(await self.review(key) if in_books else _RETRY_SECONDS)
        except LedgerError as error:
            _log.warning("books: %s", error)
            in_books = False
            waits.append(_RETRY_SECONDS)
        await self._settle(strangers, now, in_books=in_books)
        if raw is not None:
            waits.append(await self._reconcile(raw, own, now, in_books=in_books))
        return min((wait for wait in waits if wait is not None), default=None)

    def forget_others(self, uids: Container[str]) -> None:
        """Forget jobs that are gone: all but those of some UIDs."""
        self._worked = {uid for uid in self._worked if uid in uids}
        self._refused = {uid: why for uid, why in self._refused.items() if uid in uids}
        self._status_written = {uid: at for uid, at in self._status_written.items() if uid in uids}

    def _wait_for_lost(self, pods: Sequence[JsonObject]) -> float | None:
        """Return in how many seconds the first pod is lost that is to go and does not: of that nobody tells."""
        now = self.clock.now_ms()
        due = [at for item in pods if (at := lost_at_ms(item)) is not None and not has_ended(item, now)]
        return (min(due) - now) / 1000 if due else None

    async def _settle(self, strangers: Sequence[JsonObject], now: int, *, in_books: bool) -> None:
        """End pods of a job that is gone, or of an earlier one of this name; let them go once they are written."""
        live = [item for item in strangers if not has_ended(item, now) and not _terminating(item)]
        await for_each(self.workers.delete, live)
        if in_books:
            await for_each(self._release, [item for item in strangers if has_ended(item, now)])

    async def _reconcile(
        self, raw: JsonObject, pods: Sequence[JsonObject], now: int, *, in_books: bool
    ) -> float | None:
        try:
            job = self.attribute(self.jobs.parse(raw, self.settings.trainer_image))
        except InvalidManifest as error:
            await self._refuse(raw, error, now)
            return None
        self._pull(job, pods)
        decision = self._decide(job, pods, now)
        wait = self._wait_for_more(job, decision)
        if wait is None and decision.status != job.status:
            if not await self.jobs.write_status(raw, decision.status):
                return 0.0
            self._status_written[uid_of(raw)] = self.clock.monotonic()
            self._tell(raw, job, decision)
            job = job.model_copy(update={"status": decision.status})
        held_up = await self._act(job, decision, pods)
        waits = [wait, held_up]
        if in_books:
            await for_each(self._release, _let_go(job, pods, now))
        # What a job declares is gone with it: it is not deleted before that is written.
        written = await self._write_work(job)
        waits.append(await self._clean_up(raw, job, decision, pods) if written else _RETRY_SECONDS)
        if decision.wake_at_ms is not None and held_up is None:
            waits.append(max(0.0, (decision.wake_at_ms - now) / 1000))
        if job.status.phase is Phase.RUNNING:
            waits.append(self.settings.progress_seconds)
        return min((at for at in waits if at is not None), default=None)

    def _decide(self, job: TrainingJob, pods: Sequence[JsonObject], now: int) -> Decision:
        path = job.spec.storage.path
        policy = Policy(
            storage_root=STORAGE_ROOT if path == "." else f"{STORAGE_ROOT}/{path}",
            backoff_ms=round(self.settings.backoff_seconds * 1000),
            image=self.settings.trainer_image,
        )
        observed = tuple(observe(item, self.puller.last(uid_of(item)), now) for item in pods)
        admission = replace(
            self.admit(job),
            refusal=self._refused.get(job.metadata.uid or ""),
            gives_way_to=elder(job, observed, self.jobs, self.pods, now) if self.settings.pods.gang is None else None,
        )
        decision = decide(job, observed, admission, now, policy)
        status = accepted(decision.status, "", now, job.metadata.generation)
        return replace(decision, status=status)

    async def _refuse(self, raw: JsonObject, error: InvalidManifest, now: int) -> None:
        """Write one condition with all that is wrong; the job waits for another spec."""
        before = JobStatus.model_validate_json(json.dumps(raw.get("status") or {}))
        status = accepted(before, str(error), now, raw["metadata"].get("generation"))
        message = f"the spec has {len(error.errors)} error(s): see the condition Accepted"
        status = status.model_copy(update={"message": message})
        if status != before and await self.jobs.write_status(raw, status):
            self.recorder.record(raw, "Warning", JobReason.SPEC_INVALID, str(error))

    # -- the books ----------------------------------------------------------------------------------

    async def _write_books(self, pods: Sequence[JsonObject], now: int) -> bool:
        """Write the holds and the ends that are not in the books; return whether all of them are now."""
        unwritten = [item for item in pods if (uid_of(item), has_ended(item, now)) not in self.written]
        if not unwritten:
            return True
        # One of them that is refused is no reason to let another one go unwritten.
        return all(await asyncio.gather(*(self._write(item, now) for item in unwritten)))

    async def _write(self, item: JsonObject, now: int) -> bool:
        uid, over = uid_of(item), has_ended(item, now)
        if (hold := hold_of(item)) is None:
            return True
        hold = hold.model_copy(update={"own_machines": self.own_machines(item, hold)})
        end = ended(item, hold, self.puller.last(uid), now) if over else []
        try:
            await self._post(hold, end)
        except LedgerError as error:
            _log.warning("books: %s", error)
            return False
        self.written.add((uid, over))
        return True

    async def _post(self, hold: HoldOpened, end: list[Entry]) -> None:
        """Post a hold and its end. What was written first stands, and a person must look at it; the end is another."""
        try:
            await self.poster.post([hold, *end])
        except (ConflictingEntry, RefusedEntry) as error:
            _log.error("books: %s", error)
            if not end:
                return
            try:
                await self.poster.post(end)
            except (ConflictingEntry, RefusedEntry) as refusal:
                _log.error("books: %s", refusal)

    async def _write_work(self, job: TrainingJob) -> bool:
        """Write the work of people that a job which has ended declares; return whether nothing of it is missing."""
        uid, finished = job.metadata.uid or "", job.status.finish_time
        if uid in self._worked or job.status.phase not in _TERMINAL or finished is None:
            return True
        try:
            if entries := work(job, millis(finished)):
                await self.poster.post(entries)
        except (ConflictingEntry, RefusedEntry) as error:
            _log.error("books: %s", error)
        except LedgerError as error:
            _log.warning("books: %s", error)
            return False
        self._worked.add(uid)
        return True

    async def _release(self, item: JsonObject) -> None:
        await self.workers.release(item)
        uid = uid_of(item)
        self.puller.forget(uid)
        self.written -= {(uid, False)}

    # -- the status ---------------------------------------------------------------------------------

    def _wait_for_more(self, job: TrainingJob, decision: Decision) -> float | None:
        """Return for how long to keep back a status that tells of nothing but numbers; null to write it now."""
        before, status = job.status, decision.status
        if status == before or not decision.quiet or status.observed_generation != before.observed_generation:
            return None
        written = self._status_written.setdefault(job.metadata.uid or "", self.clock.monotonic())
        due = written + self.settings.progress_seconds
        return due - self.clock.monotonic() if due > self.clock.monotonic() else None

    def _tell(self, raw: JsonObject, job: TrainingJob, decision: Decision) -> None:
        """Record an event where something has been decided, and not only observed."""
        status = decision.status
        if decision.reason:
            bad = status.phase is Phase.FAILED or decision.reason not in _GOOD_NEWS
            self.recorder.record(raw, "Warning" if bad else "Normal", decision.reason, status.message)
        elif any(isinstance(action, StopWorkers) for action in decision.actions):
            self.recorder.record(raw, "Normal", "Stopping", status.message)
        elif _opened(status) > _opened(job.status):
            self.recorder.record(raw, "Normal", "Starting", status.message)

    def _pull(self, job: TrainingJob, pods: Sequence[JsonObject]) -> None:
        """Ask the worker 0 that runs how far it is."""
        if job.status.phase is Phase.RUNNING:
            for item in pods:
                if labels_of(item)[INDEX_LABEL] == "0" and "running" in container_state(item):
                    self.puller.pull(item)

    # -- actions ------------------------------------------------------------------------------------

    async def _act(self, job: TrainingJob, decision: Decision, pods: Sequence[JsonObject]) -> float | None:
        wait = None
        for action in decision.actions:
            if isinstance(action, CreateWorkers):
                wait = await self._create(job, action)
            elif isinstance(action, StopWorkers):
                uids, why = set(action.uids), action.why
                for item in pods:
                    if uid_of(item) in uids:
                        await self.workers.stop(item, why)
        return wait

    async def _create(self, job: TrainingJob, action: CreateWorkers) -> float | None:
        """Create pods; return when to try again where they were not to be had."""
        uid = job.metadata.uid or ""
        try:
            await self.workers.create(job, action)
        except PredecessorThere as error:
            # Which of its pods is still there is not told: that would be a write for each that goes.
            why, seconds = _PREDECESSOR, _WATCHED_SECONDS if error.watched else _PREDECESSOR_SECONDS
        except Refused as error:
            why, seconds = error.failure, _RETRY_SECONDS
        else:
            if self._refused.pop(uid, None) is not None:
                self._status_written[uid] = -inf  # That it waits is no longer true: the next status is not kept back.
            return None
        known = self._refused.get(uid)
        self._refused[uid] = why
        return 0.0 if known != why else seconds

    async def _clean_up(
        self, raw: JsonObject, job: TrainingJob, decision: Decision, pods: Sequence[JsonObject]
    ) -> float | None:
        """Delete what is not to stay of a job that has ended; return when that is due."""
        finished, policy = job.status.finish_time, job.spec.run_policy
        if not decision.ended or job.status.phase not in _TERMINAL or finished is None:
            return None
        if policy.clean_pod_policy is CleanPodPolicy.ALL:
            await for_each(self.workers.delete, [item for item in pods if not _terminating(item)])
        if policy.ttl_seconds_after_finished is None or _terminating(raw):
            return None
        left = (millis(finished) - self.clock.now_ms()) / 1000 + policy.ttl_seconds_after_finished
        if left > 0:
            return left
        await self.jobs.delete(raw)
        return None


def _terminating(item: JsonObject) -> bool:
    return "deletionTimestamp" in item["metadata"]


def _opened(status: JobStatus) -> int:
    """Return how many attempts were ever opened."""
    return sum(stage.attempt for stage in status.stages)


def _let_go(job: TrainingJob, pods: Sequence[JsonObject], now: int) -> list[JsonObject]:
    """Return the pods that have ended and that no open attempt looks at any more."""
    opened = {
        (stage.name, stage.attempt)
        for stage in job.status.stages
        if stage.state in (StageState.CREATING, StageState.RUNNING)
    }
    if _over(job):
        opened = set()

    return [item for item in pods if has_ended(item, now) and attempt_of(item) not in opened]


def _over(job: TrainingJob) -> bool:
    return job.metadata.deletion_timestamp is not None or job.status.phase in _TERMINAL
