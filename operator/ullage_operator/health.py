"""Whether the operator is well: what it looks at must be heard of, and what it does must go on. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

STALE_SECONDS: Final = 120.0
"""After how long a silence is one: the API server tells at least once a minute that nothing is new."""


def ailments(
    *, ended: Collection[str], unheard_seconds: Mapping[str, float], unwatched: Collection[str], unread_seconds: float
) -> list[str]:
    """Return why the operator is not well; empty if it is.

    Parameters
    ----------
    ended
        Tasks of its own that have ended, none of which ever should.
    unheard_seconds
        How long ago the API server last told something of each kind that the operator has a copy of.
    unwatched
        Kinds that were watched, and are no more.
    unread_seconds
        For how long it has been impossible to read what is declared, for which jobs wait; 0 once it is read.
    """
    found = [f"the task {name} has ended" for name in ended]
    found += [
        f"{kind} were last heard of {age:.0f} s ago" for kind, age in unheard_seconds.items() if age > STALE_SECONDS
    ]
    found += [f"{kind} are not watched any more" for kind in sorted(unwatched)]
    if unread_seconds > STALE_SECONDS:
        found.append(f"institutions and investments could not be read for {unread_seconds:.0f} s: jobs wait for that")
    return found
