"""Reads and writes that heed the deadline of a call; over sockets that nobody answers."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import httpcore
import httpx
import pytest

from mixdyn.deadline import PASSED, until
from mixdyn.network import AsyncLine, AsyncNetwork, AsyncStream, Line, Network, Stream, watch
from tests.loopback import Exchange, serve
from tests.things import make_client


class FakeStream(httpcore.NetworkStream):
    """Notes the time limits that it is given, and may find each too short."""

    def __init__(self, *, is_slow: bool = False) -> None:
        self.limits: list[Any] = []
        self.sent = b""
        self.is_slow = is_slow

    def _wait(self, limit: Any, kind: type[Exception]) -> None:
        self.limits.append(limit)
        if self.is_slow:
            raise kind("timed out")

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._wait(timeout, httpcore.ReadTimeout)
        return b"x" * max_bytes

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._wait(timeout, httpcore.WriteTimeout)
        self.sent += buffer

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> FakeStream:
        self._wait(timeout, httpcore.ConnectTimeout)
        return self

    def close(self) -> None:
        self.sent = b"closed"

    def get_extra_info(self, info: str) -> Any:
        return info

    def connect_tcp(self, host: str, port: int, timeout: float | None = None) -> FakeStream:
        self._wait(timeout, httpcore.ConnectTimeout)
        return self

    def connect_unix_socket(self, path: str) -> FakeStream:
        return self

    def sleep(self, seconds: float) -> None:
        self.limits.append(seconds)


class AsyncFake(httpcore.AsyncNetworkStream):
    """The same, awaited."""

    def __init__(self, fake: FakeStream) -> None:
        self.fake = fake

    def get_extra_info(self, info: str) -> Any:
        return info

    def __getattribute__(self, name: str) -> Any:
        if name in ("fake", "get_extra_info") or name.startswith("__"):
            return super().__getattribute__(name)

        async def act(*args: Any, **options: Any) -> Any:
            outcome = getattr(self.fake, "close" if name == "aclose" else name)(*args, **options)
            return self if outcome is self.fake else outcome

        return act


class Sides:
    """Does the same with the blocking and the async kind."""

    def __init__(self, *, is_async: bool) -> None:
        self.is_async = is_async

    def wrap(self, fake: Any) -> Any:
        return AsyncStream(AsyncFake(fake)) if self.is_async else Stream(fake)

    def wrap_network(self, fake: Any) -> Any:
        return AsyncNetwork(AsyncFake(fake)) if self.is_async else Network(fake)  # type: ignore[arg-type]  # it has the methods

    def run(self, function: Callable[..., Any], *args: Any) -> Any:
        if not self.is_async:
            return function(*args)

        async def main() -> Any:
            return await function(*args)

        return asyncio.run(main())


@pytest.fixture(params=[False, True], ids=["blocking", "async"])
def sides(request: pytest.FixtureRequest) -> Sides:
    """Both kinds."""
    return Sides(is_async=request.param)


def acts(stream: Any, network: Any, timeout: float | None) -> list[tuple[Any, ...]]:
    """List everything that may wait, with its arguments."""
    return [
        (httpcore.ReadTimeout, stream.read, 3, timeout),
        (httpcore.WriteTimeout, stream.write, b"abc", timeout),
        (httpcore.ConnectTimeout, stream.start_tls, None, "host", timeout),
        (httpcore.ConnectTimeout, network.connect_tcp, "host", 80, timeout),
    ]


@pytest.mark.parametrize("timeout", [None, 5.0])
def test_without_deadline(sides: Sides, timeout: float | None) -> None:
    """Without a deadline, and with one far off, the timeout of each step counts."""
    fake = FakeStream()
    for _, function, *args in acts(sides.wrap(fake), sides.wrap_network(fake), timeout):
        sides.run(function, *args)
        with until(time.monotonic() + 1000):
            sides.run(function, *args)
    assert fake.limits[::2] == [timeout] * 4
    assert all(limit == timeout or 900 < limit <= 1000 for limit in fake.limits[1::2])


@pytest.mark.parametrize("timeout", [None, 5.0])
def test_near_deadline(sides: Sides, timeout: float | None) -> None:
    """Where less is left than the timeout of a step, the step gets what is left."""
    fake = FakeStream()
    for _, function, *args in acts(sides.wrap(fake), sides.wrap_network(fake), timeout):
        with until(time.monotonic() + 2):
            sides.run(function, *args)
    assert len(fake.limits) == 4
    assert all(0 < limit <= 2 for limit in fake.limits)


def test_passed_deadline(sides: Sides) -> None:
    """After the deadline nothing is waited for, and the error says why."""
    fake = FakeStream()
    for kind, function, *args in acts(sides.wrap(fake), sides.wrap_network(fake), 5.0):
        with until(time.monotonic() - 1), pytest.raises(kind, match=PASSED):
            sides.run(function, *args)
    assert fake.limits == []


def test_slow_step(sides: Sides) -> None:
    """A step that takes too long says so in the client's words, or that the call's time is over."""
    fake = FakeStream(is_slow=True)
    for kind, function, *args in acts(sides.wrap(fake), sides.wrap_network(fake), 5.0):
        with pytest.raises(kind, match="timed out"):
            sides.run(function, *args)
        with until(time.monotonic() + 2), pytest.raises(kind, match=PASSED) as passed:
            sides.run(function, *args)
        assert str(passed.value.__cause__) == "timed out"


def test_a_slow_step_keeps_its_cause(sides: Sides) -> None:
    """Where a step's own limit is reached, its error comes as it is: it is not its own cause."""
    fake = FakeStream(is_slow=True)
    for kind, function, *args in acts(sides.wrap(fake), sides.wrap_network(fake), 5.0):
        with pytest.raises(kind) as caught:
            sides.run(function, *args)
        assert caught.value.__cause__ is None


