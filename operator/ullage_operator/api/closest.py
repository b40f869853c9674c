"""Which of some names was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def _normal(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def closest(name: str, names: Iterable[str]) -> str | None:
    """Return the one of some names that was probably meant; none where none is near."""
    by_normal = {_normal(candidate): candidate for candidate in names}
    close = difflib.get_close_matches(_normal(name), list(by_normal), n=1, cutoff=0.7)
    return by_normal[close[0]] if close else None


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return the question with the name that was probably meant; empty where none is near."""
    meant = closest(name, names)
    return f"did you mean {meant!r}?" if meant else ""
