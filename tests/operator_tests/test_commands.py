"""``ullage submit``, ``status``, ``logs`` and ``cancel``, typed as a user types them."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import yaml

from local.runs.harness import ULLAGE, wait_until
from operator_tests.tenant import Tenant


def ullage(tenant: Tenant, *arguments: str, text: str = "") -> tuple[int, str, str]:
    environment = os.environ | {"KUBECONFIG": str(tenant.kubeconfig)}
    command = [str(ULLAGE), *arguments, "--namespace", tenant.namespace]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, input=text, env=environment)
    return ended.returncode, re.sub(r" +\n", "\n", ended.stdout), ended.stderr


def test_a_job_is_submitted_looked_at_followed_and_cancelled(tenant: Tenant) -> None:
    manifest = yaml.safe_dump(tenant.waiting("typed", replicas=2))
    submitted = f"{tenant.namespace}/typed is submitted; see: ullage status typed\n"
    assert ullage(tenant, "submit", "-", text=manifest) == (0, submitted, "")
    wait_until(lambda: tenant.started("typed") == ["started-0", "started-1"], "both ranks to start")
    tenant.wait("typed", lambda status: status.get("message") == "train: running", "two workers that run")
    listed = "job    phase    stage  progress  ETA  metric\ntyped  Running  train\n"
    assert ullage(tenant, "status") == (0, listed, "")
    assert ullage(tenant, "status", "typed") == (
        0,
        (
            f"{tenant.namespace}/typed: Running\ntrain: running\n"
            "stage  state    attempt  restarts  took  made\ntrain  Running  1        0\n"
        ),
        "",
    )
    code, said, _ = ullage(tenant, "logs", "typed", "--worker", "1")
    assert (code, said) == (0, "[rank 1] rank 1 of 2\n")
    again = ullage(tenant, "submit", "-", text=manifest)
    assert again == (2, "", 'standard input: typed: trainingjobs.ullage.dev "typed" already exists\n')
    deleted = f"{tenant.namespace}/typed is deleted; its pods end, and what it took stays in the books\n"
    assert ullage(tenant, "cancel", "typed") == (0, deleted, "")
    wait_until(lambda: tenant.pods() == {}, "no pods")
    assert ullage(tenant, "status") == (0, f"No jobs in namespace {tenant.namespace}.\n", "")
    none = (2, "", 'typed: trainingjobs.ullage.dev "typed" not found\n')
    assert (ullage(tenant, "status", "typed"), ullage(tenant, "cancel", "typed")) == (none, none)


def test_a_log_is_followed_until_its_worker_ends(tenant: Tenant, tmp_path: Path) -> None:
    tenant.apply(tenant.waiting("told"))
    wait_until(lambda: tenant.started("told") == ["started-0"], "the rank to start")
    log = tmp_path / "log"
    environment = os.environ | {"KUBECONFIG": str(tenant.kubeconfig)}
    command = [str(ULLAGE), "logs", "-f", "told", "--namespace", tenant.namespace]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, env=environment) as following:
        wait_until(lambda: log.read_text() == "[rank 0] rank 0 of 1\n", "its first line", 60)
        assert following.poll() is None
        tenant.go("told")
        assert following.wait(60) == 0
    assert log.read_text() == "[rank 0] rank 0 of 1\n"
    tenant.wait_for_phase("told", "Succeeded")


def test_the_status_of_a_job_that_failed_is_why_and_an_exit_code(tenant: Tenant) -> None:
    manifest = tenant.waiting("sad", runPolicy={"maxRestarts": 0})
    tenant.store("sad.py", "raise SystemExit('no such thing')\n")
    manifest["spec"]["script"] = {"path": "sad.py"}
    tenant.apply(manifest)
    tenant.wait_for_phase("sad", "Failed")
    code, said, _ = ullage(tenant, "status", "sad")
    assert (code, said.splitlines()[-1]) == (1, "  no such thing")
    assert said.splitlines()[0] == f"{tenant.namespace}/sad: Failed"


def test_a_cluster_that_does_not_answer_is_told_in_one_line(tenant: Tenant) -> None:
    nowhere = os.environ | {"KUBECONFIG": "/nonexistent"}
    ended = subprocess.run([str(ULLAGE), "status"], capture_output=True, text=True, check=False, env=nowhere)
    assert (ended.returncode, ended.stdout, len(ended.stderr.splitlines())) == (4, "", 1)
    assert ended.stderr.startswith("kubeconfig: expected one that names a cluster, found: ")
    assert tenant.jobs() == []
