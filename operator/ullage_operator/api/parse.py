"""From a text or a document to a TrainingJob, or to everything that is wrong with it."""

from __future__ import annotations

import copy
import json
from dataclasses import replace

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from .errors import FieldError, InvalidManifest, Location, format_path
from .fields import field_at, hint_for_unknown, is_closed, model_at
from .plain import JsonMap, Plain
from .text import Document, read_documents
from .translate import WRONG_TYPES, describe, resolve, translate
from .types import API_VERSION, KIND, TrainingJob, stage_problems

LocatedError = tuple[Location, FieldError]


def parse(document: object, *, source: str) -> TrainingJob:
    """Return the job that a document declares.

    Parameters
    ----------
    document
        What came of YAML or JSON, or an object of the API server's.
    source
        Where it came from, for the message: a file's name, or ``namespace/name``.

    Raises
    ------
    InvalidManifest
        With every error that can be told at once.
    """
    job = _check(document, None)
    if isinstance(job, TrainingJob):
        return job
    raise InvalidManifest(source, job)


def load(text: str, *, source: str) -> list[TrainingJob]:
    """Return the jobs that a YAML text declares, one a document; documents that are empty do not count.

    Raises
    ------
    InvalidManifest
        With every error of every document, each with its line.
    """
    documents, errors = read_documents(text)
    jobs: list[TrainingJob] = []
    for document in documents:
        job = _check(document.value, document)
        if isinstance(job, TrainingJob):
            jobs.append(job)
        else:
            errors += job
    if not documents and not errors:
        errors.append(
            FieldError("", f"a {KIND}", "nothing", "write a manifest with apiVersion, kind, metadata and spec")
        )
    if errors:
        raise InvalidManifest(source, errors)
    return jobs


def _check(document: object, text: Document | None) -> TrainingJob | list[FieldError]:
    plain = Plain(document)
    if not isinstance(plain.value, dict):
        if plain.errors:
            return _with_lines(list(plain.errors.items()), text)
        return _with_lines(
            [((), FieldError("", "a map of apiVersion, kind, metadata, spec", describe(document)))], text
        )
    if header := _header_errors(plain.value):
        return _with_lines(header, text)
    job, located = _validate(plain.value, text)
    located += _unknown_nulls(plain.nulls)
    if job is not None and not plain.errors and not located:
        return job
    # What is wrong as JSON has been told; what the types say of the same place would only repeat it.
    rest = [(at, error) for at, error in located if not any(at[: len(bad)] == bad for bad in plain.errors)]
    return _with_lines([*plain.errors.items(), *rest], text)


def _header_errors(document: JsonMap) -> list[LocatedError]:
    """Check what kind of object it is: of another kind, nothing more can be said."""
    errors: list[LocatedError] = []
    for name, expected in (("apiVersion", API_VERSION), ("kind", KIND)):
        if document.get(name) != expected:
            found = describe(document[name]) if name in document else "nothing"
            errors.append(((name,), FieldError(name, repr(expected), found)))
    return errors


def _unknown_nulls(nulls: list[Location]) -> list[LocatedError]:
    """Tell of fields that there are not, and that the types never saw since nothing was in them."""
    unknown = [at for at in nulls if (model := model_at(at[:-1])) and is_closed(model) and field_at(at) is None]
    return [(at, FieldError(format_path(at), "a known field", repr(at[-1]), hint_for_unknown(at))) for at in unknown]


def _validate(document: JsonMap, text: Document | None) -> tuple[TrainingJob | None, list[LocatedError]]:
    try:
        # Through JSON, and strictly: no "3" for 3, and only the names that the API server knows.
        job = TrainingJob.model_validate_json(json.dumps(document), strict=True, by_alias=True, by_name=False)
    except ValidationError as invalid:
        details = invalid.errors(include_url=False)
    else:
        return job, []
    located = _translated(details, document, text)
    unknown = [error["loc"] for error in details if error["type"] == "extra_forbidden"]
    if unknown:
        # A rule over several fields is only tried where all of them are valid: an unknown field hides it.
        _, behind = _validate(_without(document, unknown), text)
        located += behind
    else:
        located += _stage_errors(document)
    return None, list(dict.fromkeys(located))


def _translated(details: list[ErrorDetails], document: JsonMap, text: Document | None) -> list[LocatedError]:
    located: list[LocatedError] = []
    alternatives: dict[Location, int] = {}
    for detail in details:
        at, _ = resolve(document, detail["loc"])
        location, errors = translate(detail, document, text.written(at) if text else None)
        if detail["type"] in WRONG_TYPES and location in alternatives:
            # The value fits none of several types, of which pydantic tells one by one.
            index = alternatives[location]
            first = located[index][1]
            if errors[0].expected not in first.expected.split(" or "):
                located[index] = (location, replace(first, expected=f"{first.expected} or {errors[0].expected}"))
            continue
        alternatives[location] = len(located)
        located += [(location, error) for error in errors]
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
