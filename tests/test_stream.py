"""Event streams: what they give, how they end, and that nothing stays open; on real sockets."""

from __future__ import annotations

import asyncio
import gc
import threading
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import httpx
import pytest

from mixdyn import sse
from mixdyn.client import Client
from mixdyn.connection import Connections
from mixdyn.errors import ClientClosedError, MixError, ResponseValidationError
from mixdyn.release import release_async
from mixdyn.stream import AsyncEventStream, EventFeed, EventStream
from tests.documents import answers, plan_operation
from tests.loopback import PATIENCE, Exchange, Loopback, serve
from tests.things import make_client

TICK = 'event: tick\nid: 7\ndata: {"n": 1}\n\n'
BAD = "event: tick\ndata: 5\n\n"
TOCK = "event: tock\ndata: hello\n\n"


def answer_open(exchange: Exchange) -> None:
    """Send two events, and keep the stream open."""
    exchange.start_stream(TICK, TOCK)
    exchange.stay()


def answer_ended(exchange: Exchange) -> None:
    """Send two events and end the stream, but not the connection."""
    exchange.start_stream(TICK, TOCK)
    exchange.send(b"0\r\n\r\n")


def answer_cut(exchange: Exchange) -> None:
    """Break off in the middle."""
    exchange.start_stream(TICK)
    exchange.sock.shutdown(2)


def make_feed(**options: Any) -> EventFeed:
    """Give a feed for a stream that the document does not describe."""
    reader = plan_operation(answers()).events
    return EventFeed(reader, "warn", lambda problems: None, "things.watch", **options)


def is_over(server: Loopback, number: int = 0) -> bool:
    """Wait until the server sees that the client has hung up."""
    return server.exchanges[number].closed.wait(PATIENCE)


@pytest.fixture
def api_of() -> Iterator[Callable[[Any], tuple[Client, Loopback]]]:
    """Give a client and the server that answers it."""
    opened: list[Any] = []

    def open_both(answer: Any, **options: Any) -> tuple[Client, Loopback]:
        context = serve(answer)
        server = context.__enter__()
        api = make_client(server.url, **options)
        opened.extend((context, api))
        return api, server

    yield open_both
    for context, api in zip(opened[::2], opened[1::2], strict=True):
        api.close()
        context.__exit__(None, None, None)


def test_iterate(api_of: Any) -> None:
    """A stream gives typed events as they come, and tells of its response."""
    api, _ = api_of(answer_open)
    with api.things.watch() as events:
        assert isinstance(events, EventStream)
        assert iter(events) is events.result is events
        assert next(events).data.n == 1
        assert events.last_event_id == "7"
        assert next(events).data == "hello"
        assert events.headers["content-type"] == "text/event-stream"
        assert events.response.status_code == 200
        assert repr(events) == "<EventStream of things.watch (GET /events), open>"
    assert repr(events) == "<EventStream of things.watch (GET /events), closed>"


def test_connects_at_the_call(api_of: Any) -> None:
    """An error status is raised by the call itself."""
    api, _ = api_of(lambda exchange: exchange.send_json({"message": "no"}, 404))
    with pytest.raises(MixError, match="no") as caught:
        api.things.watch()
    assert caught.value.status_code == 404


def test_leaving_the_block(api_of: Any) -> None:
    """Leaving the block, also by a break or an error, ends the connection."""
    api, server = api_of(answer_open)
    with api.things.watch() as events:
        for _ in events:
            break
    assert is_over(server, 0)
    with pytest.raises(KeyError), api.things.watch() as events:
        raise KeyError
    assert is_over(server, 1)


def test_next_after_close(api_of: Any) -> None:
    """A closed stream says so, however often it was closed."""
    api, server = api_of(answer_open)
    events = api.things.watch()
    events.close()
    events.close()
    with pytest.raises(ClientClosedError, match="open another one"):
        next(events)
    assert is_over(server)


def test_natural_end(api_of: Any) -> None:
    """When the server ends the stream the iteration ends, and the connection is used again."""
    api, server = api_of(answer_ended)
    for _ in range(2):
        events = api.things.watch()
        assert [event.event for event in events] == ["tick", "tock"]
        assert next(events, None) is None
        assert "closed" in repr(events)
    assert len(server.connections) == 1


def test_transport_error(api_of: Any) -> None:
    """A stream that breaks raises the HTTP client's own error, and is then closed."""
    api, _ = api_of(answer_cut)
    events = api.things.watch()
    next(events)
    with pytest.raises(httpx.RemoteProtocolError):
        next(events)
    with pytest.raises(ClientClosedError):
        next(events)


