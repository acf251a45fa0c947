"""The stand-in server on real sockets: framing, bounds, lifetimes, and peers that misbehave."""

import contextlib
import http.client
import json
import logging
import signal
import socket
import subprocess
import sys
import threading

import httpx
import pytest

from mixdyn.tools.mock import Mock, serve, serve_forever
from mixdyn.tools.mock.reply import MockResponse
from mixdyn.tools.mock.server import HOST, Server
from tests.apis import MIX, NOW, pets
from tests.process import send_signal

SECONDS = 10


@pytest.fixture
def server():
    """A running server of the pet store."""
    with serve(pets()) as running:
        yield running


def connect(server):
    return socket.create_connection((HOST, server.port), timeout=SECONDS)


def exchange(server, request):
    """Send raw bytes, and give all that comes back until the server hangs up."""
    with connect(server) as peer:
        peer.sendall(request)
        peer.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: peer.recv(65536), b""))


def status_of(answer):
    return int(answer.split(b" ")[1])


def test_requests_share_a_connection(server):
    """HTTP/1.1 connections are kept; each answer has its length."""
    connection = http.client.HTTPConnection(HOST, server.port, timeout=SECONDS)
    pet = json.dumps({"id": 0, "name": "Rex"})
    for method, path, body, status in [
        ("GET", "/pets", None, 200),
        ("POST", "/pets", pet, 201),
        ("HEAD", "/pets/1", None, 200),
        ("DELETE", "/pets/1", None, 204),
        ("GET", "/pets/1", None, 404),
        ("OPTIONS", "/pets", None, 204),
    ]:
        connection.request(method, path, body, {"Content-Type": "application/json"})
        local = connection.sock.getsockname()
        response = connection.getresponse()
        response.read()
        assert response.status == status
        assert connection.sock.getsockname() == local
    connection.close()


def test_it_listens_to_this_machine_only(server):
    """Without a host by name, the server is bound to 127.0.0.1."""
    assert server.url == f"http://127.0.0.1:{server.port}"
    assert server._http.server_address[0] == "127.0.0.1"


def test_hosts_by_name():
    """Other addresses are bound when named; the URL is one that a client can use."""
    with serve(pets(), host="0.0.0.0") as everywhere:
        assert everywhere.url == f"http://127.0.0.1:{everywhere.port}"
        assert httpx.get(f"{everywhere.url}/pets").status_code == 200
    with contextlib.ExitStack() as stack:
        try:
            local = stack.enter_context(serve(pets(), host="::1"))
        except OSError:
            pytest.skip("no IPv6 here")
        assert local.url == f"http://[::1]:{local.port}"
        assert httpx.get(f"{local.url}/pets").status_code == 200


def test_a_port_in_use_is_an_error(server):
    """A port that is taken is told at once."""
    with pytest.raises(OSError, match="in use"):
        serve(pets(), server.port)


def test_small_answers_are_not_delayed(server):
    """Nagle's algorithm is off: it would hold answers back for 40 ms."""
    connection = http.client.HTTPConnection(HOST, server.port, timeout=SECONDS)
    connection.request("GET", "/pets")
    connection.getresponse().read()
    accepted = next(iter(server._http._open))
    assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    connection.close()


def test_chunked_uploads_are_read(server):
    """A body of unknown length arrives in chunks, with extensions and trailers."""
    request = (
        b"POST /pets HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
        b'5;ext=1\r\n{"id"\r\n10\r\n: 0, "name": "a"\r\n1\r\n}\r\n0\r\nTrailer: x\r\n\r\n'
    )
    assert status_of(exchange(server, request)) == 201


def test_expect_continue_is_answered(server):
    """A client that asks first is told to go on."""
    with connect(server) as peer:
        peer.sendall(
            b"POST /pets HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 21\r\n"
            b"Expect: 100-continue\r\nConnection: close\r\n\r\n"
        )
        assert peer.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        peer.sendall(b'{"id":0,"name":"Rex"}')
        assert status_of(peer.recv(4096)) == 201


