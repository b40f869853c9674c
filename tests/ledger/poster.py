"""A process that posts the lives of workers, one entry after the other; tests kill it."""

from __future__ import annotations

import sys

from ledger.builders import activity, data_use, hold, release
from ullage_operator.ledger import Entry, Ledger

WORKERS = 25


def lives(workers: int = WORKERS) -> list[Entry]:
    """Return the entries of workers, in the order in which they come about."""
    return [
        entry
        for number in range(workers)
        for entry in (
            hold(f"worker-{number}", index=number),
            activity(f"worker-{number}"),
            data_use(f"worker-{number}"),
            release(f"worker-{number}"),
        )
    ]


def main(url: str) -> None:
    """Say that it starts, post, and say how many entries were new."""
    entries = lives()
    sys.stdout.write("starting\n")
    sys.stdout.flush()
    with Ledger.open(url, cluster="local", now_ms=lambda: 100_000) as ledger:
        sys.stdout.write(f"{sum(ledger.post([entry]) for entry in entries)}\n")


if __name__ == "__main__":
    main(sys.argv[1])
