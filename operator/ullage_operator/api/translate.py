"""From pydantic's errors to ours: "expected ..., found ...", with the field's path and what to do."""

from __future__ import annotations

import re
import typing
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from ullage_trainer.config.base import IDENTIFIER, RELATIVE_PATH
from ullage_trainer.config.model import FunctionReference, ModuleName

from .closest import did_you_mean
from .errors import FieldError, Location, format_path
from .fields import description_at, field_at, hint_for_unknown, kind_of
from .problems import RuleError
from .types import lines, names, units

LocatedError = tuple[Location, FieldError]
"""An error, and where it is."""

_PATTERNS: Final[dict[str, str]] = {
    IDENTIFIER: "a name of letters, digits and _ that starts with no digit",
    RELATIVE_PATH: "a path relative to storage, which does not start with /",
    # The contract names the type and not its pattern.
    typing.get_args(FunctionReference)[1].pattern: "package.module:function",
    typing.get_args(ModuleName)[1].pattern: "package.module",
    names.DNS_LABEL: "lower-case letters, digits and -, with a letter or digit at both ends",
    names.DNS_SUBDOMAIN: "lower-case letters, digits, - and ., with a letter or digit at both ends",
    names.QUALIFIED_NAME: "a name such as app or example.com/app",
    names.LABEL_VALUE: "letters, digits, -, _ and ., with a letter or digit at both ends",
    names.ENV_NAME: "letters, digits, _, - and ., with no digit first",
    names.MOUNT_PATH: "an absolute path without :",
    names.IMAGE: "an image's reference, without white space",
    names.RFC3339: "a time such as 2026-11-23T08:00:00Z",
    units.CURRENCY: "a currency's code of ISO 4217, such as CNY",
    units.COUNTRY: "a country's code of ISO 3166-1, such as CN",
    units.UNIT_OR_CURRENCY: "a unit such as acceleratorHours, or a currency's code such as CNY",
    lines.PLACE: "an institution's id, or abroad: and a country's code, such as abroad:DE",
}
_TYPES: Final[dict[str, str]] = {
    "string_type": "text",
    "string_sub_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a map",
    "model_type": "a map",
    "model_attributes_type": "a map",
}
_BOUNDS: Final[dict[str, tuple[str, str]]] = {
    "greater_than": ("a number greater than", "gt"),
    "greater_than_equal": ("a number of at least", "ge"),
    "less_than": ("a number less than", "lt"),
    "less_than_equal": ("a number of at most", "le"),
}
WRONG_TYPES: Final = frozenset({*_TYPES, "enum", "literal_error"})
"""Errors that say of one type that the value is not of it."""

_EXPECTED_FOUND: Final = re.compile(
    r"(?P<before>.*?)[, ]*\bexpected (?P<expected>.*?)(?:, found (?P<found>.*))?", re.DOTALL
)
_UNKNOWN_SOURCE: Final = re.compile(r"(?P<where>\S+) names source '(?P<name>.*)', expected one of (?P<names>.*)")
_NUMBERS: Final[dict[str, str]] = {
    "int_type": r"[-+]?[0-9]+",
    "float_type": r"[-+]?[0-9.]+([eE][-+]?[0-9]+)?",
    "bool_type": "true|false",
}
_LONGEST_SHOWN: Final = 60


def resolve(document: object, location: Location) -> tuple[Location, object]:
    """Follow a location as far as the document goes; what is beyond are pydantic's marks, not fields."""
    value = document
    for depth, part in enumerate(location):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[int(part)]
        else:
            return location[:depth], value
    return location, value


