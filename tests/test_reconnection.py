"""Streams that go on after their connection ended, over a real socket, blocking and async."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from mixdyn.connection import Connections
from mixdyn.errors import ClientClosedError, MixError
from mixdyn.eventfeed import EventFeed
from mixdyn.reconnect import Reconnect, Reconnecting
from mixdyn.stream import AsyncEventStream
from tests.loopback import PATIENCE, Exchange, serve
from tests.things import make_client
from tests.world import plan_of

QUICK = Reconnect(initial_interval=1, max_interval=1, attempts=3)
Play = Callable[[Exchange], None]


def tick(n: int, name: str = "") -> str:
    """Write an event, with an id where one is given."""
    return f'{f"id: {name}" if name else ": -"}\nevent: tick\ndata: {{"n": {n}}}\n\n'


def play(*acts: Play) -> Play:
    """Answer each request by the next act."""
    left = list(acts)

    def act(exchange: Exchange) -> None:
        left.pop(0)(exchange)

    return act


def send(*events: str, then: Play | None = None) -> Play:
    """Send events, then end in good order, or otherwise."""

    def act(exchange: Exchange) -> None:
        exchange.start_stream(*events)
        if then is None:
            exchange.send_chunk(b"")
        else:
            then(exchange)

    return act


def cut(exchange: Exchange) -> None:
    """End the connection in the middle of an event."""
    exchange.send_chunk(b"id: lost\ndata: not wh")
    exchange.sock.shutdown(2)


def over(exchange: Exchange) -> None:
    """Say that there is no more."""
    exchange.send_head(204)


def refuse(status: int) -> Play:
    """Refuse with a status."""
    return lambda exchange: exchange.send_json({"message": "no"}, status)


def collect(url: str, kind: str, **options: Any) -> list[int]:
    """Read a stream to its end, and give the numbers."""
    given: dict[str, Any] = {"reconnect": QUICK, **options}

    async def main() -> list[int]:
        async with (
            make_client(url, retry_config=None) as api,
            await api.things.watch_async(**given) as events,
        ):
            return [event.data.n async for event in events]

    if kind == "async":
        return asyncio.run(main())
    if kind == "trio":
        numbers: list[int] = pytest.importorskip("trio").run(main)
        return numbers
    with make_client(url, retry_config=None) as api, api.things.watch(**given) as events:
        return [event.data.n for event in events]


KINDS = ("blocking", "async", "trio")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("end", [None, cut, Exchange.reset])
def test_goes_on(kind: str, end: Play | None) -> None:
    """After an end in good order, a cut or a reset the stream goes on, until the server says no."""
    acts = send(tick(1, "a"), tick(2, "b"), then=end), send(tick(3, "c"), then=end), over
    with serve(play(*acts)) as server:
        assert collect(server.url, kind) == [1, 2, 3]
        ids = [exchange.headers.get("last-event-id") for exchange in server.exchanges]
        assert ids == [None, "b", "c"]


@pytest.mark.parametrize("kind", KINDS)
def test_replays_are_dropped(kind: str) -> None:
    """What a server sends again is given once; equal ids with other data are other events."""
    acts = (
        send(tick(1, "a"), tick(2, "b"), tick(9)),
        send(tick(1, "a"), tick(2, "b"), tick(3, "c"), tick(9)),
        send(tick(4, "a"), tick(2, "b"), tick(4, "d")),
        over,
    )
    with serve(play(*acts)) as server:
        assert collect(server.url, kind) == [1, 2, 9, 3, 9, 4, 4]


@pytest.mark.parametrize("kind", KINDS)
def test_silence_is_a_drop(kind: str) -> None:
    """No byte for too long counts as a drop."""
    with serve(play(send(tick(1), then=Exchange.stay), over)) as server:
        assert collect(server.url, kind, idle_timeout_ms=50) == [1]


@pytest.mark.parametrize("kind", KINDS)
def test_silence_without_reconnection(kind: str) -> None:
    """Without reconnection, silence for too long is the HTTP client's own error."""
    with serve(send(tick(1), then=Exchange.stay)) as server, pytest.raises(httpx.ReadTimeout):
        collect(server.url, kind, idle_timeout_ms=50, reconnect=None)


