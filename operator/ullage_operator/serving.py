"""What the operator serves over HTTP, read-only: metrics for Prometheus, and the report page for people.

A page is written by the command ``ullage report`` in a process of its own: it is the page that anybody gets who runs
it, drawing it holds up no pass, and the memory that it takes is given back.
"""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_LANGUAGES: Final = ("en", "zh")
_PERIOD: Final = re.compile(r"[0-9]{4}(-(0[1-9]|1[0-2]))?")
_MOST_PAGES: Final = 24
"""So many are kept at most; the oldest goes first."""
_RENDER_SECONDS: Final = 300.0
_TEXT: Final = "text/plain; charset=utf-8"
_HTML: Final = "text/html; charset=utf-8"
_SAFE: Final = [
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
]
_INDEX: Final = """<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>Ullage</title>
<h1>Ullage</h1>
<ul>
<li><a href="/report">Report of this month</a> · <a href="/report?lang=zh" lang="zh">本月报告</a></li>
<li><a href="/metrics">Metrics</a> for Prometheus</li>
</ul>
<p>Another month or a year: <code>/report?period=2026-10</code></p>
</html>
"""


class NoPageError(Exception):
    """The page can't be written; why stands in the message."""


@dataclass
class Pages:
    """Report pages, each written at most once in a while."""

    environment: Mapping[str, str]
    """Of the command's process: it says where the books are."""
    fresh_seconds: float
    """For how long a page is shown before it is written anew."""
    _kept: dict[tuple[str, str], tuple[float, bytes]] = field(default_factory=dict)
    _one: threading.Lock = field(default_factory=threading.Lock)

    def page(self, language: str, period: str) -> bytes:
        """Return a page; one at a time is written.

        Raises
        ------
        NoPageError
            It can't be.
        """
        with self._one:
            kept = self._kept.get((language, period))
            if kept is not None and time.monotonic() - kept[0] < self.fresh_seconds:
                return kept[1]
            made = self._written(language, period)
            self._kept.pop((language, period), None)
            self._kept[language, period] = time.monotonic(), made
            while len(self._kept) > _MOST_PAGES:
                del self._kept[next(iter(self._kept))]
            return made

    def _written(self, language: str, period: str) -> bytes:
        command = [sys.executable, "-m", "ullage_operator.cli", "report", "--lang", language]
        command += ["--period", period] if period else []
        try:
            said = subprocess.run(  # noqa: S603 - our own command, and what it is given was checked
                command, env=dict(self.environment), capture_output=True, check=False, timeout=_RENDER_SECONDS
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NoPageError(str(error)) from error
        if said.returncode != 0:
            raise NoPageError(said.stderr.decode(errors="replace").strip())
        return said.stdout


def application(registry: CollectorRegistry, pages: Pages) -> WSGIApplication:
    """Return what answers: ``/metrics``, ``/report`` (``?lang=``, ``?period=``), and ``/`` with links to both."""
    metrics = make_wsgi_app(registry)

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path, method = str(environ["PATH_INFO"]), str(environ["REQUEST_METHOD"])
        if method not in ("GET", "HEAD"):
            answer = _told(HTTPStatus.METHOD_NOT_ALLOWED, "expected GET or HEAD: nothing is written here")
        elif path == "/metrics":
            exposed: Iterable[bytes] = metrics(environ, start_response)
            return exposed
        elif path == "/":
            answer = HTTPStatus.OK, _HTML, _INDEX.encode()
        elif path == "/report":
            answer = _report(str(environ.get("QUERY_STRING", "")), pages)
        else:
            answer = _told(HTTPStatus.NOT_FOUND, f"expected /, /report or /metrics, found {path}")
        status, kind, body = answer
        length = [("Content-Type", kind), ("Content-Length", str(len(body)))]
        start_response(f"{status.value} {status.phrase}", [*length, *_SAFE])
        return [] if method == "HEAD" else [body]

    return app


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name that it has there
        """Say nothing of each request."""


def serve(app: WSGIApplication, port: int) -> WSGIServer:
    """Answer at a port, in threads, until the server is shut down."""
    server = make_server("0.0.0.0", port, app, server_class=_Server, handler_class=_Quiet)  # noqa: S104 - in a pod
    threading.Thread(target=server.serve_forever, name="http", daemon=True).start()
    return server


def _report(query: str, pages: Pages) -> tuple[HTTPStatus, str, bytes]:
    asked = parse_qs(query, keep_blank_values=True)
    problems = [f"{name}: expected lang and period, found it" for name in asked if name not in ("lang", "period")]
    language, period = asked.get("lang", ["en"])[-1], asked.get("period", [""])[-1]
    if language not in _LANGUAGES:
        problems.append(f"lang: expected one of {', '.join(_LANGUAGES)}, found {language!r}")
    if period and not _PERIOD.fullmatch(period):
        problems.append(f"period: expected a month such as 2026-11 or a year such as 2026, found {period!r}")
    if problems:
        return _told(HTTPStatus.BAD_REQUEST, "\n".join(problems))
    try:
        return HTTPStatus.OK, _HTML, pages.page(language, period)
    except NoPageError as error:
        return _told(HTTPStatus.SERVICE_UNAVAILABLE, f"the report can't be written now: {error}")


def _told(status: HTTPStatus, text: str) -> tuple[HTTPStatus, str, bytes]:
    return status, _TEXT, f"{text}\n".encode()
