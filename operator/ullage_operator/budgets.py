"""Budgets: before a job opens and at the end of each interval, the books are asked whether it may hold accelerators.

What a pass over a job asks is answered from memory until something has changed or the interval is over; then it is one
transaction of the one writer. What is set aside stands in the books, so an operator that starts again goes on there.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from .api import Declarations, InvalidManifest, parse
from .api.types import Phase, TrainingJob
from .clock import Clock
from .cluster.books import hold_of
from .cluster.events import Recorder
from .cluster.jobs import Jobs
from .cluster.names import JOB_UID_LABEL, JobKey, JsonObject, labels_of, uid_of
from .cluster.observe import has_ended
from .cluster.reflector import Reflector
from .ledger import Ledger, LedgerError
from .plan import Admission
from .plan.budget import BudgetVerdict, Terms
from .plan.reasons import JobReason
from .posting import Poster
from .standing import Case, Turn, charge_own, line_names, settle_orphan, take_turn

_log = logging.getLogger(__name__)
EXHAUSTED: Final = JobReason.BUDGET_EXHAUSTED
_AGAIN_SECONDS: Final = 1.0
_DENIED_SECONDS: Final = 60.0
_TERMINAL: Final = frozenset({Phase.SUCCEEDED, Phase.FAILED})


@dataclass(frozen=True)
class BudgetSettings:
    """What the admin sets of it."""

    kinds: Mapping[str, str]
    """Which accelerator a resource of the cluster is."""
    interval_seconds: float
    """An interval of accounting."""


@dataclass(frozen=True)
class _Answer:
    """What a job was told, and until when it holds if nothing changes."""

    verdict: BudgetVerdict
    state: Hashable
    """How the job stood."""
    declarations: Declarations
    """What was declared."""
    until_ms: int | None
    """When to ask again even so, in milliseconds since 1970; null for not until something changes."""


@dataclass
class Budgets:
    """What jobs may hold by what their institutions were granted."""

    jobs: Jobs
    pods: Reflector
    poster: Poster
    recorder: Recorder
    settings: BudgetSettings
    declarations: Callable[[], Declarations]
    attribute: Callable[[TrainingJob], TrainingJob]
    clock: Clock = field(default_factory=Clock)
    _answers: dict[str, _Answer] = field(default_factory=dict)
    _reserved: set[str] = field(default_factory=set)
    """Jobs, by UID, for which something is set aside."""
    _withdrawn: dict[str, str] = field(default_factory=dict)
    """Which line that is gone a job, by UID, was told of."""
    _charged: set[str] = field(default_factory=set)
    """Jobs that have ended and of which all that they held is paid for: nothing is asked of them any more."""

    def admit(self, job: TrainingJob) -> Admission:
        """Return what a job was told last. One that was told nothing goes on: a job never waits for the store."""
        answer = self._answers.get(job.metadata.uid or "")
        if answer is None or answer.verdict.allowed:
            return Admission()
        return Admission(allowed=False, reason=EXHAUSTED, message=answer.verdict.message)

    async def load(self) -> None:
        """Learn from the books for which jobs something is set aside."""
        self._reserved |= await self.poster.run(_reserved_jobs)

    async def review(self, key: JobKey) -> float | None:
        """Ask the books about a job, if it is time to; return after how many seconds to ask again."""
        raw, declarations = self.jobs.get(key), self.declarations()
        if raw is None or not self._concerns(raw, declarations) or (case := self._case(raw, key)) is None:
            return None
        now, uid = self.clock.now_ms(), case.uid
        over = case.job.status.phase in _TERMINAL
        if uid not in self._reserved and (uid in self._charged or not line_names(declarations, case.job)):
            self._answers.pop(uid, None)
            return await self._charge(case, declarations) if over else None
        state = (case.live, case.stage and (case.stage.name, case.stage.state), case.job.status.phase)
        known = self._answers.get(uid)
        if known is not None and known.state == state and known.declarations is declarations:
            if known.until_ms is None:
                return None
            if now < known.until_ms:
                return (known.until_ms - now) / 1000
        try:
            turn = await self.poster.run(lambda ledger: take_turn(ledger, case, declarations, now))
        except LedgerError as error:
            _log.warning("%s/%s: %s", *key, error)
            return _DENIED_SECONDS / 12
        return await self._answer(raw, case, turn, _Answer(BudgetVerdict(allowed=True), state, declarations, now))

    async def run(self) -> None:
        """Settle now and then what is set aside for jobs that are gone, until cancelled."""
        while True:
            there = {uid_of(item) for item in self.jobs.values()}
            for uid in (self._answers.keys() | self._withdrawn.keys() | self._charged) - self._reserved - there:
                self._forget(uid)
            for uid in self._reserved - there:
                try:
                    done = await self._settle_orphan(uid)
                except LedgerError as error:
                    _log.warning("job %s: %s", uid, error)
                    continue
                if done:
                    self._forget(uid)
            await asyncio.sleep(_DENIED_SECONDS)

    async def _settle_orphan(self, uid: str) -> bool:
        now = self.clock.now_ms()
        return await self.poster.run(lambda ledger: settle_orphan(ledger, uid, self.settings.kinds, now))

    async def _answer(self, raw: JsonObject, case: Case, turn: Turn, asked: _Answer) -> float | None:
        """Remember what a job is told; return after how many seconds to ask again."""
        uid, verdict, now_ms = case.uid, turn.verdict, asked.until_ms or 0
        if verdict is None:
            return _AGAIN_SECONDS
        if turn.withdrawn is not None and self._withdrawn.get(uid) != turn.withdrawn.line:
            self._withdrawn[uid] = turn.withdrawn.line
            self.recorder.record(raw, "Warning", "GrantWithdrawn", turn.withdrawn.message)
        if turn.reserved:
            self._reserved.add(uid)
        else:
            self._reserved.discard(uid)
        known = self._answers.get(uid)
        if not verdict.allowed and known is not None and not known.verdict.allowed:
            # How little is left changes by the minute; that there is too little is told once.
            verdict = replace(verdict, message=known.verdict.message)
        if verdict.allowed and verdict.message:
            # Nothing is set aside where no line has a price to charge it by.
            event = "GrantUnpriced" if verdict.reserve is None else "GrantOverdrawn"
            self.recorder.record(raw, "Warning", event, verdict.message)
        until = verdict.wake_at_ms
        if turn.reserved or not verdict.allowed:
            soon = now_ms + round(_DENIED_SECONDS * 1000)
            until = soon if until is None or (not verdict.allowed and until > soon) else until
        self._answers[uid] = replace(asked, verdict=verdict, until_ms=until)
        if case.job.status.phase in _TERMINAL and not turn.reserved and not case.live:
            self._answers.pop(uid, None)
            return await self._charge(case, asked.declarations)
        return None if until is None else max(0.0, (until - now_ms) / 1000)

    def _concerns(self, raw: JsonObject, declarations: Declarations) -> bool:
        """Tell whether there may be anything to ask: nothing is parsed twice where nobody declares anything."""
        machines = (each for owner in declarations.institutions for each in owner.spec.holds.accelerators)
        own = any(each.node_selector for each in machines)
        known = uid_of(raw) in self._reserved or uid_of(raw) in self._answers
        return known or own or bool(declarations.investments)

    async def _charge(self, case: Case, declarations: Declarations) -> float | None:
        """Post what a job that has ended held on own machines; then it is done with."""
        owners = declarations.institutions_by_id.get(case.job.spec.accounting.institution or "")
        own = owners is not None and any(machines.node_selector for machines in owners.spec.holds.accelerators)
        if case.uid in self._charged or case.job.status.phase not in _TERMINAL:
            return None
        if not own:
            self._charged.add(case.uid)
            return None
        try:
            done = await self.poster.run(lambda ledger: charge_own(ledger, case, declarations))
        except LedgerError as error:
            _log.warning("job %s: %s", case.uid, error)
            return _DENIED_SECONDS
        if done:
            self._charged.add(case.uid)
        return None if done else _AGAIN_SECONDS

    def _case(self, raw: JsonObject, key: JobKey) -> Case | None:
        """Return the case of a job; null of one that is refused: it holds nothing."""
        now, uid = self.clock.now_ms(), uid_of(raw)
        try:
            job = self.attribute(parse(raw, source="/".join(key)))
        except InvalidManifest:
            return None
        own = (item for item in self.pods.of(key) if labels_of(item).get(JOB_UID_LABEL) == uid)
        live = sum(hold_of(item) is not None and not has_ended(item, now) for item in own)
        grace = job.spec.workers.template.termination_grace_period_seconds
        terms = Terms(round(self.settings.interval_seconds * 1000), grace * 1000)
        return Case(job, live, self.settings.kinds, terms)

    def _forget(self, uid: str) -> None:
        self._reserved.discard(uid)
        self._answers.pop(uid, None)
        self._withdrawn.pop(uid, None)
        self._charged.discard(uid)


def _reserved_jobs(ledger: Ledger) -> set[str]:
    with ledger.books() as books:
        return {row.job_uid for row in books.reservations() if row.job_uid is not None}
