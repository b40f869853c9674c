"""Somebody on the network who has seen a registration pass: no way into the gang, nor to its rendezvous store."""

import http.client
from http import HTTPStatus

import pytest

from ullage_trainer.agent.coordinator import Coordinator
from ullage_trainer.agent.link import HttpExchange
from ullage_trainer.agent.protocol import HEARTBEAT_PATH, SIGNATURE_HEADER, Heartbeat, sign
from ullage_trainer.config import Gang, JobIdentity, Script, Stage, StageDocument, Storage, Usage, WorkerState

KEY, OTHER_KEY = bytes(range(32)), bytes(range(1, 33))
WORKER, STRANGER = "127.0.0.1", "127.0.0.66"


@pytest.fixture
def coordinator(tmp_path):
    document = StageDocument(
        job=JobIdentity(namespace="tests", name="guarded", uid="uid-of-guarded"),
        stage=Stage.TRAIN,
        attempt=1,
        storage=Storage(root=str(tmp_path), job="guarded", output="guarded/runs/r/train-1"),
        gang=Gang(replicas=2, coordinator_port=0),
        script=Script(path="train.py"),
    )
    made = Coordinator(document, KEY, lambda: b"{}", None)
    yield made
    made.close()


def beat(index, sequence, cpu_ms=0):
    return Heartbeat(index=index, sequence=sequence, state=WorkerState.STARTING, usage=Usage(cpu_ms=cpu_ms))


def request(source, port, method, path, body, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5, source_address=(source, 0))
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def send(source, port, registration, key):
    body = registration.model_dump_json(by_alias=True, exclude_none=True).encode()
    return request(source, port, "POST", HEARTBEAT_PATH, body, {SIGNATURE_HEADER: sign(key, body, "heartbeat")})[0]


def test_a_stranger_registers_neither_with_another_key_nor_with_what_was_recorded(coordinator):
    port, state = coordinator._server.port, coordinator._state
    assert send(STRANGER, port, beat(1, 1), OTHER_KEY) == HTTPStatus.FORBIDDEN
    assert state.addresses() == frozenset()
    registration = beat(1, 1, cpu_ms=7)
    assert HttpExchange("127.0.0.1", port, KEY)(registration) is not None
    # Signed with the right key, byte for byte what the worker sent: answered, and not taken for a new one.
    assert send(STRANGER, port, registration, KEY) == HTTPStatus.OK
    assert (state.addresses(), state.usage()) == ({WORKER}, Usage(cpu_ms=7))


def test_a_stranger_on_the_rendezvous_port_reads_writes_and_ends_nothing(coordinator):
    HttpExchange("127.0.0.1", coordinator._server.port, KEY)(beat(1, 1))
    coordinator.exchange(beat(0, 1))
    coordinator.tick()
    port = coordinator.exchange(beat(0, 2)).rendezvous_port
    assert request(WORKER, port, "PUT", "/global/0", b"an address")[0] == HTTPStatus.OK
    assert send(STRANGER, coordinator._server.port, beat(1, 1), KEY) == HTTPStatus.OK
    tried = [request(STRANGER, port, method, "/global/0", b"mine")[0] for method in ("GET", "PUT", "DELETE")]
    assert tried == [HTTPStatus.FORBIDDEN] * 3
    assert request(WORKER, port, "GET", "/global/0", b"") == (HTTPStatus.OK, b"an address")
