"""What users do to their jobs."""

from __future__ import annotations

from collections.abc import Callable

from ullage_operator.cluster.names import JsonObject, uid_of

from .books import INSTITUTION, RESOURCE
from .schedule import Schedule
from .store import FOREGROUND, JOBS, Store

_NAMESPACE = "physics"


class Users:
    """They know their jobs by number."""

    def __init__(self, store: Store, schedule: Schedule) -> None:
        self._store = store
        self._schedule = schedule

    def job(self, number: int) -> JsonObject | None:
        """Return a job as it is; null where there is none."""
        return self._store.objects[JOBS].get(f"job-{number}")

    def make(self, number: int) -> None:
        """Make a job, unless it is there."""
        if self.job(number) is not None:
            return
        body = {
            "apiVersion": "ullage.dev/v1alpha1",
            "kind": "TrainingJob",
            "metadata": {"name": f"job-{number}", "namespace": _NAMESPACE},
            "spec": self._spec(number),
        }
        self._store.create(JOBS, body)

    def delete(self, number: int, *, foreground: bool = False) -> None:
        """Delete a job, if it is there."""
        job = self.job(number)
        if job is not None and foreground:
            self._change(job, lambda item: item["metadata"].update(finalizers=[FOREGROUND]))
        if job is not None:
            self._store.delete(JOBS, f"job-{number}", None)

    def touch(self, number: int, said: str) -> None:
        """Change what means nothing."""
        if (job := self.job(number)) is not None:
            self._change(job, lambda item: item["metadata"].update(annotations={"note": said}))

    def suspend(self, number: int, *, suspended: bool) -> None:
        """Suspend a job, or let it go on."""

        def change(item: JsonObject) -> None:
            if item["spec"]["runPolicy"].get("suspend", False) is not suspended:
                item["spec"]["runPolicy"]["suspend"] = suspended
                item["metadata"]["generation"] += 1

        if (job := self.job(number)) is not None:
            self._change(job, change)

    def _spec(self, number: int) -> JsonObject:
        """Return a job's spec; where there is a real ledger its workers hold accelerators that a grant pays."""
        spec = self._schedule.jobs[number].spec
        if not self._schedule.real_ledger:
            return spec
        two = {"train": {"limits": {RESOURCE: "2"}}}
        return spec | {"accounting": {"institution": INSTITUTION}, "workers": spec["workers"] | {"resources": two}}

    def _change(self, job: JsonObject, change: Callable[[JsonObject], None]) -> None:
        self._store.change(JOBS, job["metadata"]["name"], uid_of(job), change)
