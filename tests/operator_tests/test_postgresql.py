"""The operator with its books in PostgreSQL, whose address it has from a Secret."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes import client
from sqlalchemy import URL, create_engine, text

from cluster.components import HOST_ADDRESS, LINK
from cluster.lacking import without
from ledger import postgres
from local.runs.harness import wait_until
from operator_tests.install import CHART, NAMESPACE, RELEASE, VALUES, Operator
from operator_tests.tenant import Books, Tenant
from ullage_operator.ledger import HoldOpened

SECRET = "books-address"  # noqa: S105  # its name
USER = "office"


@pytest.fixture
def address() -> Iterator[str]:
    """The address, from within pods too, of a schema on a PostgreSQL of this machine, with a user that owns that."""
    without(postgres.missing(), "PostgreSQL to keep books in")
    linked = Path("/sys/class/net", LINK).exists()
    without([] if linked else [f"the link {LINK} to the node, as make cluster makes it"], "books outside the cluster")
    with socket.create_server((HOST_ADDRESS, 0)) as free:
        port = free.getsockname()[1]
    password = secrets.token_urlsafe()
    with postgres.server(HOST_ADDRESS, port) as admins_url:
        admin = create_engine(admins_url)
        with admin.begin() as connection:
            connection.execute(text(f"CREATE ROLE {USER} LOGIN PASSWORD '{password}'"))
            connection.execute(text(f"CREATE SCHEMA {USER} AUTHORIZATION {USER}"))
        admin.dispose()
        url = URL.create("postgresql+psycopg", USER, password, HOST_ADDRESS, port, "postgres")
        yield url.render_as_string(hide_password=False)


@pytest.fixture
def books(operator: Operator, address: str) -> Iterator[Books]:
    """The books in PostgreSQL, in which the operator posts until the test is over."""
    secret = {"metadata": {"name": SECRET}, "stringData": {"url": address}}
    operator.core.create_namespaced_secret(NAMESPACE, secret)
    try:
        upgraded(operator, {"ledger": {"existingSecret": SECRET}})
        yield Books(address, "test")
    finally:
        upgraded(operator, {})
        operator.core.delete_namespaced_secret(SECRET, NAMESPACE)


def upgraded(operator: Operator, changes: dict[str, object]) -> None:
    """Change the operator's values; return once the new one is the only one, and answers."""
    (before,) = operator.pods()
    said = operator.helm("upgrade", RELEASE, str(CHART), "--wait", "--timeout", "120s", values=VALUES | changes)
    assert said.returncode == 0, said.stderr
    wait_until(lambda: operator.answers(before.metadata.uid), "another operator that answers")


def mentions(pod: client.V1Pod, *words: str) -> list[str]:
    """Return which words stand anywhere in a pod."""
    return [word for word in words if word in str(pod)]


def counters(operator: Operator) -> dict[str, float]:
    """Return the counters of the books, by series, of the test's own job."""
    return {name: value for name, value in operator.counters().items() if 'model_family="elsewhere"' in name}


def test_a_job_s_hold_is_in_postgresql_and_counters_are_the_same_after_a_restart(
    books: Books, operator: Operator, tenant: Tenant, address: str
) -> None:
    uid = tenant.apply(tenant.waiting("elsewhere", accounting={"modelFamily": "elsewhere"}))
    tenant.go("elsewhere")
    tenant.wait_for_phase("elsewhere", "Succeeded")
    wait_until(lambda: books.holds("elsewhere") == {"train Succeeded": 1}, "its hold released in PostgreSQL")
    (worker,) = tenant.pods().values()
    hold = books.entry(f"hold/{worker.metadata.uid}")
    assert isinstance(hold, HoldOpened)
    assert (hold.context.job_uid, hold.context.institution, hold.context.namespace) == (uid, "north", tenant.namespace)
    assert operator.books.held(uid) == []
    told = operator.ullage("usage", "--by", "outcome", "-o", "csv")
    assert (told.returncode, told.stderr) == (0, "")
    assert "Succeeded" in told.stdout
    (pod,) = operator.pods()
    assert (mentions(pod, SECRET, address), mentions(worker, SECRET, address)) == ([SECRET], [])
    before = counters(operator)
    ended = 'institution="north",model_family="elsewhere",outcome="Succeeded",stage="train"'
    assert before[f"ullage_workers_total{{{ended}}}"] == 1
    operator.restart()
    assert counters(operator) == before
    assert books.verified() == []
    tenant.delete("elsewhere")
    wait_until(lambda: tenant.jobs() == [] and tenant.pods() == {}, "the job and its pod to be gone")
