"""How much of several needs a number of pots can meet, where each pot may only be spent on some of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Pot:
    """An amount, and the indexes of the needs that it may be spent on."""

    amount: Fraction
    reach: frozenset[int]


def absorbed(needs: Sequence[Fraction], pots: Sequence[Pot]) -> Fraction:
    """Return the most that pots can meet of needs: a maximum flow, by shortest augmenting paths, exactly.

    Notes
    -----
    J. Edmonds, R. M. Karp, "Theoretical Improvements in Algorithmic Efficiency for Network Flow Problems",
    Journal of the ACM 19 (1972) 248-264.
    """
    left, open_needs = [pot.amount for pot in pots], list(needs)
    given: dict[tuple[int, int], Fraction] = {}
    while path := _path(left, open_needs, pots, given):
        # Forth from a pot to a need, back along what another pot gave to that need, and so on.
        forth, back = path[::2], path[1::2]
        step = min(left[forth[0][0]], open_needs[forth[-1][1]], *(given[edge] for edge in back))
        for edge in forth:
            given[edge] = given.get(edge, Fraction(0)) + step
        for edge in back:
            given[edge] -= step
        left[forth[0][0]] -= step
        open_needs[forth[-1][1]] -= step
    return sum(given.values(), Fraction(0))


def _path(
    left: Sequence[Fraction],
    open_needs: Sequence[Fraction],
    pots: Sequence[Pot],
    given: dict[tuple[int, int], Fraction],
) -> list[tuple[int, int]]:
    """Return the edges (pot, need) of a shortest way from a pot with something left to a need that is open."""
    queue = deque((index, list[tuple[int, int]]()) for index, amount in enumerate(left) if amount > 0)
    seen_pots, seen_needs = {index for index, _ in queue}, set[int]()
    while queue:
        pot, edges = queue.popleft()
        for need in sorted(pots[pot].reach - seen_needs):
            seen_needs.add(need)
            forth = [*edges, (pot, need)]
            if open_needs[need] > 0:
                return forth
            for other in range(len(pots)):
                if other not in seen_pots and given.get((other, need), 0) > 0:
                    seen_pots.add(other)
                    queue.append((other, [*forth, (other, need)]))
    return []
