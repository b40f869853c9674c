"""One rank of a script: the program runs in this process as ``python`` would run it, and its end is told."""

from __future__ import annotations

import importlib.util
import os
import runpy
import signal
import sys
import traceback
from pathlib import Path
from types import FrameType, TracebackType

from ullage_trainer import reporting
from ullage_trainer.channel import Result
from ullage_trainer.config import (
    ConfigError,
    InputMissing,
    PeerFailure,
    Script,
    ScriptFailure,
    StageDocument,
    StopRequested,
)
from ullage_trainer.paths import existing_file
from ullage_trainer.stop import StopFlag

from .environment import expand, script_environment

_STOPPED_CODE = 143
_LOW_BYTE = 0xFF
"""Of an exit code, what the system tells."""
_TOLD_CHARACTERS = 300


def run_script(document: StageDocument, stop: StopFlag) -> Result:
    """Run the script to its end in the attempt's folder; return the last metrics that it told of.

    Raises
    ------
    TrainerError
        If it is not there, fails, ends with another code than 0, or was asked to stop.
    """
    script = document.script
    if script is None:
        raise ConfigError("train: expected script in the document")
    root = Path(document.storage.root)
    variables = script_environment(document)
    os.environ.update(variables)
    os.chdir(variables["ULLAGE_OUTPUT_DIR"])
    reporting.connect(document.storage.output)
    _end_on_sigterm(stop)
    arguments = expand(script.args, os.environ)
    try:
        if script.path is not None:
            path = existing_file(root, script.path, field="script.path")
            _check_syntax(path, script.path)
            _run_file(path, arguments)
        else:
            _run_module(script.module or "", arguments)
    except SystemExit as error:
        _check_exit(script, error.code, stopped=stop())
    except (InputMissing, ConfigError, MemoryError):
        raise
    except Exception as error:
        stop.ignore()
        frames = _own_frames(error.__traceback__)
        traceback.print_exception(type(error), error, frames)
        if stop():
            raise StopRequested("script: stopped on request") from error
        if _peer_is_gone(error):
            raise PeerFailure("a collective of the script broke: another rank is gone") from error
        text = " ".join(str(error).split())[:_TOLD_CHARACTERS]
        raise ScriptFailure(
            f"script: expected {_name(script)} to end well, found that it raised {type(error).__name__}: {text}"
            f"{_line(frames)}"
        ) from error
    return Result(metrics=reporting.metrics())


def _check_syntax(path: Path, name: str) -> None:
    """Refuse what can't be read or is no Python: another attempt would not end differently."""
    try:
        source = path.read_bytes()
    except OSError as error:
        raise InputMissing(
            f"script.path: expected to read {name}, found: {error.strerror}; give this user (uid {os.getuid()}) the "
            f"right to read it"
        ) from error
    try:
        compile(source, str(path), "exec")
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        where = "" if line is None else f" in line {line}"
        told = error.msg if isinstance(error, SyntaxError) else error
        raise ConfigError(
            f"script.path: expected {name} to be Python, found{where}: {told}; correct the file"
        ) from error


def _run_file(path: Path, arguments: list[str]) -> None:
    sys.argv = [str(path), *arguments]
    sys.path.insert(0, str(path.parent))
    runpy.run_path(str(path), run_name="__main__")


def _run_module(name: str, arguments: list[str]) -> None:
    try:
        found = importlib.util.find_spec(name)
    except ImportError:
        found = None
    if found is None:
        raise InputMissing(
            f"script.module: expected a module {name} that is installed in the image, found none; install it, or "
            f"put the file into storage and name it as script.path"
        )
    sys.argv = [found.origin or name, *arguments]
    sys.path.insert(0, "")
    runpy.run_module(name, run_name="__main__", alter_sys=True)


def _end_on_sigterm(stop: StopFlag) -> None:
    """End the script as ``sys.exit`` would, unless it sets a handler of its own, which then decides."""

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.note()
        sys.exit(_STOPPED_CODE)

    signal.signal(signal.SIGTERM, end)


def _check_exit(script: Script, code: object, *, stopped: bool) -> None:
    if stopped or code == _STOPPED_CODE:
        raise StopRequested("script: stopped on request")
    if code is None or code == 0:
        return
    if not isinstance(code, int):
        print(code, file=sys.stderr)
        code = 1
    message = f"script: expected {_name(script)} to end with exit code 0, found {code}; see its last lines"
    raise ScriptFailure(message, exit_code=code & _LOW_BYTE)


def _peer_is_gone(error: BaseException) -> bool:
    """Tell whether Horovod failed because another rank ended; its errors say so in a text only."""
    text = str(error).lower()
    return type(error).__name__ == "HorovodInternalError" or ("horovod" in text and ("gloo" in text or "shut" in text))


def _own_frames(frames: TracebackType | None) -> TracebackType | None:
    """Leave out our own frames and runpy's, which the program has nothing to do with."""
    here = Path(__file__).name
    while frames is not None and Path(frames.tb_frame.f_code.co_filename).name in (here, "<frozen runpy>"):
        frames = frames.tb_next
    return frames


def _line(frames: TracebackType | None) -> str:
    return "" if frames is None else f" (line {frames.tb_lineno} of {Path(frames.tb_frame.f_code.co_filename).name})"


def _name(script: Script) -> str:
    return script.path or f"module {script.module}"