def test_strict_goes_on(api_of: Any) -> None:
    """In strict mode an event that does not fit is raised in its place; the next one follows."""

    def answer(exchange: Exchange) -> None:
        exchange.start_stream(TICK + BAD + TOCK)
        exchange.send(b"0\r\n\r\n")

    api, _ = api_of(answer, validate="strict")
    events = api.things.watch()
    assert next(events).event == "tick"
    with pytest.raises(ResponseValidationError, match="an event 'tick' does not fit") as caught:
        next(events)
    assert caught.value.body == "5"
    assert next(events).event == "tock"
    assert next(events, None) is None


@pytest.mark.parametrize(("mode", "warnings"), [("warn", 1), ("off", 0)])
def test_drift_is_kept(api_of: Any, caplog: Any, mode: str, warnings: int) -> None:
    """In the other modes it is delivered as it came, and reported or not."""

    def answer(exchange: Exchange) -> None:
        exchange.start_stream(BAD)
        exchange.send(b"0\r\n\r\n")

    api, _ = api_of(answer, validate=mode)
    assert [event.data for event in api.things.watch()] == [5]
    assert len(caplog.records) == warnings


@pytest.fixture
def small_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let events be 100 bytes at most."""
    monkeypatch.setattr(
        "mixdyn.event.Decoder", lambda max_event_bytes: sse.Decoder(max_event_bytes=100)
    )


LARGE = f"data: {'x' * 200}\n\n"


@pytest.mark.usefixtures("small_events")
def test_too_large(api_of: Any) -> None:
    """An event that is too large is raised once, after those before it; then it is over."""

    def answer(exchange: Exchange) -> None:
        exchange.start_stream(TICK + TOCK + LARGE + TICK)
        exchange.stay()

    api, server = api_of(answer)
    events = api.things.watch()
    assert [next(events).event, next(events).event] == ["tick", "tock"]
    with pytest.raises(ResponseValidationError, match="larger than 100 bytes"):
        next(events)
    assert next(events, None) is None
    assert next(events, None) is None
    assert is_over(server)


def test_abandoned(api_of: Any) -> None:
    """A stream that is let go of hangs up at once, also where nobody began to read."""
    api, server = api_of(answer_open)
    events = api.things.watch()
    next(events)
    del events
    assert is_over(server, 0)
    api.things.watch()
    assert is_over(server, 1)
    assert len(api._connections.abandoned) == 1


def test_keeps_the_client(api_of: Any) -> None:
    """A stream goes on where its client was let go of."""
    _, server = api_of(answer_open)
    events = make_client(server.url).things.watch()
    gc.collect()
    assert [next(events).event, next(events).event] == ["tick", "tock"]
    events.close()


def test_close_wakes_a_reader(api_of: Any) -> None:
    """Closing from another thread ends the iteration of one that waits for events."""
    api, _ = api_of(answer_open)
    events = api.things.watch()
    is_reading = threading.Event()

    def read() -> list[str]:
        seen = []
        for event in events:
            seen.append(event.event)
            if event.event == "tock":
                is_reading.set()
        return seen

    with ThreadPoolExecutor(1) as pool:
        told = pool.submit(read)
        assert is_reading.wait(PATIENCE)
        events.close()
        assert told.result(PATIENCE) == ["tick", "tock"]


def test_client_closed(api_of: Any) -> None:
    """A stream whose client was closed says so."""
    api, server = api_of(answer_open)
    events = api.things.watch()
    api.close()
    with pytest.raises(ClientClosedError, match="the client was closed"):
        list(events)
    assert is_over(server)


def test_interrupt(api_of: Any) -> None:
    """Ctrl-C while waiting for events is not held up, and ends the connection."""
    api, server = api_of(answer_open)
    events = api.things.watch()

    class Interrupted(Iterator[bytes]):
        def __next__(self) -> bytes:
            raise KeyboardInterrupt

    events._chunks = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        next(events)
    assert is_over(server)


def test_streams_take_no_call_connections(api_of: Any) -> None:
    """With more streams open than calls may have connections, a call still goes through."""

    def answer(exchange: Exchange) -> None:
        if exchange.target == "/things":
            exchange.send_json([])
        else:
            answer_open(exchange)

    api, _ = api_of(answer, timeout_ms=5000)
    streams = [api.things.watch() for _ in range(120)]
    assert api.things.list() == []
    for stream in streams:
        stream.close()


def test_async_iterate(api_of: Any) -> None:
    """The twin gives the same, awaited."""
    api, server = api_of(answer_open)

    async def main() -> None:
        async with await api.things.watch_async() as events:
            assert isinstance(events, AsyncEventStream)
            assert aiter(events) is events.result is events
            assert (await anext(events)).data.n == 1
            assert (await anext(events)).data == "hello"
        await events.close()
        with pytest.raises(ClientClosedError):
            await anext(events)

    asyncio.run(main())
    assert is_over(server)


def test_async_natural_end(api_of: Any) -> None:
    """The iteration ends with the stream, and the connection is used again."""
    api, server = api_of(answer_ended)

    async def main() -> None:
        for _ in range(2):
            events = await api.things.watch_async()
            assert [event.event async for event in events] == ["tick", "tock"]
            assert await anext(events, None) is None

    asyncio.run(main())
    assert len(server.connections) == 1


@pytest.mark.usefixtures("small_events")
def test_async_too_large(api_of: Any) -> None:
    """An event that is too large is raised once, and then it is over."""

    def answer(exchange: Exchange) -> None:
        exchange.start_stream(TICK + LARGE)
        exchange.stay()

    api, server = api_of(answer)

    async def main() -> None:
        events = await api.things.watch_async()
        assert (await anext(events)).event == "tick"
        with pytest.raises(ResponseValidationError, match="larger than 100 bytes"):
            await anext(events)
        assert await anext(events, None) is None
        assert await asyncio.to_thread(is_over, server)

    asyncio.run(main())


def test_async_transport_error(api_of: Any) -> None:
    """A stream that breaks raises the HTTP client's own error, and is then closed."""
    api, _ = api_of(answer_cut)

    async def main() -> None:
        events = await api.things.watch_async()
        await anext(events)
        with pytest.raises(httpx.RemoteProtocolError):
            await anext(events)
        with pytest.raises(ClientClosedError):
            await anext(events)

    asyncio.run(main())


