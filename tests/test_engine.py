"""The two engines: bodies within bounds, and responses that are closed once, whatever happens."""

from __future__ import annotations

import asyncio
import gzip
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from mixdyn.connection import Connections
from mixdyn.content import ContentError
from mixdyn.deadline import DEADLINE
from mixdyn.effect import Build, Close, Flow, Read, Send, Sleep
from mixdyn.engine import AsyncEngine, Engine
from mixdyn.errors import MixError, ResponseValidationError
from mixdyn.hook import Run
from mixdyn.native import close_body, step_timeouts, to_header
from mixdyn.payload import Payload
from mixdyn.request import Request
from mixdyn.retry import BackoffStrategy, RetryConfig
from mixdyn.settings import Progress, Timeouts
from mixdyn.shortcut import to_url
from mixdyn.upload import to_upload
from tests.loopback import PATIENCE, Exchange, serve
from tests.things import make_client

Drive = Callable[[Flow], Any]
KINDS = ("blocking", "async", "trio")


@pytest.fixture(params=KINDS)
def run(request: Any) -> Drive:
    """Drive a flow by an engine."""
    if request.param == "blocking":
        return Engine(Connections(object(), object())).run
    engine = AsyncEngine(Connections(object(), object()))
    if request.param == "trio":
        trio = pytest.importorskip("trio")
        return lambda flow: trio.run(engine.run, flow)
    return lambda flow: asyncio.run(engine.run(flow))


class Response:
    """A response of a made-up client, which counts how often it is closed."""

    def __init__(self, *chunks: Any, coding: str = "", content: bytes | None = None) -> None:
        self.chunks = chunks
        self.headers = {"content-encoding": coding}
        self.is_stream_consumed = content is not None
        self.content = content
        self.closed = 0
        self.extensions: dict[str, Any] = {}

    def iter_raw(self) -> Iterator[bytes]:
        for chunk in self.chunks:
            if isinstance(chunk, BaseException):
                raise chunk
            yield chunk

    def aiter_raw(self) -> Any:
        return Chunks(self.iter_raw())

    def close(self) -> None:
        self.closed += 1

    async def aclose(self) -> None:
        self.closed += 1


