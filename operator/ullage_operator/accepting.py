"""Which institutions, investments and price lists hold: valid each by itself, and beside each other. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from .api import Declarations, InvalidManifest, contradictions, parse_as
from .api.types import Institution, Investment, PriceList
from .cluster.names import JsonObject
from .cluster.objects import ObjectKey, object_key
from .standing import Key, Object

_TYPES: Final[Mapping[str, type[Institution | Investment | PriceList]]] = {
    "Institution": Institution,
    "Investment": Investment,
    "PriceList": PriceList,
}


@dataclass(frozen=True)
class Accepted:
    """Objects, sorted into those that hold and those that do not."""

    objects: dict[ObjectKey, Object] = field(default_factory=dict)
    """Those that are accepted, the oldest first."""
    parsed: dict[ObjectKey, Object] = field(default_factory=dict)
    """All that are valid each by itself."""
    errors: dict[ObjectKey, str] = field(default_factory=dict)
    """Of each of the others all that is wrong, a line each."""
    present: frozenset[Key] = frozenset()
    """What all of them are called in the books."""


def accept(items: Iterable[JsonObject], namespaces: Mapping[str, Mapping[str, str]]) -> Accepted:
    """Return which objects hold.

    Parameters
    ----------
    items
        Institutions, Investments and PriceLists of the API server, the oldest first.
    namespaces
        The labels of each namespace.
    """
    parsed: dict[ObjectKey, Object] = {}
    errors: dict[ObjectKey, list[str]] = {}
    present: set[Key] = set()
    for item in items:
        key = object_key(item)
        present.add(_book_key(item))
        try:
            parsed[key] = parse_as(_TYPES[item["kind"]], item, source=" ".join(key))
        except InvalidManifest as error:
            errors[key] = [str(each) for each in error.errors]
    for wrong in contradictions(Declarations.of(parsed.values(), namespaces)):
        errors.setdefault((wrong.kind, wrong.name), []).append(str(wrong.error))
    return Accepted(
        objects={key: each for key, each in parsed.items() if key not in errors},
        parsed=parsed,
        errors={key: "\n".join(found) for key, found in errors.items()},
        present=frozenset(present),
    )


def _book_key(item: JsonObject) -> Key:
    kind, name = object_key(item)
    return kind, str(item["spec"].get("id", name)) if kind == "Institution" else name