def test_async_abandoned(api_of: Any) -> None:
    """A stream that is let go of hangs up while its loop runs on."""
    api, server = api_of(answer_open)

    async def main() -> None:
        events = await api.things.watch_async()
        await anext(events)
        del events
        assert await asyncio.to_thread(is_over, server, 0)
        await api.things.watch_async()
        assert await asyncio.to_thread(is_over, server, 1)

    asyncio.run(main())


def test_async_cancelled(api_of: Any) -> None:
    """A read that is cancelled ends the connection, and the stream says that it is closed."""
    api, server = api_of(answer_open)

    async def main() -> None:
        events = await api.things.watch_async()
        await anext(events)
        await anext(events)
        reader = asyncio.ensure_future(anext(events))
        await asyncio.wait([reader], timeout=0)
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        with pytest.raises(ClientClosedError):
            await anext(events)
        assert await asyncio.to_thread(is_over, server)

    asyncio.run(main())


def test_async_thrown_away() -> None:
    """A coroutine that is thrown away while it waits for events awaits nothing more."""

    async def main() -> None:
        events = AsyncEventStream(_Response(), make_feed(), Connections())
        waiting = events.__anext__()
        waiting.send(None)
        waiting.close()
        assert "open" in repr(events)

    asyncio.run(main())


class _Response:
    """A response whose body never comes."""

    is_stream_consumed = False

    def __init__(self, **extensions: Any) -> None:
        self.headers: dict[str, str] = {}
        self.extensions = extensions

    def aiter_raw(self) -> Any:
        return self

    async def __anext__(self) -> bytes:
        await asyncio.Future()
        return b""

    async def aclose(self) -> None:
        """Close."""


def test_iterating_after_the_end(api_of: Any) -> None:
    """A second loop over a stream that was closed, or read to its end, says so at once."""
    api, _ = api_of(answer_ended)
    events = api.things.watch()
    assert len(list(events)) == 2
    with pytest.raises(ClientClosedError, match="read to its end; open another one"):
        iter(events)
    closed = api.things.watch()
    closed.close()
    for begin in (iter, lambda stream: stream.until("x"), lambda stream: stream.raw()):
        with pytest.raises(ClientClosedError, match="the stream is closed"):
            begin(closed)


def test_loops_one_after_another(api_of: Any) -> None:
    """A loop that was left goes on where it was, while the stream is open."""
    api, _ = api_of(answer_ended)
    with api.things.watch() as events:
        for event in events:
            assert event.event == "tick"
            break
        assert [event.event for event in events] == ["tock"]


def answer_messages(exchange: Exchange) -> None:
    """Send two messages of two events each, and keep the stream open."""
    exchange.start_stream(TICK + TOCK, TICK, TOCK)
    exchange.stay()


