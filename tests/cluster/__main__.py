"""``python -m cluster up | down | load ARCHIVE``: a Kubernetes of one node, for tests, on this machine."""

import argparse
from pathlib import Path

from cluster import node


def main() -> None:
    """Start or end the cluster, or give it images."""
    parser = argparse.ArgumentParser(prog="python -m cluster", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="start it, unless it runs")
    commands.add_parser("down", help="end it and remove all of it")
    commands.add_parser("load", help="give it images").add_argument("archive", type=Path, help="an OCI archive")
    options = parser.parse_args()
    if options.command == "up":
        node.up(say)
    elif options.command == "down":
        node.down(say)
    else:
        node.load(options.archive)


def say(line: str) -> None:
    """Tell what is done."""
    print(f"cluster: {line}", flush=True)


if __name__ == "__main__":
    main()
