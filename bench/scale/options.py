"""What can be asked for on the command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

PROGRAMS = "ULLAGE_SCALE_"
"""With this before their names, where the programs are, for the processes inside."""
SIDES = ("script", "jobs", "ullage")


@dataclass(frozen=True)
class Options:
    """All options."""

    jobs: list[int]
    workers: int
    runs: int
    wide: int
    idle_seconds: int
    sides: list[str]
    profile: Path | None

    @classmethod
    def parse(cls, arguments: Sequence[str]) -> Self:
        """Return what the command line asks for; leave with a message if that can't be."""
        parser = argparse.ArgumentParser(prog="python -m bench scale", description="Measure the operator at scale.")
        add = parser.add_argument
        add("--jobs", type=int, nargs="+", default=[200, 1000], help="numbers of jobs (default: 200 1000)")
        add("--workers", type=int, default=2, help="workers a job (default: 2)")
        add("--runs", type=int, default=3, help="runs of each side, in alternating order (default: 3)")
        add("--wide", type=int, default=512, help="workers of the one wide job; 0 for none (default: 512)")
        add("--idle-seconds", type=int, default=120, help="how long nothing is to happen; 0 for not (default: 120)")
        add("--sides", nargs="+", choices=SIDES, default=list(SIDES), help="default: all that there are")
        add("--profile", type=Path, help="a folder for the operator's profile of each trial, by cProfile")
        return cls(**vars(parser.parse_args(arguments)))
