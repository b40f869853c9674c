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

from .accounts import context_of
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
from .standing import Case, Turn, line_names, settle_orphan, take_turn

_log = logging.getLogger(__name__)
EXHAUSTED: Final = JobReason.BUDGET_EXHAUSTED
_AGAIN_SECONDS: Final = 1.0
_DENIED_SECONDS: Final = 60.0
_LOOKED_BACK_MS: Final = 24 * 3_600_000
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
    """Jobs, by UID, for which something is set aside, or may have to be charged."""
    _withdrawn: dict[str, str] = field(default_factory=dict)
    """Which line that is gone a job, by UID, was told of."""
    _met: dict[str, TrainingJob | None] = field(default_factory=dict)
    """Jobs that there was something to ask of, by UID, as they were last: what becomes of them is asked to the end."""
    _done: set[str] = field(default_factory=set)
    """Jobs that have ended and of which all that they held is paid for: nothing is asked of them any more."""

    def admit(self, job: TrainingJob) -> Admission:
        """Return what a job was told last. One that was told nothing goes on: a job never waits for the store."""
        answer = self._answers.get(job.metadata.uid or "")
        if answer is None or answer.verdict.allowed:
            return Admission()
        return Admission(allowed=False, reason=EXHAUSTED, message=answer.verdict.message)

    async def load(self) -> None:
        """Learn from the books for which jobs something is set aside, and which hold accelerators.

        An operator that ended may have written what a job held that is gone, and not what that is charged: it is looked
        at those too of which something has ended in the last day.
        """
        since_ms = self.clock.now_ms() - _LOOKED_BACK_MS
        self._reserved |= await self.poster.run(lambda ledger: _to_be_settled(ledger, since_ms))
        holds = await self.poster.run(lambda ledger: ledger.open_holds())
        self._met |= dict.fromkeys(hold.context.job_uid for hold in holds if hold.accelerators)

    def look_at(self, uid: str) -> None:
        """Ask the books about a job once more, be it gone or not: they were told what it held by other ways."""
        self._done.discard(uid)
        self._answers.pop(uid, None)
        self._reserved.add(uid)

    async def review(self, key: JobKey) -> float | None:
        """Ask the books about a job, if it is time to; return after how many seconds to ask again.

        To be called once what the pods of this name hold, and held, is in the books.

        Raises
        ------
        LedgerError
            What pods held whose job is gone is not charged yet: they are not to be let go.
        """
        raw, declarations = self.jobs.get(key), self.declarations()
        await self._settle_strangers(key, None if raw is None else uid_of(raw), declarations)
        if raw is None or not self._concerns(uid_of(raw), declarations):
            return None
        if (case := self._case(raw, key)) is None:
            return await self._settle_refused(key, uid_of(raw))
        now, uid = self.clock.now_ms(), case.uid
        self._met[uid] = case.job
        asked = case.job.status.phase in _TERMINAL or bool(line_names(declarations, case.context))
        if uid not in self._reserved and (uid in self._done or not asked):
            self._answers.pop(uid, None)
            return None
        state = (case.live, case.stage and (case.stage.name, case.stage.state), case.job.status.phase)
        known = self._answers.get(uid)
        unchanged = known is not None and known.state == state and known.declarations is declarations
        if known is not None and unchanged and (known.until_ms is None or now < known.until_ms):
            return None if known.until_ms is None else (known.until_ms - now) / 1000
        try:
            turn = await self.poster.run(lambda ledger: take_turn(ledger, case, declarations, now))
        except (LedgerError, InvalidManifest) as error:
            # The latter of what an earlier version declared, and this one can't read any more.
            _log.warning("%s/%s: %s", *key, error)
            return _DENIED_SECONDS / 12
        return await self._answer(raw, case, turn, _Answer(BudgetVerdict(allowed=True), state, declarations, now))

    async def run(self) -> None:
        """Look now and then at jobs that are gone, until cancelled."""
        while True:
            await self.settle_gone()
            await asyncio.sleep(_DENIED_SECONDS)

    async def settle_gone(self) -> None:
        """Settle what is set aside for jobs that are gone, and charge what they held; forget those that are done."""
        there = {uid_of(item) for item in self.jobs.values()}
        held = {labels_of(item).get(JOB_UID_LABEL) for item in self.pods.values()}
        known = self._answers.keys() | self._withdrawn.keys() | self._met.keys() | self._done
        for uid in known - self._reserved - there - held:
            self._forget(uid)
        for uid in self._reserved - there:
            try:
                if await self._settle_orphan(uid):
                    self._forget(uid)
            except LedgerError as error:
                _log.warning("job %s: %s", uid, error)

    async def _settle_orphan(self, uid: str, *, ended: bool = True) -> bool:
        now, job = self.clock.now_ms(), self._met.get(uid)
        try:
            return await self.poster.run(
                lambda ledger: settle_orphan(ledger, uid, self.settings.kinds, now, job, ended=ended)
            )
        except InvalidManifest as error:
            # What an earlier version declared, and this one can't read any more.
            _log.warning("job %s: %s", uid, error)
            return False

    async def _settle_refused(self, key: JobKey, uid: str) -> float | None:
        """Give back what is set aside for a job that is refused now, once it holds nothing."""
        if uid not in self._reserved or any(labels_of(item).get(JOB_UID_LABEL) == uid for item in self.pods.of(key)):
            return None
        if await self._settle_orphan(uid, ended=False):
            self._reserved.discard(uid)
            self._answers.pop(uid, None)
        return _DENIED_SECONDS

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
            self._done.add(uid)
            return None
        return None if until is None else max(0.0, (until - now_ms) / 1000)

    async def _settle_strangers(self, key: JobKey, uid: str | None, declarations: Declarations) -> None:
        """Charge what pods held whose job is gone, before they are let go: then nobody knows of it any more."""
        now = self.clock.now_ms()
        ended: dict[str, bool] = {}
        for item in self.pods.of(key):
            owner = labels_of(item).get(JOB_UID_LABEL)
            if owner is not None and owner != uid and self._concerns(owner, declarations):
                ended[owner] = ended.get(owner, True) and has_ended(item, now)
        for gone in (owner for owner, all_ended in ended.items() if all_ended and owner not in self._done):
            # Until it is settled it is among those that :meth:`run` looks at.
            (self._done if await self._settle_orphan(gone) else self._reserved).add(gone)

    def _concerns(self, uid: str, declarations: Declarations) -> bool:
        """Tell whether there may be anything to ask: nothing is parsed twice where nobody declares anything."""
        machines = (each for owner in declarations.institutions for each in owner.spec.holds.accelerators)
        return (
            uid in self._reserved
            or uid in self._met
            or bool(declarations.investments)
            or any(each.node_selector for each in machines)
        )

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
        return Case(job, context_of(job), live, self.settings.kinds, terms)

    def _forget(self, uid: str) -> None:
        self._reserved.discard(uid)
        self._answers.pop(uid, None)
        self._withdrawn.pop(uid, None)
        self._met.pop(uid, None)
        self._done.discard(uid)


def _to_be_settled(ledger: Ledger, since_ms: int) -> set[str]:
    with ledger.books() as books:
        reserved = {row.job_uid for row in books.reservations(here=True) if row.job_uid is not None}
        return reserved | set(books.jobs_released_since(since_ms))
