"""``ullage submit``, ``status``, ``logs`` and ``cancel``: jobs on the cluster that the kubeconfig names."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import typer
from pydantic import ValidationError

from ullage_operator.api.types import JobStatus, Phase, StageState
from ullage_operator.cluster.names import GROUP, PLURAL, VERSION
from ullage_operator.plan.instants import brief_duration, millis
from ullage_operator.plan.workers import worker_name
from ullage_trainer.config import Stage

from .exits import Exit, exit_of
from .manifests import Unusable, complain, read_jobs, source_name
from .tables import plain_table, wide_console

_NEEDS: Final = "expected the Kubernetes client, which is not installed here; pip install 'ullage[operator]'"


@dataclass(frozen=True)
class Place:
    """Which cluster, and which namespace of it."""

    context: str | None = None
    """The kubeconfig's context; none means its current one."""
    namespace: str | None = None
    """The namespace; none means the context's."""


class Cluster:
    """The jobs and pods of one namespace."""

    def __init__(self, place: Place) -> None:
        from kubernetes import client, config  # noqa: PLC0415 - a second that `ullage run` need not wait

        contexts, active = config.list_kube_config_contexts()  # type: ignore[no-untyped-call]
        chosen = next((one for one in contexts if one["name"] == place.context), active)
        self.namespace: str = place.namespace or chosen["context"].get("namespace") or "default"
        connected = config.new_client_from_config(context=place.context)  # type: ignore[no-untyped-call]
        self._custom = client.CustomObjectsApi(connected)
        self.core = client.CoreV1Api(connected)

    def create(self, manifest: dict[str, Any]) -> None:
        """Create a job."""
        self._custom.create_namespaced_custom_object(GROUP, VERSION, self.namespace, PLURAL, manifest)

    def get(self, name: str) -> dict[str, Any]:
        """Return a job."""
        found: Any = self._custom.get_namespaced_custom_object(GROUP, VERSION, self.namespace, PLURAL, name)
        return dict(found)

    def list(self) -> list[dict[str, Any]]:
        """Return all jobs."""
        listed: Any = self._custom.list_namespaced_custom_object(GROUP, VERSION, self.namespace, PLURAL)
        return list(listed["items"])

    def delete(self, name: str) -> None:
        """Delete a job."""
        self._custom.delete_namespaced_custom_object(GROUP, VERSION, self.namespace, PLURAL, name)

    @staticmethod
    def unless_gone(call: Callable[..., Any], *arguments: Any, **options: Any) -> None:
        """Make a request about an object that may be gone meanwhile."""
        from kubernetes.client import ApiException  # noqa: PLC0415

        try:
            call(*arguments, **options)
        except ApiException as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise

    def log(self, pod: str, *, follow: bool) -> Iterator[bytes]:
        """Yield what a pod writes."""
        answer: Any = self.core.read_namespaced_pod_log(pod, self.namespace, follow=follow, _preload_content=False)
        yield from answer.stream()


@contextmanager
def connected(place: Place, what: str) -> Iterator[Cluster]:
    """Connect, and say in one line what the cluster does not do."""
    try:
        from kubernetes.client import ApiException  # noqa: PLC0415
        from kubernetes.config import ConfigException  # noqa: PLC0415
        from urllib3.exceptions import HTTPError  # noqa: PLC0415
    except ImportError as error:
        complain(_NEEDS)
        raise Unusable(Exit.ENVIRONMENT) from error
    try:
        yield Cluster(place)
    except ConfigException as error:
        complain(f"kubeconfig: expected one that names a cluster, found: {error}; set KUBECONFIG, or --context")
        raise Unusable(Exit.ENVIRONMENT) from error
    except HTTPError as error:
        complain(f"cluster: expected an answer, found: {error}")
        raise Unusable(Exit.ENVIRONMENT) from error
    except ApiException as error:
        complain(f"{what}: {_told(error.body) or error.reason}")
        refused = error.status in (400, 404, 409, 422)
        raise Unusable(Exit.INVALID if refused else Exit.ENVIRONMENT) from error


def _told(body: str | bytes | None) -> str:
    try:
        return str(json.loads(body or "{}").get("message", ""))
    except (ValueError, AttributeError):
        return ""


