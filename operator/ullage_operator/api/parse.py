"""From a text or a document to an object of ours, or to everything that is wrong with it."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from .closest import did_you_mean
from .errors import FieldError, InvalidManifest, Location, format_path
from .fields import field_at, hint_for_unknown, is_closed, model_at
from .plain import JsonMap, Plain
from .text import Document, read_documents
from .translate import WRONG_TYPES, LocatedError, describe, resolve, translate
from .types import API_VERSION, Institution, Investment, PriceList, TrainingJob, stage_problems

Declared = TrainingJob | Institution | Investment | PriceList
"""An object of one of our kinds."""

KINDS: Final = (TrainingJob, Institution, Investment, PriceList)

D = TypeVar("D", bound=BaseModel)


def parse(document: object, *, source: str) -> TrainingJob:
    """Return the job that a document declares.

    Raises
    ------
    InvalidManifest
        With every error that can be told at once.
    """
    return parse_as(TrainingJob, document, source=source)


def parse_as(kind: type[D], document: object, *, source: str) -> D:
    """Return the object of a kind that a document declares.

    Parameters
    ----------
    kind
        The type, such as ``Institution``.
    document
        What came of YAML or JSON, or an object of the API server's.
    source
        Where it came from, for the message: a file's name, or ``namespace/name``.

    Raises
    ------
    InvalidManifest
        With every error that can be told at once.
    """
    declared = _check(document, None, (kind,))
    if isinstance(declared, kind):
        return declared
    raise InvalidManifest(source, declared if isinstance(declared, list) else [])


def load(text: str, *, source: str) -> list[TrainingJob]:
    """Return the jobs that a YAML text declares, one a document; documents that are empty do not count.

    Raises
    ------
    InvalidManifest
        With every error of every document, each with its line; an object of another kind is one.
    """
    return _load(text, source, (TrainingJob,))


def load_any(text: str, *, source: str) -> list[Declared]:
    """Return the objects of any of our kinds that a YAML text declares, one a document.

    Raises
    ------
    InvalidManifest
        With every error of every document, each with its line.
    """
    return [declared for declared in _load(text, source, KINDS) if isinstance(declared, Declared)]


def _load(text: str, source: str, kinds: Sequence[type[D]]) -> list[D]:
    documents, errors = read_documents(text)
    objects: list[D] = []
    for document in documents:
        declared = _check(document.value, document, kinds)
        if isinstance(declared, list):
            errors += declared
        else:
            objects.append(declared)
    if not documents and not errors:
        hint = "write a manifest with apiVersion, kind, metadata and spec"
        errors.append(FieldError("", f"a {_one_of(kinds)}", "nothing", hint))
    if errors:
        raise InvalidManifest(source, errors)
    return objects


def _names(kinds: Sequence[type[BaseModel]]) -> list[str]:
    return [kind.__name__ for kind in kinds]


def _one_of(kinds: Sequence[type[BaseModel]]) -> str:
    *others, last = _names(kinds)
    return f"{', '.join(others)} or {last}" if others else last


def _check(document: object, text: Document | None, kinds: Sequence[type[D]]) -> D | list[FieldError]:
    plain = Plain(document)
    if not isinstance(plain.value, dict):
        if plain.errors:
            return _with_lines(list(plain.errors.items()), text)
        return _with_lines(
            [((), FieldError("", "a map of apiVersion, kind, metadata, spec", describe(document)))], text
        )
    if header := _header_errors(plain.value, kinds):
        return _with_lines(header, text)
    [kind] = [kind for kind in kinds if kind.__name__ == plain.value["kind"]]
    declared, located = _validate(kind, plain.value, text)
    located += _unknown_nulls(kind, plain.nulls)
    if declared is not None and not plain.errors and not located:
        return declared
    # What is wrong as JSON has been told; what the types say of the same place would only repeat it.
    rest = [(at, error) for at, error in located if not any(at[: len(bad)] == bad for bad in plain.errors)]
    return _with_lines([*plain.errors.items(), *rest], text)


def _header_errors(document: JsonMap, kinds: Sequence[type[BaseModel]]) -> list[LocatedError]:
    """Check what kind of object it is: of another kind, nothing more can be said."""
    errors: list[LocatedError] = []
    for name, known in (("apiVersion", [API_VERSION]), ("kind", _names(kinds))):
        value = document.get(name)
        if value in known:
            continue
        found = describe(value) if name in document else "nothing"
        expected = repr(known[0]) if len(known) == 1 else f"one of {', '.join(known)}"
        hint = did_you_mean(value, known) if isinstance(value, str) and len(known) > 1 else ""
        errors.append(((name,), FieldError(name, expected, found, hint)))
    return errors


def _unknown_nulls(kind: type[BaseModel], nulls: list[Location]) -> list[LocatedError]:
    """Tell of fields that there are not, and that the types never saw since nothing was in them."""
    unknown = [
        at for at in nulls if (model := model_at(kind, at[:-1])) and is_closed(model) and field_at(kind, at) is None
    ]
    return [
        (at, FieldError(format_path(at), "a known field", repr(at[-1]), hint_for_unknown(kind, at))) for at in unknown
    ]


def _validate(kind: type[D], document: JsonMap, text: Document | None) -> tuple[D | None, list[LocatedError]]:
    try:
        # Through JSON, and strictly: no "3" for 3, and only the names that the API server knows.
        declared = kind.model_validate_json(json.dumps(document), strict=True, by_alias=True, by_name=False)
    except ValidationError as invalid:
        details = invalid.errors(include_url=False)
    else:
        return declared, []
    located = _translated(kind, details, document, text)
    unknown = [error["loc"] for error in details if error["type"] == "extra_forbidden"]
    if unknown:
        # A rule over several fields is only tried where all of them are valid: an unknown field hides it.
        _, behind = _validate(kind, _without(document, unknown), text)
        located += behind
    elif kind is TrainingJob:
        located += _stage_errors(document)
    return None, list(dict.fromkeys(located))


def _translated(
    kind: type[BaseModel], details: list[ErrorDetails], document: JsonMap, text: Document | None
) -> list[LocatedError]:
    located: list[LocatedError] = []
    alternatives: dict[Location, int] = {}
    for detail in details:
        at, _ = resolve(document, detail["loc"])
        errors = translate(detail, document, text.written(at) if text else None, kind)
        location, told = errors[0]
        if detail["type"] in WRONG_TYPES and location in alternatives:
            # The value fits none of several types, of which pydantic tells one by one.
            index = alternatives[location]
            first = located[index][1]
            if told.expected not in first.expected.split(" or "):
                located[index] = (location, replace(first, expected=f"{first.expected} or {told.expected}"))
            continue
        alternatives[location] = len(located)
        located += errors
    return located


def _without(document: JsonMap, locations: list[Location]) -> JsonMap:
    pruned = copy.deepcopy(document)
    for location in locations:
        _, parent = resolve(pruned, location[:-1])
        if isinstance(parent, dict):
            parent.pop(location[-1], None)
    return pruned


def _stage_errors(document: JsonMap) -> list[LocatedError]:
    """Tell what the stages lack even where other errors kept the types from looking."""
    spec = document.get("spec")
    if not isinstance(spec, dict):
        return []
    inputs = spec.get("inputs")
    given = {name for name in ("data", "model", "script", "quantize") if name in spec}
    given |= {f"inputs.{name}" for name in (inputs if isinstance(inputs, dict) else {})}
    errors: list[LocatedError] = []
    for problem in stage_problems(frozenset(given)):
        expected, _, found = problem.removeprefix("expected ").partition(", found ")
        errors.append((("spec",), FieldError("spec", expected, found)))
    return errors


def _with_lines(located: list[LocatedError], text: Document | None) -> list[FieldError]:
    if text is None:
        return [error for _, error in located]
    return [replace(error, line=text.line(location)) for location, error in located]
