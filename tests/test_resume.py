"""How a stream goes on after its connection ended: decisions, driven by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from mixdyn.effect import Close, Open, Send
from mixdyn.errors import MixError, ResponseValidationError
from mixdyn.hook import collect_hooks
from mixdyn.reconnect import Reconnect, Reconnecting
from mixdyn.settings import Settings
from tests.documents import answers
from tests.things import EVENT, operation
from tests.world import Response, World, make_call, plan_of

EVENTS = "text/event-stream"
CUT = httpx.ReadError("cut")


def opened(*outcomes: Any, **given: Any) -> Any:
    """Open a stream, and give the world with what opens it again."""
    world = World(Response(kind=EVENTS), *outcomes)
    make_call(world, "watch", **{"reconnect": True, **given})
    (effect,) = world.of(Open)
    world.effects.clear()
    return world, effect


def push(effect: Any, text: str) -> None:
    effect.feed.push(text.encode())


def test_no_reconnection_unless_asked() -> None:
    """A stream of a call without `reconnect` ends with its connection."""
    world = World(Response(kind=EVENTS))
    make_call(world, "watch")
    assert world.of(Open)[0].resume is None


def test_resume() -> None:
    """The same request goes again after a wait, with the last id; its answer is gone on with."""
    second = Response(kind=EVENTS)
    world, effect = opened(second)
    push(effect, "id: 7é\ndata: 1\n\n")
    assert world.run(effect.resume(CUT)) is second
    assert world.waits == [1.0]
    (request,) = world.requests
    assert request.headers["last-event-id"] == "7é".encode().decode("latin-1")
    assert request.headers["accept"] == EVENTS


def test_resume_at_the_servers_time() -> None:
    """The wait is what the stream set as its reconnection time."""
    world, effect = opened(Response(kind=EVENTS))
    push(effect, "retry: 250\n\n")
    world.run(effect.resume(None))
    assert world.waits == [0.25]
    assert "last-event-id" not in world.requests[0].headers


@pytest.mark.parametrize("text", ["a\x01b", " a", "\x7f"])
def test_ids_that_cannot_be_sent(text: str) -> None:
    """An id that would break a header is not sent back."""
    world, effect = opened(Response(kind=EVENTS))
    push(effect, f"id:  {text}\ndata: 1\n\n")
    world.run(effect.resume(CUT))
    assert "last-event-id" not in world.requests[0].headers


def test_failures_in_a_row() -> None:
    """Passing failures are waited out, longer each time; `Retry-After` counts."""
    world, effect = opened(
        httpx.ConnectError("x"),
        Response(503, b"{}", retry_after="9"),
        Response(429, b"{}"),
        Response(kind=EVENTS),
    )
    assert world.run(effect.resume(CUT)).status_code == 200
    assert world.waits == [1.0, 1.5, 9.0, 3.375]


def test_giving_up() -> None:
    """After so many attempts in a row that brought no event, the last error is raised."""
    policy = Reconnect(attempts=2)
    world, effect = opened(*[httpx.ConnectError("x")] * 3, reconnect=policy)
    with pytest.raises(httpx.ConnectError):
        world.run(effect.resume(CUT))
    assert len(world.of(Send)) == 2


def test_attempts_are_counted_since_the_last_event() -> None:
    """An event that came makes the next end the first again; without one, ends add up."""
    policy = Reconnect(attempts=2)
    streams = [Response(kind=EVENTS) for _ in range(4)]
    world, effect = opened(*streams, reconnect=policy)
    for _ in range(2):
        world.run(effect.resume(None))
    push(effect, "data: 1\n\n")
    for _ in range(2):
        world.run(effect.resume(None))
    assert world.run(effect.resume(None)) is None
    assert len(world.of(Send)) == 4


@pytest.mark.parametrize("answer", [Response(400, b"{}"), Response(404, b"{}")])
def test_lasting_errors(answer: Response) -> None:
    """An error that will not pass is raised at once."""
    world, effect = opened(answer)
    with pytest.raises(MixError):
        world.run(effect.resume(CUT))
    assert world.waits == [1.0]


def test_no_content() -> None:
    """204 says that there is no more: the stream ends in good order."""
    world, effect = opened(Response(204, b""))
    assert world.run(effect.resume(CUT)) is None


@pytest.mark.parametrize("kind", ["application/octet-stream", "text/html"])
def test_no_stream_any_more(kind: str) -> None:
    """Where something else comes back, it is closed and told of."""
    answer = Response(kind=kind, body=b"<html>")
    world, effect = opened(answer)
    with pytest.raises(ResponseValidationError, match=f"came back as {kind}"):
        world.run(effect.resume(CUT))
    assert world.of(Close) == ([Close(answer)] if "octet" in kind else [])


def test_on_reconnect() -> None:
    """A function is told of each attempt, and may end the stream by raising."""
    told: list[Reconnecting] = []
    policy = Reconnect(on_reconnect=told.append)
    world, effect = opened(Response(kind=EVENTS), reconnect=policy)
    world.run(effect.resume(CUT))
    assert told == [Reconnecting("things.watch (GET /events)", 1, 1000.0, CUT, "")]

    def refuse(_: Reconnecting) -> None:
        raise KeyError

    world, effect = opened(reconnect=Reconnect(on_reconnect=refuse))
    with pytest.raises(KeyError):
        world.run(effect.resume(CUT))


def test_hooks_see_reconnections() -> None:
    """What a caller's rule turns away is not opened again."""
    world, effect = opened(reconnect=Reconnect(retry_on=lambda error: error is None))
    with pytest.raises(httpx.ReadError):
        world.run(effect.resume(CUT))
    assert world.effects == []


POSTED = {"/events": {"post": operation("watch", answers(EVENT, media=EVENTS))}}


def test_posts_are_not_repeated() -> None:
    """A stream that a POST opened is not opened again unless the caller says so."""
    plan = plan_of("watch", POSTED)
    world = World(Response(kind=EVENTS))
    with pytest.raises(ValueError, match=r"things.watch \(POST /events\) may act .*retry_unsafe"):
        make_call(world, plan=plan, reconnect=True)
    assert world.effects == []
    make_call(world, plan=plan, reconnect=Reconnect(retry_unsafe=True))
    assert world.of(Open)[0].resume is not None


@pytest.mark.parametrize("given", [0, -1, "big", 1.5])
def test_max_event_bytes(given: Any) -> None:
    """The bound on an event is a number of bytes, or None."""
    with pytest.raises(ValueError, match="max_event_bytes=.*expected bytes from 1, or None"):
        make_call(World(), "watch", max_event_bytes=given)


def test_idle_timeout() -> None:
    """How long a stream may be silent can be said for the call alone."""
    world = World(Response(kind=EVENTS))
    make_call(world, "watch", idle_timeout_ms=500)
    assert world.effects[0].timeouts.idle == 0.5


def test_hooks_settle_reconnections() -> None:
    """A hook sees a failed reconnection, and what it makes of it counts."""
    given = KeyError("mine")
    hooks = collect_hooks(SimpleNamespace(after_error=lambda context, response, error: given))
    world, effect = opened(Response(503, b"{}"), settings=Settings(hooks=hooks))
    with pytest.raises(KeyError, match="mine"):
        world.run(effect.resume(CUT))
