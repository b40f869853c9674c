"""Jobs as the API server has them, with our own writes in them before the watch tells of those."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus

from ullage_operator.api import parse
from ullage_operator.api.types import JobStatus, TrainingJob

from .api import Api, ApiRefusal
from .check import check
from .names import JobKey, JsonObject, jobs_path, key_of_job, uid_of
from .reflector import version_of


@dataclass
class Jobs:
    """All jobs that were heard of."""

    api: Api
    _known: dict[JobKey, JsonObject] = field(default_factory=dict)
    _parsed: dict[str, tuple[int, TrainingJob]] = field(default_factory=dict)
    """Jobs by UID that passed every check, and the version that each was parsed from: most change only by us."""

    def values(self) -> list[JsonObject]:
        """Return all jobs."""
        return list(self._known.values())

    def get(self, key: JobKey) -> JsonObject | None:
        """Return a job; null if none was heard of."""
        return self._known.get(key)

    def parse(self, item: JsonObject, default_image: str | None) -> TrainingJob:
        """Return what a job declares, and where it stands, once it has been checked for this cluster.

        Raises
        ------
        InvalidManifest
            With all that is wrong.
        """
        uid, version = uid_of(item), version_of(item)
        known = self._parsed.get(uid)
        if known is None or known[0] != version:
            namespace, name = key_of_job(item)
            job = parse(item, source=f"{namespace}/{name}")
            check(job, default_image)
            known = self._parsed[uid] = (version, job)
        return known[1]

    def seen(self, item: JsonObject) -> bool:
        """Take a job, unless this version of it is known, or a later one, or the job that was made after it.

        Return whether it is news.

        The API server counts versions over all jobs: a watch that is late tells of a job's predecessor,
        and what is made of that must not be done to its successor's pods.
        """
        item["metadata"].pop("managedFields", None)
        known = self._known.get(key_of_job(item))
        if known is not None and version_of(item) <= version_of(known):
            return False
        self._known[key_of_job(item)] = item
        if known is not None and uid_of(known) != uid_of(item):
            self._parsed.pop(uid_of(known), None)
        return True

    def gone(self, item: JsonObject) -> None:
        """Forget a job that was deleted; one that was made again under its name stays."""
        known = self._known.get(key_of_job(item))
        if known is not None and uid_of(known) == uid_of(item):
            self._forget(key_of_job(item))

    def _forget(self, key: JobKey) -> None:
        if (known := self._known.pop(key, None)) is not None:
            self._parsed.pop(uid_of(known), None)

    async def read(self, key: JobKey) -> JsonObject | None:
        """Ask the API server for a job."""
        before = self._known.get(key)
        try:
            self.seen(await self.api.get(jobs_path(*key)))
        except ApiRefusal as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            if self._known.get(key) is before:  # Otherwise it was made again meanwhile.
                self._forget(key)
        return self._known.get(key)

    async def read_all(self) -> set[JobKey]:
        """Ask the API server for all jobs; return the keys of those that are known, or were."""
        before = {key: uid_of(item) for key, item in self._known.items()}
        there: set[JobKey] = set()
        async for page in self.api.pages(jobs_path()):
            for item in page["items"]:
                there.add(key_of_job(item))
                # Items of a list do not say what they are.
                self.seen({"apiVersion": page["apiVersion"], "kind": page["kind"].removesuffix("List"), **item})
        for key in before.keys() - there:
            # One that was made again meanwhile under the same name is not in the list, and has been heard of.
            if (known := self._known.get(key)) is not None and uid_of(known) == before[key]:
                self._forget(key)
        return before.keys() | there

    async def write_status(self, item: JsonObject, status: JobStatus) -> bool:
        """Write a job's status if the job is still as ``item`` says; return whether it was."""
        key = key_of_job(item)
        told = status.model_dump(mode="json", by_alias=True, exclude_none=True)
        body = {**item, "status": {name: value for name, value in told.items() if value not in ("", [], {})}}
        try:
            answer = await self.api.replace(jobs_path(*key, "status"), body)
        except ApiRefusal as error:
            if error.status not in (HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND):
                raise
            await self.read(key)
            return False
        self.seen(answer)
        self._wrote(item, answer, status)
        return True

    def _wrote(self, before: JsonObject, after: JsonObject, status: JobStatus) -> None:
        """Know what was written without parsing it: all but the status is as it was when we read it."""
        version, job = self._parsed.get(uid_of(before), (0, None))
        if job is not None and version == version_of(before):
            self._parsed[uid_of(before)] = (version_of(after), job.model_copy(update={"status": status}))

    async def delete(self, item: JsonObject) -> None:
        """Delete a job, if it is still the one that it was."""
        try:
            await self.api.delete(jobs_path(*key_of_job(item)), uid_of(item))
        except ApiRefusal as error:
            if not error.is_of_another:
                raise
