"""What a job's intervals turn out to be once nothing is held: corrected, and refunded where that is due.

Pure. What was spent in the interval in which a failure of the infrastructure ended an attempt is taken back. When that
comes to light is another matter: a lost node's end is estimated, and may lie in an interval that was settled meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ullage_operator.api.types import StageState, StageStatus, TrainingJob
from ullage_operator.ledger import Entry, Expend, Reversal
from ullage_operator.plan.instants import millis
from ullage_trainer.config import Reason

from .declare import AUTHOR
from .held import Held, ended_ms
from .settle import corrected
from .uncharged import SECOND_MS

_INFRASTRUCTURE: Final = frozenset({Reason.DISRUPTED, Reason.LOST})


@dataclass(frozen=True)
class Amended:
    """What is written of intervals that were settled."""

    entries: Sequence[Entry] = ()
    freed: Mapping[str, int] = field(default_factory=dict)
    """What comes back to lines; negative where more is taken."""


def amended(
    job: TrainingJob,
    stage: StageStatus | None,
    spendings: Sequence[Expend],
    settled_now: Sequence[Expend],
    held: Sequence[Held],
    now_ms: int,
) -> Amended:
    """Return what corrects a job's intervals, and takes back what was cut off.

    Parameters
    ----------
    job
        The job, with its status.
    stage
        The stage that it is at; null once it is to hold nothing more.
    spendings
        What was spent for it.
    settled_now
        What is, in the same transaction.
    held
        All that it held; nothing is held now.
    now_ms
        When, in milliseconds since 1970.
    """
    entries = corrected(spendings, held, now_ms)
    anew = {entry.key: entry for entry in entries if isinstance(entry, Expend)}
    freed: dict[str, int] = {}
    for spent in (each for each in spendings if each.key in anew):
        freed[spent.line] = freed.get(spent.line, 0) + spent.amount - anew[spent.key].amount
    # A node's clock that is ahead tells of an end that has not come; its own machines are in no interval.
    last_ms = min(now_ms, ended_ms([each for each in held if not each.own_machines]))
    standing = [*(anew.get(spent.key, spent) for spent in spendings), *settled_now]
    cut_off = next((spent for spent in reversed(standing) if spent.from_ms < last_ms <= spent.to_ms), None)
    back = None if cut_off is None else _refund(job, stage, cut_off, now_ms)
    if cut_off is None or back is None:
        return Amended(entries, freed)
    return Amended([*entries, back], freed | {cut_off.line: freed.get(cut_off.line, 0) + cut_off.amount})


def _refund(job: TrainingJob, stage: StageStatus | None, spent: Expend, now_ms: int) -> Reversal | None:
    """Return the reversal of what was spent in an interval, if a failure of the infrastructure cut it off."""
    failure = job.status.failure
    finished = [each for each in job.status.stages if each.finish_time and each.state is not StageState.SUCCEEDED]
    if failure is None or failure.reason not in _INFRASTRUCTURE or not finished:
        return None
    if stage is not None and stage.state is not StageState.PENDING:
        return None
    last = max(finished, key=lambda each: each.finish_time or "")
    begun_ms = 0 if last.attempt_time is None else millis(last.attempt_time)
    if not (begun_ms < spent.to_ms and spent.from_ms <= millis(last.finish_time or "") + SECOND_MS):
        return None  # It is of an earlier attempt.
    reason = " ".join(f"{failure.reason.value}: {failure.message}".split())[:200]
    return Reversal.of(spent, reason=reason, author=AUTHOR, at_ms=now_ms)