POST = b"POST /pets HTTP/1.1\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET /pets HTTP/x\r\n\r\n", 400),
        (b"GET /pets HTTP/3.0\r\n\r\n", 505),
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET /pets HTTP/1.1\r\nA: " + b"a" * 70_000 + b"\r\n\r\n", 431),
        (b"GET /pets HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431),
        (b"GET /pets HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (POST + b"Content-Length: x\r\n\r\n", 400),
        (POST + b"Content-Length: -5\r\n\r\n", 400),
        (POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        (POST + b"Content-Length: 99999999999999999999999\r\n\r\n", 413),
        (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nfffffff\r\n", 413),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"A: b\r\n" * 200, 400),
        (b"GET /%zz HTTP/1.1\r\n\r\n", 400),
        (b"BREW /pets HTTP/1.1\r\n\r\n", 405),
    ],
)
def test_malformed_requests_are_refused(server, request_bytes, status, capsys, caplog):
    """What is no proper request has its error status and a body as documented; none is fatal."""
    answer = exchange(server, request_bytes)
    assert status_of(answer) == status
    body = answer.partition(b"\r\n\r\n")[2]
    assert json.loads(body)["code"] == status
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    assert httpx.get(f"{server.url}/pets").status_code == 200
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"",
        b"GET",
        POST + b"Content-Length: 10\r\n\r\nabc",
        POST + b"Transfer-Encoding: chunked\r\n\r\n9\r\nab",
    ],
)
def test_peers_that_vanish_do_no_harm(server, request_bytes, capsys, caplog):
    """A request that is cut off is dropped without a word on stderr, and hardly one in the log."""
    exchange(server, request_bytes)
    assert httpx.get(f"{server.url}/pets").status_code == 200
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    assert capsys.readouterr() == ("", "")


def test_a_body_that_is_too_large_is_refused_in_time(server):
    """413 arrives although the client is still sending; the rest is read and thrown away."""
    head = POST + b"Content-Length: 70000000\r\n\r\n"
    with connect(server) as peer:
        peer.sendall(head + b"x" * 1_000_000)
        assert status_of(peer.recv(4096)) == 413


