"""Which stretches of time count in a period, and as which moments of the books told them. Pure.

What a closed period's figure is, its closing decided. What became known of its time afterwards counts as a whole in the
period that was then open, at its first instant: as what the books told later, less what they had told. So a figure
that adds up over time is never changed by what comes late, and over all periods it is what the entries say in total.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Generic, TypeVar

from ullage_operator.ledger.entries import Close, Entry, Reversal
from ullage_operator.ledger.late import first_open
from ullage_operator.ledger.selection import Posted

from .periods import Period

K = TypeVar("K", bound=Hashable)
R = TypeVar("R")


@dataclass(frozen=True)
class Moment:
    """The books at one moment."""

    upto: int | None
    """The last entry that is seen; None is all of them."""
    now_ms: int
    """Until when what is open is counted."""


@dataclass(frozen=True)
class Span:
    """A stretch of time ``[from_ms, to_ms)`` that counts as the books told it at one moment, less as at an earlier."""

    from_ms: int
    to_ms: int
    until: Moment
    """As they told it then."""
    since: Moment | None
    """Less what they had told then; None is nothing."""

    @property
    def ends(self) -> tuple[int, int]:
        """Its start and its end."""
        return self.from_ms, self.to_ms


@dataclass(frozen=True)
class Told(Generic[K, R]):
    """What one worker or import adds to a figure of a period."""

    key: K
    """Which it is."""
    row: R
    """How much, negative where something is taken back."""
    late: bool
    """Whether it is a late fact about other periods, or about this one from before it was opened again."""


@dataclass(frozen=True)
class _State:
    """The time between two changes of what is closed."""

    since: Moment | None
    until: Moment
    closed: tuple[Period, ...]


def spans(period: Period, found: Sequence[Posted[Entry]], now: Moment) -> list[Span]:
    """Return what counts in a period.

    Parameters
    ----------
    period
        The period that is asked for.
    found
        All closes and their reversals that are seen, in the order they were posted.
    now
        The moment that the books are read at.
    """
    states = list(_states(found, now))
    ever = [one.entry for one in found if isinstance(one.entry, Close)]
    bounds = sorted({period.from_ms, period.to_ms, *(at for each in ever for at in (each.from_ms, each.to_ms))})
    parts: list[Span] = []
    for start, end in pairwise(bounds):
        counting = ((period.holds(first_open(start, state.closed)), state) for state in states)
        for counts, group in groupby(counting, key=lambda pair: pair[0]):
            run = [state for _, state in group]
            if counts:
                parts.append(Span(start, end, run[-1].until, run[0].since))
    return _joined(parts)


def told(
    parts: Sequence[Span], rows: Callable[[Span, Moment], Iterable[tuple[K, R]]], less: Callable[[R], R]
) -> Iterator[Told[K, R]]:
    """Yield what counts of each worker or import in spans of time.

    Parameters
    ----------
    rows
        What the books told of a span at a moment, each key once; of a span with a ``since``, only what was told
        anew after it is looked at.
    less
        Turns what was told into what is taken back.
    """
    for span in parts:
        after = dict(rows(span, span.until))
        before: dict[K, R] = {} if span.since is None else dict(rows(span, span.since))
        for key in dict.fromkeys((*after, *before)):
            if span.since is not None and after.get(key) == before.get(key):
                continue
            late = span.since is not None
            if key in after:
                yield Told(key, after[key], late)
            if key in before:
                yield Told(key, less(before[key]), late)


def _states(found: Sequence[Posted[Entry]], now: Moment) -> Iterator[_State]:
    in_force: dict[str, Close] = {}
    since: Moment | None = None
    for one in found:
        moment = Moment(one.sequence, min(now.now_ms, one.posted_at_ms))
        yield _State(since, moment, _stretches(in_force.values()))
        if isinstance(one.entry, Close):
            in_force[one.entry.id] = one.entry
        elif isinstance(one.entry, Reversal):
            in_force.pop(one.entry.reverses, None)
        since = moment
    yield _State(since, now, _stretches(in_force.values()))


def _stretches(closes: Iterable[Close]) -> tuple[Period, ...]:
    """Return closed time in order, periods that follow one another as one."""
    found: list[Period] = []
    for close in sorted(closes, key=lambda each: each.from_ms):
        if found and found[-1].to_ms == close.from_ms:
            found[-1] = Period(found[-1].from_ms, close.to_ms)
        else:
            found.append(Period(close.from_ms, close.to_ms))
    return tuple(found)


def _joined(parts: Sequence[Span]) -> list[Span]:
    """Return spans with those joined that lie side by side and are told alike."""
    found: list[Span] = []
    last: dict[tuple[Moment, Moment | None], int] = {}
    for part in parts:
        how = part.until, part.since
        place = last.get(how)
        if place is not None and found[place].to_ms == part.from_ms:
            found[place] = Span(found[place].from_ms, part.to_ms, *how)
        else:
            last[how] = len(found)
            found.append(part)
    return found
