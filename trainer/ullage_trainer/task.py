"""One rank's process: it runs its stage, and says over the channel how far it is and how it ended."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import signal
import sys
import traceback
from pathlib import Path

from .channel import STACKS_VARIABLE, PipeSink, Reporter, Result
from .config import EXIT_CODES, Failure, Reason, Stage, StageDocument, StopRequested, TrainerError
from .paths import resolve
from .stop import StopFlag

DOCUMENT_VARIABLE = "ULLAGE_DOCUMENT"
_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Have the kernel end this process when its agent ends, however that happens (Linux; elsewhere nothing)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(EXIT_CODES[Reason.LOST])


def run_stage(document: StageDocument, reporter: Reporter, stop: StopFlag) -> Result:
    """Run the document's stage. Each imports what it needs and no more: data needs no TensorFlow."""
    if document.stage is Stage.PREPARE:
        from .prepare import prepare_stage  # noqa: PLC0415

        return prepare_stage(document, reporter, stop)
    if document.script is not None:
        from .script.run import run_script  # noqa: PLC0415

        return run_script(document, stop)
    if document.stage is Stage.TRAIN:
        from .train.stage import train  # noqa: PLC0415

        return train(document, reporter, stop)
    from .quantize.stage import quantize  # noqa: PLC0415

    return quantize(document, reporter, stop)


def failure_of(error: BaseException) -> Failure:
    """Describe an error for the exit report."""
    rank = int(os.environ["HOROVOD_RANK"]) if "HOROVOD_RANK" in os.environ else None
    code = error.exit_code if isinstance(error, TrainerError) else None
    if isinstance(error, TrainerError):
        reason, message = error.reason, str(error)
    elif isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        reason, message = Reason.OUT_OF_MEMORY, f"out of memory: {error}"
    elif isinstance(error, OSError):
        message = f"{type(error).__name__}: {error}; is storage there, writable, and not full?"
        reason = Reason.STORAGE_FAILURE
    else:
        reason, message = Reason.EXCEPTION, f"{type(error).__name__}: {error}"
    return Failure(reason=reason, message=message[:1024], rank=rank, exit_code=code)


def main() -> int:
    """Run one rank; return its exit code."""
    stop = StopFlag()
    die_with_parent(int(os.environ["ULLAGE_AGENT_PID"]))
    # Written by a handler in C: it answers also while Python code hangs.
    faulthandler.register(signal.SIGUSR1, file=int(os.environ[STACKS_VARIABLE]), all_threads=True)
    sink = PipeSink.from_environment()
    reporter = Reporter(sink)
    document = StageDocument.model_validate_json(Path(os.environ[DOCUMENT_VARIABLE]).read_bytes())
    try:
        resolve(Path(document.storage.root), document.storage.output).mkdir(parents=True, exist_ok=True)
        stop.catch()
        reporter.result(run_stage(document, reporter, stop))
    except BaseException as raised:  # noqa: BLE001 - whatever ends a rank is reported
        stop.ignore()
        stopped = stop.ended_it and not isinstance(raised, StopRequested)
        error = StopRequested("stopped on request") if stopped else raised
        failure = failure_of(error)
        unforeseen = not isinstance(error, TrainerError) or failure.reason is Reason.STORAGE_FAILURE
        if unforeseen and failure.reason in (Reason.EXCEPTION, Reason.STORAGE_FAILURE):
            traceback.print_exc()
        elif not isinstance(error, StopRequested):
            print(f"{failure.reason}: {failure.message}", file=sys.stderr)
        reporter.failure(failure)
        return EXIT_CODES[failure.reason]
    if document.script is not None:
        # What the user's program left to do at its end is done, as outside Ullage.
        sys.exit(0)
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Horovod's background thread may hang in its own teardown once a peer is gone; all is written, so leave.
    os._exit(code)
