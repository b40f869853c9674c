"""Paths relative to storage: nothing that a manifest names may lie outside it."""

from __future__ import annotations

from pathlib import Path

from .config import ConfigError, InputMissing


def resolve(root: Path, relative: str) -> Path:
    """Return the absolute path of ``relative`` within ``root``, symbolic links followed.

    Raises
    ------
    ConfigError
        The path lies outside ``root``: it is absolute, climbs out with ``..``, or goes through a link that does.
    """
    base = root.resolve()
    path = (base / relative).resolve()
    if not path.is_relative_to(base):
        raise ConfigError(
            f"path {relative!r}: expected a path inside the storage directory, found one that leads out of it; "
            "put the file (not a link to it) into storage and name it relative to that"
        )
    return path


def existing_file(root: Path, relative: str, *, field: str) -> Path:
    """Return the absolute path of a regular file that is there.

    Parameters
    ----------
    root
        The storage directory.
    relative
        The path, relative to ``root``.
    field
        The manifest's field that names it, for the error.

    Raises
    ------
    ConfigError
        The path leads out of ``root``.
    InputMissing
        Nothing is there, or no regular file.
    """
    path = resolve(root, relative)
    if path.is_file():
        return path
    if path.exists():
        raise InputMissing(f"{field}: expected a file at {relative!r} in storage, found a directory; name the file")
    parent = path.parent
    beside = sorted(entry.name for entry in parent.iterdir())[:8] if parent.is_dir() else []
    found = f"its folder holds {', '.join(beside)}" if beside else "its folder is missing or empty"
    raise InputMissing(
        f"{field}: expected a file at {relative!r} in storage, found none ({found}); "
        "put it there, or correct the path (paths are relative to the storage directory)"
    )
