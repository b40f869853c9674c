"""How many accelerator-hours a training needs, from its floating-point operations."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from .figures import Figure

SECONDS_PER_HOUR: Final = 3600


def transformer_flop(active_parameters: Fraction, tokens: Fraction) -> Fraction:
    """Return the floating-point operations of a transformer's training: 6·N·D.

    Parameters
    ----------
    active_parameters
        N: the parameters that each token passes. Of a dense transformer all, of a mixture of experts the active ones.
        Convolutional and recurrent networks and matrix factorization have no such rule: take what was published
        or profiled.
    tokens
        D: the tokens it is trained on, repetitions counted.

    Notes
    -----
    J. Kaplan et al., "Scaling Laws for Neural Language Models" (2020), arXiv:2001.08361, section 2.1.
    """
    return 6 * active_parameters * tokens


@dataclass(frozen=True)
class Efficiency:
    """On what the operations are computed, and how well.

    Raises
    ------
    ValueError
        A quantity is out of its range; all are named.
    """

    peak_flop_per_second: Fraction
    """The accelerator's dense BF16 peak."""
    mfu: Fraction
    """The share of the peak that the training reaches (model FLOP utilisation). It is not U / A."""
    overhead: Fraction = Fraction(1)
    """What is computed beside the run itself (failed runs, searches), as a factor of at least 1."""
    runs: int = 1
    """How many such runs."""

    def __post_init__(self) -> None:
        problems = [
            f"{name}: expected {expected}, found {found}"
            for name, found, expected, fits in (
                ("peak_flop_per_second", self.peak_flop_per_second, "more than 0", self.peak_flop_per_second > 0),
                ("mfu", self.mfu, "more than 0 and at most 1", 0 < self.mfu <= 1),
                ("overhead", self.overhead, "1 or more", self.overhead >= 1),
                ("runs", self.runs, "1 or more", self.runs >= 1),
            )
            if not fits
        ]
        if problems:
            raise ValueError("; ".join(problems))


def accelerator_hours(flop: Figure, efficiency: Efficiency) -> Figure:
    """Return the hours that operations take: runs × FLOP × overhead / (peak × MFU × 3600), as well known as the FLOP.

    Never divide it by U / A again: activity is not MFU.
    """
    rate = efficiency.peak_flop_per_second * efficiency.mfu * SECONDS_PER_HOUR
    return flop.times(efficiency.runs * efficiency.overhead / rate)
