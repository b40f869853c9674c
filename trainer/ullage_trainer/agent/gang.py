"""The gang as worker 0 sees it: who is there, when to start, who failed first. Pure: time is passed in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from ullage_trainer.config import Failure, Reason, Usage, WorkerState

from .protocol import LOST_AFTER_SECONDS, Heartbeat, Orders

SETTLE_SECONDS: Final = 2.0
"""When a rank dies the others fail too, within moments: so long a root cause may take to be told."""


@dataclass
class _Member:
    address: str
    beat: Heartbeat
    heard: float
    failed: float | None = None


@dataclass
class GangState:
    """What is known of the workers."""

    replicas: int
    start_timeout_seconds: float
    started: float
    rendezvous_port: int | None = None
    finish: bool = False
    verdict: Failure | None = None
    _members: dict[int, _Member] = field(default_factory=dict)

    def heard(self, beat: Heartbeat, address: str, now: float) -> Orders:
        """Take a heartbeat and answer it. One that is older than the last is answered and not taken."""
        known = self._members.get(beat.index)
        if 0 <= beat.index < self.replicas and (known is None or beat.sequence > known.beat.sequence):
            failed = known.failed if known and known.failed is not None else now if beat.failure else None
            self._members[beat.index] = _Member(address, beat, now, failed)
        self.judge(now)
        return Orders(
            sequence=beat.sequence, rendezvous_port=self.rendezvous_port, stop=self.verdict, finish=self.finish
        )

    @property
    def complete(self) -> bool:
        """Whether all workers have registered."""
        return len(self._members) == self.replicas

    @property
    def ended(self) -> bool:
        """Whether no worker is left that may still do something: one that was given up as lost will not."""
        lost = self.verdict.worker if self.verdict is not None and self.verdict.reason is Reason.LOST else None
        return all(
            index == lost or (index in self._members and self._members[index].beat.final)
            for index in range(self.replicas)
        )

    @property
    def others_succeeded(self) -> bool:
        """Whether all workers but worker 0, who asks, have succeeded."""
        return self.complete and all(
            member.beat.state is WorkerState.SUCCEEDED for index, member in self._members.items() if index != 0
        )

    def addresses(self) -> frozenset[str]:
        """Return the addresses that workers registered from."""
        return frozenset(member.address for member in self._members.values())

    def usage(self) -> Usage:
        """Return what all workers together took."""
        total = Usage()
        for member in self._members.values():
            total += member.beat.usage
        return total

    def judge(self, now: float) -> Failure | None:
        """Decide, once, what ends the gang: the first failure that is not the consequence of another."""
        if self.verdict is None:
            self.verdict = self._lost(now) or self._absent(now) or self._first_failure(now)
        return self.verdict

    def _first_failure(self, now: float) -> Failure | None:
        failed = sorted(
            ((m.failed, m.beat.failure) for m in self._members.values() if m.failed is not None and m.beat.failure),
            key=lambda pair: (pair[0], pair[1].worker),
        )
        causes = [failure for _, failure in failed if failure.reason is not Reason.PEER_FAILED]
        if causes:
            return causes[0]
        if failed and now - failed[0][0] >= SETTLE_SECONDS:
            return failed[0][1]
        return None

    def _lost(self, now: float) -> Failure | None:
        for index, member in sorted(self._members.items()):
            silent = now - member.heard
            if not member.beat.final and silent > LOST_AFTER_SECONDS:
                return Failure(
                    reason=Reason.LOST,
                    worker=index,
                    message=f"worker {index} ({member.address}) has not been heard of for {silent:.0f} s",
                )
        return None

    def _absent(self, now: float) -> Failure | None:
        if self.complete or now - self.started <= self.start_timeout_seconds:
            return None
        absent = ", ".join(str(index) for index in range(self.replicas) if index not in self._members)
        return Failure(
            reason=Reason.RENDEZVOUS_FAILED,
            message=f"expected {self.replicas} workers within {self.start_timeout_seconds:.0f} s, "
            f"not heard of: {absent}; are they scheduled, and can they reach worker 0?",
        )