class Chunks:
    """Chunks to await, without a generator that trio would want closed."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks

    def __aiter__(self) -> Chunks:
        return self

    async def __anext__(self) -> bytes:
        for chunk in self._chunks:
            return chunk
        raise StopAsyncIteration


def do(*effects: Any) -> Flow:
    """Yield effects, and give their outcomes."""
    outcomes = []
    for effect in effects:
        outcome = yield effect  # a comprehension cannot
        outcomes += [outcome]
    return outcomes


def read(
    response: Any,
    limit: int = 100,
    deadline: float | None = None,
    on_progress: Progress | None = None,
) -> Read:
    return Read(response, limit, deadline, on_progress)


def test_run_gives_the_value(run: Drive) -> None:
    """A flow that needs nothing done just gives its value."""
    assert run(do()) == []


def test_read(run: Drive) -> None:
    """A body is collected, decoded, and left on the response."""
    packed = gzip.compress(b"hello")
    response = Response(packed[:5], packed[5:], coding="gzip")
    assert run(do(read(response))) == [b"hello"]
    assert response._content == b"hello"
    assert response.closed == 0  # a client closes what was read to its end


def test_read_whole(run: Drive) -> None:
    """A body that the client has read already is taken as it is, within the same bounds."""
    assert run(do(read(Response(content=b"12345"), limit=5))) == [b"12345"]
    with pytest.raises(ContentError, match="larger than 4 bytes"):
        run(do(read(Response(content=b"12345"), limit=4)))


BOMB = gzip.compress(bytes(1_000_000))


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (Response(b"x" * 60, b"x" * 60), ContentError),
        (Response(BOMB, coding="gzip"), ContentError),
        (Response(b"no gzip at all", coding="gzip"), ContentError),
        (Response(b"", coding="br"), ContentError),
        (Response(b"x", httpx.ReadError("cut")), httpx.ReadError),
        (Response(KeyboardInterrupt()), KeyboardInterrupt),
    ],
)
def test_read_fails(run: Drive, response: Response, error: type[BaseException]) -> None:
    """Whatever fails while a body is read, the response is closed, and the error comes through."""
    response.closed = 0
    with pytest.raises(error):
        run(do(read(response)))
    assert response.closed == 1


def test_read_has_a_deadline(run: Drive) -> None:
    """The time is looked at between chunks, so what is there in one piece is never too late."""
    assert run(do(read(Response(b"x"), deadline=0.0))) == [b"x"]
    assert run(do(read(Response(b"x", b"y"), deadline=1e12))) == [b"xy"]
    response = Response(b"x", b"y")
    with pytest.raises(TimeoutError, match="raise timeout_ms"):
        run(do(read(response, deadline=0.0)))
    assert response.closed == 1


def test_close(run: Drive) -> None:
    """A response is closed where the flow says so."""
    response = Response()
    run(do(Close(response)))
    assert response.closed == 1


def test_sleep(run: Drive) -> None:
    """A wait is waited for."""
    assert run(do(Sleep(0))) == [None]


def test_progress_of_an_answer(run: Drive) -> None:
    """What is received is counted as it came, against the size that the answer told."""
    counted: list[tuple[int, int | None]] = []

    def count(done: int, total: int | None) -> None:
        counted.append((done, total))

    for size, total in (({"content-length": "3"}, 3), ({"content-length": "x"}, None), ({}, None)):
        response = Response(b"ab", b"c")
        response.headers |= size
        run(do(read(response, on_progress=count)))
        assert counted == [(2, total), (3, total)]
        counted.clear()


def test_functions_of_the_caller(run: Drive) -> None:
    """A function is called with what it is given, and its value is the outcome."""
    assert run(do(Run(divmod, (7, 2)))) == [(3, 1)]


def test_async_functions_of_the_caller() -> None:
    """What can be awaited is awaited, or refused where nothing can be awaited."""

    async def ask() -> str:
        return "asked"

    engine = AsyncEngine(Connections(object(), object()))
    assert asyncio.run(engine.run(do(Run(ask, ())))) == ["asked"]
    with pytest.raises(TypeError, match=r"ask is async: use the method's _async twin"):
        Engine(Connections(object(), object())).run(do(Run(ask, ())))


class Client:
    """A made-up HTTP client, which notes the deadline that holds when it sends."""

    follow_redirects = False

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.options: dict[str, Any] = {}

    def build_request(self, method: str, url: Any, **options: Any) -> Any:
        self.options = options
        return (method, url)

    def send(self, request: Any, **options: Any) -> Any:
        self.sent.append((request, options, DEADLINE.get()))
        return Response()


class AsyncClient(Client):
    """The same, awaited."""

    async def send(self, request: Any, **options: Any) -> Any:
        return super().send(request, **options)


def build(content: Any = None, **options: Any) -> Build:
    request = Request("PUT", "http://things.test/x", {"accept": "é"}, content)
    return Build(request, False, Timeouts(), options.get("on_progress"))


@pytest.mark.parametrize("kind", KINDS)
def test_send(kind: str) -> None:
    """What was built is sent as a stream, with the flow's options, under its deadline."""
    client, twin = Client(), AsyncClient()
    connections = Connections(client, twin)
    flow = do(build(), Send("request", False, 5.0, {"follow_redirects": False}))
    if kind == "blocking":
        (built, _) = Engine(connections).run(flow)
    elif kind == "async":
        (built, _) = asyncio.run(AsyncEngine(connections).run(flow))
    else:
        (built, _) = pytest.importorskip("trio").run(AsyncEngine(connections).run, flow)
    used = client if kind == "blocking" else twin
    assert built == (("PUT", "http://things.test/x"), False)
    assert used.options["headers"]["accept"] == b"\xe9"
    assert "timeout" not in used.options
    assert used.sent == [("request", {"stream": True, "follow_redirects": False}, 5.0)]
    assert DEADLINE.get() is None


def test_redirects_of_the_client() -> None:
    """A client that is set to follow redirects is told of; the flow then follows."""
    client = Client()
    client.follow_redirects = True
    assert Engine(Connections(client, None)).run(do(build()))[0].follows


@pytest.mark.parametrize(
    ("timeouts", "is_stream", "expected"),
    [
        (Timeouts(), False, None),
        (Timeouts(total=1.0), False, None),
        (Timeouts(idle=1.0), False, None),
        (Timeouts(connect=1.0), False, (1.0, 60.0, 60.0, 1.0)),
        (Timeouts(connect=1.0), True, (1.0, 600.0, 600.0, 1.0)),
        (Timeouts(read=None), False, (10.0, None, None, 10.0)),
        (Timeouts(1.0, 2.0, 3.0, 4.0), True, (1.0, 4.0, 4.0, 1.0)),
    ],
)
def test_step_timeouts(timeouts: Timeouts, expected: Any, *, is_stream: bool) -> None:
    """Each step has its limit: what is not given is the client's own, or our default."""
    assert step_timeouts(timeouts, object(), is_stream=is_stream) == expected


