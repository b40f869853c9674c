"""Alternating pairs: what slows the machine for a while slows both sides."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence


def alternate(
    first: Callable[[], float], second: Callable[[], float], pairs: int, names: tuple[str, str], unit: str
) -> list[float]:
    """Measure both sides so many times, changing who goes first; print each pair, return the ratios first/second."""
    ratios = []
    for pair in range(pairs):
        if pair % 2:
            right, left = second(), first()
        else:
            left, right = first(), second()
        ratios.append(left / right)
        digits = 0 if right > 100 else 2
        print(
            f"  pair {pair + 1}/{pairs}: {names[0]} {left:,.{digits}f}, {names[1]} {right:,.{digits}f} {unit}; "
            f"ratio {ratios[-1]:.3f}",
            flush=True,
        )
    return ratios


def median_interval(values: Sequence[float], confidence: float = 0.95) -> tuple[float, float, float]:
    """Return the median and its distribution-free interval: the order statistics that a binomial covers.

    For 7 values and 95 % these are the smallest and the greatest (98.4 %).
    """
    ordered = sorted(values)
    count = len(ordered)
    depth = 0
    while depth + 1 < count / 2:
        outside = 2 * sum(math.comb(count, k) for k in range(depth + 2)) / 2**count
        if outside > 1 - confidence:
            break
        depth += 1
    return statistics.median(ordered), ordered[depth], ordered[count - 1 - depth]
