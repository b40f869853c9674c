"""What a job held of accelerators, as the books tell it. Pure but for the reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ullage_operator.ledger import Books, EntryContext


@dataclass(frozen=True)
class Held:
    """The accelerators of one worker, for as long as it had them."""

    context: EntryContext
    """In whose books."""
    resource: str
    """What the cluster calls them, such as ``nvidia.com/gpu``."""
    accelerators: int
    """How many."""
    from_ms: int
    """Since when, in milliseconds since 1970."""
    to_ms: int | None
    """Until when; null while it holds them."""
    told_ms: int | None
    """When its end was written in the books; null while it holds them."""
    own_machines: bool | None
    """Whether they are the institution's own: these draw on no line. Null is not known."""

    def ms(self, from_ms: int, to_ms: int) -> int:
        """Return for how many milliseconds of a period it had them."""
        end_ms = to_ms if self.to_ms is None else min(to_ms, self.to_ms)
        return max(0, end_ms - max(from_ms, self.from_ms))


def held_by(books: Books, job_uid: str) -> list[Held]:
    """Return what all workers of a job held, those without accelerators left out."""
    return [
        Held(
            context=worker.hold.context,
            resource=worker.hold.accelerator_type or "",
            accelerators=worker.hold.accelerators,
            from_ms=worker.hold.from_ms,
            to_ms=None if worker.release is None else worker.release.to_ms,
            told_ms=worker.released_at_ms,
            own_machines=worker.hold.own_machines,
        )
        for worker in books.workers_of(job_uid)
        if worker.hold.accelerators
    ]


def ended_ms(held: Sequence[Held]) -> int:
    """Return when the last of them ended, of those that have; 0 where there is none."""
    return max((each.to_ms for each in held if each.to_ms is not None), default=0)


def within(held: Sequence[Held], from_ms: int, to_ms: int) -> list[Held]:
    """Return those that lie in a part of a period, of which lines may pay."""
    return [each for each in held if not each.own_machines and each.ms(from_ms, to_ms)]


def quantity_ms(held: Sequence[Held], from_ms: int, to_ms: int) -> int:
    """Return the accelerators × milliseconds of a period that lines may pay."""
    return sum(each.accelerators * each.ms(from_ms, to_ms) for each in within(held, from_ms, to_ms))


def resources(held: Sequence[Held], from_ms: int, to_ms: int) -> list[str]:
    """Return what the cluster calls the accelerators that :func:`quantity_ms` counts."""
    return sorted({each.resource for each in within(held, from_ms, to_ms)})
