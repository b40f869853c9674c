"""One run of a schedule: the API server, the nodes, the users and the operator, until nothing is left to do."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from functools import partial
from random import Random

from ullage_operator.cluster.names import JOB_UID_LABEL, JsonObject, labels_of, uid_of
from ullage_operator.plan import Admission
from ullage_operator.plan.instants import millis

from .books import DRAW, MemoryBooks, OnDisk, granted_ledger
from .client import Weather
from .judge import BUSY, ENDS, NOTHING_TO_DO, PASSES, SECONDS, Judge, Violation
from .kubelet import Machine
from .life import Life
from .loop import VirtualLoop
from .schedule import Event, Fate, Schedule
from .store import JOBS, PODS, Change, Store
from .users import Users

START_MS = millis("2026-11-23T08:00:00Z")
HELD_BACK = Admission(allowed=False, reason="BudgetExhausted", message="nothing is left of the grant")
WAITS = {"Suspended": "suspended by spec.runPolicy.suspend", "BudgetExhausted": HELD_BACK.message}
_MANY_CALLS = 3_000
_CALM_SECONDS = 600.0
"""Longer than all of a job's starts may take until each is given up: a deadline that passes is something to do."""
_REVIEW_SECONDS = 330.0
"""A little longer than what lies between two looks of the operator at the holds that are open in its books."""
_PATIENCE_SECONDS = 5_000.0
_STEP_SECONDS = 20.0


