"""The agent's command line. The gang's key comes in the environment variable ``ULLAGE_GANG_KEY`` (hex)."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from pydantic import ValidationError

from ullage_trainer.config import EXIT_CODES, Reason, StageDocument

from .worker import Worker, WorkerSettings

KEY_VARIABLE = "ULLAGE_GANG_KEY"


def main() -> int:
    """Run the agent; return 0 or one of :data:`ullage_trainer.config.EXIT_CODES`."""
    parser = argparse.ArgumentParser(prog="python -m ullage_trainer", description="The agent of one worker.")
    parser.add_argument("--document", type=Path, required=True, help="the stage document (JSON)")
    parser.add_argument("--index", type=int, required=True, help="which worker of the gang this is, from 0")
    parser.add_argument("--report", type=Path, required=True, help="where the exit report is written")
    parser.add_argument("--report-interval", type=float, default=10.0, help="seconds between reports (default: 10)")
    parser.add_argument("--listen-fd", type=int, help="a listening socket to use instead of the coordinator's port")
    parser.add_argument("--watch-stdin", action="store_true", help="end when standard input is closed")
    options = parser.parse_args()
    try:
        document = StageDocument.model_validate_json(options.document.read_bytes())
        key = bytes.fromhex(os.environ[KEY_VARIABLE])
    except (OSError, ValidationError, ValueError, KeyError) as error:
        print(
            f"{options.document}: expected a stage document and a key in {KEY_VARIABLE}, found: {error}",
            file=sys.stderr,
        )
        return EXIT_CODES[Reason.CONFIG_INVALID]
    settings = WorkerSettings(
        index=options.index,
        document_path=options.document,
        report_path=options.report,
        key=key,
        report_interval_seconds=options.report_interval,
        listening_descriptor=options.listen_fd,
        watch_stdin=options.watch_stdin,
    )
    return Worker(document, settings).run()
