"""Specs that were never seen before: made from the definition's schema, or from good ones that something is done to."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

Json = Any
Schema = dict[str, Any]
Path = tuple[str | int, ...]

_MAX_ITEMS = 3
_JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.sampled_from([0, -1, 1, 0.5, 1e300, 2**31, 10**12]),
    st.text(max_size=8),
    st.sampled_from(
        ["", " ", "..", "/", "a/../b", "0", "1Gi", "-1", "1e3", "a.b", "x" * 300, "a\n", "ä", "\x00", "$(X)"]
    ),
    st.lists(st.integers(0, 9), max_size=2),
    st.dictionaries(st.sampled_from(["a", "name", "x-y"]), st.integers(0, 9), max_size=2),
)


_made: dict[int, st.SearchStrategy[Json]] = {}
"""Strategies by the identity of their schema: there are hundreds, and each is asked for again and again."""


def values(schema: Schema) -> st.SearchStrategy[Json]:
    """Return values that a schema takes, as far as it says so without rules; at the edges of bounds for preference."""
    if id(schema) not in _made:
        _made[id(schema)] = _values(schema)
    return _made[id(schema)]


def _values(schema: Schema) -> st.SearchStrategy[Json]:
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema.get("x-kubernetes-int-or-string"):
        return st.one_of(st.integers(0, 2**40), _texts(schema))
    make: dict[str, Callable[[Schema], st.SearchStrategy[Json]]] = {
        "object": _objects,
        "array": _lists,
        "string": _texts,
        "integer": _integers,
        "number": _numbers,
        "boolean": lambda _schema: st.booleans(),
    }
    kind = schema.get("type")
    return _JUNK.filter(lambda value: value is not None) if kind is None else make[kind](schema)


def _objects(schema: Schema) -> st.SearchStrategy[Json]:
    if "additionalProperties" in schema:
        keys = st.one_of(
            st.sampled_from(["a", "cpu", "memory", "example.com/gpu", "x" * 70]), st.text("ab-./", max_size=5)
        )
        least = schema.get("minProperties", 0)
        return st.dictionaries(keys, values(schema["additionalProperties"]), min_size=least, max_size=_MAX_ITEMS)
    properties: dict[str, Schema] = schema.get("properties", {})
    needed = {name: values(properties[name]) for name in schema.get("required", [])}
    others = {name: st.deferred(lambda inner=inner: values(inner)) for name, inner in properties.items()}  # type: ignore[misc]
    return st.fixed_dictionaries(needed, optional={n: inner for n, inner in others.items() if n not in needed})


def _lists(schema: Schema) -> st.SearchStrategy[Json]:
    most = min(schema["maxItems"], _MAX_ITEMS)
    return st.lists(values(schema["items"]), min_size=schema.get("minItems", 0), max_size=most)


def _texts(schema: Schema) -> st.SearchStrategy[Json]:
    if "pattern" in schema:
        return st.from_regex(schema["pattern"]).map(lambda text: text[: schema.get("maxLength")])
    return st.text(min_size=schema.get("minLength", 0), max_size=min(schema.get("maxLength", 9), 9))


def _integers(schema: Schema) -> st.SearchStrategy[Json]:
    least, most = schema.get("minimum", -(2**31)), schema.get("maximum", 2**31 - 1)
    return st.one_of(st.sampled_from([least, most]), st.integers(int(least), int(most)))


def _numbers(schema: Schema) -> st.SearchStrategy[Json]:
    least, most = schema.get("minimum", -1e9), schema.get("maximum", 1e9)
    return st.one_of(st.sampled_from([least, most]), st.floats(least, most, allow_nan=False, allow_infinity=False))


def documents(schema: Schema, good: list[Json]) -> st.SearchStrategy[Json]:
    """Return whole manifests: all new, or good ones of which some part is new, broken, gone, doubled or unknown."""
    made = values(schema["properties"]["spec"]).map(_with_spec)
    return st.one_of(made, _renewed(schema, good), _renewed(schema, good), _broken(good))


def _with_spec(spec: Json) -> Json:
    return {"apiVersion": "ullage.dev/v1alpha1", "kind": "TrainingJob", "metadata": {"name": "fuzz"}, "spec": spec}


@st.composite
def _renewed(draw: st.DrawFn, schema: Schema, good: list[Json]) -> Json:
    """A good manifest of which one part, wherever it is, is made anew from that part's schema."""
    document = copy.deepcopy(draw(st.sampled_from(good)))
    node, part, at = schema["properties"]["spec"], document["spec"], ("spec",)
    parent: Json = document
    while draw(st.integers(0, 3)) and (inner := _inner(node)):
        name = draw(st.sampled_from(sorted(inner)))
        if isinstance(part, dict):
            if name not in part:
                part[name] = draw(values(inner[name]))
            parent, part, key = part, part[name], name
        elif isinstance(part, list) and part:
            index = draw(st.integers(0, len(part) - 1))
            parent, part, key = part, part[index], index
        else:
            break
        node, at = inner[name], (*at, key)
    parent[at[-1]] = draw(values(node))
    return document


def _inner(node: Schema) -> dict[str, Schema]:
    return node.get("properties") or ({"[]": node["items"]} if "items" in node else {})


@st.composite
def _broken(draw: st.DrawFn, good: list[Json]) -> Json:
    """A good manifest to whose spec up to three things are done."""
    document = copy.deepcopy(draw(st.sampled_from(good)))
    for _ in range(draw(st.integers(1, 3))):
        places = _places(document["spec"], ("spec",))
        at = draw(st.sampled_from(places))
        parent = document
        for part in at[:-1]:
            parent = parent[part]
        draw(st.sampled_from([_replace, _remove, _double, _add, _null]))(draw, parent, at[-1])
        if not isinstance(document.get("spec"), dict):
            break
    return document


def _places(value: Json, at: Path) -> list[Path]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for name, part in inner for place in _places(part, (*at, name)))]


def _replace(draw: st.DrawFn, parent: Json, key: str | int) -> None:
    parent[key] = draw(_JUNK)


def _null(_draw: st.DrawFn, parent: Json, key: str | int) -> None:
    parent[key] = None


def _remove(_draw: st.DrawFn, parent: Json, key: str | int) -> None:
    del parent[key]


def _double(_draw: st.DrawFn, parent: Json, key: str | int) -> None:
    if isinstance(parent, list):
        parent.append(copy.deepcopy(parent[int(key)]))
    elif isinstance(parent[key], list):
        parent[key] = [*parent[key], *copy.deepcopy(parent[key])]


def _add(draw: st.DrawFn, parent: Json, key: str | int) -> None:
    if isinstance(parent[key], dict):
        parent[key][draw(st.sampled_from(["replica", "hostPath", "x", "Image"]))] = draw(_JUNK)
