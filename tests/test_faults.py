"""Faults of the stand-in server, as clients see them: over a real socket, blocking and async."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from mixdyn.client import Client
from mixdyn.errors import ClientClosedError, MixError, ResponseValidationError
from mixdyn.event import UnknownEvent
from mixdyn.tools.mock import Fault, Mock, MockRequest, serve
from mixdyn.tools.mock.fault import Faults, Playback, encode_event
from mixdyn.tools.mock.feed import Channel, DroppedError, Subscription
from tests.things import make_client, things_document

TICK = {"event": "tick", "data": {"n": 1}, "id": "7"}
TOCK = {"event": "tock", "data": "hello"}
PATIENCE = 20.0

Outcome = tuple[list[Any], BaseException | None]
Read = Callable[[Any, int], Outcome]


def read_blocking(api: Client, most: int) -> Outcome:
    """Give the events that come, and the error that ends them; no more than so many."""
    seen: list[Any] = []
    try:
        with api.things.watch() as events:
            while len(seen) < most:
                seen.append(next(events))
    except StopIteration:
        return seen, None
    except Exception as error:  # noqa: BLE001  # looked at by the test
        return seen, error
    return seen, None


def read_async(api: Client, most: int) -> Outcome:
    """Do the same, awaiting."""

    async def read() -> Outcome:
        seen: list[Any] = []
        try:
            async with await api.things.watch_async() as events:
                while len(seen) < most:
                    seen.append(await anext(events))
        except StopAsyncIteration:
            return seen, None
        except Exception as error:  # noqa: BLE001  # looked at by the test
            return seen, error
        finally:
            await api.aclose()
        return seen, None

    return asyncio.run(read())


@pytest.fixture(params=[read_blocking, read_async], ids=["blocking", "async"])
def read(request: Any) -> Iterator[Callable[..., Outcome]]:
    """Give what reads a stream from a server with these faults."""
    opened: list[Any] = []

    def run(*faults: Fault, most: int = 100, **options: Any) -> Outcome:
        server = serve(Mock(things_document(), faults={"watch": faults}))
        opened.append(server)
        with make_client(server.url, **options) as api:
            return request.param(api, most)

    yield run
    for server in opened:
        server.close()


def names(events: list[Any]) -> list[str]:
    return [event.event for event in events]


def test_scripted_events(read: Any) -> None:
    """The events that a test wants come as they were written, however they were."""
    raw = b"event: tick\ndata: {}\n\n"
    events, error = read(Fault(events=[TICK, TOCK, raw, ": comment\n\nevent: tock\ndata\n\n"]))
    assert (names(events), error) == (["tick", "tock", "tick", "tock"], None)
    assert (events[0].data.n, events[0].id, events[1].data) == (1, "7", "hello")


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_chunk_boundaries(read: Any, size: int) -> None:
    """Pieces of any size, that cut where they like, make no difference."""
    text = {"event": "tock", "data": "zwölf \U0001f600"}
    events, error = read(Fault(events=[TICK, text, TOCK], chunk_bytes=size))
    assert (names(events), error) == (["tick", "tock", "tock"], None)
    assert events[1].data == text["data"]


def test_drops(read: Any) -> None:
    """After so many events the connection is gone; what was sent has arrived."""
    events, error = read(Fault(events=[TICK, TOCK, TICK], drop_after=2))
    assert names(events) == ["tick", "tock"]
    assert isinstance(error, httpx.RemoteProtocolError)


def test_drops_before_the_first_event(read: Any) -> None:
    """A stream may break before anything came."""
    events, error = read(Fault(events=[TICK], drop_after=0))
    assert events == []
    assert isinstance(error, httpx.RemoteProtocolError)


def test_drops_in_an_event(read: Any) -> None:
    """An event that is cut off is never given."""
    events, error = read(Fault(events=[TICK, b"event: tock\ndata: hel"], drop_after=5))
    assert names(events) == ["tick"]
    assert isinstance(error, httpx.RemoteProtocolError)


def test_silence(read: Any) -> None:
    """A server that falls silent runs into the time-out, and can be left at any moment."""
    events, error = read(Fault(events=[TICK, TOCK], silent_after=1), timeout_ms=100)
    assert names(events) == ["tick"]
    assert isinstance(error, httpx.ReadTimeout)
    events, error = read(Fault(events=[TICK, TOCK], silent_after=1), most=1)
    assert (names(events), error) == (["tick"], None)


def test_trickle(read: Any) -> None:
    """Single bytes with pauses between them still make events."""
    events, error = read(Fault(events=[TICK, TOCK], chunk_bytes=1, pause_s=0.0001))
    assert (names(events), error) == (["tick", "tock"], None)


def test_a_trickle_can_be_left(read: Any) -> None:
    """Nobody waits for the rest of a slow stream."""
    events, error = read(Fault(events=[TICK, TOCK], pause_s=PATIENCE * 10), most=1)
    assert (names(events), error) == (["tick"], None)


def test_refusal_before_the_stream(read: Any) -> None:
    """A status in place of the stream is an error of the call."""
    headers = (("retry-after", "7"),)
    events, error = read(Fault(status=503, headers=headers))
    assert events == []
    assert isinstance(error, MixError)
    assert (error.status_code, error.headers["retry-after"]) == (503, "7")


def test_refusal_with_a_body(read: Any) -> None:
    """The body of a refusal may be anything."""
    _, error = read(Fault(status=502, body=b"<html>", content_type="text/html"))
    assert isinstance(error, MixError)
    assert error.body == "<html>"


@pytest.mark.parametrize("mode", ["strict", "warn", "off"])
def test_invalid_bodies(read: Any, mode: str) -> None:
    """An event that does not fit is an error, an event with problems, or an event."""
    events, error = read(Fault(events=[{"event": "tick", "data": {"n": "x"}}]), validate=mode)
    assert isinstance(error, ResponseValidationError) is (mode == "strict")
    assert [len(event.problems) for event in events] == {"warn": [1], "off": [0]}.get(mode, [])


def test_unknown_types(read: Any) -> None:
    """Event types that the document does not know are delivered."""
    events, error = read(Fault(events=[{"event": "new.kind", "data": {"a": 1}}, TICK]))
    assert error is None
    assert names(events) == ["new.kind", "tick"]
    assert isinstance(events[0], UnknownEvent)
    assert events[0].data == {"a": 1}


def test_bytes_that_are_no_events(read: Any) -> None:
    """Garbage gives nothing, and does no harm."""
    assert read(Fault(body=bytes(range(256)) * 10)) == ([], None)


def test_another_media_type(read: Any) -> None:
    """An answer may claim to be something else."""
    _, error = read(Fault(body=b"[1]", content_type="application/json"))
    assert isinstance(error, (TypeError, AttributeError))  # a list, and no stream


def test_faults_come_one_after_another() -> None:
    """Each answer uses up one fault; None is a good answer, and so are all after the last."""
    stand_in = Mock(things_document(), faults={"watch": [Fault(status=500), None]})
    stand_in.faults.add("GET /events", Fault(status=501))
    stand_in.faults.add("*", Fault(status=502))
    found = [stand_in.handle(MockRequest("GET", "/events")).status for _ in range(5)]
    assert found == [500, 200, 501, 502, 200]
    stand_in.faults.add("*", Fault(status=503))
    assert stand_in.handle(MockRequest("GET", "/nowhere")).status == 404
    assert stand_in.handle(MockRequest("GET", "/things")).status == 503


def test_faults_do_not_hide_refusals() -> None:
    """A request that the document does not allow is refused as ever."""
    stand_in = Mock(things_document(), faults={"create": [Fault(body=b"{broken")]})
    answer = stand_in.handle(MockRequest("POST", "/things", (), b"[]"))
    assert answer.status in (400, 415, 422)


def test_faults_of_other_answers() -> None:
    """JSON can be broken, too."""
    stand_in = Mock(
        things_document(), faults={"list": [Fault(body=b"{broken"), Fault(drop_after=0)]}
    )
    with serve(stand_in) as server, make_client(server.url) as api:
        with pytest.raises(ResponseValidationError, match="not valid JSON"):
            api.things.list()
        with pytest.raises(httpx.RemoteProtocolError):
            api.things.list()
        assert api.things.list() is not None


def test_without_a_port() -> None:
    """The transport plays faults as well, for clients of both kinds."""
    drop = Fault(events=[TICK, TOCK], drop_after=1)
    whole = Fault(events=[TICK], chunk_bytes=5)
    stand_in = Mock(things_document(), faults={"watch": [whole, drop, whole, drop]})
    with httpx.Client(transport=stand_in.transport()) as client:
        assert len(list(make_client(client=client).things.watch())) == 1
        events, error = read_blocking(make_client(client=client), 5)
    assert (names(events), type(error)) == (["tick"], httpx.RemoteProtocolError)
    client = httpx.AsyncClient(transport=stand_in.transport())
    for expected in (type(None), httpx.RemoteProtocolError):
        events, error = read_async(make_client(async_client=client), 5)
        assert (names(events), type(error)) == (["tick"], expected)
    asyncio.run(client.aclose())


def follow(channel: Channel) -> Subscription:
    return channel.follow(None, lambda _: b"open", lambda _: b"beat", None)


def test_live_streams_have_faults() -> None:
    """What is published goes through the fault, event by event."""
    channel = Channel()
    playback = Playback(follow(channel), Fault(chunk_bytes=2, drop_after=2))
    channel.publish([lambda _: b"abc", lambda _: b"never"])
    pieces = iter(playback)
    assert [next(pieces) for _ in range(4)] == [b"op", b"en", b"ab", b"c"]
    with pytest.raises(DroppedError):
        next(pieces)


def test_live_streams_have_faults_async() -> None:
    """The same, awaited; and one that ends by itself ends."""

    async def main() -> None:
        channel = Channel()
        dropped = Playback(follow(channel), Fault(pause_s=0.0001, drop_after=1))
        whole = Playback(follow(channel), Fault(chunk_bytes=100))
        channel.close()
        with pytest.raises(DroppedError):
            [piece async for piece in dropped]
        assert [piece async for piece in whole] == [b"open"]

    asyncio.run(main())


@pytest.mark.parametrize("fault", [Fault(silent_after=1), Fault(pause_s=PATIENCE * 10)])
def test_closing_wakes_what_waits(fault: Fault) -> None:
    """Silence and pauses end when the answer is closed, from any thread."""
    faults = Faults()
    channel = Channel()
    answer = faults.apply(fault, Mock(things_document()).handle(MockRequest("GET", "/events")))
    playback = Playback(follow(channel), fault)
    has_begun = threading.Event()
    seen: list[bytes] = []

    def read() -> None:
        for piece in playback:
            seen.append(piece)
            has_begun.set()

    thread = threading.Thread(target=read)
    thread.start()
    assert has_begun.wait(PATIENCE)
    playback.close()
    thread.join(PATIENCE)
    assert seen == [b"open"]
    faults.close()
    assert isinstance(answer.body, Playback)
    assert len(list(answer.body)) <= 1


@pytest.mark.parametrize("fault", [Fault(silent_after=1), Fault(pause_s=PATIENCE * 10)])
def test_closing_wakes_what_waits_async(fault: Fault) -> None:
    """The same where an event loop waits; closed before, nothing waits at all."""

    async def main() -> None:
        playback = Playback(b"a\n\nb\n\n", fault)
        pieces = aiter(playback)
        assert await anext(pieces) == b"a\n\n"
        waiting = asyncio.ensure_future(anext(pieces, None))
        await asyncio.wait([waiting], timeout=0)
        await asyncio.to_thread(playback.close)
        assert await waiting is None
        closed = Playback(b"a\n\nb\n\n", fault)
        pieces = aiter(closed)
        await anext(pieces)
        closed.close()
        assert await anext(pieces, None) is None

    asyncio.run(main())


def test_a_fault_in_place_of_a_live_stream_ends_it() -> None:
    """The stream that a fault replaces is closed."""
    channel = Channel()
    reader = follow(channel)
    answer = Mock(things_document()).handle(MockRequest("GET", "/events"))
    live = type(answer)(200, answer.headers, reader)
    assert Fault(body=b"x").apply(live).body == b"x"
    assert list(reader) == []


def test_encode_event() -> None:
    """Events are written with what they have: data of several lines, no id, a retry."""
    assert encode_event({"data": "a\nb"}) == b"data: a\ndata: b\n\n"
    assert encode_event({"event": "e", "id": 5, "retry": 9, "data": [1]}) == (
        b"event: e\nid: 5\nretry: 9\ndata: [1]\n\n"
    )


def test_use_after_a_drop() -> None:
    """A stream that broke is closed; another one can be opened."""
    stand_in = Mock(things_document(), faults={"watch": [Fault(events=[TICK], drop_after=1)]})
    with serve(stand_in) as server, make_client(server.url) as api:
        events = api.things.watch()
        next(events)
        with pytest.raises(httpx.RemoteProtocolError):
            next(events)
        with pytest.raises(ClientClosedError):
            next(events)
        assert len(list(api.things.watch())) > 0
