"""The chart: what it renders, what the operator may do, and what stays when it goes."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from kubernetes import client

from cluster.binaries import KUBERNETES, tool
from cluster.fixtures import without
from cluster.kubectl import kubectl
from cluster.node import ROOT
from operator_tests.install import CHART, NAMESPACE, RELEASE, VALUES, Operator, helm
from operator_tests.schemas import LOCATION, write_schemas

SERVICE_ACCOUNT = f"system:serviceaccount:{NAMESPACE}:{RELEASE}"
TEMPLATE = ("template", RELEASE, str(CHART), "--namespace", NAMESPACE, "--kube-version", KUBERNETES)
MAY = [
    ("list", "ullage.dev", "trainingjobs", ""),
    ("watch", "ullage.dev", "trainingjobs", ""),
    ("update", "ullage.dev", "trainingjobs", "status"),
    ("delete", "ullage.dev", "trainingjobs", ""),
    ("get", "ullage.dev", "institutions", ""),
    ("list", "ullage.dev", "investments", ""),
    ("watch", "ullage.dev", "pricelists", ""),
    ("update", "ullage.dev", "institutions", "status"),
    ("update", "ullage.dev", "investments", "status"),
    ("list", "", "namespaces", ""),
    ("watch", "", "namespaces", ""),
    ("create", "", "pods", ""),
    ("patch", "", "pods", ""),
    ("delete", "", "pods", ""),
    ("create", "", "services", ""),
    ("create", "networking.k8s.io", "networkpolicies", ""),
    ("create", "events.k8s.io", "events", ""),
    ("list", "", "nodes", ""),
]
MAY_NOT = [
    ("get", "", "secrets", ""),
    ("list", "", "secrets", ""),
    ("get", "", "configmaps", ""),
    ("create", "", "pods", "exec"),
    ("get", "", "pods", "log"),
    ("create", "batch", "jobs", ""),
    ("update", "ullage.dev", "trainingjobs", ""),
    ("patch", "ullage.dev", "trainingjobs", ""),
    ("create", "ullage.dev", "trainingjobs", ""),
    ("update", "ullage.dev", "institutions", ""),
    ("patch", "ullage.dev", "investments", ""),
    ("create", "ullage.dev", "pricelists", ""),
    ("delete", "ullage.dev", "investments", ""),
    ("update", "", "namespaces", ""),
    ("patch", "", "nodes", ""),
    ("delete", "", "namespaces", ""),
    ("delete", "", "persistentvolumeclaims", ""),
    ("create", "rbac.authorization.k8s.io", "clusterrolebindings", ""),
    ("impersonate", "", "users", ""),
]


@pytest.fixture(scope="module", autouse=True)
def _programs() -> None:
    without([] if shutil.which("go") else ["Go 1.25 or later"], "helm")


def test_the_chart_has_no_faults() -> None:
    said = helm("lint", "--strict", str(CHART))
    assert (said.returncode, "[ERROR]" in said.stdout, "[WARNING]" in said.stdout) == (0, False, False)


def test_values_that_do_not_exist_are_refused() -> None:
    said = helm(*TEMPLATE, values={"progresSeconds": 5})
    assert said.returncode == 1
    assert "progresSeconds" in said.stderr


def test_how_long_a_worker_may_be_silent_is_the_admin_s_to_say_in_seconds_that_can_be_asked_six_times() -> None:
    rendered = helm(*TEMPLATE, values={"silenceSeconds": 600}).stdout
    (operator,) = [one for one in yaml.safe_load_all(rendered) if one and one["kind"] == "Deployment"]
    environment = operator["spec"]["template"]["spec"]["containers"][0]["env"]
    assert {"name": "ULLAGE_SILENCE_SECONDS", "value": "600"} in environment
    refused = helm(*TEMPLATE, values={"silenceSeconds": 5})
    assert (refused.returncode, "silenceSeconds" in refused.stderr) == (1, True)


CATALOGUE = "version: 1\nmodels:\n  - {id: ours, name: 我们的, family: cnn, year: 2026}\n"


@pytest.mark.parametrize(
    ("values", "name", "content"),
    [
        ({}, None, []),
        ({"existingConfigMap": "theirs"}, "theirs", []),
        ({"content": CATALOGUE}, f"{RELEASE}-catalogue", [CATALOGUE]),
    ],
)
def test_a_catalogue_of_the_cluster_s_own_is_mounted_and_named_to_the_operator(
    values: dict[str, str], name: str | None, content: list[str]
) -> None:
    everything = {"catalogue": values, "podAnnotations": {"kept": "yes"}}
    rendered = [one for one in yaml.safe_load_all(helm(*TEMPLATE, values=everything).stdout) if one]
    (operator,) = [one["spec"]["template"] for one in rendered if one["kind"] == "Deployment"]
    (container,) = operator["spec"]["containers"]
    paths = [each["value"] for each in container["env"] if each["name"] == "ULLAGE_CATALOGUE"]
    mounts = [each for each in container["volumeMounts"] if each["name"] == "catalogue"]
    volumes = [each["configMap"] for each in operator["spec"]["volumes"] if each["name"] == "catalogue"]
    assert (paths, mounts, volumes) == (
        ([], [], [])
        if name is None
        else (
            ["/etc/ullage/catalogue.yaml"],
            [{"name": "catalogue", "mountPath": "/etc/ullage", "readOnly": True}],
            [{"name": name}],
        )
    )
    found = [one["data"] for one in rendered if one["kind"] == "ConfigMap"]
    assert found == [{"catalogue.yaml": text} for text in content]
    digests = [("ullage.dev/catalogue", hashlib.sha256(text.encode()).hexdigest()) for text in content]
    assert operator["metadata"]["annotations"] == {"kept": "yes", **dict(digests)}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"existingConfigMap": "a", "content": "b"}, "expected existingConfigMap or content, found both"),
        ({"path": "own.yaml"}, "path"),
        ({"content": {"version": 1}}, "content"),
    ],
)
def test_a_catalogue_in_no_place_or_in_two_is_refused(values: dict[str, object], said: str) -> None:
    refused = helm(*TEMPLATE, values={"catalogue": values})
    assert (refused.returncode, said in refused.stderr) == (1, True)


@pytest.mark.parametrize(
    ("gang", "groups"),
    [("volcano", ["scheduling.volcano.sh"]), ("coscheduling", ["scheduling.x-k8s.io"]), ("kueue", []), ("", [])],
)
def test_groups_of_pods_may_be_made_and_deleted_where_a_gang_scheduler_needs_them(gang: str, groups: list[str]) -> None:
    rendered = helm(*TEMPLATE, values={"gang": gang}).stdout
    roles = [one for one in yaml.safe_load_all(rendered) if one and one["kind"] == "ClusterRole"]
    rules = [rule for role in roles for rule in role["rules"] if rule["resources"] == ["podgroups"]]
    verbs = ["create", "deletecollection"]
    assert rules == [{"apiGroups": [group], "resources": ["podgroups"], "verbs": verbs} for group in groups]


def test_the_manifests_are_what_the_chart_renders() -> None:
    rendered = helm(
        "template",
        RELEASE,
        "--kube-version",
        KUBERNETES,
        str(CHART),
        "--namespace",
        NAMESPACE,
        "--set",
        "crds.install=false",
    )
    header = "# Rendered from helm/ullage by `make manifests`: change the chart, then run it.\n"
    assert (ROOT / "manifests" / "operator" / "operator.yaml").read_text() == header + rendered.stdout


def test_what_is_rendered_fits_the_schemas_of_kubernetes(operator: Operator) -> None:
    rendered = helm(
        "template", RELEASE, "--kube-version", KUBERNETES, str(CHART), "--namespace", NAMESPACE, values=VALUES
    )
    dry = ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "--filename", "-"]
    said = kubectl(operator.kubeconfig, "--namespace", NAMESPACE, *dry, text=rendered.stdout)
    assert said.returncode == 0, said.stderr


@pytest.mark.parametrize("folder", ["crd", "operator"])
def test_a_folder_of_manifests_is_applied_whole(operator: Operator, folder: str) -> None:
    path = ROOT / "manifests" / folder
    rendered = kubectl(operator.kubeconfig, "kustomize", str(path))
    objects = [one for one in yaml.safe_load_all(rendered.stdout) if one]
    named = {f"{one['kind'].lower()}/{one['metadata']['name']}" for one in objects}
    assert {name for name in named if name.startswith("customresourcedefinition/")} == {
        f"customresourcedefinition/{plural}.ullage.dev"
        for plural in ("institutions", "investments", "pricelists", "trainingjobs")
    }
    dry = ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "--output", "json"]
    said = kubectl(operator.kubeconfig, *dry, "--kustomize", str(path))
    assert said.returncode == 0, said.stderr
    applied = {f"{one['kind'].lower()}/{one['metadata']['name']}" for one in json.loads(said.stdout)["items"]}
    assert applied == named


@pytest.fixture(scope="module")
def schemas(operator: Operator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("schemas")
    write_schemas(operator.kubeconfig, folder)
    return folder


def kubeconform(schemas: Path, manifests: str) -> subprocess.CompletedProcess[str]:
    program = tool("kubeconform", lambda line: print(line, file=sys.stderr))
    command = [str(program), "-strict", "-summary", "-output", "json", "-schema-location", f"{schemas}/{LOCATION}"]
    return subprocess.run([*command, "-"], input=manifests, capture_output=True, text=True, check=False)


def test_kubeconform_finds_no_fault_in_what_is_rendered_nor_in_the_examples(schemas: Path) -> None:
    rendered = helm("template", RELEASE, "--kube-version", KUBERNETES, str(CHART), "--namespace", NAMESPACE).stdout
    examples = [path.read_text() for path in sorted((ROOT / "manifests" / "examples").rglob("*.yaml"))]
    documents = [one for text in (rendered, *examples) for one in yaml.safe_load_all(text) if one]
    said = kubeconform(schemas, yaml.safe_dump_all(documents))
    assert (json.loads(said.stdout), said.returncode) == (
        {"resources": [], "summary": {"valid": len(documents), "invalid": 0, "errors": 0, "skipped": 0}},
        0,
    )


def test_kubeconform_finds_a_field_that_there_is_not(schemas: Path) -> None:
    rendered = helm("template", RELEASE, "--kube-version", KUBERNETES, str(CHART), "--namespace", NAMESPACE).stdout
    said = kubeconform(schemas, rendered.replace("replicas: 1", "replica: 1"))
    (found,) = json.loads(said.stdout)["resources"]
    assert (found["kind"], found["status"], said.returncode) == ("Deployment", "statusInvalid", 1)


@pytest.mark.parametrize(("verb", "group", "resource", "subresource"), MAY)
def test_the_operator_may_do_what_it_needs(
    operator: Operator, verb: str, group: str, resource: str, subresource: str
) -> None:
    assert allowed(operator, verb, group, resource, subresource)


@pytest.mark.parametrize(("verb", "group", "resource", "subresource"), MAY_NOT)
def test_the_operator_may_do_nothing_else(
    operator: Operator, verb: str, group: str, resource: str, subresource: str
) -> None:
    assert not allowed(operator, verb, group, resource, subresource)


def allowed(operator: Operator, verb: str, group: str, resource: str, subresource: str) -> bool:
    attributes = {
        "verb": verb,
        "group": group,
        "resource": resource,
        "subresource": subresource,
        "namespace": "default",
    }
    review = {"spec": {"user": SERVICE_ACCOUNT, "resourceAttributes": attributes}}
    answer = client.AuthorizationV1Api(operator.core.api_client).create_subject_access_review(review)
    return bool(answer.status.allowed)


def test_an_upgrade_changes_the_operator_and_keeps_its_books(operator: Operator) -> None:
    (before,) = operator.pods()
    key = (operator.state / "gang.key").read_bytes()
    changed = VALUES | {"podAnnotations": {"changed": "yes"}}
    said = operator.helm("upgrade", RELEASE, str(CHART), "--wait", "--timeout", "120s", values=changed)
    assert said.returncode == 0, said.stderr
    (after,) = [pod for pod in operator.pods() if pod.metadata.deletion_timestamp is None]
    assert (after.metadata.uid != before.metadata.uid, after.metadata.annotations["changed"]) == (True, "yes")
    assert (operator.state / "gang.key").read_bytes() == key
