"""The national programme on a real cluster: every number that is told of it, against the tables of the books."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client

from local.runs.harness import wait_until
from operator_tests import recomputed
from operator_tests.compared import differences, leaves, numbers
from operator_tests.install import VALUES, Operator
from operator_tests.national import INVESTMENTS, JOBS, Programme, programme
from operator_tests.recomputed.times import month_of

KINDS: dict[str, str] = VALUES["acceleratorTypes"]
CLUSTER: str = VALUES["clusterName"]
UNTIL_NOW = ("capacity", "rest", "rest_share")
"""Of what nodes offer and nobody held: it grows with time, whatever becomes of jobs."""


@pytest.fixture(scope="module")
def accelerators(operator: Operator) -> None:
    (node,) = operator.core.list_node().items
    operator.core.patch_node_status(node.metadata.name, {"status": {"capacity": {"nvidia.com/gpu": "8"}}})


@pytest.fixture(scope="module")
def ran(
    accelerators: None,
    operator: Operator,
    kubeconfig: Path,
    core: client.CoreV1Api,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Programme]:
    """The programme, run once for all tests here."""
    assert accelerators is None
    with programme(operator, kubeconfig, core, tmp_path_factory.mktemp("programme")) as done:
        yield done


@pytest.fixture(scope="module")
def told(ran: Programme) -> dict[str, Any]:
    """The document, as the operator tells it."""
    return ran.document()


@pytest.fixture(scope="module")
def expected(ran: Programme, told: dict[str, Any]) -> dict[str, Any]:
    """The document, recomputed from the tables."""
    return recomputation(ran, told)


def recomputation(ran: Programme, document: dict[str, Any]) -> dict[str, Any]:
    return recomputed.document(tables(ran, millis(document["as_of"])), month_of(ran.month), KINDS, CLUSTER)


def tables(ran: Programme, at_ms: int) -> recomputed.Tables:
    """The tables as they stood at a moment."""
    return recomputed.read(ran.operator.state / "ledger.sqlite3", at_ms)


def millis(instant: str) -> int:
    return round(datetime.fromisoformat(instant).timestamp() * 1000)


def test_each_job_drew_on_what_its_institution_was_granted(ran: Programme, told: dict[str, Any]) -> None:
    books = tables(ran, millis(told["as_of"]))
    spent = books.frames["expend"].groupby("line")["amount"].sum()
    ends = books.frames["hold_release"].set_index("worker_uid")["effective_from_ms"]
    holds = books.frames["hold"]
    holds = holds[holds["job"].isin(JOBS.values()) & (holds["accelerators"] > 0)]
    held_ms = (holds["worker_uid"].map(ends) - holds["effective_from_ms"]).groupby(holds["job"]).sum()
    assert holds.groupby("job")["accelerators"].sum().to_dict() == {
        "forge-digits": 1,
        "north-digits": 2,
        "south-digits": 1,
    }
    assert set(spent.index) >= {"compute-vouchers/north-a100", "people-and-money/south-money"}
    assert not [line for line in spent.index if line == "compute-vouchers/south-a100" or "forge" in line]
    assert spent["compute-vouchers/north-a100"] == held_ms["north-digits"]
    # 20 CNY an hour are 20e6 / 3.6e6 millionths a millisecond; each interval of accounting is rounded up.
    intervals = (books.frames["expend"]["line"] == "people-and-money/south-money").sum()
    rounded_up = spent["people-and-money/south-money"] - held_ms["south-digits"] * 20 / 3.6
    assert 0 <= rounded_up < intervals
    assert held_ms["forge-digits"] > 0


def test_every_number_of_the_report_is_what_the_tables_give(told: dict[str, Any], expected: dict[str, Any]) -> None:
    assert list(differences(numbers(told), expected)) == []


def test_if_any_one_number_of_the_report_were_another_it_would_differ_in_that_place_alone(
    told: dict[str, Any], expected: dict[str, Any]
) -> None:
    changed = numbers(told)
    found = dict(leaves(changed))
    unnoticed = []
    for place, (number, put) in found.items():
        put(number + 1 if isinstance(number, int) else number + 1e-6 * max(1, abs(number)))
        if [text.partition(":")[0] for text in differences(changed, expected)] != [place]:
            unnoticed.append(place)
        put(number)
    assert unnoticed == []
    assert len(found) > 500


def test_what_the_jobs_held_and_used_is_in_their_institutions_lines(told: dict[str, Any]) -> None:
    lines = {(line["institution"], line["thing"]["type"]): line for line in numbers(told)["lines"]}
    for name in JOBS:
        held = lines[name, "A100"]["use"]
        assert held["allocated"] > 0
        # No meter tells what accelerators did that are there in name only: it is unknown, not 0.
        assert (held["used"], held["unmeasured"]) == (None, held["allocated"])
        assert lines[name, "cpu"]["use"]["used"] > 0
    assert lines["north", "rows"]["use"]["used"] == 10_000
    assert [name for name, kind in lines if kind == "rows"] == ["north"]


def test_what_has_become_of_each_line_of_the_investments_is_what_the_tables_give(ran: Programme) -> None:
    for name in INVESTMENTS:
        status = ran.declared.status("Investment", name)
        # Its moment is told in whole seconds, rounded down; what is released evenly grows meanwhile.
        began = millis(status["asOf"])
        early, late = (recomputed.lines(tables(ran, began + after)) for after in (0, 999))
        assert [each["id"] for each in status["lines"]] == [line.partition("/")[2] for line in early if name in line]
        for told in status["lines"]:
            bounds = early[f"{name}/{told['id']}"], late[f"{name}/{told['id']}"]
            figures = {key: value for key, value in told.items() if key not in ("id", "unit")}
            assert figures.keys() == bounds[0].keys()
            for key, value in figures.items():
                low, high = sorted(bound[key] for bound in bounds)
                assert low - 1e-9 * abs(low) <= value <= high + 1e-9 * abs(high), f"{told['id']}: {key}"


def test_no_total_changes_when_the_operator_starts_again_and_every_pod_and_job_is_deleted(
    ran: Programme, told: dict[str, Any]
) -> None:
    before = ran.operator.counters()
    for name, tenant in ran.tenants.items():
        tenant.core.delete_collection_namespaced_pod(tenant.namespace)
        tenant.delete(JOBS[name])
    ran.operator.restart()
    for tenant in ran.tenants.values():
        wait_until(lambda tenant=tenant: (tenant.pods(), tenant.jobs()) == ({}, []), "no pods and no jobs")
    after = ran.document()
    assert list(differences(numbers(after), recomputation(ran, after))) == []
    assert timeless(after) == timeless(told)
    assert ran.operator.counters() == before
    verified = ran.operator.ullage("ledger", "verify")
    assert (verified.returncode, verified.stderr) == (0, "")


def timeless(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document without what is told until now."""
    rests = [{key: value for key, value in rest.items() if key not in UNTIL_NOW} for rest in document["rests"]]
    return {key: value for key, value in document.items() if key != "as_of"} | {"rests": rests}
