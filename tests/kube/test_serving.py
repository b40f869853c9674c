"""What the operator serves over HTTP."""

from __future__ import annotations

import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPMessage
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Gauge

from cluster.node import ROOT
from local.runs.harness import ULLAGE
from ullage_operator.ledger import sqlite_url
from ullage_operator.serving import Pages, application, serve


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("served")
    programme = sorted((ROOT / "manifests" / "examples" / "national-programme").glob("[ip]*.yaml"))
    command = [str(ULLAGE), "declare", *map(str, programme), "--since", "2026-11-01"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    registry = CollectorRegistry()
    Gauge("there", "It is there.", registry=registry).set(1)
    books = {"ULLAGE_LEDGER_URL": sqlite_url(folder / ".ullage" / "ledger.sqlite3"), "PATH": "/usr/bin"}
    server = serve(application(registry, Pages(books, 60)), 0)
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def get(url: str, method: str = "GET") -> tuple[int, HTTPMessage, str]:
    request = urllib.request.Request(url, method=method)  # noqa: S310 - our own server
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


def test_the_report_is_the_page_that_the_command_writes(address: str) -> None:
    status, headers, page = get(f"{address}/report?lang=zh&period=2026-11")
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert '<html lang="zh' in page
    assert "University of the North" in page
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert get(f"{address}/report?lang=zh&period=2026-11")[2] == page


def test_a_budget_has_the_plan_in_the_page_before_and_after(address: str) -> None:
    asked = "period=2026-11&budget=26000&currency=CNY"
    status, _, page = get(f"{address}/report?{asked}&method=coverage")
    assert (status, 'id="plan-section"' in page, "levelling on coverage" in page) == (200, True, True)
    # An empty value, as a form sends it, is as good as none.
    _, _, other = get(f"{address}/report?{asked}&method=max-min&resource=compute/A100&lang=")
    assert ("weighted max-min fairness" in other, "levelling on coverage" in other) == (True, False)
    assert 'id="plan-section"' not in get(f"{address}/report?period=2026-11")[2]
    status, _, told = get(f"{address}/report?{asked}&method=max-min")
    assert (status, told.partition(":")[0]) == (400, "plan")


def test_a_plan_that_these_books_have_no_price_for_is_a_bad_question(address: str) -> None:
    status, _, told = get(f"{address}/report?period=2026-11&budget=1&currency=EUR")
    assert (status, told.partition(" (")[0]) == (
        400,
        "plan: expected a need with a price in EUR in this period, found none",
    )


def test_metrics_are_beside_it_and_links_lead_to_both(address: str) -> None:
    assert "there 1.0" in get(f"{address}/metrics")[2]
    status, _, index = get(f"{address}/")
    assert status == 200
    assert [link for link in ('href="/report"', 'href="/report?lang=zh"', 'href="/metrics"') if link not in index] == []


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/report?lang=de", 400, "lang: expected one of en, zh, found 'de'\n"),
        (
            "/report?period=../etc&x=1",
            400,
            """\
x: expected lang, period, budget, currency, resource, method, found it
period: expected a month such as 2026-11 or a year such as 2026, found '../etc'
""",
        ),
        (
            "/report?budget=1e6&currency=yuan&method=fair&resource=gpu",
            400,
            """\
budget: expected an amount of 0 or more such as 26000 or 0.5, found '1e6'
currency: expected a currency by ISO 4217 such as CNY, found 'yuan'
resource: expected what alone to plan for, such as compute/A100, found 'gpu'
method: expected one of coverage, holdings, max-min, diminishing-returns, proportional, found 'fair'
""",
        ),
        ("/report?budget=26000", 400, "budget: expected currency beside it, found none\n"),
        ("/report?currency=CNY", 400, "currency: expected budget beside it, found none\n"),
        ("/report?method=holdings", 400, "method: expected budget beside it, found none\n"),
        ("/etc/passwd", 404, "expected /, /report or /metrics, found /etc/passwd\n"),
    ],
)
def test_what_there_is_not_is_told(address: str, path: str, status: int, told: str) -> None:
    found = get(address + path)
    assert (found[0], found[2]) == (status, told)


def test_nothing_can_be_written(address: str) -> None:
    assert get(f"{address}/report", "POST")[0] == 405
    status, headers, body = get(f"{address}/", "HEAD")
    assert (status, body) == (200, "")
    assert int(headers["Content-Length"]) > 0


def test_books_that_can_not_be_read_are_told(tmp_path: Path) -> None:
    pages = Pages({"ULLAGE_LEDGER_URL": sqlite_url(tmp_path / "none.sqlite3"), "PATH": "/usr/bin"}, 60)
    server = serve(application(CollectorRegistry(), pages), 0)
    try:
        status, _, told = get(f"http://127.0.0.1:{server.server_port}/report")
    finally:
        server.shutdown()
        server.server_close()
    assert status == 503
    assert told.startswith("the report can't be written now: ")
    assert "none.sqlite3" in told