def describe(value: object) -> str:
    """Return in words what was found."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            return repr(value if len(value) <= _LONGEST_SHOWN else f"{value[:_LONGEST_SHOWN]}...")
        case dict():
            shown = ", ".join(str(key) for key in list(value)[:8])
            return f"a map of {shown[:_LONGEST_SHOWN]}" if value else "an empty map"
        case list():
            return f"a list of {len(value)}" if value else "an empty list"
        case _:
            return str(value)


def _length(context: Mapping[str, Any], *, is_map: bool) -> str:
    word, bound = ("at most", "max_length") if "max_length" in context else ("at least", "min_length")
    one, many = ("entry", "entries") if is_map else ("item", "items")
    return f"{word} {context[bound]} {one if context[bound] == 1 else many}"


def _expected(kind: str, context: Mapping[str, Any], value: object) -> str:  # noqa: PLR0911 - one return a kind
    if kind in _TYPES:
        return _TYPES[kind]
    if kind in _BOUNDS:
        words, key = _BOUNDS[kind]
        bound = context[key]
        return f"{words} {int(bound) if float(bound).is_integer() else bound}"
    if kind in ("enum", "literal_error"):
        return f"one of {str(context['expected']).replace(' or ', ', ')}".replace("'", "")
    if kind == "string_pattern_mismatch":
        pattern = str(context["pattern"])
        return _PATTERNS.get(pattern, f"text that matches {pattern}")
    if kind == "string_too_long":
        return f"at most {context['max_length']} characters"
    if kind == "string_too_short":
        return f"at least {context['min_length']} characters"
    if kind in ("too_long", "too_short"):
        return _length(context, is_map=isinstance(value, dict))
    return "a value that fits the field"


def _hint(kind: str, context: Mapping[str, Any], value: object, written: str | None) -> str:
    wants_text = kind in ("string_type", "enum", "literal_error")
    if wants_text and isinstance(value, bool | int | float):
        as_text = written or describe(value)
        if isinstance(value, bool) and as_text == describe(value):
            return f"write '{as_text}' in quotes if text is meant"
        read_as = describe(value) if isinstance(value, bool) else "a number"
        return f"YAML reads {as_text} as {read_as}: write '{as_text}' in quotes if text is meant"
    if kind in _NUMBERS and isinstance(value, str) and re.fullmatch(_NUMBERS[kind], value):
        return "take the quotes off"
    if kind in ("enum", "literal_error") and isinstance(value, str):
        return did_you_mean(value, re.findall(r"'([^']*)'", str(context["expected"])))
    return ""


def _rule_errors(path: str, message: str, value: object) -> list[FieldError]:
    """Translate what a validator of ours says; several problems are joined by ``; ``."""
    errors: list[FieldError] = []
    for problem in message.split("; "):
        if reference := _UNKNOWN_SOURCE.fullmatch(problem):
            hint = did_you_mean(reference["name"], reference["names"].split(", "))
            expected = f"{reference['where']} to name one of {reference['names']}"
            errors.append(FieldError(path, expected, repr(reference["name"]), hint))
            continue
        match = _EXPECTED_FOUND.fullmatch(problem)
        if match is None:
            errors.append(FieldError(path, "each name once" if "twice" in problem else "what fits together", problem))
            continue
        found = match["found"] or match["before"] or describe(value)
        errors.append(FieldError(path, match["expected"], found))
    return errors


def translate(error: ErrorDetails, document: object, written: str | None, root: type[BaseModel]) -> list[LocatedError]:
    """Translate one error of pydantic's.

    Parameters
    ----------
    error
        What pydantic says.
    document
        The document it says it of.
    written
        How the value was written in YAML, if it was.
    root
        The document's kind.
    """
    kind, context = error["type"], error.get("ctx", {})
    location, value = resolve(document, error["loc"])
    if kind == "missing":
        location = error["loc"]
        field = field_at(root, location)
        expected = kind_of(field) if field else "a value"
        says = description_at(root, location)
        hint = f"it says: {says}" if says else ""
        return [(location, FieldError(format_path(location), expected, "nothing", hint))]
    path = format_path(location)
    if kind == "extra_forbidden":
        unknown = FieldError(path, "a known field", repr(location[-1]), hint_for_unknown(root, location))
        return [(location, unknown)]
    if kind == "value_error":
        return _broken_rule(location, context["error"], value)
    if "[key]" in error["loc"]:
        value, path = location[-1], format_path(location[:-1])
        return [(location, FieldError(path, f"keys of {_expected(kind, context, value)}", repr(value)))]
    expected = _expected(kind, context, value)
    found = describe(value)
    if kind == "string_too_long" and isinstance(value, str):
        found += f" ({len(value)} characters)"
    return [(location, FieldError(path, expected, found, _hint(kind, context, value, written)))]


def _broken_rule(location: Location, error: ValueError, value: object) -> list[LocatedError]:
    if not isinstance(error, RuleError):
        return [(location, told) for told in _rule_errors(format_path(location), str(error), value)]
    located: list[LocatedError] = []
    for problem in error.problems:
        at = (*location, *problem.at)
        located.append((at, FieldError(format_path(at), problem.expected, problem.found, problem.hint)))
    return located
