"""``ullage release``: what to do about workers when there is no operator any more that would let them go."""

from __future__ import annotations

import json
import time
from typing import Any, Final

import typer

from ullage_operator.cluster.books import ended, hold_of
from ullage_operator.cluster.names import FINALIZER, JsonObject, selector
from ullage_operator.cluster.observe import has_ended
from ullage_operator.ledger import Entry, Ledger, LedgerError

from .exits import Exit
from .manifests import Unusable, complain
from .remote import Cluster, Place, connected

_OPERATORS: Final = "app.kubernetes.io/name=ullage,app.kubernetes.io/component=operator"
_LOOK_SECONDS: Final = 0.5


def release_command(place: Place, *, ledger_url: str | None, cluster_name: str) -> Exit:
    """End workers that are left, print what they held as the books' entries, and let their pods go.

    With the address of books the entries are written there too, before a pod goes. Return how the command ends.
    """
    try:
        with connected(place, "workers") as cluster:
            if operators := [_name(pod) for pod in _pods(cluster, None, _OPERATORS)]:
                complain(
                    f"operator: expected none, found {', '.join(operators)}; it lets workers go itself: delete their "
                    "jobs (kubectl delete trainingjobs --all --all-namespaces), or uninstall it first"
                )
                return Exit.INVALID
            left = [pod for pod in _pods(cluster, place.namespace, selector()) if _is_held(pod)]
            for pod in left:
                _delete(cluster, pod)
            while left:
                left = [pod for pod in _pods(cluster, place.namespace, selector()) if _is_held(pod)]
                over = [pod for pod in left if has_ended(pod, _now_ms())]
                _write([entry for pod in over for entry in _entries(pod)], ledger_url, cluster_name)
                for pod in over:
                    _let_go(cluster, pod)
                if not over:
                    time.sleep(_LOOK_SECONDS)
    except Unusable as error:
        return error.code
    except LedgerError as error:
        complain(f"books: {error}")
        return Exit.ENVIRONMENT
    return Exit.OK


def _pods(cluster: Cluster, namespace: str | None, label_selector: str) -> list[JsonObject]:
    options: dict[str, Any] = {"label_selector": label_selector, "_preload_content": False}
    listed: Any = (
        cluster.core.list_pod_for_all_namespaces(**options)
        if namespace is None
        else cluster.core.list_namespaced_pod(namespace, **options)
    )
    items: list[JsonObject] = json.loads(listed.data)["items"]
    return items


def _delete(cluster: Cluster, pod: JsonObject) -> None:
    metadata = pod["metadata"]
    precondition = {"preconditions": {"uid": metadata["uid"]}}
    cluster.unless_gone(cluster.core.delete_namespaced_pod, metadata["name"], metadata["namespace"], body=precondition)


def _let_go(cluster: Cluster, pod: JsonObject) -> None:
    metadata = pod["metadata"]
    patch = {"metadata": {"uid": metadata["uid"], "$deleteFromPrimitiveList/finalizers": [FINALIZER]}}
    cluster.unless_gone(cluster.core.patch_namespaced_pod, metadata["name"], metadata["namespace"], patch)


def _entries(pod: JsonObject) -> list[Entry]:
    hold = hold_of(pod)
    return [] if hold is None else [hold, *ended(pod, hold, None, _now_ms())]


def _write(entries: list[Entry], ledger_url: str | None, cluster_name: str) -> None:
    if ledger_url is not None and entries:
        with Ledger.open(ledger_url, cluster=cluster_name, now_ms=_now_ms) as ledger:
            ledger.post(entries)
    for entry in entries:
        typer.echo(json.dumps({"id": entry.id, **entry.model_dump(mode="json", exclude_none=True)}))


def _is_held(pod: JsonObject) -> bool:
    return FINALIZER in (pod["metadata"].get("finalizers") or [])


def _name(pod: JsonObject) -> str:
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
