"""What ends from outside: a namespace, the definition's old version, the operator itself."""

from __future__ import annotations

import copy
import json
import os
import subprocess
from typing import Any

from kubernetes import client

from failures.definitions import DEFINITION_NAME, definition_body
from failures.process import CLUSTER
from failures.scene import Scene
from local.runs.harness import ULLAGE, wait_until
from operator_tests.tenant import CLAIM
from operator_tests.volumes import bound, claim, volume

LEAST_GRACE = {"template": {"terminationGracePeriodSeconds": 3}}


def test_a_namespace_that_is_deleted_takes_its_jobs_along_and_leaves_their_books(scene: Scene) -> None:
    scene.begin("first", workers=LEAST_GRACE)
    scene.begin("second", replicas=1, workers=LEAST_GRACE)
    core, namespace = scene.tenant.core, scene.tenant.namespace
    core.delete_namespace(namespace)
    wait_until(lambda: namespace not in [n.metadata.name for n in core.list_namespace().items], "no namespace", 90)
    scene.settle()
    assert (scene.operator.books.holds("first"), scene.operator.books.holds("second")) == (
        {"train Stopped": 2},
        {"train Stopped": 1},
    )


def test_a_namespace_that_is_made_anew_under_its_name_has_what_gangs_need(scene: Scene) -> None:
    """Workers find worker 0 by the namespace's Service, which went with the first one."""
    scene.begin("before", workers=LEAST_GRACE)
    core, namespace = scene.tenant.core, scene.tenant.namespace
    core.delete_namespace(namespace)
    wait_until(lambda: namespace not in [n.metadata.name for n in core.list_namespace().items], "no namespace", 90)
    again = f"{namespace}-again"
    core.create_namespace({"metadata": {"name": namespace}})
    core.create_persistent_volume(volume(again, scene.tenant.storage, namespace, CLAIM))
    core.create_namespaced_persistent_volume_claim(namespace, claim(again))
    wait_until(lambda: bound(core, namespace, CLAIM), "a bound claim")
    scene.begin("after")
    scene.finish("after")
    core.delete_persistent_volume(again)


def test_a_definition_that_is_upgraded_under_live_jobs_disturbs_none(scene: Scene) -> None:
    scene.begin("before")
    extensions = client.ApiextensionsV1Api(scene.tenant.core.api_client)
    upgraded = with_another_field(definition_body())
    live = extensions.read_custom_resource_definition(DEFINITION_NAME)
    upgraded["metadata"]["resourceVersion"] = live.metadata.resource_version
    extensions.replace_custom_resource_definition(DEFINITION_NAME, upgraded)
    scene.finish("before")
    scene.begin("after")
    scene.finish("after")


def with_another_field(definition: dict[str, Any]) -> dict[str, Any]:
    upgraded = copy.deepcopy(definition)
    spec = upgraded["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    spec["properties"]["later"] = {"type": "string", "maxLength": 8, "description": "Of a later version."}
    return upgraded


def test_workers_of_an_operator_that_is_gone_are_ended_written_and_let_go_by_one_command(scene: Scene) -> None:
    scene.begin("left", workers=LEAST_GRACE)
    scene.operator.kill()
    scene.tenant.delete("left")
    assert scene.witness.held() == ["left-train-1-0", "left-train-1-1"]
    said = release(scene, "--ledger-url", scene.operator.books.url, "--cluster", CLUSTER)
    assert said.returncode == 0, said.stderr
    wait_until(lambda: scene.tenant.pods() == {}, "no pods", 60)
    scene.settle()
    written = [json.loads(line)["id"].split("/")[0] for line in said.stdout.splitlines()]
    assert sorted(written) == ["activity", "activity", "hold", "hold", "release", "release"]
    assert scene.operator.books.holds("left") == {"train Stopped": 2}
    assert (release(scene).stdout, release(scene).returncode) == ("", 0)


def release(scene: Scene, *options: str) -> subprocess.CompletedProcess[str]:
    command = [str(ULLAGE), "release", "--namespace", scene.tenant.namespace, *options]
    environment = os.environ | {"KUBECONFIG": str(scene.tenant.kubeconfig)}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_a_job_deleted_while_no_operator_runs_is_ended_by_the_next(scene: Scene) -> None:
    scene.begin("orphaned", workers=LEAST_GRACE)
    scene.operator.kill()
    scene.tenant.delete("orphaned")
    scene.operator.start()
    wait_until(lambda: scene.tenant.pods() == {}, "no pods", 60)
    scene.settle()
    assert scene.operator.books.holds("orphaned") == {"train Stopped": 2}
