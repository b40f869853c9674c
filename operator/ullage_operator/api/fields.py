"""What the types say of a field: which fields there are, what one is for, and which one was meant."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from typing import Any, Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from .closest import did_you_mean
from .descriptions import descriptions_of
from .errors import Location, format_path

_HOST_ACCESS: Final = frozenset({
    "hostPath", "hostNetwork", "hostPID", "hostIPC", "hostUsers", "privileged", "securityContext",
})  # fmt: skip
_KINDS: Final[dict[object, str]] = {
    str: "text", int: "a whole number", float: "a number", bool: "true or false", list: "a list", dict: "a map",
}  # fmt: skip


def _parts(annotation: Any) -> Iterator[Any]:
    """Yield an annotation and all that it is made of, without ``Annotated``'s metadata."""
    yield annotation
    if typing.get_origin(annotation) is not typing.Literal:
        for argument in typing.get_args(annotation):
            if not isinstance(argument, FieldInfo):
                yield from _parts(argument)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    for part in _parts(annotation):
        if isinstance(part, type) and issubclass(part, BaseModel):
            return part
    return None


@cache
def fields_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return a type's fields by the name they have in a manifest."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def model_at(root: type[BaseModel], location: Location) -> type[BaseModel] | None:
    """Return the type of the map at a location of a kind; none where no type's fields are."""
    model: type[BaseModel] | None = root
    for part in location:
        if isinstance(part, int):
            continue  # An item of a list has the model that the list's field names.
        field = fields_of(model).get(part) if model else None
        model = _model_in(field.annotation) if field else None
    return model


def is_closed(model: type[BaseModel]) -> bool:
    """Tell whether a type takes no other fields than its own; the API server's metadata takes more."""
    return model.model_config.get("extra") == "forbid"


def field_at(root: type[BaseModel], location: Location) -> FieldInfo | None:
    """Return the field at a location of a kind."""
    model = model_at(root, location[:-1]) if location and isinstance(location[-1], str) else None
    return fields_of(model).get(str(location[-1])) if model else None


def description_at(root: type[BaseModel], location: Location) -> str:
    """Return what the type says of the field at a location of a kind; empty where there is none."""
    model = model_at(root, location[:-1]) if location and isinstance(location[-1], str) else None
    names = (
        [name for name, field in model.model_fields.items() if (field.alias or name) == location[-1]] if model else []
    )
    return descriptions_of(model).get(names[0], "") if model and names else ""


def kind_of(field: FieldInfo) -> str:
    """Return in words what a field takes."""
    for part in _parts(field.annotation):
        origin = typing.get_origin(part) or part
        if origin is typing.Literal:
            return " or ".join(repr(choice) for choice in typing.get_args(part))
        if origin in _KINDS:
            return _KINDS[origin]
        if isinstance(origin, type) and issubclass(origin, StrEnum):
            return f"one of {', '.join(member.value for member in origin)}"
        if isinstance(origin, type) and issubclass(origin, BaseModel):
            return f"a map of {', '.join(fields_of(origin))}"
    return "a value"


@cache
def _places(root: type[BaseModel]) -> dict[str, str]:
    """Return the path of the map that each field of ``spec`` is in; the one nearest to the top counts."""
    places: dict[str, str] = {}
    level: list[tuple[Location, type[BaseModel]]] = [(("spec",), _spec_of(root))]
    while level:
        below: list[tuple[Location, type[BaseModel]]] = []
        for location, model in level:
            for name, field in fields_of(model).items():
                places.setdefault(name, format_path(location))
                inner = _model_in(field.annotation)
                if inner:
                    is_list = any(typing.get_origin(part) is list for part in _parts(field.annotation))
                    below.append(((*location, name, *(("",) if is_list else ())), inner))
        level = below
    return places


def _spec_of(root: type[BaseModel]) -> type[BaseModel]:
    model = _model_in(fields_of(root)["spec"].annotation)
    if model is None:
        raise KeyError("spec")
    return model


def hint_for_unknown(root: type[BaseModel], location: Location) -> str:
    """Return what was probably meant by a field that a kind has not."""
    name = str(location[-1])
    model = model_at(root, location[:-1])
    names = list(fields_of(model)) if model else []
    if name in _HOST_ACCESS:
        return "a job's pods get no access to their node, so take it out"
    if question := did_you_mean(name, names):
        return question
    if place := _places(root).get(name):
        return f"{name!r} is a field of {place}"
    return f"the fields here are {', '.join(names)}"