@pytest.mark.parametrize("kind", KINDS)
def test_failures_are_waited_out(kind: str) -> None:
    """Busy servers and lost connections are tried again; what will not pass is raised."""
    told: list[Reconnecting] = []
    policy = Reconnect(initial_interval=1, on_reconnect=told.append)
    acts = send(tick(1)), refuse(503), Exchange.reset, send(tick(2)), refuse(404)
    with serve(play(*acts)) as server:
        with pytest.raises(MixError, match="no") as caught:
            collect(server.url, kind, reconnect=policy)
        assert caught.value.status_code == 404
        assert len(server.exchanges) == 5
    assert [(t.attempt, type(t.error).__name__) for t in told] == [
        (1, "NoneType"),
        (2, "Failure"),
        (3, "ReadError"),
        (1, "NoneType"),
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_giving_up(kind: str) -> None:
    """A stream that nothing comes of ends after so many attempts."""
    with serve(play(send(tick(1)), *[send()] * 3)) as server:
        assert collect(server.url, kind) == [1]
        assert len(server.exchanges) == 4


def test_the_servers_time() -> None:
    """The wait is the one that the stream set."""
    told: list[Reconnecting] = []
    policy = Reconnect(on_reconnect=told.append)
    with serve(play(send("retry: 1\n\n", tick(1)), over)) as server:
        assert collect(server.url, "blocking", reconnect=policy) == [1]
    assert [t.delay_ms for t in told] == [1]


def test_closing_ends_the_wait() -> None:
    """A stream that is closed while it waits ends at once, and opens nothing."""
    waiting = threading.Event()
    policy = Reconnect(
        initial_interval=60_000, max_interval=60_000, on_reconnect=lambda _: waiting.set()
    )
    with serve(play(send(tick(1)))) as server, make_client(server.url) as api:
        events = api.things.watch(reconnect=policy)
        given: list[Any] = []
        thread = threading.Thread(target=lambda: given.extend(events))
        thread.start()
        assert waiting.wait(PATIENCE)
        events.close()
        thread.join(PATIENCE)
        assert not thread.is_alive()
        assert len(given) == 1
        with pytest.raises(ClientClosedError):
            next(events)


def test_closing_ends_the_wait_of_a_task() -> None:
    """The same, where one task closes the stream that another waits for."""

    async def main(url: str) -> None:
        waiting = asyncio.Event()
        policy = Reconnect(
            initial_interval=60_000, max_interval=60_000, on_reconnect=lambda _: waiting.set()
        )
        async with make_client(url) as api:
            events = await api.things.watch_async(reconnect=policy)

            async def read() -> list[Any]:
                return [event async for event in events]

            task = asyncio.ensure_future(read())
            await waiting.wait()
            await events.aclose()
            assert len(await asyncio.wait_for(task, PATIENCE)) == 1

    with serve(play(send(tick(1)))) as server:
        asyncio.run(main(server.url))


def test_closing_while_it_opens() -> None:
    """A stream that is closed while its connection is opened again closes that one too."""
    opening, closed = threading.Event(), threading.Event()

    def late(exchange: Exchange) -> None:
        opening.set()
        assert closed.wait(PATIENCE)
        exchange.start_stream(tick(2))
        exchange.stay()

    with serve(play(send(tick(1)), late)) as server, make_client(server.url) as api:
        events = api.things.watch(reconnect=QUICK)
        given: list[Any] = []
        thread = threading.Thread(target=lambda: given.extend(events))
        thread.start()
        assert opening.wait(PATIENCE)
        events.close()
        closed.set()
        thread.join(PATIENCE)
        assert len(given) == 1
        assert server.exchanges[1].closed.wait(PATIENCE)


def test_closing_the_client() -> None:
    """A client that is closed opens no stream again."""
    with serve(play(send(tick(1), then=Exchange.stay))) as server:
        api = make_client(server.url)
        events = api.things.watch(reconnect=QUICK)
        next(events)
        api.close()
        with pytest.raises((ClientClosedError, StopIteration)):
            next(events)
        assert len(server.exchanges) == 1


def test_cancellation() -> None:
    """A task that is cancelled while its stream waits ends, and nothing is left open."""

    async def main(url: str) -> None:
        waiting = asyncio.Event()
        policy = Reconnect(
            initial_interval=60_000, max_interval=60_000, on_reconnect=lambda _: waiting.set()
        )
        async with make_client(url) as api:
            events = await api.things.watch_async(reconnect=policy)

            async def read() -> None:
                async for _ in events:
                    pass

            task = asyncio.ensure_future(read())
            await waiting.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        gc.collect()

    with serve(play(send(tick(1)))) as server:
        asyncio.run(main(server.url))


def test_abandoned_after_reconnection() -> None:
    """A stream that is let go of frees the connection that it has by then."""
    acts = send(tick(1)), send(tick(2), then=Exchange.stay)
    with serve(play(*acts)) as server, make_client(server.url) as api:
        events = api.things.watch(reconnect=QUICK)
        assert [next(events).data.n, next(events).data.n] == [1, 2]
        del events
        gc.collect()
        assert server.exchanges[1].closed.wait(PATIENCE)


def test_closing_while_it_opens_in_a_task() -> None:
    """The same, where one task closes the stream that another has opened again."""

    async def main(url: str, opening: threading.Event, closed: threading.Event) -> None:
        async with make_client(url) as api:
            events = await api.things.watch_async(reconnect=QUICK)

            async def read() -> list[Any]:
                return [event async for event in events]

            task = asyncio.ensure_future(read())
            await asyncio.to_thread(opening.wait, PATIENCE)
            await events.aclose()
            closed.set()
            assert len(await asyncio.wait_for(task, PATIENCE)) == 1

    opening, closed = threading.Event(), threading.Event()

    def late(exchange: Exchange) -> None:
        opening.set()
        assert closed.wait(PATIENCE)
        exchange.start_stream(tick(2))
        exchange.stay()

    with serve(play(send(tick(1)), late)) as server:
        asyncio.run(main(server.url, opening, closed))
        assert server.exchanges[1].closed.wait(PATIENCE)


class Ended:
    """A response that has ended."""

    is_stream_consumed = False
    is_closed = True
    headers: dict[str, str] = {}  # noqa: RUF012  # never changed

    def aiter_raw(self) -> Any:
        return self

    async def __anext__(self) -> bytes:
        raise StopAsyncIteration


def test_thrown_away_while_it_opens() -> None:
    """A coroutine that is thrown away while its stream is opened again awaits nothing more."""
    plan = plan_of("watch")

    async def reopen(*_: Any) -> None:
        await asyncio.Future()

    async def main() -> None:
        feed = EventFeed(plan.events, "warn", print, "things.watch")
        stream = AsyncEventStream(Ended(), feed, Connections(), reopen)
        reading = stream.__anext__()
        reading.send(None)
        reading.close()

    asyncio.run(main())
