"""The user's own Keras model: imported from the image or from a folder of storage, called, and looked over."""

from __future__ import annotations

import importlib
import inspect
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import keras

from ullage_trainer.config import InputMissing, ModelInvalid

_TOLD_CHARACTERS: Final = 300


def call_user_function(
    reference: str, arguments: Mapping[str, Any], offered: Mapping[str, Any], code: Path | None
) -> keras.Model:
    """Import ``package.module:function`` and return the model it makes.

    Parameters
    ----------
    reference
        The function.
    arguments
        What the manifest passes to it.
    offered
        What Ullage knows (``input_shape``, ``outputs``); each is passed only if the function takes it.
    code
        A folder to import from, put before all others.

    Raises
    ------
    InputMissing
        If ``code`` is no folder.
    ModelInvalid
        If the module does not import, has no such function, the function fails, or returns no Keras model.
    """
    function = find_function(reference, code, "model.module")
    passed: Mapping[str, Any] = arguments
    try:
        parameters = inspect.signature(function).parameters
        takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
        passed = {name: value for name, value in offered.items() if takes_any or name in parameters} | dict(arguments)
        made = function(**passed)
    except (Exception, SystemExit) as error:
        raise ModelInvalid(
            f"model.module: expected {reference}{_call(passed)} to return a keras.Model, found that it raised "
            f"{told(error)}{_line(error, function)}; call it the same way in a Python shell to see more"
        ) from error
    if not isinstance(made, keras.Model):
        raise ModelInvalid(f"model.module: expected {reference} to return a keras.Model, found {type(made).__name__}")
    return made


def told(error: BaseException) -> str:
    """Return an error of somebody else's code on one line, cut short: a report has room for so much."""
    text = " ".join(str(error).split())
    shown = text if len(text) <= _TOLD_CHARACTERS else text[: _TOLD_CHARACTERS - 1] + "…"
    return f"{type(error).__name__}: {shown}" if shown else type(error).__name__


def find_function(reference: str, code: Path | None, field: str) -> Callable[..., Any]:
    """Import ``package.module:function``, from a folder of storage or from what is installed.

    Raises
    ------
    InputMissing
        If ``code`` is no folder.
    ModelInvalid
        If the module does not import, or has no such function; ``field`` is the manifest's that names it.
    """
    module_name, _, function_name = reference.partition(":")
    if code is not None:
        if not code.is_dir():
            found = "a file" if code.exists() else "nothing"
            raise InputMissing(
                f"model.codePath: expected a folder of storage to import {module_name} from, found {found} at "
                f"{code.name!r}; put the folder there, or correct the path"
            )
        if str(code) not in sys.path:
            sys.path.insert(0, str(code))
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        where = "installed in the image" if code is None else f"in {code.name}/ or installed in the image"
        hint = (
            "install it, or set model.codePath to the folder of storage that holds it"
            if code is None
            else f"{code.name}/ holds {_holding(code)}"
        )
        raise ModelInvalid(
            f"{field}: expected a module {module_name} that imports, {where}, found {told(error)}; {hint}"
        ) from error
    function: object = getattr(module, function_name, None)
    if not callable(function):
        names = sorted(name for name, value in vars(module).items() if inspect.isfunction(value))
        raise ModelInvalid(
            f"{field}: expected a function {function_name} in {module_name}, found "
            f"{'none' if function is None else type(function).__name__}; functions there: {', '.join(names) or 'none'}"
        )
    return function


def _holding(folder: Path) -> str:
    names = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith((".", "__pycache__")))
    return ", ".join(names[:8]) + (", …" if len(names) > 8 else "") if names else "nothing"


def _call(passed: Mapping[str, Any]) -> str:
    return "(" + ", ".join(f"{name}={value!r}" for name, value in passed.items()) + ")"


def _line(error: BaseException, function: Callable[..., Any]) -> str:
    """Return the last line of the function's own file that the error went through."""
    file = inspect.unwrap(function).__code__.co_filename if inspect.isfunction(function) else None
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return f" (line {lines[-1]} of {Path(str(file)).name})" if lines else ""
