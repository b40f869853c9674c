"""``python -m cluster COMMAND``: a Kubernetes for tests."""

import argparse
import sys
from pathlib import Path

from cluster import binaries, images, ways
from cluster.choice import NoneIsPossibleError


def main() -> None:
    """Start or end the cluster, or give it images."""
    parser = argparse.ArgumentParser(prog="python -m cluster", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="start it, unless it runs")
    commands.add_parser("down", help="end it and remove all of it")
    commands.add_parser("load", help="give it images").add_argument("archive", type=Path, help="an OCI archive")
    commands.add_parser("images", help="build the images and give it them")
    commands.add_parser("tool", help="print where a program is").add_argument("name", choices=binaries.GO_TOOLS)
    options = parser.parse_args()
    try:
        if options.command == "up":
            ways.up(say)
        elif options.command == "down":
            ways.down(say)
        elif options.command == "images":
            images.provide(say)
        elif options.command == "tool":
            print(binaries.tool(options.name, lambda line: print(f"cluster: {line}", file=sys.stderr)))
        else:
            ways.current().load(options.archive)
    except NoneIsPossibleError as error:
        raise SystemExit(f"cluster: {error}") from error


def say(line: str) -> None:
    """Tell what is done."""
    print(f"cluster: {line}", flush=True)


if __name__ == "__main__":
    main()