def test_step_timeouts_of_a_given_client() -> None:
    """Where one limit is given, the others stay those of the caller's client."""
    with httpx.Client(timeout=httpx.Timeout(7.0, connect=3.0)) as client:
        assert step_timeouts(Timeouts(connect=1.0), client, is_stream=False) == (1, 7, 7, 1)
        assert step_timeouts(Timeouts(read=2.0), client, is_stream=False) == (3, 2, 2, 3)


@pytest.mark.parametrize("is_async", [False, True])
def test_progress_of_an_upload(*, is_async: bool) -> None:
    """What has been sent is counted after each piece, also where the size is not known."""
    counted: list[tuple[int, int | None]] = []

    def count(done: int, total: int | None) -> None:
        counted.append((done, total))

    async def join(chunks: Any) -> bytes:
        return b"".join([chunk async for chunk in chunks])

    for source, total in ((io.BytesIO(b"abc"), 3), (iter([b"ab", b"c"]), None)):
        payload = Payload.of_file(to_upload(source, "file"))
        client = Client()
        engine: Any = (
            AsyncEngine(Connections(None, client))
            if is_async
            else Engine(Connections(client, None))
        )
        flow = do(build(payload, on_progress=count))
        asyncio.run(engine.run(flow)) if is_async else engine.run(flow)
        assert client.options["headers"].get("content-length") == (str(total) if total else None)
        chunks = client.options["content"]
        assert (asyncio.run(join(chunks)) if is_async else b"".join(chunks)) == b"abc"
        assert counted[-1] == (3, total)
        counted.clear()


def test_uploads_that_must_be_awaited() -> None:
    """What can only be read by awaiting is refused before a blocking call sends anything."""

    async def chunks() -> Any:
        yield b"x"

    client = Client()
    payload = Payload.of_file(to_upload(chunks(), "file"))
    with pytest.raises(TypeError, match="call the `_async` method"):
        Engine(Connections(client, None)).run(do(build(payload)))
    assert client.sent == []


def test_flow_decides(run: Drive) -> None:
    """The flow learns of a failed effect, and what it then does is done."""
    response = Response(ValueError())

    def flow() -> Flow:
        try:
            yield read(response)
        except ValueError:
            yield Close(response)
        return "done"

    assert run(flow()) == "done"
    assert response.closed == 2


