"""What is wrong with a manifest: where, what was expected, what was found, and what to do.

InvalidManifest     (a ValueError) holds every FieldError of a text or of a document
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

Location = tuple[str | int, ...]
"""The keys and indexes that lead to a value."""

_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def format_path(location: Location) -> str:
    """Return a field's path as Kubernetes writes it.

    Examples
    --------
    >>> format_path(("spec", "sources", 0, "csv"))
    'spec.sources[0].csv'
    >>> format_path(("limits", "nvidia.com/gpu"))
    'limits[nvidia.com/gpu]'
    """
    path = ""
    for part in location:
        if isinstance(part, str) and _PLAIN_KEY.fullmatch(part):
            path += f".{part}" if path else part
        else:
            path += f"[{part}]"
    return path


@dataclass(frozen=True)
class FieldError:
    """One thing that is wrong."""

    path: str
    """The field's path, such as ``spec.data.sources[0].name``; empty for the document itself."""
    expected: str
    """What would have been right."""
    found: str
    """What was there."""
    hint: str = ""
    """What to do; empty where that follows from what was expected."""
    line: int | None = None
    """The line of the text, from 1; none where there was no text."""

    def __str__(self) -> str:
        """Return one line for people."""
        where = self.path or "the document"
        if self.line is not None:
            where += f" (line {self.line})"
        said = f"{where}: expected {self.expected}, found {self.found}"
        return f"{said}; {self.hint}" if self.hint else said


class InvalidManifest(ValueError):
    """A manifest that can't be taken, with everything that is wrong with it."""

    def __init__(self, source: str, errors: Iterable[FieldError]) -> None:
        """Keep the errors in the order of the text, each once."""
        unique = dict.fromkeys(errors)
        self.source = source
        self.errors = tuple(sorted(unique, key=lambda error: error.line or 0))
        super().__init__(source, self.errors)

    def __str__(self) -> str:
        """Return a readable list."""
        count = len(self.errors)
        head = f"{self.source}: {count} {'problem' if count == 1 else 'problems'}"
        return "\n".join([head, *(f"  {error}" for error in self.errors)])