def test_write_in_slices(sides: Sides) -> None:
    """A large body is sent in slices, each with what is left; an empty one not at all."""
    fake, content = FakeStream(), bytes(range(256)) * 3000
    stream = sides.wrap(fake)
    sides.run(stream.write, content)
    sides.run(stream.write, b"")
    assert fake.sent == content
    assert len(fake.limits) == 3


def test_pass_through(sides: Sides) -> None:
    """Everything else is the network's own."""
    fake = FakeStream()
    stream, network = sides.wrap(fake), sides.wrap_network(fake)
    assert stream.get_extra_info("socket") == "socket"
    assert type(sides.run(network.connect_unix_socket, "path")) is type(stream)
    sides.run(network.sleep, 7)
    assert fake.limits == [7]
    sides.run(stream.aclose if sides.is_async else stream.close)
    assert fake.sent == b"closed"


def test_watch_installed_httpx() -> None:
    """The transports of the installed httpx can be made to heed deadlines."""
    line: Any = watch(httpx.HTTPTransport())._pool
    assert type(line) is Line
    assert isinstance(line.pool._network_backend, Network)
    line = watch(httpx.AsyncHTTPTransport())._pool
    assert type(line) is AsyncLine
    assert isinstance(line.pool._network_backend, AsyncNetwork)


class FakeConnection:
    """A connection that is idle, or not; it tells what became of it."""

    def __init__(self, origin: Any) -> None:
        self.origin = origin
        self.requests = 0
        self.idle = True
        self.expired = False
        self.is_closed = False

    def is_idle(self) -> bool:
        return self.idle

    def has_expired(self) -> bool:
        return self.expired

    def handle_request(self, request: Any) -> Any:
        self.requests += 1
        return httpcore.Response(200)

    def close(self) -> None:
        self.is_closed = True

    async def handle_async_request(self, request: Any) -> Any:
        return self.handle_request(request)

    async def aclose(self) -> None:
        self.close()


