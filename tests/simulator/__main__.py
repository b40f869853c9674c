"""``python -m simulator --seeds 100000 --start 20000``: runs schedules, and says which fail and how."""

from __future__ import annotations

import argparse
import sys
import time

from .search import search


def main() -> int:
    """Run the seeds that the command line names; return 1 if one fails."""
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20_000, help="how many")
    parser.add_argument("--start", type=int, default=0, help="the first")
    parser.add_argument("--processes", type=int, help="how many at a time; default: one a core")
    options = parser.parse_args()
    began, failed = time.monotonic(), 0
    for finding in search(options.start, options.seeds, processes=options.processes):
        failed += 1
        print(finding, flush=True)
    seconds = time.monotonic() - began
    rate = options.seeds / seconds
    print(f"{options.seeds} schedules in {seconds:.0f} s, {rate:.0f} a second, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