def test_async_close_is_shielded() -> None:
    """A response is closed to the end also while its task is being cancelled."""

    class Slow(Response):
        async def aiter_raw(self) -> Any:
            yield b"x"
            await asyncio.Future()

        async def aclose(self) -> None:
            await asyncio.wait([asyncio.ensure_future(asyncio.Event().wait())], timeout=0)
            self.closed += 1

    response = Slow()

    async def main() -> None:
        engine = AsyncEngine(Connections(object(), object()))
        task = asyncio.ensure_future(engine.run(do(read(response))))
        await asyncio.wait([task], timeout=0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        for other in asyncio.all_tasks() - {asyncio.current_task()}:
            other.cancel()

    asyncio.run(main())
    assert response.closed == 1


def test_async_thrown_away() -> None:
    """A coroutine that is thrown away in the middle of a body awaits nothing more."""

    class Never(Response):
        async def aiter_raw(self) -> Any:
            await asyncio.Future()
            yield b""

    response = Never()

    async def main() -> None:
        running = AsyncEngine(Connections(object(), object())).run(do(read(response)))
        running.send(None)
        running.close()

    asyncio.run(main())
    assert response.closed == 0


def test_url_of_family() -> None:
    """A URL becomes one of httpx for it and its kin, and stays text for others."""
    assert isinstance(to_url("httpx", "http://a.test/"), httpx.URL)
    assert to_url("elsewhere", "http://a.test/") == "http://a.test/"


def test_header_beyond_ascii() -> None:
    """A header value goes out in Latin-1, which is what HTTP has."""
    assert to_header("plain") == "plain"
    assert to_header("é") == b"\xe9"


def test_httpx2() -> None:
    """A client of httpx2 does as well as one of httpx, its errors included."""
    httpx2 = pytest.importorskip("httpx2")

    def answer(request: Any) -> Any:
        if request.method == "POST":
            raise httpx2.ConnectError("no")
        return httpx2.Response(200, json=[{"name": request.headers["accept"]}])

    with httpx2.Client(transport=httpx2.MockTransport(answer)) as client:
        api = make_client(client=client)
        assert api.things.list()[0].name == "application/json"
        with pytest.raises(httpx2.ConnectError):
            api.things.create(name="a")


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize(
    ("answer", "error", "match"),
    [
        (
            b"HTTP/1.1 200 X\r\nContent-Length: 9\r\n\r\n[",
            httpx.RemoteProtocolError,
            "received 1 bytes",
        ),
        (
            b"HTTP/1.1 200 X\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nabcde",
            ResponseValidationError,
            "answered 200, but the content coding is broken",
        ),
        (
            b"HTTP/1.1 503 X\r\nContent-Encoding: br\r\nContent-Length: 5\r\n\r\nabcde",
            ResponseValidationError,
            "answered 503, but the content coding 'br' is not supported",
        ),
    ],
)
def test_broken_bodies(answer: bytes, error: Any, match: str, *, is_async: bool) -> None:
    """A cut body raises the client's error, an undecodable one ours, with the status."""

    def send(exchange: Exchange) -> None:
        exchange.send(answer)
        exchange.sock.shutdown(2)

    with serve(send) as server, make_client(server.url, retry_config=None) as api:
        with pytest.raises(error, match=match) as caught:
            asyncio.run(api.things.list_async()) if is_async else api.things.list()
        if error is ResponseValidationError:
            assert caught.value.status_code in (200, 503)
        assert server.exchanges[0].closed.wait(PATIENCE)


def test_dripping_body() -> None:
    """A body that comes in drops ends with the call's limit, though each drop is in time."""

    def drip(exchange: Exchange) -> None:
        exchange.send_head(200, "application/json", "Transfer-Encoding: chunked")
        while not exchange.closed.wait(0.02):
            exchange.send_chunk(b" ")

    with serve(drip) as server, make_client(server.url, timeout_ms=200) as api:
        with pytest.raises(httpx.ReadTimeout, match=r"raise timeout_ms"):
            api.things.list()
        assert server.exchanges[0].closed.wait(PATIENCE)


def test_dripping_body_for_a_given_client() -> None:
    """A client of the caller's gets its own error for an answer that comes in drops."""

    def drip(exchange: Exchange) -> None:
        exchange.send_head(200, "application/json", "Transfer-Encoding: chunked")
        while not exchange.closed.wait(0.02):
            exchange.send_chunk(b" ")

    with serve(drip) as server, httpx.Client() as client:
        api = make_client(server.url, client=client, timeout_ms={"total": 200})
        with pytest.raises(httpx.ReadTimeout, match=r"raise timeout_ms"):
            api.things.list()


def test_dripping_head() -> None:
    """A head that never ends holds no call beyond its limit either."""

    def drip(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 X\r\nx-slow: ")
        while not exchange.closed.wait(0.02):
            exchange.send(b"x")

    with serve(drip) as server, make_client(server.url, timeout_ms=200) as api:
        with pytest.raises(httpx.ReadTimeout):
            api.things.list()
        with pytest.raises(httpx.ReadTimeout):
            asyncio.run(api.things.list_async())


def test_redirects_are_not_followed() -> None:
    """A redirect is an answer that the document does not describe."""

    def answer(exchange: Exchange) -> None:
        exchange.send_json({"message": "elsewhere"}, 302, "Location: /other")

    with serve(answer) as server, make_client(server.url) as api:
        with pytest.raises(MixError) as caught:
            api.things.list()
        assert caught.value.status_code == 302
        assert len(server.exchanges) == 1


RETRIES = RetryConfig("backoff", BackoffStrategy(1, 1, 1, 10_000), True)


class ReadOnly:
    """A file that can only be read on."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("method", ["upload", "attach"])
def test_files_are_sent_again(tmp_path: Path, method: str, *, is_async: bool) -> None:
    """A file is sent from where it stood, in each attempt the same, with its size."""
    busy = [True]

    def answer(exchange: Exchange) -> None:
        if busy:
            exchange.send_json({"message": busy.pop() and "busy"}, 503)
        else:
            exchange.send_head(204)

    path = tmp_path / "data.bin"
    path.write_bytes(b"0123456789")
    with (
        serve(answer) as server,
        make_client(server.url, retry_config=RETRIES) as api,
        path.open("rb") as file,
    ):
        file.seek(4)
        argument = "body" if method == "upload" else "file"
        if is_async:
            asyncio.run(getattr(api.things, f"{method}_async")(**{argument: file}))
        else:
            getattr(api.things, method)(**{argument: file})
        first, second = server.exchanges
        assert b"456789" in first.body
        assert b"3456789" not in first.body
        assert int(first.headers["content-length"]) == len(first.body)
        # Apart from the boundary, which is chosen anew, both are the same.
        assert len(second.body) == len(first.body)
        assert b"456789" in second.body
        assert not file.closed


def test_paths_are_opened_and_closed(tmp_path: Path) -> None:
    """A path is opened for the call, sent again if need be, and closed with it."""
    busy = [True]

    def answer(exchange: Exchange) -> None:
        exchange.send_json({"message": "busy"}, 503) if busy and busy.pop() else exchange.send_head(
            204
        )

    path = tmp_path / "data.bin"
    path.write_bytes(b"x" * 200_000)
    with serve(answer) as server, make_client(server.url, retry_config=RETRIES) as api:
        assert api.things.upload(body=path) is None
        assert [len(e.body) for e in server.exchanges] == [200_000, 200_000]


def test_bytes_are_sent_with_their_size() -> None:
    """Bytes are sent as they are."""
    with serve(lambda exchange: exchange.send_head(204)) as server, make_client(server.url) as api:
        api.things.upload(body=b"abc")
        asyncio.run(api.things.upload_async(body=b"abc"))
        assert [(e.body, e.headers["content-length"]) for e in server.exchanges] == [
            (b"abc", "3")
        ] * 2


def test_pipes_are_sent_once() -> None:
    """What cannot be read again is not sent again; without a known size it goes out in chunks."""

    def answer(exchange: Exchange) -> None:
        exchange.send_json({"message": "busy"}, 503)

    with serve(answer) as server, make_client(server.url, retry_config=RETRIES) as api:
        with pytest.raises(MixError, match="busy"):
            api.things.upload(body=ReadOnly(b"abc"))
        (only,) = server.exchanges
        assert only.headers["transfer-encoding"] == "chunked"
        assert b"abc" in only.body


def test_async_send_thrown_away() -> None:
    """A coroutine that is thrown away while it sends awaits nothing more."""

    class Never(Client):
        async def send(self, request: Any, **options: Any) -> Any:
            await asyncio.Future()

    async def main() -> None:
        flow = do(Send("request", False, None, {}))
        running = AsyncEngine(Connections(None, Never())).run(flow)
        running.send(None)
        running.close()

    asyncio.run(main())


def test_async_bodies_are_read_once() -> None:
    """A client that sends a body again, as digest authentication does, is told that it is gone."""

    class Twice(httpx.Auth):
        requires_response_body = True

        def auth_flow(self, request: httpx.Request) -> Any:
            yield request
            yield request

    async def main(url: str) -> None:
        async with httpx.AsyncClient(auth=Twice()) as client:
            api = make_client(url, async_client=client)
            with pytest.raises(httpx.StreamConsumed):
                await api.things.upload_async(body=io.BytesIO(b"abc"))

    with serve(lambda exchange: exchange.send_head(204)) as server:
        asyncio.run(main(server.url))


@pytest.mark.parametrize("kind", ["async", "trio"])
def test_async_sources_are_closed(kind: str) -> None:
    """What a request was sent from is closed, also where the server answers before its end."""
    closed = []

    async def endless() -> Any:
        try:
            while True:
                yield bytes(100_000)
        finally:
            closed.append(1)

    def answer(exchange: Exchange) -> None:
        exchange.send_json({"message": "too large"}, 413)
        exchange.reset()

    async def main(url: str) -> None:
        async with make_client(url) as api:
            with pytest.raises((MixError, httpx.TransportError)):
                await api.things.upload_async(body=endless())

    class Early(Exchange):
        """A request whose body is not read."""

        def _read_body(self, data: bytes) -> tuple[bytes, bytes]:
            return b"", b""

    with serve(answer, exchange=Early) as server:
        if kind == "trio":
            pytest.importorskip("trio").run(main, server.url)
        else:
            asyncio.run(main(server.url))
    assert closed == [1]


def test_close_body_of_others() -> None:
    """A body that another library put into a request is not ours to close."""
    foreign = SimpleNamespace(stream=SimpleNamespace(chunks=object()))
    assert asyncio.run(close_body(foreign)) is None  # type: ignore[func-returns-value]  # that is the point
