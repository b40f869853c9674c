"""Jobs as the API server has them, with our own writes in them before the watch tells of those."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus

from ullage_operator.api.types import JobStatus

from .api import Api, ApiRefusal
from .names import JobKey, JsonObject, jobs_path, key_of_job, uid_of
from .reflector import version_of


@dataclass
class Jobs:
    """All jobs that were heard of."""

    api: Api
    _known: dict[JobKey, JsonObject] = field(default_factory=dict)

    def values(self) -> list[JsonObject]:
        """Return all jobs."""
        return list(self._known.values())

    def get(self, key: JobKey) -> JsonObject | None:
        """Return a job; null if none was heard of."""
        return self._known.get(key)

    def seen(self, item: JsonObject) -> None:
        """Take a job, unless a later version of it is known."""
        known = self._known.get(key_of_job(item))
        if known is None or uid_of(known) != uid_of(item) or version_of(item) >= version_of(known):
            self._known[key_of_job(item)] = item

    def gone(self, item: JsonObject) -> None:
        """Forget a job that was deleted; one that was made again under its name stays."""
        known = self._known.get(key_of_job(item))
        if known is not None and uid_of(known) == uid_of(item):
            del self._known[key_of_job(item)]

    async def read(self, key: JobKey) -> JsonObject | None:
        """Ask the API server for a job."""
        before = self._known.get(key)
        try:
            self.seen(await self.api.get(jobs_path(*key)))
        except ApiRefusal as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            if self._known.get(key) is before:  # Otherwise it was made again meanwhile.
                self._known.pop(key, None)
        return self._known.get(key)

    async def read_all(self) -> set[JobKey]:
        """Ask the API server for all jobs; return the keys of those that are known, or were."""
        before = set(self._known)
        listed = await self.api.get(jobs_path())
        there = {key_of_job(item): item for item in listed["items"]}
        for key in before - there.keys():
            self._known.pop(key, None)
        for item in there.values():
            # Items of a list do not say what they are.
            self.seen({"apiVersion": listed["apiVersion"], "kind": listed["kind"].removesuffix("List"), **item})
        return before | there.keys()

    async def write_status(self, item: JsonObject, status: JobStatus) -> bool:
        """Write a job's status if the job is still as ``item`` says; return whether it was."""
        key = key_of_job(item)
        told = status.model_dump(mode="json", by_alias=True, exclude_none=True)
        body = {**item, "status": {name: value for name, value in told.items() if value not in ("", [], {})}}
        try:
            self.seen(await self.api.replace(jobs_path(*key, "status"), body))
        except ApiRefusal as error:
            if error.status not in (HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND):
                raise
            await self.read(key)
            return False
        return True

    async def delete(self, item: JsonObject) -> None:
        """Delete a job, if it is still the one that it was."""
        try:
            await self.api.delete(jobs_path(*key_of_job(item)), uid_of(item))
        except ApiRefusal as error:
            if error.status not in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT):
                raise
