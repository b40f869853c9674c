"""Documents compared as wholes: every key, every text, integers exactly, other numbers to a part in 1e9."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

TOLERANCE = 1e-9
"""Relative; beside 0, absolute."""

_FIGURE = {"value", "unit", "provenance", "low", "high", "scope"}


def numbers(document: Any) -> Any:
    """Return a document with each figure as its number; with its bounds, where it has any but itself."""
    if isinstance(document, dict):
        if document.keys() == _FIGURE:
            bounds = {name: document[name] for name in ("value", "low", "high")}
            exact = bounds["low"] == bounds["high"] and bounds["low"] in (None, bounds["value"])
            return bounds["value"] if exact else bounds
        return {key: numbers(value) for key, value in document.items()}
    return [numbers(each) for each in document] if isinstance(document, list) else document


def differences(found: Any, expected: Any, where: str = "") -> Iterator[str]:
    """Tell each place where two documents differ, keys that only one has too."""
    if isinstance(found, dict) and isinstance(expected, dict):
        for key in sorted(found.keys() | expected.keys()):
            if key in found and key in expected:
                yield from differences(found[key], expected[key], f"{where}.{key}")
            else:
                yield f"{where}.{key}: expected {'it' if key in expected else 'no such key'}"
    elif isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        for index, pair in enumerate(zip(found, expected, strict=True)):
            yield from differences(*pair, f"{where}[{index}]")
    elif not _same(found, expected):
        yield f"{where}: expected {expected!r}, found {found!r}"


def leaves(document: Any, where: str = "") -> Iterator[tuple[str, tuple[Any, Callable[[Any], None]]]]:
    """Yield the place of each number of a document, the number, and what puts another one there."""
    if not isinstance(document, dict | list):
        return
    for key, value in document.items() if isinstance(document, dict) else enumerate(document):
        place = f"{where}.{key}" if isinstance(document, dict) else f"{where}[{key}]"
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield place, (value, partial(document.__setitem__, key))
        else:
            yield from leaves(value, place)


def _same(found: Any, expected: Any) -> bool:
    if isinstance(found, float) and isinstance(expected, int | float) and not isinstance(expected, bool):
        return math.isclose(found, expected, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return type(found) is type(expected) and bool(found == expected)
