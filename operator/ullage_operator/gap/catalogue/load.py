"""From a text to a catalogue, or to everything that is wrong with it; and users' own beside the published one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from importlib.resources import files

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ullage_operator.api.errors import FieldError, InvalidManifest, format_path
from ullage_operator.api.plain import Plain
from ullage_operator.api.text import Document, read_documents
from ullage_operator.api.translate import describe

from .models import Catalogue

PUBLISHED = "published.yaml"


def published() -> Catalogue:
    """Return the catalogue that comes with Ullage."""
    return load_catalogue((files(__package__) / PUBLISHED).read_text(encoding="utf-8"), source=PUBLISHED)


def load_catalogue(text: str, *, source: str) -> Catalogue:
    """Return the catalogue of a YAML text.

    Raises
    ------
    InvalidManifest
        With every error, each with its line.
    """
    documents, errors = read_documents(text)
    if len(documents) != 1 and not errors:
        errors.append(FieldError("", "one catalogue, with version, models and landmarks", f"{len(documents)}"))
    if errors:
        raise InvalidManifest(source, errors)
    (document,) = documents
    plain = Plain(document.value)
    if plain.errors:
        raise InvalidManifest(source, plain.errors.values())
    try:
        catalogue = Catalogue.model_validate_json(json.dumps(plain.value), strict=True, by_alias=True, by_name=False)
    except ValidationError as invalid:
        told = invalid.errors(include_url=False)
        raise InvalidManifest(source, [_field_error(error, document) for error in told]) from invalid
    if repeated := [*_repeated(catalogue, "", document)]:
        raise InvalidManifest(source, repeated)
    return catalogue


def with_own(base: Catalogue, own: Catalogue, *, source: str) -> Catalogue:
    """Return a catalogue with a user's own models, landmarks and accelerators added.

    Raises
    ------
    InvalidManifest
        An id or a name is in the base already: what was published is not changed under its name.
    """
    both = Catalogue(
        version=1,
        accelerators=[*base.accelerators, *own.accelerators],
        models=[*base.models, *own.models],
        landmarks=[*base.landmarks, *own.landmarks],
    )
    if repeated := [*_repeated(both, "give yours another name", None)]:
        raise InvalidManifest(source, repeated)
    return both


def _repeated(catalogue: Catalogue, hint: str, document: Document | None) -> Iterator[FieldError]:
    """Yield what is named twice. Models and landmarks share their ids: a comparison names either."""
    names = [("models", index, "id", model.id) for index, model in enumerate(catalogue.models)]
    names += [("landmarks", index, "id", landmark.id) for index, landmark in enumerate(catalogue.landmarks)]
    peaks = [("accelerators", index, "name", each.name) for index, each in enumerate(catalogue.accelerators)]
    yield from _twice(names, hint, document)
    yield from _twice(peaks, hint, document)


def _twice(names: Iterable[tuple[str, int, str, str]], hint: str, document: Document | None) -> Iterator[FieldError]:
    seen: set[str] = set()
    for section, index, field, name in names:
        if name in seen:
            location = (section, index, field)
            line = document.line(location) if document else None
            # Without a text the indexes are of no file.
            path = format_path(location) if document else section
            yield FieldError(path, "each name once", f"{name!r} again", hint, line)
        seen.add(name)


def _field_error(error: ErrorDetails, document: Document) -> FieldError:
    location, kind = error["loc"], error["type"]
    path, line = format_path(location), document.line(location)
    if kind == "missing":
        return FieldError(path, "a value", "nothing", line=line)
    if kind == "extra_forbidden":
        return FieldError(path, "a known field", repr(location[-1]), line=line)
    if kind == "value_error":
        expected, _, found = str(error["ctx"]["error"]).removeprefix("expected ").partition(", found ")
        return FieldError(path, expected, found, line=line)
    expected = re.sub(r"^\w+ should (be |have )?", "", error["msg"]).replace("match pattern", "text that matches")
    return FieldError(path, expected, describe(error["input"]), line=line)
