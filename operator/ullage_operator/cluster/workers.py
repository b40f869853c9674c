"""Workers on a cluster: pods are created, asked to end, let go and deleted here. Every call may be made again."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, TypeVar

from ullage_operator.api.types import TrainingJob
from ullage_operator.plan import CreateWorkers, worker_plans
from ullage_trainer.config import Failure, Reason

from .api import STRATEGIC_PATCH, Api, ApiRefusal
from .gang import in_gang, pod_group
from .names import (
    FINALIZER,
    JOB_UID_LABEL,
    STOPPED_ANNOTATION,
    JsonObject,
    annotations_of,
    labels_of,
    pods_path,
    uid_of,
)
from .pods import PodSettings, network_policy, placed, pod, service
from .reflector import Reflector

_REFUSALS: Final = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.BAD_REQUEST})
_AT_ONCE: Final = 16
_LOOK_AGAIN_SECONDS: Final = 300.0
"""After how long a namespace's Service and NetworkPolicy are looked after again: somebody may have deleted them."""

T = TypeVar("T")


class PredecessorThere(Exception):
    """Pods of an earlier job of the same name are still there."""

    def __init__(self, name: str, *, watched: bool) -> None:
        super().__init__(name)
        self.watched = watched
        """Whether the watch will tell when they are gone."""


