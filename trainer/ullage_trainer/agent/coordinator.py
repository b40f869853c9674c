"""What worker 0 does for the gang: it hears the others, opens the rendezvous, and knows how all ended."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

from ullage_trainer.config import Failure, Stage, StageDocument, Usage
from ullage_trainer.distributed.rendezvous import Rendezvous

from .gang import GangState
from .network import address_towards, bind_address, own_name
from .protocol import Heartbeat, Orders
from .server import GangServer


class Coordinator:
    """Worker 0's side of the gang; its own heartbeats come by :meth:`exchange`, without the network.

    The main thread asks, and one thread for each heartbeat tells: what is known of the gang is used by one at a time.
    """

    def __init__(
        self, document: StageDocument, key: bytes, report: Callable[[], bytes], listening_descriptor: int | None
    ) -> None:
        gang = document.gang
        self._document = document
        self._bind = bind_address(gang.coordinator_host)
        self._own_address = address_towards(own_name(gang.coordinator_host))
        self._one_at_a_time = threading.Lock()
        self._state = GangState(gang.replicas, gang.start_timeout_seconds, time.monotonic())
        self._rendezvous: Rendezvous | None = None
        listening = (
            (self._bind, gang.coordinator_port)
            if listening_descriptor is None
            else socket.socket(fileno=listening_descriptor)
        )
        self._server = GangServer(listening, key, self._heard, report)

    def exchange(self, beat: Heartbeat) -> Orders:
        """Take worker 0's own heartbeat."""
        return self._heard(beat, self._own_address)

    def _heard(self, beat: Heartbeat, address: str) -> Orders:
        with self._one_at_a_time:
            return self._state.heard(beat, address, time.monotonic())

    def reuse(self) -> None:
        """Tell all workers that there is nothing to do."""
        with self._one_at_a_time:
            self._state.finish = True

    def tick(self) -> None:
        """Judge the gang, and open the rendezvous once all have registered."""
        verdict = self.verdict
        wanted = self._document.stage is Stage.TRAIN and self.complete and not self._state.finish
        if wanted and verdict is None and self._rendezvous is None:
            gang = self._document.gang
            self._rendezvous = Rendezvous(self._bind, gang.replicas, gang.slots_per_worker, self._addresses)
            self._state.rendezvous_port = self._rendezvous.port

    def _addresses(self) -> frozenset[str]:
        with self._one_at_a_time:
            return self._state.addresses()

    @property
    def verdict(self) -> Failure | None:
        """What ended the gang, if anything did."""
        with self._one_at_a_time:
            return self._state.judge(time.monotonic())

    @property
    def others_succeeded(self) -> bool:
        """Whether all other workers have succeeded."""
        with self._one_at_a_time:
            return self._state.others_succeeded

    @property
    def complete(self) -> bool:
        """Whether all workers have registered."""
        with self._one_at_a_time:
            return self._state.complete

    @property
    def ended(self) -> bool:
        """Whether all workers have said their last word."""
        with self._one_at_a_time:
            return self._state.ended

    def usage(self) -> Usage:
        """Return what all workers together took."""
        with self._one_at_a_time:
            return self._state.usage()

    def close(self) -> None:
        """Stop answering."""
        self._server.close()
        if self._rendezvous is not None:
            self._rendezvous.close()
