"""Worker 0's server and the rendezvous store: who has the key and is registered takes part, nobody else."""

import http.client
import socket
from http import HTTPStatus

import pytest

from ullage_trainer.agent.gang import GangState
from ullage_trainer.agent.link import HttpExchange
from ullage_trainer.agent.protocol import HEARTBEAT_PATH, REPORT_PATH, SIGNATURE_HEADER, Heartbeat, Orders, sign
from ullage_trainer.agent.server import GangServer
from ullage_trainer.config import Failure, Reason, RendezvousFailure, Usage, WorkerState
from ullage_trainer.distributed.rendezvous import Rendezvous

KEY = bytes(range(32))
BEAT = Heartbeat(index=1, sequence=3, state=WorkerState.RUNNING, usage=Usage(cpu_ms=7))


@pytest.fixture
def server():
    heard = []

    def answer(beat, address):
        heard.append((beat, address))
        return Orders(sequence=beat.sequence, rendezvous_port=99)

    running = GangServer(("127.0.0.1", 0), KEY, answer, lambda: b'{"state":"Running"}')
    running.heard = heard
    yield running
    running.close()


def request(port, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_a_signed_heartbeat_is_heard_and_answered(server):
    assert HttpExchange("127.0.0.1", server.port, KEY)(BEAT) == Orders(sequence=3, rendezvous_port=99)
    assert server.heard == [(BEAT, "127.0.0.1")]


def test_a_heartbeat_with_another_key_is_refused_and_not_heard(server):
    assert HttpExchange("127.0.0.1", server.port, b"another key")(BEAT) is None
    assert server.heard == []


def test_a_heartbeat_without_a_signature_is_refused_and_not_heard(server):
    body = BEAT.model_dump_json(by_alias=True).encode()
    assert request(server.port, "POST", HEARTBEAT_PATH, body)[0] == HTTPStatus.FORBIDDEN
    assert server.heard == []


def test_a_heartbeat_that_a_stranger_recorded_and_sends_again_is_not_taken():
    state = GangState(replicas=2, start_timeout_seconds=60, started=0)
    recording = []

    def hear(beat, address):
        recording.append(beat.model_dump_json(by_alias=True, exclude_none=True).encode())
        return state.heard(beat, address, now=len(recording))

    running = GangServer(("127.0.0.1", 0), KEY, hear, lambda: b"")
    try:
        exchange = HttpExchange("127.0.0.1", running.port, KEY)
        for sequence, cpu_ms in ((1, 7), (2, 9)):
            exchange(BEAT.model_copy(update={"sequence": sequence, "usage": Usage(cpu_ms=cpu_ms)}))
        old = recording[0]
        signature = {SIGNATURE_HEADER: sign(KEY, old, "heartbeat")}
        assert request(running.port, "POST", HEARTBEAT_PATH, old, signature)[0] == HTTPStatus.OK
        assert (state.usage(), state.verdict) == (Usage(cpu_ms=9), None)
        failure = Failure(reason=Reason.EXCEPTION, message="made up", worker=1)
        forged = BEAT.model_copy(update={"sequence": 99, "failure": failure}).model_dump_json(by_alias=True).encode()
        assert request(running.port, "POST", HEARTBEAT_PATH, forged, signature)[0] == HTTPStatus.FORBIDDEN
        assert (state.usage(), state.verdict) == (Usage(cpu_ms=9), None)
    finally:
        running.close()


def test_an_answer_can_not_be_sent_back_as_a_heartbeat(server):
    body = BEAT.model_dump_json(by_alias=True).encode()
    as_orders = {SIGNATURE_HEADER: sign(KEY, body, "orders")}
    assert request(server.port, "POST", HEARTBEAT_PATH, body, as_orders)[0] == HTTPStatus.FORBIDDEN


def test_a_signed_body_that_is_no_heartbeat_is_a_bad_request(server):
    body = b'{"index": "one"}'
    signed = {SIGNATURE_HEADER: sign(KEY, body, "heartbeat")}
    assert request(server.port, "POST", HEARTBEAT_PATH, body, signed)[0] == HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize("signature", ["", "00", "é" * 64, "\xff"])
def test_a_signature_of_any_characters_is_refused_and_not_heard(server, signature):
    body = BEAT.model_dump_json(by_alias=True).encode()
    headers = {SIGNATURE_HEADER: signature.encode("latin-1")}
    assert request(server.port, "POST", HEARTBEAT_PATH, body, headers) == (HTTPStatus.FORBIDDEN, b"")
    assert server.heard == []


@pytest.mark.parametrize("length", ["0", "999999", "-1", "many", "²"])
def test_a_body_of_no_or_too_great_a_length_is_a_bad_request(server, length):
    headers = {"Content-Length": length.encode("latin-1")}
    status, _ = request(server.port, "POST", HEARTBEAT_PATH, b"", headers)
    assert status == HTTPStatus.BAD_REQUEST


def test_anyone_may_read_the_report_and_nothing_else(server):
    assert request(server.port, "GET", REPORT_PATH) == (HTTPStatus.OK, b'{"state":"Running"}')
    assert request(server.port, "GET", "/")[0] == HTTPStatus.NOT_FOUND


def test_a_false_coordinator_is_not_obeyed():
    impostor = GangServer(("127.0.0.1", 0), b"impostor", lambda beat, _: Orders(sequence=beat.sequence), lambda: b"")
    try:
        assert HttpExchange("127.0.0.1", impostor.port, KEY)(BEAT) is None
    finally:
        impostor.close()


def test_a_port_that_is_taken_is_told():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(RendezvousFailure, match=f"expected port {port} to be free for worker 0, found: Address"):
            GangServer(("127.0.0.1", port), KEY, lambda beat, _: Orders(sequence=beat.sequence), lambda: b"")


def test_the_rendezvous_store_serves_registered_addresses_only():
    admitted = set()
    store = Rendezvous("127.0.0.1", 2, 1, lambda: frozenset(admitted))
    try:
        for method in ("GET", "PUT", "DELETE"):
            assert request(store.port, method, "/global/key", b"x")[0] == HTTPStatus.FORBIDDEN
        admitted.add("127.0.0.1")
        assert request(store.port, "GET", "/global/key")[0] == HTTPStatus.NOT_FOUND
        assert request(store.port, "PUT", "/global/key", b"value")[0] == HTTPStatus.OK
        assert request(store.port, "GET", "/global/key") == (HTTPStatus.OK, b"value")
        admitted.clear()
        assert request(store.port, "GET", "/global/key")[0] == HTTPStatus.FORBIDDEN
    finally:
        store.close()
