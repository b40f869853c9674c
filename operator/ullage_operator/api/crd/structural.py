"""From pydantic's JSON schema to a structural schema of ``apiextensions.k8s.io/v1``.

A structural schema takes no ``$ref``, no ``additionalProperties: false``, no ``anyOf`` with types, no numeric
``exclusiveMinimum`` and no ``prefixItems``. What this converter does not know it refuses, so that no bound is
lost without notice; strings, lists and maps without bounds it refuses too, since the API server estimates the
cost of rules by them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from ullage_operator.api.descriptions import descriptions_of
from ullage_trainer.config.base import RELATIVE_PATH

Schema = dict[str, Any]

STORAGE_PATH_PATTERN: Final = (
    r"^([^/.\x00][^/\x00]*|\.|\.[^/.\x00][^/\x00]*|\.\.[^/\x00]+)"
    r"(/([^/.\x00][^/\x00]*|\.|\.[^/.\x00][^/\x00]*|\.\.[^/\x00]+)?)*$"
)
"""A relative path of which no part is ``..``: what the type's validator says, without a rule's cost."""

_MODEL_MARK: Final = "x-ullage-model"
_COPIED: Final = frozenset({
    "description", "enum", "format", "maximum", "maxItems", "maxLength", "maxProperties", "minimum", "minItems",
    "minLength", "minProperties", "required", "type",
})  # fmt: skip
_HANDLED: Final = frozenset({
    "$ref", "additionalProperties", "anyOf", "const", "default", "exclusiveMaximum", "exclusiveMinimum", "items",
    "pattern", "patternProperties", "prefixItems", "properties", "propertyNames", "title",
    "x-kubernetes-int-or-string", _MODEL_MARK,
})  # fmt: skip
_KEY_TESTS: Final = {
    "minLength": ("size(key) >= {}", "whose length is at least"),
    "maxLength": ("size(key) <= {}", "whose length is at most"),
    "pattern": ("key.matches(r'{}')", "that match"),
}


class UnknownKeywordError(ValueError):
    """The types say something that this converter can't say to the API server."""


class MarkedSchema(GenerateJsonSchema):
    """Pydantic's generator, which also writes down of which type each object is."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        """Return the schema of a model, with its type's name and with what it says of its fields."""
        cls: type[BaseModel] = schema["cls"]
        told = {**super().model_schema(schema), _MODEL_MARK: type_name(cls)}
        texts = descriptions_of(cls)
        for name, field in cls.model_fields.items():
            told["properties"][field.alias or name] |= {"description": texts[name]} if name in texts else {}
        return told


def type_name(model: type[BaseModel]) -> str:
    """Return the name that a type is known by here."""
    return f"{model.__module__}.{model.__qualname__}"


def structural(model: type[BaseModel], decorate: Callable[[str, Schema], None]) -> Schema:
    """Return the structural schema of a type.

    Parameters
    ----------
    model
        The type.
    decorate
        Called with the name of each object's type and its schema, to add rules and list types in place.

    Raises
    ------
    UnknownKeywordError
        For what can't be converted, with its path.
    """
    source = model.model_json_schema(schema_generator=MarkedSchema)
    return _Converter(source.pop("$defs", {}), decorate).convert(source, model.__name__)


