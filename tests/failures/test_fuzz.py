"""The API server and the parser judge alike: both take a manifest, or both refuse it and name the field."""

from __future__ import annotations

import http.client
import json
import os
import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from cluster.node import ROOT
from failures.conftest import configuration
from failures.specs import documents
from ullage_operator.api import FieldError, InvalidManifest, parse
from ullage_operator.api.crd import KINDS
from ullage_operator.api.crd import definition as crd

EXAMPLES = int(os.environ.get("ULLAGE_FUZZ_EXAMPLES", "300"))
JOB = next(kind for kind in KINDS if kind.plural == "trainingjobs")
SCHEMA = crd(JOB)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
GOOD = [
    {**document, "metadata": {"name": "fuzz"}}
    for path in [*sorted((ROOT / "manifests/examples").glob("*.yaml")), ROOT / "tests/api/examples/full.yaml"]
    for document in yaml.safe_load_all(path.read_text())
    if document["kind"] == "TrainingJob"
]
UNTYPED = "a value of any scalar type has no type in the schema, and CEL can't see it"
BY_DESIGN = {
    r"^spec\.data\.clean\[\d+\]\.missing\[\d+\](\.value)?: ": UNTYPED,
    r"^spec\.data\.label\.rules\[\d+\]\.when\[\d+\](\.values?)?(\[\d+\])?: ": UNTYPED,
}
"""What only the parser can tell, by how that begins, and why the schema can't."""


class ApiServer:
    """Asks whether the API server would take an object; nothing is kept."""

    def __init__(self, kubeconfig: Path) -> None:
        access = configuration(kubeconfig)
        context = ssl.create_default_context(cafile=access.ssl_ca_cert)
        context.load_cert_chain(access.cert_file, access.key_file)
        address = urlsplit(access.host)
        self._connection = http.client.HTTPSConnection(address.hostname or "", address.port, context=context)

    def refusals(self, document: Any) -> list[str]:
        """Return what is wrong with a document, each with the field's path; nothing if it is taken."""
        path = "/apis/ullage.dev/v1alpha1/namespaces/default/trainingjobs?dryRun=All&fieldValidation=Strict"
        self._connection.request("POST", path, json.dumps(document), {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        told = json.loads(answer.read())
        if answer.status == http.client.CREATED:
            return []
        assert answer.status in (http.client.UNPROCESSABLE_ENTITY, http.client.BAD_REQUEST), told
        # It also says, of no field, that rules were left out because of what is wrong.
        causes = [cause for cause in told.get("details", {}).get("causes", []) if cause.get("field") != "<nil>"]
        strict = re.findall(r'(?:unknown|duplicate) field "([^"]+)"', told["message"])
        return [f"{cause.get('field')}: {cause['message']}" for cause in causes] or strict or [told["message"]]

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def api_server(definition: None, kubeconfig: Path) -> Iterator[ApiServer]:
    assert definition is None
    server = ApiServer(kubeconfig)
    yield server
    server.close()


def told_by_parser(document: Any) -> list[FieldError]:
    try:
        parse(document, source="fuzz")
    except InvalidManifest as error:
        return list(error.errors)
    return []


@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(document=documents(SCHEMA, GOOD))
def test_the_api_server_and_the_parser_judge_alike(api_server: ApiServer, document: Any) -> None:
    server, parser = api_server.refusals(document), told_by_parser(document)
    if parser and not server and all(any(re.search(known, str(said)) for known in BY_DESIGN) for said in parser):
        return
    assert bool(server) == bool(parser), f"the API server says {server}, the parser says {parser}"
    assert all(said.path for said in parser), parser
    assert all(said.startswith("spec") for said in server), server
