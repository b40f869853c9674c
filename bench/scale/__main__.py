"""``python -m bench.scale``: the trials, inside namespaces of their own; ``python -m bench scale`` enters those."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from bench.scale.operator import ENVIRONMENT, Operator
from bench.scale.options import PROGRAMS, Options
from bench.scale.plane import ADDRESS, ControlPlane
from bench.scale.table import table
from bench.scale.trial import Figures, Size, Trial

_SCRATCH = Path("/mnt")
"""Where the file system in memory is, in our own mount namespace."""


def main(arguments: Sequence[str]) -> None:
    """Run all trials, then print the table."""
    options = Options.parse(arguments)
    for command in (
        ("mount", "-t", "tmpfs", "tmpfs", str(_SCRATCH)),
        ("ip", "link", "set", "lo", "up"),
        ("ip", "address", "add", f"{ADDRESS}/32", "dev", "lo"),
    ):
        subprocess.run(command, check=True)
    compiled = [sys.executable, "-c", "import ullage_operator.command"]
    subprocess.run(compiled, check=True, env=os.environ | ENVIRONMENT)
    before = os.getloadavg()[0]
    results: dict[Size, dict[str, list[Figures]]] = defaultdict(lambda: defaultdict(list))
    sizes = [Size(jobs, options.workers) for jobs in options.jobs]
    for size in sizes:
        for run in range(options.runs):
            sides = options.sides if run % 2 == 0 else options.sides[::-1]
            for side in sides:
                label = f"{size.jobs:,} jobs, run {run + 1}/{options.runs}, {side}"
                last = size is sizes[-1] and run == options.runs - 1
                idle = options.idle_seconds if last else 0
                results[size][side].append(asyncio.run(trial(options, side, size, label, idle)))
    if options.wide:
        size = Size(1, options.wide)
        for side in options.sides:
            results[size][side].append(asyncio.run(trial(options, side, size, f"one job, {side}", 0)))
    print(table(results))
    print(f"{os.cpu_count()} CPUs for all of it; load average at the start {before:.1f}: compare ratios, not seconds")


async def trial(options: Options, side: str, size: Size, label: str, idle_seconds: int) -> Figures:
    """Make one trial on a new control plane."""

    def say(line: str) -> None:
        print(f"  {label}: {line}", flush=True)

    state = _SCRATCH / f"{time.monotonic_ns()}"
    programs = {name: Path(os.environ[PROGRAMS + name]) for name in ("KUBERNETES", "KWOK")}
    async with ControlPlane(state, programs["KUBERNETES"], programs["KWOK"]) as plane:
        operator = None
        if side == "ullage":
            profile = options.profile.resolve() / f"{size.jobs}x{size.workers}.prof" if options.profile else None
            operator = Operator(plane, profile)
        else:
            await plane.grant("cluster-admin")
        return await Trial(plane, side, size, say, operator, size.jobs > 1, idle_seconds).run()


if __name__ == "__main__":
    main(sys.argv[1:])
