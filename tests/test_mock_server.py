"""The stand-in's server under stress: many connections, a full system, clients that dawdle."""

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Iterator

import httpx
import pytest

from mixdyn.tools.mock import MockServer, serve
from mixdyn.tools.mock import server as module
from tests.apis import pets
from tests.loopback import PATIENCE

GET = b"GET /pets HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def server() -> Iterator[MockServer]:
    """Run a stand-in of the pet store."""
    with serve(pets()) as running:
        yield running


def connect(server: MockServer) -> socket.socket:
    """Open a connection."""
    return socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)


def get(peer: socket.socket) -> bytes:
    """Ask over an open connection, and give what comes first."""
    peer.sendall(GET)
    return peer.recv(65536)


def test_many_connections_are_served_at_once(server: MockServer) -> None:
    """Three hundred open connections all get their answers, twice."""
    peers = [connect(server) for _ in range(300)]
    for _ in range(2):
        assert all(get(peer).startswith(b"HTTP/1.1 200 ") for peer in peers)
    for peer in peers:
        peer.close()


def test_more_connections_than_there_is_room_for_wait(
    server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above the limit a connection waits until another one ends, and is then served."""
    monkeypatch.setattr(module, "MAX_CONNECTIONS", 2)
    first, second = connect(server), connect(server)
    assert get(first)
    assert get(second)
    with connect(server) as third:
        third.sendall(GET)
        third.settimeout(0.05)
        with pytest.raises(TimeoutError):
            third.recv(1)
        third.settimeout(PATIENCE)
        first.close()
        assert third.recv(1) == b"H"
    second.close()


def test_a_system_without_room_is_waited_for(
    server: MockServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where no more files may be open, the server tells, waits and goes on."""
    monkeypatch.setattr(module, "_FULL_SECONDS", 0.01)
    http = server._http
    real, failures = http.get_request, iter(range(3))

    def get_request() -> object:
        if next(failures, None) is not None:
            raise OSError(errno.EMFILE, "too many open files")
        return real()

    monkeypatch.setattr(http, "get_request", get_request)
    assert httpx.get(f"{server.url}/pets").status_code == 200
    assert caplog.text.count("no connection can be accepted for now") == 3


def test_a_system_without_threads_refuses_a_connection(
    server: MockServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where a thread cannot be started, that connection is closed, and the next is served."""
    monkeypatch.setattr(module, "_FULL_SECONDS", 0.01)
    real, failures = threading.Thread.start, iter([True])

    def start(thread: threading.Thread) -> None:
        if next(failures, False):
            raise RuntimeError("can't start new thread")
        real(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    with connect(server) as peer:
        assert peer.recv(1) == b""
    assert httpx.get(f"{server.url}/pets").status_code == 200
    assert "a connection is refused" in caplog.text


@pytest.mark.parametrize(
    "begun",
    [
        b"GET /pets HTTP/1.1\r\nHos",
        b"POST /pets HTTP/1.1\r\nContent-Length: 9\r\n\r\n{",
        b"POST /pets HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
    ],
)
def test_a_request_that_does_not_go_on_is_given_up(
    server: MockServer, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    """Between requests a connection may be silent for long, but not within one."""
    monkeypatch.setattr(module, "_REQUEST_SECONDS", 0.05)
    with connect(server) as peer:
        peer.sendall(begun)
        assert peer.recv(1) == b""


def test_a_silent_connection_is_kept(server: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit within a request does not count before the next one."""
    monkeypatch.setattr(module, "_REQUEST_SECONDS", 0.05)
    with connect(server) as peer:
        assert get(peer).startswith(b"HTTP/1.1 200 ")
        peer.settimeout(0.2)
        with pytest.raises(TimeoutError):
            peer.recv(1)
        peer.settimeout(PATIENCE)
        assert get(peer).startswith(b"HTTP/1.1 200 ")


def test_pipelined_requests_are_answered_in_order(server: MockServer) -> None:
    """Requests that come in one piece are taken apart, bodies in chunks among them."""
    body = b'{"id": 0, "name": "Rex"}'
    post = (
        b"POST /pets HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
    )
    post += b"%x;ext=1\r\n%b\r\n0\r\nTrailer: x\r\n\r\n" % (len(body), body)
    last = GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    with connect(server) as peer:
        peer.sendall(GET + post + GET + last)
        answer = b"".join(iter(lambda: peer.recv(65536), b""))
    statuses = [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"200", b"201", b"200", b"200"]


def doc(header: bytes) -> bytes:
    """Ask for the document with a header."""
    return b"GET /doc HTTP/1.1\r\nConnection: close\r\n" + header + b"\r\n\r\n"


HOSTILE = [
    (b"GET /pets HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n", 431),
    (b"GET /pets HTTP/1.1\r\nX: " + b"y" * 70_000 + b"\r\n\r\n", 431),
    (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
    (b"GET /pets HTTP/1.1\r\nContent-Length : 5\r\n\r\n", 400),
    (b"GET /pets HTTP/1.1\r\nX y\r\n\r\n", 400),
    (b"GET /pets HTTP/9.9\r\n\r\n", 505),
    (b"GET /pets HTTP/x\r\n\r\n", 400),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    (doc(b"Range: bytes=" + b"9" * 5000 + b"-"), 200),
    (doc(b"If-None-Match: " + b'"' * 60_000), 200),
    (doc(b"If-None-Match: " + b'W/"' * 20_000), 200),
    (doc(b"If-Modified-Since: \xff\xfe 99"), 200),
]


@pytest.mark.parametrize(("request_", "status"), HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_requests_are_refused(server: MockServer, request_: bytes, status: int) -> None:
    """Whatever is sent has an answer, and the next client is served."""
    with connect(server) as peer:
        peer.sendall(request_)
        peer.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: peer.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert httpx.get(f"{server.url}/pets").status_code == 200
