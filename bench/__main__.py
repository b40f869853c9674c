"""``python -m bench [NAME…] [--pairs N]``: run the benchmarks, or those that are named.

``python -m bench scale`` and ``python -m bench submit`` are of their own, on a Kubernetes that they start:
``make bench-scale`` and ``make bench-submit``.
"""

import argparse
import sys

from bench import checkpoint, memory, scrape, start, training

BENCHMARKS = {
    "training": training.main,
    "checkpoint": checkpoint.main,
    "start": start.main,
    "memory": memory.main,
    "scrape": scrape.main,
}


def main() -> None:
    """Run benchmarks one after the other; nothing else should run on the machine."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=main.__doc__)
    parser.add_argument("names", nargs="*", default=list(BENCHMARKS), help=f"of {', '.join(BENCHMARKS)}; default: all")
    parser.add_argument("--pairs", type=int, default=7, help="alternating pairs (default: 7)")
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHMARKS):
        parser.error(f"expected names of {', '.join(BENCHMARKS)}, found {', '.join(sorted(unknown))}")
    for name in options.names:
        BENCHMARKS[name](options.pairs)


if __name__ == "__main__":
    if sys.argv[1:2] == ["scale"]:
        # It needs what tests start a Kubernetes with, and none of what the others train with.
        from bench import scale

        sys.exit(scale.main(sys.argv[2:]))
    if sys.argv[1:2] == ["submit"]:
        from bench import submit

        sys.exit(submit.main(sys.argv[2:]))
    main()
