"""A worker's line to worker 0: heartbeats from a thread of its own, so that nothing else waits for the network."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable
from typing import Protocol

from pydantic import ValidationError

from ullage_trainer.config import Failure, Reason

from .protocol import (
    HEARTBEAT_PATH,
    HEARTBEAT_SECONDS,
    LOST_AFTER_SECONDS,
    SIGNATURE_HEADER,
    Heartbeat,
    Orders,
    sign,
    signature_fits,
)

_TIMEOUT_SECONDS = 2.0


class Exchange(Protocol):
    """Brings a heartbeat to worker 0 and its orders back."""

    def __call__(self, beat: Heartbeat) -> Orders | None:
        """Return the orders, or null if worker 0 was not reached."""


class HttpExchange:
    """Reaches worker 0 over HTTP; the name is looked up for each call, since it may not resolve at first."""

    def __init__(self, host: str, port: int, key: bytes) -> None:
        self._address = (host, port)
        self._key = key

    def __call__(self, beat: Heartbeat) -> Orders | None:
        """Return the orders, or null if worker 0 was not reached or its answer is not its own."""
        body = beat.model_dump_json(by_alias=True, exclude_none=True).encode()
        connection = http.client.HTTPConnection(*self._address, timeout=_TIMEOUT_SECONDS)
        try:
            connection.request("POST", HEARTBEAT_PATH, body, {SIGNATURE_HEADER: sign(self._key, body, "heartbeat")})
            response = connection.getresponse()
            answer = response.read()
            if response.status != http.client.OK:
                return None
            if not signature_fits(self._key, answer, "orders", response.headers.get(SIGNATURE_HEADER) or ""):
                return None
            orders = Orders.model_validate_json(answer)
        except (OSError, http.client.HTTPException, ValidationError):
            return None
        finally:
            connection.close()
        return orders if orders.sequence == beat.sequence else None


class Link:
    """Exchanges heartbeats until closed, and keeps the last orders."""

    def __init__(
        self,
        exchange: Exchange,
        beat: Callable[[int], Heartbeat],
        wake: Callable[[], None],
        start_timeout_seconds: float,
        first_seconds: float = 0.0,
    ) -> None:
        self._exchange = exchange
        self._beat = beat
        self._wake = wake
        self._start_timeout_seconds = start_timeout_seconds
        self._first_seconds = first_seconds
        self._sequence = 0
        self._orders: Orders | None = None
        self._started = time.monotonic()
        self._heard: float | None = None
        self._closing = threading.Event()
        self._once = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="heartbeats", daemon=True)

    def start(self) -> None:
        """Begin: the first heartbeat registers the worker."""
        self._thread.start()

    @property
    def orders(self) -> Orders | None:
        """The last orders heard."""
        return self._orders

    def silence(self, now: float) -> Failure | None:
        """Return why worker 0 is given up, once it has been silent for too long."""
        if self._heard is None:
            waited, allowed = now - self._started, self._start_timeout_seconds
            what, reason = "could not be reached", Reason.RENDEZVOUS_FAILED
        else:
            waited, allowed = now - self._heard, LOST_AFTER_SECONDS
            what, reason = "has not answered", Reason.PEER_FAILED
        if waited <= allowed:
            return None
        return Failure(reason=reason, message=f"worker 0 {what} for {waited:.0f} s", worker=0)

    def close(self, *, timeout_seconds: float) -> bool:
        """Send the last heartbeat; return whether worker 0 heard it."""
        self._closing.set()
        self._thread.join()
        deadline = time.monotonic() + timeout_seconds
        while not self._exchange_once():
            if time.monotonic() >= deadline:
                return False
            threading.Event().wait(HEARTBEAT_SECONDS)
        return True

    def _run(self) -> None:
        while not self._closing.wait(HEARTBEAT_SECONDS if self._sequence else self._first_seconds):
            before = self._orders
            if self._exchange_once() and self._orders != before:
                self._wake()

    def _exchange_once(self) -> bool:
        with self._once:
            self._sequence += 1
            orders = self._exchange(self._beat(self._sequence))
            if orders is not None:
                self._orders, self._heard = orders, time.monotonic()
            return orders is not None
