"""Worker 0's HTTP server: signed heartbeats from the gang, and the exit report for whoever may read it."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pydantic import ValidationError

from ullage_trainer.config import ExitReport, Progress, RendezvousFailure

from .exposition import CONTENT_TYPE, exposition
from .protocol import (
    HEARTBEAT_PATH,
    METRICS_PATH,
    PROGRESS_PATH,
    REPORT_PATH,
    SIGNATURE_HEADER,
    Heartbeat,
    Orders,
    sign,
    signature_fits,
)

_MAX_BODY_BYTES = 16 * 1024
_JSON = "application/json"


class GangServer:
    """Answers on one port until closed.

    Parameters
    ----------
    listening
        A bound, listening socket, or the address to bind.
    key
        The gang's key; a heartbeat that is not signed with it is refused.
    heard
        Called with a heartbeat and the address that it came from.
    report
        Returns the exit report as it is now.

    Raises
    ------
    RendezvousFailure
        If the port is taken.
    """

    def __init__(
        self,
        listening: socket.socket | tuple[str, int],
        key: bytes,
        heard: Callable[[Heartbeat, str], Orders],
        report: Callable[[], bytes],
    ) -> None:
        handler = _handler(key, heard, report)
        if isinstance(listening, socket.socket):
            self._server = ThreadingHTTPServer(listening.getsockname()[:2], handler, bind_and_activate=False)
            self._server.socket.close()
            self._server.socket = listening
        else:
            try:
                self._server = ThreadingHTTPServer(listening, handler)
            except OSError as error:
                raise RendezvousFailure(
                    f"expected port {listening[1]} to be free for worker 0, found: {error.strerror}; "
                    f"is another agent running here?"
                ) from error
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="gang-server", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port it listens on."""
        port: int = self._server.socket.getsockname()[1]
        return port

    def close(self) -> None:
        """Stop answering and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _answer_to(path: str, report: Callable[[], bytes]) -> tuple[bytes, str] | None:
    """Return what is at a path, and its type."""
    if path == REPORT_PATH:
        return report(), _JSON
    if path == PROGRESS_PATH:
        progress = ExitReport.model_validate_json(report()).progress or Progress()
        return progress.model_dump_json(by_alias=True).encode(), _JSON
    if path == METRICS_PATH:
        return exposition(ExitReport.model_validate_json(report()), time.time_ns() // 1_000_000), CONTENT_TYPE
    return None


def _handler(
    key: bytes, heard: Callable[[Heartbeat, str], Orders], report: Callable[[], bytes]
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 5.0
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            answer = _answer_to(self.path, report)
            if answer is None:
                self._answer(HTTPStatus.NOT_FOUND, b"")
            else:
                self._answer(HTTPStatus.OK, answer[0], {"Content-Type": answer[1]})

        def do_POST(self) -> None:
            told = self.headers.get("Content-Length") or ""
            length = int(told) if told.isdecimal() and told.isascii() else 0
            if self.path != HEARTBEAT_PATH or not 0 < length <= _MAX_BODY_BYTES:
                self._answer(HTTPStatus.BAD_REQUEST, b"")
                return
            body = self.rfile.read(length)
            if not signature_fits(key, body, "heartbeat", self.headers.get(SIGNATURE_HEADER) or ""):
                self._answer(HTTPStatus.FORBIDDEN, b"")
                return
            try:
                beat = Heartbeat.model_validate_json(body)
            except ValidationError:
                self._answer(HTTPStatus.BAD_REQUEST, b"")
                return
            answer = heard(beat, self.client_address[0]).model_dump_json(by_alias=True).encode()
            self._answer(HTTPStatus.OK, answer, {SIGNATURE_HEADER: sign(key, answer, "orders")})

        def _answer(self, status: HTTPStatus, body: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            for name, value in ({"Content-Type": _JSON} | (headers or {})).items():
                self.send_header(name, value)
            if status is not HTTPStatus.OK:
                self.close_connection = True
            # Whoever gave up waiting for an answer is no news.
            with contextlib.suppress(ConnectionError):
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
            """Say nothing: a heartbeat every quarter of a second is no news."""

    return Handler
