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

from .gap import Method

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_LANGUAGES: Final = ("en", "zh")
_METHODS: Final = tuple(method.value for method in Method)
_ASKED: Final[Mapping[str, tuple[re.Pattern[str], str]]] = {
    "lang": (re.compile("|".join(_LANGUAGES)), f"one of {', '.join(_LANGUAGES)}"),
    "period": (re.compile(r"[0-9]{4}(-(0[1-9]|1[0-2]))?"), "a month such as 2026-11 or a year such as 2026"),
    "budget": (re.compile(r"[0-9]{1,18}(\.[0-9]{1,6})?"), "an amount of 0 or more such as 26000 or 0.5"),
    "currency": (re.compile(r"[A-Z]{3}"), "a currency by ISO 4217 such as CNY"),
    "resource": (re.compile(r"(compute|data|talent)/\S{1,63}"), "what alone to plan for, such as compute/A100"),
    "method": (re.compile("|".join(map(re.escape, _METHODS))), f"one of {', '.join(_METHODS)}"),
}
"""What may be asked of a page, each as the option of the command is called, and what is expected of it."""
_INVALID: Final = 2
"""How the command ends where what is asked can't be answered."""
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
<p>With a plan: <code>/report?budget=26000&amp;currency=CNY&amp;method=coverage</code></p>
</html>
"""


class NoPageError(Exception):
    """The page can't be written; why stands in the message."""


class NoQuestionError(Exception):
    """What is asked can't be answered by these books; why stands in the message."""


Asked = tuple[tuple[str, str], ...]
"""What is asked of a page: options of the command and their values, in order."""


@dataclass
class Pages:
    """Report pages, each written at most once in a while."""

    environment: Mapping[str, str]
    """Of the command's process: it says where the books are."""
    fresh_seconds: float
    """For how long a page is shown before it is written anew."""
    _kept: dict[Asked, tuple[float, bytes]] = field(default_factory=dict)
    _one: threading.Lock = field(default_factory=threading.Lock)

    def page(self, asked: Asked) -> bytes:
        """Return a page; one at a time is written.

        Raises
        ------
        NoPageError
            It can't be.
        NoQuestionError
            It can't be for what is asked, such as a plan in a currency without a price.
        """
        with self._one:
            kept = self._kept.get(asked)
            if kept is not None and time.monotonic() - kept[0] < self.fresh_seconds:
                return kept[1]
            made = self._written(asked)
            self._kept.pop(asked, None)
            self._kept[asked] = time.monotonic(), made
            while len(self._kept) > _MOST_PAGES:
                del self._kept[next(iter(self._kept))]
            return made

    def _written(self, asked: Asked) -> bytes:
        options = [f"--{name}={value}" for name, value in asked]
        command = [sys.executable, "-m", "ullage_operator.cli", "report", *options]
        try:
            said = subprocess.run(  # noqa: S603 - our own command, and what it is given was checked
                command, env=dict(self.environment), capture_output=True, check=False, timeout=_RENDER_SECONDS
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NoPageError(str(error)) from error
        told = said.stderr.decode(errors="replace").strip()
        if said.returncode == _INVALID:
            raise NoQuestionError(told)
        if said.returncode != 0:
            raise NoPageError(told)
        return said.stdout


def application(registry: CollectorRegistry, pages: Pages) -> WSGIApplication:
    """Return what answers: ``/metrics``, ``/report`` with options as the command has them, and ``/`` with links."""
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
    found = {name: values[-1] for name, values in parse_qs(query, keep_blank_values=True).items()}
    problems = [f"{name}: expected {', '.join(_ASKED)}, found it" for name in found if name not in _ASKED]
    # Empty is as good as not there.
    asked = tuple((name, found[name]) for name in _ASKED if found.get(name))
    problems += [
        f"{name}: expected {_ASKED[name][1]}, found {value!r}"
        for name, value in asked
        if not _ASKED[name][0].fullmatch(value)
    ]
    there = dict(asked)
    for name, beside in (("budget", "currency"), ("currency", "budget"), ("method", "budget"), ("resource", "budget")):
        if name in there and beside not in there:
            problems.append(f"{name}: expected {beside} beside it, found none")
    if problems:
        return _told(HTTPStatus.BAD_REQUEST, "\n".join(problems))
    try:
        return HTTPStatus.OK, _HTML, pages.page(asked)
    except NoQuestionError as error:
        return _told(HTTPStatus.BAD_REQUEST, str(error))
    except NoPageError as error:
        return _told(HTTPStatus.SERVICE_UNAVAILABLE, f"the report can't be written now: {error}")


def _told(status: HTTPStatus, text: str) -> tuple[HTTPStatus, str, bytes]:
    return status, _TEXT, f"{text}\n".encode()
