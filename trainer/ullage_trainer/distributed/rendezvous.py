"""Horovod's rendezvous store, run by worker 0's agent: no ssh, no launcher, and no strangers.

Horovod's own server asks nobody who they are. Here a handler answers only addresses that registered
with the gang's key; everyone else gets 403 and reads and writes nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from horovod.runner.common.util.hosts import SlotInfo, get_host_assignments, parse_hosts
from horovod.runner.http.http_server import RendezvousHandler, RendezvousHTTPServer


@dataclass(frozen=True)
class RankPlace:
    """Where a rank stands among all ranks, as Horovod wants to know it."""

    rank: int
    size: int
    local_rank: int
    local_size: int
    cross_rank: int
    cross_size: int

    def environment(self, *, worker: int, rendezvous_host: str, rendezvous_port: int, interface: str) -> dict[str, str]:
        """Return the environment of the rank's process: Gloo, found through the rendezvous store."""
        return {
            "HOROVOD_RANK": str(self.rank),
            "HOROVOD_SIZE": str(self.size),
            "HOROVOD_LOCAL_RANK": str(self.local_rank),
            "HOROVOD_LOCAL_SIZE": str(self.local_size),
            "HOROVOD_CROSS_RANK": str(self.cross_rank),
            "HOROVOD_CROSS_SIZE": str(self.cross_size),
            "HOROVOD_HOSTNAME": worker_name(worker),
            "HOROVOD_GLOO_RENDEZVOUS_ADDR": rendezvous_host,
            "HOROVOD_GLOO_RENDEZVOUS_PORT": str(rendezvous_port),
            "HOROVOD_GLOO_IFACE": interface,
            "HOROVOD_CONTROLLER": "gloo",
            "HOROVOD_CPU_OPERATIONS": "gloo",
        }


def worker_name(index: int) -> str:
    """Return the name that stands for a worker in Horovod's scopes; it is never looked up."""
    return f"worker-{index}"


def places(replicas: int, slots_per_worker: int, worker: int) -> list[RankPlace]:
    """Return the places of one worker's ranks; ranks are numbered worker by worker."""
    size = replicas * slots_per_worker
    first = worker * slots_per_worker
    return [RankPlace(first + slot, size, slot, slots_per_worker, worker, replicas) for slot in range(slots_per_worker)]


def _assignments(replicas: int, slots_per_worker: int) -> Sequence[SlotInfo]:
    hosts = ",".join(f"{worker_name(index)}:{slots_per_worker}" for index in range(replicas))
    size = replicas * slots_per_worker
    assignments: Sequence[SlotInfo] = get_host_assignments(parse_hosts(hosts), size, size)
    return assignments


class Rendezvous:
    """A rendezvous store for one gang, answering admitted addresses only."""

    def __init__(self, bind_host: str, replicas: int, slots_per_worker: int, admitted: Callable[[], frozenset[str]]):
        class AdmittedHandler(RendezvousHandler):  # type: ignore[misc] # horovod has no types
            """Refuses whoever did not register."""

            def parse_request(self) -> bool:
                """Read a request; refuse it before any of its verbs runs."""
                if not super().parse_request():
                    return False
                if self.client_address[0] in admitted():
                    return True
                self.send_error(HTTPStatus.FORBIDDEN, "this address is not registered with the gang")
                return False

        self._server = RendezvousHTTPServer((bind_host, 0), AdmittedHandler, 0)
        self._server.daemon_threads = True
        self._server.init(_assignments(replicas, slots_per_worker))
        self._thread = threading.Thread(target=self._server.serve_forever, name="rendezvous", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port it listens on."""
        port: int = self._server.server_address[1]
        return port

    def close(self) -> None:
        """Stop answering and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