def submit_command(paths: list[Path], place: Place) -> Exit:
    """Check manifests here, then create their jobs; return how the command ends."""
    try:
        jobs = [(path, job) for path in paths for job in read_jobs(path)]
        for path, job in jobs:
            within = Place(place.context, place.namespace or job.metadata.namespace)
            manifest = job.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_unset=True)
            with connected(within, f"{source_name(path)}: {job.metadata.name}") as cluster:
                manifest["metadata"]["namespace"] = cluster.namespace
                cluster.create({"apiVersion": job.api_version, "kind": job.kind, **manifest})
                typer.echo(
                    f"{cluster.namespace}/{job.metadata.name} is submitted; see: ullage status {job.metadata.name}"
                )
    except Unusable as error:
        return error.code
    return Exit.OK


def status_command(name: str | None, place: Place, *, as_json: bool) -> Exit:
    """Print how far jobs are, or one job; return how the command ends."""
    try:
        with connected(place, name or "jobs") as cluster:
            items = cluster.list() if name is None else [cluster.get(name)]
            namespace = cluster.namespace
    except Unusable as error:
        return error.code
    if as_json:
        typer.echo(json.dumps(items if name is None else items[0], indent=1))
        return Exit.OK
    if name is not None:
        return _print_job(items[0])
    if not items:
        typer.echo(f"No jobs in namespace {namespace}.")
        return Exit.OK
    table = plain_table()
    for column in ("job", "phase", "stage", "progress", "ETA", "metric", ""):
        table.add_column(column)
    for item in items:
        status = _status(item)
        stage = status.stage.value if status.stage else ""
        message = status.message if status.phase in (Phase.PENDING, Phase.FAILED) else ""
        cells = (status.phase.value, stage, status.progress_text, status.eta, status.metric, message)
        table.add_row(item["metadata"]["name"], *cells)
    wide_console().print(table)
    return Exit.OK


def logs_command(name: str, place: Place, *, follow: bool, stage: Stage | None, worker: int) -> Exit:
    """Print a worker's output, of the latest attempt; return how the command ends."""
    try:
        with connected(place, name) as cluster:
            status = _status(cluster.get(name))
            opened = [known for known in status.stages if known.attempt and (stage is None or known.name is stage)]
            if not opened:
                complain(
                    f"{name}: expected a stage that has started, found: {status.phase}, {status.message or 'none'}"
                )
                return Exit.INVALID
            # Stages are in the order in which they run: the last that was opened is the one at hand.
            latest = opened[-1]
            for chunk in cluster.log(worker_name(name, latest.name, latest.attempt, worker), follow=follow):
                typer.echo(chunk, nl=False)
    except Unusable as error:
        return error.code
    return Exit.OK


def cancel_command(names: list[str], place: Place) -> Exit:
    """Delete jobs; return how the command ends."""
    try:
        for name in names:
            with connected(place, name) as cluster:
                cluster.delete(name)
                typer.echo(f"{cluster.namespace}/{name} is deleted; its pods end, and what it took stays in the books")
    except Unusable as error:
        return error.code
    return Exit.OK


def _status(item: dict[str, Any]) -> JobStatus:
    try:
        return JobStatus.model_validate_json(json.dumps(item.get("status") or {}))
    except ValidationError:
        # Of another version: what every version has is enough for a line.
        return JobStatus(message="its status is of another version of Ullage")


def _print_job(item: dict[str, Any]) -> Exit:
    status = _status(item)
    name = f"{item['metadata']['namespace']}/{item['metadata']['name']}"
    parts = [status.phase.value, status.progress_text, f"ETA {status.eta}" if status.eta else "", status.metric]
    typer.echo(f"{name}: {', '.join(part for part in parts if part)}")
    if status.message:
        typer.echo(status.message)
    for condition in status.conditions:
        if condition.type == "Accepted" and condition.status.value == "False":
            typer.echo(condition.message)
    if status.stages:
        table = plain_table()
        for column in ("stage", "state", "attempt", "restarts", "took", "made"):
            table.add_column(column)
        for stage in status.stages:
            took = _took(stage.start_time, stage.finish_time)
            made = "" if stage.output is None else stage.output.path + (" (reused)" if stage.output.reused else "")
            attempt = str(stage.attempt) if stage.state is not StageState.PENDING or stage.attempt else ""
            table.add_row(stage.name.value, stage.state.value, attempt, str(stage.restarts), took, made)
        wide_console().print(table)
    failure = status.failure
    if failure is not None and status.phase is Phase.FAILED:
        who = "" if failure.rank is None else f" (rank {failure.rank} on worker {failure.worker})"
        typer.echo(f"{failure.reason}{who}: {failure.message}")
        for line in failure.last_lines:
            typer.echo(f"  {line}")
        return exit_of(failure)
    return Exit.OK


def _took(start: str | None, finish: str | None) -> str:
    return brief_duration((millis(finish) - millis(start)) / 1000) if start and finish else ""