def run(schedule: Schedule) -> Violation | None:
    """Run a schedule; return what was against the rules first, null if nothing was."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(_World(schedule, loop).run())
    finally:
        loop.close()


class _World:
    def __init__(self, schedule: Schedule, loop: asyncio.AbstractEventLoop) -> None:
        self.schedule = schedule
        self.loop = loop
        self.dice = Random(schedule.seed)
        self.store = Store(loop.time, START_MS)
        in_calls: dict[int, list[Event]] = {}
        for event in schedule.events:
            if event.call:
                in_calls.setdefault(event.call, []).append(event)
        self.weather = Weather(self.dice, in_calls, schedule.lag)
        self.machines: dict[str, Machine] = {}
        self.books = self._open_books()
        self.users = Users(self.store, schedule)
        self.judge = Judge(self.store, self.machines, self.books)
        self.store.listeners.append(self._see)
        self.fates = {f"job-{number}": list(plan.fates) for number, plan in enumerate(schedule.jobs)}
        self.budget = self.room = True
        self.paused: list[Callable[[], None]] | None = None
        self.worked_ms = 0
        self.lives: list[Life] = []
        self.returns: asyncio.TimerHandle | None = None
        self.lasts_until = 0.0

    def _open_books(self) -> MemoryBooks:
        if not self.schedule.real_ledger:
            return MemoryBooks(self.store.now_ms)
        return OnDisk(granted_ledger(self.store.now_ms), self.store.now_ms)

    async def run(self) -> Violation | None:
        """Play, heal, come to rest, restart."""
        await self._play()
        await self._heal()
        await self._rest()
        await self._review()
        if self.judge.violation is None:
            self.judge.conclude(self.lives[-1].told_gone)
        if self.judge.violation is None:
            await self._restart_quietly("it is at rest")
        await self._end()
        return self.judge.violation

    async def _end(self) -> None:
        if self.returns is not None:
            self.returns.cancel()
        self.lives[-1].die(0.0)
        if self.returns is not None:
            self.returns.cancel()
        for life in self.lives:
            await life.ended()
        if isinstance(self.books, OnDisk):
            for problem in self.books.ledger.verify():
                self.judge.found(SECONDS, problem)
            self.books.ledger.close()

    # -- the acts -----------------------------------------------------------------------------------

    async def _play(self) -> None:
        self._start_operator()
        for number in range(len(self.schedule.jobs)):
            self.users.make(number)
        for event in sorted((e for e in self.schedule.events if not e.call), key=lambda e: e.at):
            await self._until(event.at)
            if self.judge.violation is not None:
                return
            await self._happen(event)
        await self._until(self.lasts_until)

    async def _heal(self) -> None:
        """From now on, nothing goes wrong any more."""
        self.weather.in_calls.clear()
        self.weather.lagging = 0.0
        for machine in list(self.machines.values()):
            machine.recover(node_stays=machine.index % 2 == 0)
        for fates in self.fates.values():
            fates.clear()
        if self.schedule.heal:
            for number in range(len(self.schedule.jobs)):
                self.users.suspend(number, suspended=False)

    async def _rest(self) -> None:
        began = self.loop.time()
        while self.judge.violation is None and not self._at_rest():
            if self.loop.time() > began + _PATIENCE_SECONDS:
                self.judge.found(ENDS, "; ".join(self._unrest()))
                return
            for machine in list(self.machines.values()):
                machine.pull()
            await self._sleep(_STEP_SECONDS)

    async def _review(self) -> None:
        """Give the operator the time to try again what the books did not take, and to look at what is open there."""
        await self._sleep(_STEP_SECONDS)
        ends = self.loop.time() + _REVIEW_SECONDS
        while self.loop.time() < ends and self.judge.violation is None and self._to_be_written():
            await self._sleep(_STEP_SECONDS)

    def _to_be_written(self) -> bool:
        """Tell whether a hold is open in the books, or something of one is not charged."""
        charged = not isinstance(self.books, OnDisk) or not self.books.badly_charged()
        return bool(self.books.open_holds()) or not charged

    async def _restart_quietly(self, when: str, but: str | None = None) -> None:
        self.lives[-1].die(0.1)
        written = len(self.weather.writes)
        await self._sleep(_STEP_SECONDS)
        if more := [write for write in self.weather.writes[written:] if write != but]:
            self.judge.found(NOTHING_TO_DO, f"restarted while {when}, the operator wrote {more}")

    # -- rest ---------------------------------------------------------------------------------------

    def _at_rest(self) -> bool:
        return not self._unrest()

    def _unrest(self) -> list[str]:
        found = [] if self.returns is None else ["the operator is down"]
        for item in self.store.objects[JOBS].values():
            status = item.get("status") or {}
            if status.get("phase") == "Suspended":
                suspended = item["spec"]["runPolicy"].get("suspend", False)
                reason = "Suspended" if suspended else "BudgetExhausted"
                named = (suspended or not self.budget) and WAITS[reason] in status.get("message", "")
            else:
                named = status.get("phase") in ("Succeeded", "Failed")
                named &= "ttlSecondsAfterFinished" not in item["spec"]["runPolicy"]
            # A watch that lags tells late of a change: until the operator has heard of it there is something to do.
            named &= status.get("observedGeneration") == item["metadata"].get("generation")
            if not named or "deletionTimestamp" in item["metadata"]:
                found.append(f"{item['metadata']['name']} is {status.get('phase')}: {status.get('message')}")
        found += [f"{m.name} has not ended" for m in self.machines.values() if not m.ended]
        held = [item for item in self.store.objects[PODS].values() if item["metadata"].get("finalizers")]
        return found + [f"{item['metadata']['name']} is not let go" for item in held]

    # -- the operator -------------------------------------------------------------------------------

    def _start_operator(self) -> None:
        self.returns = None
        self.lives.append(
            Life(
                self.store,
                self.books,
                self.weather,
                answer=self._answer,
                admit=lambda _job: Admission() if self.budget else HELD_BACK,
                crashed=self._crashed,
                failed=self.judge.found,
            )
        )

    def _crashed(self, seconds: float) -> None:
        self.returns = self.loop.call_later(max(0.1, min(seconds, 60.0)), self._start_operator)

    def _answer(self, address: str) -> bytes | None:
        machine = next((m for m in self.machines.values() if m.address == address), None)
        report = None if machine is None else machine.report()
        return None if report is None else report.encode()

    # -- nodes, and the garbage collector --------------------------------------------------------------

    def _see(self, kind: str, change: Change, _before: JsonObject | None) -> None:
        item = change.item
        if kind == PODS:
            if change.type == "ADDED":
                self._take_pod(item)
            self.machines[uid_of(item)].hear(change)
            if change.type == "DELETED" or self.store.find(JOBS, labels_of(item)[JOB_UID_LABEL]) is None:
                self._collect_later(labels_of(item)[JOB_UID_LABEL])
        elif kind == JOBS and (change.type == "DELETED" or "deletionTimestamp" in item["metadata"]):
            self._collect_later(uid_of(item))

    def _take_pod(self, item: JsonObject) -> None:
        name = item["metadata"]["name"]
        job = name.rsplit("-", 3)[0]
        fates = self.fates.get(job, [])
        uid = uid_of(item)
        self.machines[uid] = Machine(
            self.store,
            name,
            uid,
            labels_of(item),
            fates.pop(0) if fates else Fate(),
            room=lambda: self.room,
            pause=self._pause,
            worked_ms=lambda: self.worked_ms or self.store.now_ms(),
        )
        self.machines[uid].begin()

    def _pause(self, act: Callable[[], None]) -> bool:
        if self.paused is None:
            return False
        self.paused.append(act)
        return True

    def _collect_later(self, job_uid: str) -> None:
        self.loop.call_later(0.2 + 2.0 * self.dice.random(), self._collect, job_uid)

    def _collect(self, job_uid: str) -> None:
        """End what belongs to a job that is gone, or that waits for it to be gone."""
        job = self.store.find(JOBS, job_uid)
        if job is not None and "deletionTimestamp" not in job["metadata"]:
            return
        pods = [p for p in self.store.objects[PODS].values() if labels_of(p)[JOB_UID_LABEL] == job_uid]
        for pod in pods:
            if "deletionTimestamp" not in pod["metadata"]:
                self.store.delete(PODS, pod["metadata"]["name"], uid_of(pod))
        if job is not None and not pods:

            def strip(item: JsonObject) -> None:
                item["metadata"]["finalizers"] = []

            self.store.change(JOBS, job["metadata"]["name"], job_uid, strip)

    # -- what happens -------------------------------------------------------------------------------

    async def _happen(self, event: Event) -> None:
        match event.kind:
            case "crash":
                self.lives[-1].die(event.seconds)
            case "watch breaks" | "watch is too old" | "jobs' watch breaks":
                self._disturb(event)
            case "watch lags":
                self._for(event.seconds, self.weather, lagging=min(event.seconds, 40.0))
            case "ledger down":
                self._for(event.seconds, self.weather, ledger_down=True)
            case "quota":
                self._for(event.seconds, self.weather, quota=True)
            case "clock steps":
                self.weather.skew_ms = (event.pick - 2) * 5_000
            case "budget":
                self._for(event.seconds, self, budget=False)
            case "no room":
                self._for(event.seconds, self, room=False)
            case "calm":
                await self._calm()
            case _:
                self._of_job(event)

    def _of_job(self, event: Event) -> None:
        number, users = event.job, self.users
        pods = [m for m in self.machines.values() if m.name.startswith(f"job-{number}-") and not m.removed]
        machine = pods[event.pick % len(pods)] if pods else None
        if machine is not None:
            self._of_pod(event, machine)
        match event.kind:
            case "make job again":
                users.delete(number)
                self._later(min(event.seconds, 5.0), users.make, number)
            case "delete job":
                users.delete(number)
            case "delete job in the foreground":
                users.delete(number, foreground=True)
            case "touch":
                users.touch(number, f"{self.loop.time()}")
            case "suspend" if users.job(number) is not None:
                users.suspend(number, suspended=True)
                if event.pick % 4:
                    self._later(event.seconds, partial(users.suspend, number, suspended=False))

    def _of_pod(self, event: Event, machine: Machine) -> None:
        match event.kind:
            case "delete pod" | "force pod":
                machine.mishap |= machine.lost
                grace = 0 if event.kind == "force pod" else None
                self.store.delete(PODS, machine.name, machine.uid, grace)
            case "drain pod":
                machine.drain()
            case "evict pod":
                machine.evict()
            case "lose node":
                machine.lose()
            case "vanish":
                machine.vanish()
            case "vanish unseen":
                self.lives[-1].die(event.seconds)
                machine.vanish()
            case "take finalizer":
                machine.take_finalizer()
            case "take finalizer and delete":
                machine.vanish(grace=None)

    def _disturb(self, event: Event) -> None:
        kind = JOBS if event.kind.startswith("jobs") else PODS
        if event.kind == "watch is too old":
            self.store.forget_history(kind)
        how = "too old" if event.kind == "watch is too old" else "breaks"
        number = self.weather.disturbances.get(kind, (0, ""))[0] + 1
        self.weather.disturbances[kind] = (number, how)
        self.store.disturb(kind)

    async def _calm(self) -> None:
        """Nothing moves for a while; an operator that is restarted then has nothing to write."""
        weather = self.weather
        if weather.ledger_down or weather.quota or not (self.budget and self.room) or self.returns is not None:
            return
        self.paused, self.worked_ms, weather.calm = [], self.store.now_ms(), True
        await self._sleep(_CALM_SECONDS)
        if self.judge.violation is None:
            await self._restart_quietly("nothing moved", but=DRAW)  # What runs draws at the end of each interval.
        paused, self.paused, self.worked_ms, weather.calm = self.paused, None, 0, False
        for act in paused:
            self.loop.call_soon(act)

    # -- time ---------------------------------------------------------------------------------------

    def _for(self, seconds: float, owner: object, **values: float) -> None:
        """Have something be otherwise for some time."""

        def set_(name: str, value: float) -> None:
            setattr(owner, name, value)
            self.lives[-1].wake()

        for name, value in values.items():
            set_(name, value)
            self._later(seconds, set_, name, not value if isinstance(value, bool) else 0.0)

    def _later(self, seconds: float, act: Callable[..., None], *args: object) -> None:
        # And a moment longer: what waits until then in many steps may be there too early by a rounding error.
        self.lasts_until = max(self.lasts_until, self.loop.time() + seconds + 0.001)
        self.loop.call_later(seconds, act, *args)

    async def _until(self, at: float) -> None:
        await self._sleep(at - self.loop.time())

    async def _sleep(self, seconds: float) -> None:
        """Let time pass, in steps in which a run that has failed can be ended."""
        ends = self.loop.time() + seconds
        while self.loop.time() < ends and self.judge.violation is None:
            await asyncio.sleep(min(_STEP_SECONDS, ends - self.loop.time()))
            if self.weather.calls > _MANY_CALLS:
                self.judge.found(BUSY, f"{self.weather.calls} calls, the last {self.weather.writes[-10:]}")
            if (failure := self.lives[-1].failure) is not None:
                self.judge.found(PASSES, failure)


def collect_garbage_seldom() -> None:
    """Runs leave small cycles behind: looking for them all the time takes a third of it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 1_000)