class Lines:
    """A line of either kind, and the connections that it has had made."""

    def __init__(self, sides: Sides) -> None:
        self.made: list[FakeConnection] = []
        self.line: Any = AsyncLine(self) if sides.is_async else Line(self)
        self.sides = sides

    def create_connection(self, origin: Any) -> FakeConnection:
        self.made.append(FakeConnection(origin))
        return self.made[-1]

    def ask(self, url: str) -> None:
        send = self.line.handle_async_request if self.sides.is_async else self.line.handle_request
        assert self.sides.run(send, httpcore.Request("GET", url)).status == 200

    @property
    def requests(self) -> list[int]:
        return [one.requests for one in self.made]


def test_line_keeps_connections(sides: Sides) -> None:
    """Each server has a connection, which is used again."""
    lines = Lines(sides)
    for _ in range(3):
        lines.ask("http://a.test/")
        lines.ask("http://a.test:81/")
    assert lines.requests == [3, 3]
    close = lines.line.aclose if sides.is_async else lines.line.close
    sides.run(close)
    assert all(one.is_closed for one in lines.made)


@pytest.mark.parametrize("change", [{"idle": False}, {"expired": True}])
def test_line_drops_stale(sides: Sides, change: dict[str, bool]) -> None:
    """A connection that is over or too old is closed, and another one made."""
    lines = Lines(sides)
    lines.ask("http://a.test/")
    vars(lines.made[0]).update(change)
    lines.ask("http://a.test/")
    assert lines.requests == [1, 1]
    assert [one.is_closed for one in lines.made] == [True, False]


def test_line_of_many_servers(sides: Sides) -> None:
    """Of many servers the oldest connection is closed for a new one."""
    lines = Lines(sides)
    for number in range(5):
        lines.ask(f"http://{number}.test/")
    assert [one.is_closed for one in lines.made] == [True, False, False, False, False]


def test_line_of_other_scheme(sides: Sides) -> None:
    """What is not HTTP is refused."""
    lines = Lines(sides)
    with pytest.raises(httpcore.UnsupportedProtocol, match="ftp"):
        lines.ask("ftp://a.test/")
    assert not lines.made


@pytest.mark.parametrize(
    "transport",
    [SimpleNamespace(), SimpleNamespace(_pool=SimpleNamespace(_network_backend=7))],
)
def test_watch_other_transport(transport: Any) -> None:
    """Where a transport is built otherwise, it is left as it is."""
    before = repr(transport)
    assert watch(transport) is transport
    assert repr(transport) == before


def drip(exchange: Exchange) -> None:
    """Send a header line for each byte that the test allows, and never an end."""
    exchange.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        exchange.send(b"X: y\r\n")
        if exchange.closed.wait(0.02):
            return


@pytest.mark.parametrize("is_async", [False, True], ids=["blocking", "async"])
def test_dripping_headers(is_async: bool) -> None:
    """A server that sends a header now and then holds a call no longer than it may take in all."""
    with serve(drip) as server:
        api = make_client(server.url, timeout_ms={"total": 300}, retry_config=None)
        start = time.monotonic()

        async def main() -> None:
            async with api:
                await api.things.list_async()

        call = (lambda: asyncio.run(main())) if is_async else api.things.list
        with pytest.raises(httpx.ReadTimeout, match="longer than it may in all"):
            call()
        assert time.monotonic() - start < 5
        api.close()


def test_dripping_headers_under_trio() -> None:
    """The same under trio."""
    trio = pytest.importorskip("trio")

    async def main() -> None:
        async with make_client(server.url, timeout_ms={"total": 300}, retry_config=None) as api:
            with pytest.raises(httpx.ReadTimeout, match="longer than it may in all"):
                await api.things.list_async()

    with serve(drip) as server:
        trio.run(main)


def test_tls_heeds_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that is encrypted, or about to be, heeds the deadline too."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stream = Network(httpcore.SyncBackend()).connect_tcp("127.0.0.1", listener.getsockname()[1])
        with until(time.monotonic() + 0.1), pytest.raises(httpcore.ConnectTimeout, match=PASSED):
            stream.start_tls(ssl.create_default_context(), "localhost", 60)
