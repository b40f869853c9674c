"""Manifests from files, and what is wrong with them on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import typer

from ullage_operator.api import Declared, InvalidManifest, TrainingJob, load, load_any, parse

from .exits import Exit

T = TypeVar("T")


class Unusable(Exception):
    """The command can't go on; the text has been said, the code is how to end."""

    def __init__(self, code: Exit) -> None:
        super().__init__(code)
        self.code = code


def complain(text: str) -> None:
    """Say what is wrong, on standard error."""
    typer.echo(text, err=True)


def read_jobs(path: Path) -> list[TrainingJob]:
    """Return the jobs of a file.

    Raises
    ------
    Unusable
        If it can't be read, is not valid, or holds something else; all errors have been printed.
    """
    return _read(path, lambda text, source: load(text, source=source))


def read_objects(path: Path) -> list[Declared]:
    """Return the objects of a file, of any of our kinds.

    Raises
    ------
    Unusable
        If it can't be read or is not valid; all errors have been printed.
    """
    return _read(path, lambda text, source: load_any(text, source=source))


def _read(path: Path, load_text: Callable[[str, str], list[T]]) -> list[T]:
    standard_input = str(path) == "-"
    source = source_name(path)
    try:
        # Bytes, so that standard input is read as UTF-8 whatever the locale.
        text = (sys.stdin.buffer.read() if standard_input else path.read_bytes()).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        complain(
            f"{source}: expected a manifest in UTF-8, found byte 0x{error.object[error.start]:02x} at position "
            f"{error.start}; name a YAML file, or save it as UTF-8"
        )
        raise Unusable(Exit.INVALID) from error
    except OSError as error:
        complain(f"{source}: expected a manifest that can be read, found: {error.strerror}; correct the path")
        raise Unusable(Exit.INVALID) from error
    try:
        return load_text(text, source)
    except InvalidManifest as error:
        complain(str(error))
        raise Unusable(Exit.INVALID) from error


def read_job(path: Path, *, replicas: int | None) -> TrainingJob:
    """Return the one job of a file, with another number of workers if asked for."""
    jobs = read_jobs(path)
    if len(jobs) != 1:
        complain(f"{path}: expected one TrainingJob, found {len(jobs)}; put each in a file of its own to run it")
        raise Unusable(Exit.INVALID)
    if jobs[0].spec.run_policy.suspend:
        complain(f"{path}: expected spec.runPolicy.suspend to be false, since nothing would run here, found true")
        raise Unusable(Exit.INVALID)
    if replicas is None:
        return jobs[0]
    document = jobs[0].model_dump(mode="json", by_alias=True, exclude_none=True)
    document["spec"]["workers"]["replicas"] = replicas
    try:
        return parse(document, source=f"{path} with --replicas {replicas}")
    except InvalidManifest as error:
        complain(str(error))
        raise Unusable(Exit.INVALID) from error


def source_name(path: Path) -> str:
    """Return what a manifest's path is called: ``-`` is standard input."""
    return "standard input" if path == Path("-") else str(path)
