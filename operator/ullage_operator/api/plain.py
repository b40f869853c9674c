"""From any Python value to plain JSON, as the API server would store it."""

from __future__ import annotations

import math
from typing import Final

from .errors import FieldError, Location, format_path

MAX_VALUES: Final = 50_000
MAX_DEPTH: Final = 64
JsonMap = dict[str, object]

_KEEPS_NULLS: Final[tuple[Location, ...]] = (("spec", "model", "arguments"),)
"""Maps of the user's own, in which a null means something."""


class _TooLargeError(Exception):
    """The walk is given up."""


class Plain:
    """Walks a value once, and keeps what is wrong with it.

    A null in a map is left out, and 3.0 is 3: the API server takes them as the same too.
    """

    def __init__(self, document: object) -> None:
        self.errors: dict[Location, FieldError] = {}
        self.nulls: list[Location] = []
        """Where nulls were left out."""
        self._values = 0
        try:
            self.value = self._walk(document, ())
        except _TooLargeError:
            found = "more (aliases count each time they are used)"
            limit = f"at most {MAX_VALUES} values, nested at most {MAX_DEPTH} levels deep"
            self.errors = {(): FieldError("", limit, found)}
            self.value = None

    def _refuse(self, location: Location, expected: str, found: str, hint: str = "") -> None:
        self.errors[location] = FieldError(format_path(location), expected, found, hint)

    def _walk(self, value: object, location: Location) -> object:
        self._values += 1
        if self._values > MAX_VALUES or len(location) > MAX_DEPTH:
            raise _TooLargeError
        match value:
            case dict():
                return self._walk_map(value, location)
            case list() | tuple():
                return [self._walk(item, (*location, index)) for index, item in enumerate(value)]
            case None | bool():
                return value
            case int() if not -(2**63) <= value < 2**63:
                self._refuse(location, "a whole number of at most 64 bits", "a greater one")
            case float() if not math.isfinite(value):
                self._refuse(location, "a finite number", str(value))
            case str() if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
                self._refuse(location, "text", "a lone surrogate, which no text has")
            case float() if value.is_integer() and abs(value) < 2**53:
                return int(value)
            case str() | int() | float():
                return value
            case _:
                self._refuse(location, "a map, a list, text, a number, true, false or null", _type_name(value))
        return None

    def _walk_map(self, value: dict[object, object], location: Location) -> JsonMap:
        plain: JsonMap = {}
        for key, item in value.items():
            if not isinstance(key, str):
                self._refuse((*location, str(key)), "text as a key", f"{key!r}", "write the key in quotes")
            elif item is not None or any(location[: len(place)] == place for place in _KEEPS_NULLS):
                plain[key] = self._walk(item, (*location, key))
            else:
                self.nulls.append((*location, key))
        return plain


def _type_name(value: object) -> str:
    return f"a Python {type(value).__name__}"