def test_until(api_of: Any) -> None:
    """Events up to the named one are given, and the stream stays open for the next."""
    api, _ = api_of(answer_messages)
    with api.things.watch() as events:
        for _ in range(2):
            message = events.until("never", "tock")
            assert iter(message) is message
            assert [event.event for event in message] == ["tick", "tock"]
            assert next(message, None) is None
        assert "open" in repr(events)
        with pytest.raises(TypeError, match="takes the names of event types"):
            events.until()


def test_until_counts_what_does_not_fit(api_of: Any) -> None:
    """An event that is awaited is the last one also where it is raised as an error."""
    api, _ = api_of(lambda exchange: exchange.start_stream(BAD + TICK), validate="strict")
    message = api.things.watch().until("tick")
    with pytest.raises(ResponseValidationError):
        next(message)
    assert next(message, None) is None


def test_until_the_end(api_of: Any) -> None:
    """Where the awaited event never comes, the end of the stream ends the loop."""
    api, _ = api_of(answer_ended)
    assert len(list(api.things.watch().until("never"))) == 2


def test_raw(api_of: Any) -> None:
    """Raw events are what was sent; both kinds of loop share one stream."""
    api, _ = api_of(answer_messages)
    with api.things.watch() as events:
        raw = events.raw()
        assert iter(raw) is raw
        assert next(raw) == sse.RawEvent("tick", '{"n": 1}', "7")
        assert next(events).event == "tock"
        assert next(raw).event == "tick"


def test_compressed(api_of: Any) -> None:
    """A compressed stream gives each event when it is there."""

    def answer(exchange: Exchange) -> None:
        exchange.send_head(
            200, "text/event-stream", "Transfer-Encoding: chunked", "Content-Encoding: gzip"
        )
        packer = zlib.compressobj(wbits=31)
        for event in (TICK, TOCK):
            exchange.send_chunk(packer.compress(event.encode()) + packer.flush(zlib.Z_SYNC_FLUSH))
        exchange.stay()

    api, _ = api_of(answer)
    with api.things.watch() as events:
        assert [next(events).event, next(events).event] == ["tick", "tock"]

    async def main() -> None:
        async with await api.things.watch_async() as events:
            assert [(await anext(events)).event for _ in range(2)] == ["tick", "tock"]
        await api.aclose()

    asyncio.run(main())


def test_unknown_coding(api_of: Any) -> None:
    """A coding that is not known is an error of the first event."""

    def answer(exchange: Exchange) -> None:
        exchange.send_head(
            200, "text/event-stream", "Transfer-Encoding: chunked", "Content-Encoding: br"
        )
        exchange.stay()

    api, server = api_of(answer)
    events = api.things.watch()
    with pytest.raises(ResponseValidationError, match="content coding 'br'"):
        next(events)
    assert next(events, None) is None
    events.close()
    assert is_over(server)


def mock_client(content: bytes) -> httpx.Client:
    """Give a client whose transport has read the whole answer already."""

    def answer(request: httpx.Request) -> httpx.Response:
        response = httpx.Response(
            200, headers={"content-type": "text/event-stream"}, content=content
        )
        response.read()
        return response

    return httpx.Client(transport=httpx.MockTransport(answer))


def test_answers_without_a_network() -> None:
    """A transport that gives the whole answer at once works as well."""
    client = mock_client((TICK + TOCK).encode())
    with client, make_client(client=client).things.watch() as events:
        assert [event.event for event in events] == ["tick", "tock"]


def test_nothing_is_read_ahead() -> None:
    """Chunks are taken from the transport one by one, when their events are asked for."""
    taken: list[int] = []

    class Body(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            for number in range(5):
                taken.append(number)
                yield (TICK + TOCK).encode()

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=Body())

    client = httpx.Client(transport=httpx.MockTransport(answer))
    with client, make_client(client=client).things.watch() as events:
        assert taken == []
        for count in (1, 1, 2, 2, 3):
            next(events)
            assert len(taken) == count


def test_tracked_by_the_client(api_of: Any) -> None:
    """The owner hears of each response that is read from."""
    heard: list[Any] = []

    class Owner(Connections):
        def track(self, response: Any, *, is_async: bool) -> None:
            heard.append(is_async)

    response = httpx.Response(200, content=TICK.encode())
    EventStream(response, make_feed(), Owner()).close()

    async def main() -> None:
        await AsyncEventStream(response, make_feed(), Owner()).aclose()

    asyncio.run(main())
    assert heard == [False, True]


BACKENDS = pytest.mark.parametrize("backend", ["asyncio", "trio"])