class _Converter:
    def __init__(self, definitions: dict[str, Schema], decorate: Callable[[str, Schema], None]) -> None:
        self._definitions = definitions
        self._decorate = decorate

    def convert(self, source: Schema, path: str) -> Schema:
        source = self._inlined(source)
        if unknown := sorted(source.keys() - _COPIED - _HANDLED):
            raise UnknownKeywordError(f"{path}: expected keywords that a structural schema can say, found {unknown}")
        out: Schema = {key: value for key, value in source.items() if key in _COPIED}
        default = _without_nulls(source.get("default"))
        if default not in (None, [], {}, ""):
            # An empty default says no more than an absent field, and would be stored with every object.
            out["default"] = default
        if "const" in source:
            out["enum"] = [source["const"]]
        self._numbers(source, out)
        if "pattern" in source:
            out["pattern"] = STORAGE_PATH_PATTERN if source["pattern"] == RELATIVE_PATH else source["pattern"]
        if source.get("x-kubernetes-int-or-string"):
            return {**out, "x-kubernetes-int-or-string": True, "anyOf": source["anyOf"]}
        if "anyOf" in source:
            return {**self._union(source["anyOf"], path), **out}
        if "type" not in out and "enum" not in out:
            return {**out, "x-kubernetes-preserve-unknown-fields": True}
        self._containers(source, out, path)
        self._bounded(out, path)
        if name := source.get(_MODEL_MARK):
            self._decorate(name, out)
        return out

    def _inlined(self, source: Schema) -> Schema:
        if "$ref" not in source:
            return source
        beside = {key: value for key, value in source.items() if key != "$ref"}
        return self._inlined({**self._definitions[source["$ref"].rpartition("/")[2]], **beside})

    @staticmethod
    def _numbers(source: Schema, out: Schema) -> None:
        """In v1, ``exclusiveMinimum`` is a flag beside ``minimum``."""
        for bound, flag in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
            if flag in source:
                out[bound], out[flag] = source[flag], True

    def _union(self, options: list[Schema], path: str) -> Schema:
        """``X | None`` is an optional X; texts of several kinds are one enum; other unions keep what they are given."""
        kinds = [option for option in options if option.get("type") != "null"]
        if len(kinds) == 1:
            return self.convert(kinds[0], path)
        inlined = [self._inlined(kind) for kind in kinds]
        if all("enum" in kind or "const" in kind for kind in inlined):
            return {"type": "string", "enum": [v for kind in inlined for v in kind.get("enum", [kind.get("const")])]}
        scalars = {"boolean", "integer", "number", "string"}
        if all(kind.keys() == {"type"} and kind["type"] in scalars for kind in inlined):
            return {"x-kubernetes-preserve-unknown-fields": True}
        raise UnknownKeywordError(f"{path}: expected a union of one type and null, or of scalars, found {options}")

    def _containers(self, source: Schema, out: Schema, path: str) -> None:
        if "properties" in source:
            properties = source["properties"].items()
            out["properties"] = {name: self.convert(value, f"{path}.{name}") for name, value in properties}
        elif "patternProperties" in source or isinstance(source.get("additionalProperties"), dict):
            self._map(source, out, path)
        if "prefixItems" in source:
            out["items"] = {"x-kubernetes-preserve-unknown-fields": True}
        elif "items" in source:
            out["items"] = self.convert(source["items"], f"{path}[]")

    def _map(self, source: Schema, out: Schema, path: str) -> None:
        keys = self._inlined(source.get("propertyNames", {}))
        if "patternProperties" in source:
            # A map whose keys have a pattern, as pydantic says it.
            [(pattern, values)] = source["patternProperties"].items()
            keys = {**keys, "pattern": pattern}
        else:
            values = source["additionalProperties"]
        if unknown := sorted(keys.keys() - {"type", *_KEY_TESTS}):
            raise UnknownKeywordError(f"{path}: expected bounds or a pattern for keys, found {unknown}")
        values = self.convert(values, f"{path}{{}}")
        if "type" not in values and "x-kubernetes-int-or-string" not in values:
            # Rules can't see such a map at all, so nothing is said of its keys.
            out["x-kubernetes-preserve-unknown-fields"] = True
            return
        out["additionalProperties"] = values
        rules = [
            {
                "rule": f"self.all(key, {test.format(keys[keyword])})",
                "message": f"expected keys {words} {keys[keyword]}",
            }
            for keyword, (test, words) in _KEY_TESTS.items()
            if keyword in keys
        ]
        if rules:
            out["x-kubernetes-validations"] = rules

    @staticmethod
    def _bounded(out: Schema, path: str) -> None:
        kind = out.get("type")
        missing = {
            "string": "maxLength" not in out and "enum" not in out and "format" not in out,
            "array": "maxItems" not in out,
            "object": "properties" not in out and "maxProperties" not in out,
        }.get(str(kind), False)
        if missing:
            raise UnknownKeywordError(f"{path}: expected a bound on the size of the {kind}, found none")


def _without_nulls(value: object) -> object:
    if isinstance(value, dict):
        cleaned = {key: _without_nulls(item) for key, item in value.items() if item is not None}
        return {key: item for key, item in cleaned.items() if item not in ([], {}, "")}
    return value
