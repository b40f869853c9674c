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
x: expected lang and period, found it
period: expected a month such as 2026-11 or a year such as 2026, found '../etc'
""",
        ),
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
