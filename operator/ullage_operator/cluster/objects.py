"""Institutions, Investments and PriceLists as the API server has them: cluster-scoped, few, kept as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from .api import Api, ApiRefusal
from .names import GROUP, VERSION, JsonObject, uid_of
from .reflector import version_of

KINDS: Final = {"Institution": "institutions", "Investment": "investments", "PriceList": "pricelists"}
"""The kinds, with the names of their collections."""
ObjectKey = tuple[str, str]
"""An object's kind and name."""


def objects_path(kind: str, name: str = "", subresource: str = "") -> str:
    """Return the address of the objects of a kind, of one, or of its status."""
    parts = [f"/apis/{GROUP}/{VERSION}", KINDS[kind], name, subresource]
    return "/".join(part for part in parts if part)


def object_key(item: JsonObject) -> ObjectKey:
    """Return the key of an object."""
    return item["kind"], item["metadata"]["name"]


@dataclass
class Objects:
    """All objects of these kinds that were heard of."""

    api: Api
    _known: dict[ObjectKey, JsonObject] = field(default_factory=dict)

    def values(self) -> list[JsonObject]:
        """Return all objects, the oldest first."""
        return sorted(self._known.values(), key=lambda item: (item["metadata"]["creationTimestamp"], object_key(item)))

    def seen(self, item: JsonObject) -> None:
        """Take an object, unless a later version of it is known."""
        known = self._known.get(object_key(item))
        if known is None or uid_of(known) != uid_of(item) or version_of(item) >= version_of(known):
            self._known[object_key(item)] = item

    def gone(self, item: JsonObject) -> None:
        """Forget an object that was deleted; one that was made again under its name stays."""
        known = self._known.get(object_key(item))
        if known is not None and uid_of(known) == uid_of(item):
            del self._known[object_key(item)]

    async def read_all(self) -> None:
        """Ask the API server for all of them; what it does not have is forgotten."""
        before = set(self._known)
        there: dict[ObjectKey, JsonObject] = {}
        for kind in KINDS:
            listed = await self.api.get(objects_path(kind))
            # Items of a list do not say what they are.
            items = ({"apiVersion": listed["apiVersion"], "kind": kind, **item} for item in listed["items"])
            there |= {object_key(item): item for item in items}
        for key in before - there.keys():
            self._known.pop(key, None)
        for item in there.values():
            self.seen(item)

    async def write_status(self, item: JsonObject, status: JsonObject) -> bool:
        """Write an object's status if the object is still as ``item`` says; return whether it was."""
        kind, name = object_key(item)
        try:
            self.seen(await self.api.replace(objects_path(kind, name, "status"), {**item, "status": status}))
        except ApiRefusal as error:
            if error.status not in (HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND):
                raise
            return False
        return True