class Refused(Exception):
    """The API server does not take the pods, and says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


@dataclass
class PodWorkers:
    """The workers of a cluster."""

    api: Api
    pods: Reflector
    settings: PodSettings
    operator_namespace: str
    secret: bytes
    """What gangs' keys are derived from."""
    monotonic: Callable[[], float] = time.monotonic
    _ready: dict[str, float] = field(default_factory=dict)
    """When a namespace was last found to have its Service and NetworkPolicy."""
    _making_ready: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def create(self, job: TrainingJob, action: CreateWorkers) -> None:
        """Create pods; those that are there already are taken as they are.

        Where a pod of another job is known to have one of the names, none is created: part of a gang would hold
        its places and do nothing.

        Raises
        ------
        PredecessorThere
            Under their names there are pods of another job.
        Refused
            A quota or another rule of the cluster keeps them out.
        """
        uid, namespace = job.metadata.uid or "", job.metadata.namespace or ""
        names = {plan.name for plan in action.workers}
        for item in self.pods.of((namespace, job.metadata.name)):
            if labels_of(item).get(JOB_UID_LABEL) != uid and (name := item["metadata"]["name"]) in names:
                raise PredecessorThere(name, watched=True)
        await self._make_ready(namespace, again=action.document.attempt > 1)
        attempt = f"{uid}/{action.document.stage}-{action.document.attempt}"
        key = hmac.new(self.secret, attempt.encode(), hashlib.sha256).digest()
        document = placed(action.document, self.settings)
        bodies = [pod(job, document, plan, key, self.settings) for plan in action.workers]
        if self.settings.gang is not None:
            gang = worker_plans(job, document.stage, document.attempt)
            bodies = [in_gang(self.settings.gang, body, job, document, len(gang)) for body in bodies]
            if (group := pod_group(self.settings.gang, job, document, gang)) is not None:
                await self._have(group.path, group.body)
                # Of an earlier attempt nothing lives when this one opens; schedulers look at a group until it is gone.
                await self.api.delete_all(group.path, group.others)
        await for_each(lambda body: self._create(body, uid), bodies)

    async def stop(self, item: JsonObject, why: str) -> None:
        """Ask a pod to end; first it is written on it that this was us, unless somebody else has deleted it before."""
        if STOPPED_ANNOTATION not in annotations_of(item):
            if "deletionTimestamp" in item["metadata"]:
                return  # It ends, and that is a disruption: nobody shall read that we wanted it.
            # Of a pod that has changed since this is refused, and the next pass looks whether it was deleted.
            known = {"uid": uid_of(item), "resourceVersion": item["metadata"]["resourceVersion"]}
            try:
                patch = {"metadata": {**known, "annotations": {STOPPED_ANNOTATION: why}}}
                self.pods.put(await self.api.patch(_path(item), patch))
            except ApiRefusal as error:
                if not error.is_of_another:
                    raise
        await self.delete(item)

    async def delete(self, item: JsonObject) -> None:
        """Delete a pod, if it is still the one that it was."""
        try:
            answer = await self.api.delete(_path(item), uid_of(item))
        except ApiRefusal as error:
            if not error.is_of_another:
                raise
            return
        if answer.get("kind") == "Pod":
            self.pods.put(answer)

    async def release(self, item: JsonObject) -> None:
        """Take our finalizer off a pod: from now on it may go."""
        if FINALIZER not in (item["metadata"].get("finalizers") or []):
            return
        patch = {"metadata": {"uid": uid_of(item), "$deleteFromPrimitiveList/finalizers": [FINALIZER]}}
        try:
            self.pods.put(await self.api.patch(_path(item), patch, STRATEGIC_PATCH))
        except ApiRefusal as error:
            if not error.is_of_another:
                raise

    async def _create(self, body: JsonObject, job_uid: str) -> None:
        namespace, name = body["metadata"]["namespace"], body["metadata"]["name"]
        try:
            self.pods.put(await self.api.create(pods_path(namespace), body))
        except ApiRefusal as error:
            if error.status in _REFUSALS:
                raise Refused(_refusal(f"pod {name}", error)) from error
            if error.reason != "AlreadyExists":
                raise
            try:
                there = await self.api.get(pods_path(namespace, name))
            except ApiRefusal as gone:
                if gone.status != HTTPStatus.NOT_FOUND:
                    raise
                raise PredecessorThere(name, watched=False) from gone  # It was: the next try finds its place free.
            if labels_of(there).get(JOB_UID_LABEL) != job_uid:
                raise PredecessorThere(name, watched=False) from error
            self.pods.put(there)

    def namespace_gone(self, namespace: str) -> None:
        """Take that a namespace is gone, and with it what it had; another one may come under its name."""
        self._ready.pop(namespace, None)

    async def _make_ready(self, namespace: str, *, again: bool) -> None:
        """Have the namespace's Service and NetworkPolicy: looked after now and then, and before an attempt is repeated.

        Raises
        ------
        Refused
            A quota or another rule of the cluster keeps them out.
        """
        asked = self.monotonic()
        async with self._making_ready:
            known = self._ready.get(namespace)
            if known is not None and known >= (asked if again else asked - _LOOK_AGAIN_SECONDS):
                return
            for path, body in (
                (f"/api/v1/namespaces/{namespace}/services", service(namespace)),
                (
                    f"/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies",
                    network_policy(namespace, self.operator_namespace),
                ),
            ):
                await self._have(path, body)
            self._ready[namespace] = self.monotonic()

    async def _have(self, path: str, body: JsonObject) -> None:
        """Create an object unless it is there."""
        try:
            await self.api.create(path, body)
        except ApiRefusal as error:
            if error.status in _REFUSALS:
                raise Refused(_refusal(f"{body['kind']} {body['metadata']['name']}", error)) from error
            if error.reason != "AlreadyExists":
                raise


async def for_each(work: Callable[[T], Awaitable[None]], items: Iterable[T]) -> None:
    """Do something for each item, some at a time; all are tried, then the first error is raised."""
    if not (items := list(items)):
        return
    some = asyncio.Semaphore(_AT_ONCE)

    async def one(item: T) -> None:
        async with some:
            await work(item)

    outcomes = await asyncio.gather(*(one(item) for item in items), return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome


def _refusal(what: str, error: ApiRefusal) -> Failure:
    reason = Reason.QUOTA_EXCEEDED if "exceeded quota" in error.message else Reason.START_FAILED
    return Failure(reason=reason, message=f"{what} is not admitted: {error.message}"[:1024])


def _path(item: JsonObject) -> str:
    return pods_path(item["metadata"]["namespace"], item["metadata"]["name"])
