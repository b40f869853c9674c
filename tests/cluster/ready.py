"""Whether a cluster takes pods: its API answers, and a node is ready."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

_PATIENCE_SECONDS = 180.0
_ANSWER_SECONDS = 10.0


def answers(kubeconfig: Path) -> bool:
    """Tell whether there is a cluster under a kubeconfig that has a ready node."""
    if not kubeconfig.is_file():
        return False
    import urllib3
    from kubernetes import client, config

    try:
        core = client.CoreV1Api(config.new_client_from_config(str(kubeconfig)))
        # Tried once: a cluster that is gone is no reason to wait.
        core.api_client.rest_client.pool_manager.connection_pool_kw["retries"] = False
        nodes = core.list_node(_request_timeout=_ANSWER_SECONDS).items
    except (config.ConfigException, client.ApiException, urllib3.exceptions.HTTPError, OSError):
        return False
    return any(c.type == "Ready" and c.status == "True" for node in nodes for c in node.status.conditions or [])


def wait_until_ready(kubeconfig: Path, alive: Callable[[], bool], log: Path) -> None:
    """Return once a node is ready and the default service account can be used."""
    import urllib3
    from kubernetes import client, config

    core = client.CoreV1Api(config.new_client_from_config(str(kubeconfig)))
    deadline, found = time.monotonic() + _PATIENCE_SECONDS, "no answer"
    while time.monotonic() < deadline:
        if not alive():
            raise SystemExit(f"cluster: the node has ended: {log.read_text().strip()}")
        try:
            conditions = [c for node in core.list_node().items for c in node.status.conditions or []]
            found = ", ".join(f"{c.type}={c.status}: {c.message}" for c in conditions) or "no node"
            if any(c.type == "Ready" and c.status == "True" for c in conditions):
                core.read_namespaced_service_account("default", "default")
                return
        except (client.ApiException, urllib3.exceptions.HTTPError, OSError) as error:
            found = str(error).splitlines()[0]
        time.sleep(0.1)
    raise SystemExit(f"cluster: expected a node that is ready within {_PATIENCE_SECONDS:.0f} s, found {found}")
