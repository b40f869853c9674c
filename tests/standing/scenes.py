"""The books of a cluster on which one job runs, told what happens step by step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gap.vessel import at
from plan.builders import make_job
from standing.test_keep import investment, item
from ullage_operator.accepting import accept
from ullage_operator.accounts import context_of
from ullage_operator.api import Declarations
from ullage_operator.api.types import JobStatus
from ullage_operator.ledger import EntryContext, Expend, HoldOpened, HoldReleased, Ledger, Outcome
from ullage_operator.plan.budget import Terms
from ullage_operator.plan.instants import rfc3339
from ullage_operator.standing import Case, declared_now, keep, take_turn
from ullage_trainer.config import Stage

START = at("2026-11-10")
SECOND, MINUTE, HOUR = 1000, 60_000, 3_600_000
KINDS = {"nvidia.com/gpu": "A100"}
TERMS = Terms(interval_ms=HOUR, grace_ms=MINUTE)
UID = "uid-of-job"
PRICES = item(
    "PriceList",
    "tariff",
    {
        "entries": [
            {
                "resource": "compute",
                "type": "A100",
                "unit": "acceleratorHours",
                "currency": "CNY",
                "price": price,
                "from": day,
                "source": "tariff",
            }
            for price, day in ((20, "2026-01-01"), (30, "2026-11-11"))
        ]
    },
)


def named(name: str, made: dict[str, Any]) -> dict[str, Any]:
    """Return an object under another name."""
    return made | {"metadata": made["metadata"] | {"name": name, "uid": f"uid-{name}"}}


def in_kind(hours: float, **changes: Any) -> dict[str, Any]:
    made = investment(hours)
    made["spec"] |= {"whenExhausted": "Suspend"} | changes
    return made


def money(amount: float, **changes: Any) -> dict[str, Any]:
    made = in_kind(1, currency="CNY", priceListRef={"name": "tariff"}, **changes)
    line = {"id": "fund", "beneficiary": "north", "channel": "money", "unit": "CNY", "amount": amount}
    made["spec"]["lines"] = [line | {"instalments": [{"date": "2026-11-01", "amount": amount}]}]
    return made


@dataclass
class Scene:
    """The books of a cluster on which one job of two accelerators runs."""

    url: str
    items: list[dict[str, Any]]
    now_ms: int = START
    status: dict[str, Any] = field(default_factory=dict)
    spec: dict[str, Any] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=lambda: dict(KINDS))
    live: int = 0

    def __post_init__(self) -> None:
        self.ledger = self._opened()
        self.declare(*self.items)

    def _opened(self) -> Ledger:
        return Ledger.open(self.url, cluster="here", now_ms=lambda: self.now_ms)

    def close_books(self) -> None:
        self.ledger.close()

    def restart(self) -> None:
        self.close_books()
        self.ledger = self._opened()

    def declare(self, *items: dict[str, Any]) -> None:
        accepted = accept(items, {})
        assert accepted.errors == {}
        assert keep(self.ledger, list(accepted.objects.values()), accepted.present, self.now_ms).refused == {}

    @property
    def declarations(self) -> Declarations:
        return declared_now(self.ledger, self.now_ms)

    def case(self) -> Case:
        two = {"resources": {"train": {"limits": {"nvidia.com/gpu": "2"}}}}
        spec = {"script": {"path": "work.py"}, "accounting": {"institution": "north"}, "workers": two}
        job = make_job(spec | self.spec)
        metadata = job.metadata.model_copy(update={"uid": UID})
        status = JobStatus.model_validate(self.status)
        job = job.model_copy(update={"metadata": metadata, "status": status})
        return Case(job, context_of(job), self.live, self.kinds, TERMS)

    def turn(self) -> tuple[bool | None, str, int | None]:
        """Take a turn; return the verdict, and in how many milliseconds the next one is due."""
        verdict = take_turn(self.ledger, self.case(), self.declarations, self.now_ms).verdict
        if verdict is None:
            return None, "", None
        return verdict.allowed, verdict.message, verdict.wake_at_ms and verdict.wake_at_ms - self.now_ms

    def open(self, worker: str, *, own: bool | None = None, resource: str = "nvidia.com/gpu") -> None:
        context = EntryContext(job_uid=UID, namespace="north", job="j", institution="north")
        hold = HoldOpened(
            context=context,
            worker_uid=worker,
            stage=Stage.TRAIN,
            attempt=1,
            index=0,
            slots=2,
            accelerators=2,
            accelerator_type=resource,
            cpu_millis=0,
            memory_mib=0,
            from_ms=self.now_ms,
            own_machines=own,
        )
        self.ledger.post([hold])
        self.live += 1
        self.status = {"phase": "Running", "stages": [{"name": "train", "state": "Running", "attempt": 1}]}

    def hold(self, worker: str) -> HoldOpened:
        hold = self.ledger.find(f"hold/{worker}")
        assert isinstance(hold, HoldOpened)
        return hold

    def close(self, worker: str, *, to_ms: int | None = None, **stage: Any) -> None:
        hold = self.hold(worker)
        facts = {"context": hold.context, "worker_uid": worker, "to_ms": self.now_ms if to_ms is None else to_ms}
        self.ledger.post([HoldReleased(**facts, outcome=Outcome.STOPPED)])
        self.live -= 1
        self.status = {"phase": "Running", "stages": [{"name": "train", "state": "Pending", "attempt": 1} | stage]}

    def fail(self, reason: str, message: str = "node gone", **stage: Any) -> None:
        """Have the status tell that an attempt has failed, now."""
        told = {"name": "train", "state": "Pending", "attempt": 1, "finishTime": rfc3339(self.now_ms)} | stage
        failure = {"reason": reason, "message": message}
        self.status = {"phase": "Running", "stages": [told], "failure": failure}

    def spent(self) -> list[Expend]:
        """Return what was spent for the job, refunds and corrections left out, by time."""
        with self.ledger.books() as books:
            return sorted(books.spendings(UID), key=lambda each: each.from_ms)

    def line(self, name: str = "grant/gpu") -> dict[str, int]:
        with self.ledger.books() as books:
            (row,) = books.lines(0, self.now_ms + 1, names=[name])
            assert books.remaining([name]) == {name: row.remaining}
        figures = ("released", "reserved", "expended", "reversed", "remaining")
        return {figure: getattr(row, figure) for figure in figures}