def run(backend: str, main: Callable[[], Any]) -> None:
    """Run a coroutine in an event loop of one kind or the other, and collect the garbage in it."""
    pytest.importorskip(backend)

    async def whole() -> None:
        await main()
        gc.collect()
        await anyio.lowlevel.checkpoint()

    anyio.run(whole, backend=backend)


async def sees_the_end(server: Loopback, number: int = 0) -> bool:
    """Wait in a thread until the server sees that the client has hung up."""
    return await anyio.to_thread.run_sync(is_over, server, number)


@BACKENDS
def test_async_leaving_the_block(api_of: Any, backend: str) -> None:
    """Leaving the block by a break, an error or a cancellation ends the connection, silently."""
    api, server = api_of(answer_open)

    async def main() -> None:
        async with await api.things.watch_async() as events:
            async for _ in events:
                break
        assert await sees_the_end(server, 0)
        with suppress(KeyError):
            async with await api.things.watch_async() as events:
                await anext(events)
                raise KeyError
        assert await sees_the_end(server, 1)
        with anyio.CancelScope() as scope:
            async with await api.things.watch_async() as events:
                async for event in events:
                    if event.event == "tock":
                        scope.cancel()
        assert await sees_the_end(server, 2)
        await api.aclose()

    run(backend, main)


@BACKENDS
def test_async_garbage(api_of: Any, backend: str) -> None:
    """A stream that is let go of is closed in its own event loop, without a warning."""
    api, server = api_of(answer_open)

    async def main() -> None:
        events = await api.things.watch_async()
        await anext(events)
        del events
        gc.collect()
        assert await sees_the_end(server, 0)
        await api.aclose()

    run(backend, main)


@BACKENDS
def test_async_closed_while_it_waits(api_of: Any, backend: str) -> None:
    """Closing from another task ends the loop of one that waits for events."""
    api, server = api_of(answer_open)

    async def main() -> None:
        events = await api.things.watch_async()
        is_waiting = anyio.Event()
        seen: list[str] = []

        async def read() -> None:
            async for event in events:
                seen.append(event.event)
                if len(seen) == 2:
                    is_waiting.set()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read)
            await is_waiting.wait()
            await anyio.lowlevel.checkpoint()
            await events.aclose()
        assert seen == ["tick", "tock"]
        assert await sees_the_end(server)
        await api.aclose()

    run(backend, main)


@BACKENDS
def test_async_until_and_raw(api_of: Any, backend: str) -> None:
    """The twins of the loops give the same, awaited, and leave nothing behind."""
    api, _ = api_of(answer_messages)

    async def main() -> None:
        async with await api.things.watch_async() as events:
            message = events.until("tock")
            assert aiter(message) is message
            assert [event.event async for event in message] == ["tick", "tock"]
            assert await anext(message, None) is None
            raw = events.raw()
            assert aiter(raw) is raw
            assert (await anext(raw)).data == '{"n": 1}'
            async for _ in events.raw():
                break
        for begin in (aiter, lambda stream: stream.until("x"), lambda stream: stream.raw()):
            with pytest.raises(ClientClosedError):
                begin(events)
        await api.aclose()

    run(backend, main)


@pytest.mark.usefixtures("small_events")
def test_async_failure_is_raised_once() -> None:
    """The twin raises what cannot be read once, and then ends."""
    content = (TICK + LARGE).encode()
    response = httpx.Response(200, content=content)

    async def main() -> None:
        events = AsyncEventStream(response, make_feed(), Connections())
        await anext(events)
        with pytest.raises(ResponseValidationError):
            await anext(events)
        assert await anext(events, None) is None

    asyncio.run(main())


def test_async_abandoned_after_its_loop(api_of: Any) -> None:
    """A stream that outlives its event loop does no harm when it goes."""
    api, _ = api_of(answer_open)

    async def main() -> Any:
        return await api.things.watch_async()

    events = asyncio.run(main())
    del events
    gc.collect()


def test_release_of_a_shared_connection() -> None:
    """A response that shares its connection (HTTP/2) is closed, and the connection left."""
    closed: list[str] = []

    class Shared(_Response):
        async def aclose(self) -> None:
            closed.append("response")

    asyncio.run(release_async(Shared(stream_id=1, network_stream=None), None))
    assert closed == ["response"]


def test_release_is_quiet() -> None:
    """What goes wrong while a stream is closed is nobody's business."""

    class Gone:
        async def aclose(self) -> None:
            raise OSError

    class Broken(_Response):
        async def aclose(self) -> None:
            raise OSError

    asyncio.run(release_async(Broken(network_stream=Gone()), None))