def test_http_1_0_is_answered_and_closed(server):
    """An old client gets its answer, then the end of the connection."""
    answer = exchange(server, b"GET /pets HTTP/1.0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"connection: close" in answer


class Broken:
    """A responder that fails, as no mock should."""

    def handle(self, request):
        raise RuntimeError("bug")

    def refuse(self, request, status, message):
        return MockResponse(status, (("x-odd", "a\r\nb"),), message.encode())

    def close(self):
        pass


def test_a_failure_is_500_and_logged(caplog):
    """Whatever goes wrong inside, the client has an answer and the log has the reason."""
    with Server(Broken()).start() as server, caplog.at_level(logging.ERROR, "mixdyn"):
        response = httpx.get(server.url)
    assert response.status_code == 500
    assert response.headers["x-odd"] == "a  b"
    assert "GET / failed" in caplog.text


# Streams.


@pytest.fixture
def talker():
    """A running server of the bundled document, with one session."""
    with serve(Mock(MIX, heartbeat_s=None, clock=lambda: NOW)) as running:
        httpx.post(f"{running.url}/api/sessions", json={"title": "demo"})
        yield running


def test_a_stream_is_live(talker):
    """Events arrive in chunks as they happen, over a connection that stays open."""
    url = f"{talker.url}/stream?sessionId=session-0001"
    with httpx.stream("GET", url, timeout=SECONDS) as stream:
        assert stream.headers["transfer-encoding"] == "chunked"
        lines = stream.iter_lines()
        assert next(lines) == "event: connected"
        httpx.post(f"{talker.url}/stream/session-0001/message", json={"content": "hi"})
        assert any(line == "event: complete" for line in lines)


def test_heartbeats_keep_a_silent_stream_alive():
    """When nothing happens, the stream's own sign of life is sent."""
    with serve(Mock(MIX, heartbeat_s=0.01)) as server:
        httpx.post(f"{server.url}/api/sessions", json={"title": "demo"})
        url = f"{server.url}/stream?sessionId=session-0001"
        with httpx.stream("GET", url, timeout=SECONDS) as stream:
            assert any(line == "event: heartbeat" for line in stream.iter_lines())


def test_a_stream_that_ends_leaves_the_connection_usable(talker):
    """When its session goes, the stream ends properly, and the next request can follow."""
    with httpx.Client(base_url=talker.url, timeout=SECONDS) as client:
        with client.stream("GET", "/stream?sessionId=session-0001") as stream:
            lines = stream.iter_lines()
            next(lines)
            httpx.delete(f"{talker.url}/api/sessions/session-0001")
            assert "event: complete" not in list(lines)
        assert client.get("/health").status_code == 200


def test_http_1_0_streams_end_with_the_connection(talker):
    """Without chunks, the end of the connection is the end of the stream."""
    with connect(talker) as peer:
        peer.sendall(b"GET /stream?sessionId=session-0001 HTTP/1.0\r\n\r\n")
        reader = peer.makefile("rb")
        head = list(iter(reader.readline, b"\r\n"))
        assert not any(b"chunked" in line for line in head)
        assert reader.readline() == b"event: connected\n"
        httpx.delete(f"{talker.url}/api/sessions/session-0001")
        assert reader.read().endswith(b"\n\n")


def test_a_reader_that_leaves_frees_its_stream():
    """The next event finds the reader gone, and its thread ends."""
    mock = Mock(MIX, heartbeat_s=0.01)
    with serve(mock) as server:
        httpx.post(f"{server.url}/api/sessions", json={"title": "demo"})
        with connect(server) as peer:
            peer.sendall(b"GET /stream?sessionId=session-0001 HTTP/1.1\r\n\r\n")
            peer.recv(10)
            thread = next(iter(server._http._open.values()))
        thread.join(SECONDS)
        assert not thread.is_alive()


def test_closing_ends_open_streams_at_once(talker):
    """Close does not wait for readers: their streams end, waiting connections are cut."""
    url = f"{talker.url}/stream?sessionId=session-0001"
    with httpx.stream("GET", url, timeout=SECONDS) as stream, connect(talker) as idle:
        lines = stream.iter_lines()
        next(lines)
        idle.sendall(b"HEAD /health HTTP/1.1\r\n\r\n")
        assert status_of(idle.recv(4096)) == 200
        talker.close()
        assert list(lines)[-1] == ""
        assert idle.recv(1) == b""
    with pytest.raises(ConnectionError):
        connect(talker)
    talker.close()


def test_closing_does_not_wait_for_a_reader_that_does_not_read(talker):
    """A peer whose buffers are full is cut off."""
    url = f"{talker.url}/api/sessions/session-0001/files/upload"
    httpx.post(url, files={"file": ("big", b"x" * 20_000_000)}, timeout=SECONDS)
    with connect(talker) as peer:
        peer.sendall(b"GET /api/sessions/session-0001/files/big HTTP/1.1\r\n\r\n")
        peer.recv(10)
        talker.close()
        with contextlib.suppress(ConnectionError):
            received = sum(map(len, iter(lambda: peer.recv(1 << 20), b"")))
            assert received < 20_000_000


def test_stopping_takes_in_no_more(server):
    """A connection that is waiting when the server stops is not served."""
    with connect(server):
        server._http.stop()
        server._thread.join(SECONDS)
        assert not server._thread.is_alive()


def test_a_connection_that_is_gone_before_it_is_accepted_is_no_matter(server, monkeypatch):
    """The kernel may take a connection back between telling of it and handing it over."""
    http = server._http
    accepted = threading.Event()
    real = http.get_request

    def get_request():
        if not accepted.is_set():
            accepted.set()
            raise OSError("gone")
        return real()

    monkeypatch.setattr(http, "get_request", get_request)
    with connect(server):
        assert accepted.wait(SECONDS)
    monkeypatch.undo()
    assert httpx.get(f"{server.url}/pets").status_code == 200


def test_a_connection_that_fails_at_once_is_dropped_quietly(server, monkeypatch, capsys):
    """A connection that cannot even be set up is logged for those who look, and closed."""
    failed = threading.Event()

    def setup(handler):
        failed.set()
        raise OSError("gone")

    monkeypatch.setattr(server._http.RequestHandlerClass, "setup", setup)
    with connect(server) as peer:
        assert failed.wait(SECONDS)
        assert peer.recv(1) == b""
    assert capsys.readouterr() == ("", "")


def test_serving_in_the_foreground_ends_with_ctrl_c(monkeypatch):
    """The command's loop says where it serves; Ctrl-C ends it quietly, with the port free again."""
    said, statuses = [], []
    real = Server.run

    def run(server):
        thread = threading.Thread(target=real, args=(server,))
        thread.start()
        statuses.append(httpx.get(f"{server.url}/pets", timeout=SECONDS).status_code)
        server._http.stop()
        thread.join(SECONDS)
        raise KeyboardInterrupt

    monkeypatch.setattr(Server, "run", run)
    serve_forever(pets(), say=said.append)
    assert statuses == [200]
    url = said[0].removeprefix("Test at ")
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


COMMAND = """
import sys
from mixdyn.tools.mock import serve_forever
serve_forever(sys.argv[1], say=lambda text: print(text, flush=True))
"""


def test_a_real_ctrl_c_ends_a_real_process():
    """SIGINT ends a serving process at once: exit code 0, nothing on stderr."""
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(MIX)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        url = process.stdout.readline().split()[-1]
        httpx.post(f"{url}/api/sessions", json={"title": "demo"})
        with httpx.stream("GET", f"{url}/stream?sessionId=session-0001", timeout=SECONDS) as stream:
            next(stream.iter_lines())
            send_signal(process, signal.SIGINT)
            out, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, out, err) == (0, "", "")
