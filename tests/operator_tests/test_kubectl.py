"""What ``kubectl`` shows of a job: in columns, in full, explained; and how it waits for one."""

from __future__ import annotations

from local.runs.harness import wait_until
from operator_tests.install import Operator
from operator_tests.tenant import Tenant


def test_a_job_is_listed_described_and_waited_for(tenant: Tenant, operator: Operator) -> None:
    assert operator.books.holds("seen") == {}
    tenant.apply(tenant.waiting("seen", replicas=2))
    tenant.wait("seen", lambda status: status.get("message") == "train: running", "two workers that run")
    head, row = (line.split() for line in tenant.kubectl("get", "tj").stdout.splitlines())
    assert head == ["NAME", "STATUS", "STAGE", "PROGRESS", "ETA", "AGE"]
    assert row[:3] == ["seen", "Running", "train"]
    wide = tenant.kubectl("get", "trainingjobs", "--output", "wide").stdout.splitlines()[1].split()
    assert wide[:3] == ["seen", "Running", "train"]
    assert "Workers Ready:" in tenant.kubectl("describe", "tj", "seen").stdout
    tenant.go("seen")
    waited = tenant.kubectl("wait", "--for=condition=Succeeded", "tj/seen", "--timeout=120s")
    assert (waited.returncode, waited.stdout) == (0, "trainingjob.ullage.dev/seen condition met\n")
    described = tenant.kubectl("describe", "tj", "seen").stdout
    told = ["Phase:", "Conditions:", "Stages:", "Usage:", "Events:", "Attempt:"]
    assert [word for word in told if word not in described] == []
    events = described.partition("Events:")[2]
    assert [reason for reason in ("Starting", "Completed") if reason not in events] == []


def test_a_job_that_fails_is_described_with_the_rank_that_failed_its_exit_code_and_its_last_lines(
    tenant: Tenant,
) -> None:
    manifest = tenant.waiting("sorry", runPolicy={"maxRestarts": 0})
    tenant.store("sorry.py", "import sys\nprint('so far so good')\nsys.exit(7)\n")
    manifest["spec"]["script"] = {"path": "sorry.py"}
    tenant.apply(manifest)
    waited = tenant.kubectl("wait", "--for=condition=Failed", "tj/sorry", "--timeout=120s")
    assert waited.stdout == "trainingjob.ullage.dev/sorry condition met\n"
    failure = tenant.status("sorry")["failure"]
    assert (failure["reason"], failure["rank"], failure["worker"]) == ("Exception", 0, 0)
    assert (failure["exitCode"], failure["lastLines"]) == (7, ["so far so good"])
    described = tenant.kubectl("describe", "tj", "sorry").stdout
    assert "so far so good" in described
    assert "found 7; see its last lines" in described


def test_every_field_is_explained(tenant: Tenant, operator: Operator) -> None:
    assert operator.metrics().startswith("#")
    explained = tenant.kubectl("explain", "tj.spec.runPolicy.maxRestarts").stdout
    assert "How often a stage is tried again after a failure that may end differently." in explained
    assert "FIELD: maxRestarts <integer>" in explained
    for kind in ("institution.spec", "investment.spec.lines", "pricelist.spec.entries"):
        assert "DESCRIPTION:" in tenant.kubectl("explain", kind).stdout


def test_what_a_job_has_used_so_far_is_told_while_it_runs(tenant: Tenant) -> None:
    tenant.apply(tenant.waiting("at-it", replicas=2))
    tenant.wait("at-it", lambda status: status.get("usage", {}).get("wallMs", 0) > 0, "what is used so far")
    assert tenant.phase("at-it") == "Running"
    so_far = tenant.status("at-it")["usage"]["wallMs"]
    tenant.go("at-it")
    tenant.wait_for_phase("at-it", "Succeeded")
    wait_until(lambda: tenant.status("at-it")["usage"]["wallMs"] >= so_far, "all that it used")
