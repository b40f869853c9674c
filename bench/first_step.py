"""``python -m bench.first_step ADDRESS PORT``: ask a worker until its first step has ended; print when.

A program of its own, since pods are reached from within their node's network alone.
"""

import http.client
import json
import sys
import time

from ullage_trainer.agent.protocol import REPORT_PATH

LOOK_SECONDS = 0.01
PATIENCE_SECONDS = 180


def main(address: str, port: str) -> None:
    """Print when the first step ended, in milliseconds since 1970 by the worker's clock."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        progress = _progress(address, int(port))
        step = progress.get("step", 0)
        if step > 1:
            raise SystemExit(f"expected to see the end of the first step, found step {step}: it was asked for too late")
        if step:
            print(progress["stepMs"])
            return
        time.sleep(LOOK_SECONDS)
    raise SystemExit(f"expected a first step within {PATIENCE_SECONDS} s, found none")


def _progress(address: str, port: int) -> dict[str, int]:
    connection = http.client.HTTPConnection(address, port, timeout=5)
    try:
        connection.request("GET", REPORT_PATH)
        report = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        report = {}
    finally:
        connection.close()
    progress: dict[str, int] = report.get("progress") or {}
    return progress


if __name__ == "__main__":
    main(*sys.argv[1:])
