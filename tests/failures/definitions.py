"""The definitions of all of our kinds, without the operator that a chart brings along."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import yaml
from kubernetes import client

from cluster.node import ROOT
from local.runs.harness import wait_until

DEFINITION_NAME = "trainingjobs.ullage.dev"


def definition_bodies() -> dict[str, dict[str, Any]]:
    """Return the definitions of all of our kinds by their names: the operator waits for each of them."""
    bodies = [yaml.safe_load(path.read_text()) for path in (ROOT / "manifests" / "crd").glob("ullage.dev_*.yaml")]
    return {body["metadata"]["name"]: body for body in bodies}


def definition_body() -> dict[str, Any]:
    return definition_bodies()[DEFINITION_NAME]


@contextmanager
def definitions(core: client.CoreV1Api) -> Iterator[None]:
    """Have a cluster know our kinds, and forget them and all of their objects at the end."""
    extensions = client.ApiextensionsV1Api(core.api_client)
    bodies = definition_bodies()
    for body in bodies.values():
        extensions.create_custom_resource_definition(body)
    try:
        wait_until(lambda: all(_established(extensions, name) for name in bodies), "established definitions", 30)
        yield
    finally:
        for name in bodies:
            extensions.delete_custom_resource_definition(name)
        wait_until(lambda: extensions.list_custom_resource_definition().items == [], "no definition", 60)


def _established(extensions: client.ApiextensionsV1Api, name: str) -> bool:
    status = extensions.read_custom_resource_definition(name).status
    return any(c.type == "Established" and c.status == "True" for c in status.conditions or [])
