"""One attempt of a call: its hooks, the redirects it follows, and what is written of it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from mixdyn.effect import Close, Send
from mixdyn.errors import MixError
from mixdyn.hook import HookContext, Run, collect_hooks
from mixdyn.retry import BackoffStrategy, RetryConfig
from mixdyn.settings import Settings
from tests.things import make_client
from tests.world import URL, Response, World, begin, make_call, plan_of

RETRIES = RetryConfig("backoff", BackoffStrategy(1000, 1000, 1, 10_000), True)
NAMED = b'[{"name":"a"}]'
FAILED = b'{"message":"no"}'


def call_with(world: World, *hooks: Any, name: str = "list", **given: Any) -> Any:
    """Make a call with hooks, and give its outcome."""
    return make_call(world, name, settings=Settings(hooks=collect_hooks(list(hooks))), **given)


class Noting:
    """Hooks that change nothing, and remember what they saw."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, int, Any]] = []

    def before_request(self, context: HookContext, request: Any) -> None:
        self.seen.append(("before_request", context.attempt, request.url))

    def after_success(self, context: HookContext, response: Any) -> None:
        self.seen.append(("after_success", context.attempt, response.status_code))

    def after_error(self, context: HookContext, response: Any, error: Any) -> None:
        status = response and response.status_code
        self.seen.append(("after_error", context.attempt, (status, type(error).__name__)))

    def after_result(self, context: HookContext, result: Any) -> None:
        self.seen.append(("after_result", context.attempt, result))


def test_hooks_see_each_step() -> None:
    """Hooks run before each attempt, after each that failed, and once for the answer and result."""
    noting = Noting()
    world = World(Response(503, FAILED), httpx.ReadError("cut"), Response())
    call_with(world, noting, retries=RETRIES)
    assert noting.seen == [
        ("before_request", 1, f"{URL}/things"),
        ("after_error", 1, (503, "Failure")),
        ("before_request", 2, f"{URL}/things"),
        ("after_error", 2, (None, "ReadError")),
        ("before_request", 3, f"{URL}/things"),
        ("after_success", 3, 200),
        ("after_result", 3, []),
    ]


def test_hooks_learn_the_operation() -> None:
    """A hook gets the operation, its id, the server and the attempt."""
    contexts: list[HookContext] = []
    hook = SimpleNamespace(before_request=lambda context, request: contexts.append(context))
    call_with(World(Response()), hook)
    (context,) = contexts
    assert context.operation.label == "things.list (GET /things)"
    assert context[1:] == ("list", URL, 1)


def test_hooks_replace_the_request() -> None:
    """What `before_request` gives is sent instead."""
    other = object()
    hook = SimpleNamespace(before_request=lambda context, request: other)
    world = World(Response())
    call_with(world, hook)
    assert world.of(Send)[0].request is other


def test_hooks_replace_the_response() -> None:
    """What `after_success` gives is decoded instead, an error status among it raised."""
    for given, expected in ((Response(body=NAMED), "a"), (Response(500, FAILED), None)):
        hook = SimpleNamespace(after_success=lambda context, response, it=given: it)
        if expected:
            assert call_with(World(Response()), hook).result[0].name == expected
        else:
            with pytest.raises(MixError, match="no"):
                call_with(World(Response()), hook)


def test_hooks_replace_the_result() -> None:
    """What `after_result` gives is what the caller gets; one after another."""
    first = SimpleNamespace(after_result=lambda context, result: [*result, 1])
    second = SimpleNamespace(after_result=lambda context, result: [*result, 2])
    assert call_with(World(Response()), first, second).result == [1, 2]


class RefusalError(Exception):
    """A hook's own error."""


@pytest.mark.parametrize("point", ["before_request", "after_success", "after_result"])
@pytest.mark.parametrize("is_raised", [True, False])
def test_hooks_turn_away(point: str, *, is_raised: bool) -> None:
    """An exception that a hook raises or gives ends the call."""

    def hook(context: Any, value: Any) -> Any:
        if is_raised:
            raise RefusalError
        return RefusalError()

    with pytest.raises(RefusalError):
        call_with(World(Response()), SimpleNamespace(**{point: hook}), retries=RETRIES)


class Source(httpx.SyncByteStream):
    """What an open response is read from; notes its end."""

    def __init__(self) -> None:
        self.is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        yield b"data: 1\n\n"

    def close(self) -> None:
        self.is_closed = True


def open_with(name: str, source: Source, hook: Any) -> Any:
    """Open a stream or a download under hooks."""
    kinds = {"watch": "text/event-stream", "download": "application/octet-stream"}

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": kinds[name]}, stream=source)

    client = make_client(client=httpx.Client(transport=httpx.MockTransport(answer)), hooks=hook)
    return getattr(client.things, name)()


@pytest.mark.parametrize("name", ["watch", "download"])
@pytest.mark.parametrize("point", ["after_success", "after_result"])
@pytest.mark.parametrize("error", [RefusalError(), KeyboardInterrupt()])
def test_a_refused_response_is_closed(name: str, point: str, error: BaseException) -> None:
    """Where a hook ends the call, the open response is closed, and its connection is free."""

    def refuse(context: Any, value: Any) -> None:
        raise error

    source = Source()
    with pytest.raises(type(error)):
        open_with(name, source, SimpleNamespace(**{point: refuse}))
    assert source.is_closed


def test_a_replaced_response_is_closed() -> None:
    """What stands in for an open response lets go of that one, unless it may be read from it."""
    headers = {"content-type": "application/octet-stream"}

    def replace(context: Any, response: httpx.Response) -> httpx.Response:
        return httpx.Response(200, headers=headers, content=b"x", request=response.request)

    def wrap(context: Any, response: httpx.Response) -> httpx.Response:
        stream = response.stream
        return httpx.Response(200, headers=headers, stream=stream, request=response.request)

    source = Source()
    assert open_with("download", source, SimpleNamespace(after_success=replace)).read() == b"x"
    assert source.is_closed
    source = Source()
    result = open_with("download", source, SimpleNamespace(after_success=wrap))
    assert not source.is_closed
    assert result.read() == b"data: 1\n\n"


@pytest.mark.parametrize("point", ["after_success", "after_result"])
def test_nothing_is_closed_for_a_flow_that_is_let_go_of(point: str) -> None:
    """A flow that ends in the middle of its hooks wants nothing more."""
    hook = SimpleNamespace(**{point: lambda context, value: None})
    world = World(Response())
    flow = begin(world, settings=Settings(hooks=collect_hooks(hook)))
    effect = next(flow)
    while not isinstance(effect, Run):
        world.effects.append(effect)
        effect = flow.send(world.perform(effect))
    flow.close()
    assert world.of(Close) == []


@pytest.mark.parametrize("failed", [Response(500, FAILED), httpx.ReadError("cut")])
@pytest.mark.parametrize(
    "answer",
    [
        RefusalError(),
        (None, RefusalError()),
        Response(body=NAMED),
        (Response(body=NAMED), None),
    ],
)
def test_hooks_settle_a_failure(failed: Any, answer: Any) -> None:
    """`after_error` gives another error, which is not retried, or an answer after all."""
    world = World(failed)
    hook = SimpleNamespace(after_error=lambda context, response, error: answer)
    if isinstance(answer, Response) or (isinstance(answer, tuple) and answer[0] is not None):
        assert call_with(world, hook, retries=RETRIES).result[0].name == "a"
    else:
        with pytest.raises(RefusalError):
            call_with(world, hook, retries=RETRIES)
    assert world.waits == []


@pytest.mark.parametrize("failed", [Response(500, FAILED), httpx.ReadError("cut")])
def test_hooks_of_the_sdk(failed: Any) -> None:
    """A hook that gives both back as they were changes nothing; nor does one that drops both."""
    for hook in (
        SimpleNamespace(after_error=lambda context, response, error: (response, error)),
        SimpleNamespace(after_error=lambda context, response, error: (response, None)),
        SimpleNamespace(after_error=lambda context, response, error: (None, None)),
    ):
        with pytest.raises(httpx.ReadError if isinstance(failed, Exception) else MixError):
            call_with(World(failed), hook)


NEXT = httpx.Request("GET", f"{URL}/other", headers={"Authorization": "Bearer t"})
FAR = httpx.Request(
    "GET", "http://far.test/", headers={"Authorization": "t", "X-Key": "k", "Accept": "a"}
)


def test_redirects_within_the_origin() -> None:
    """A client that follows redirects gets them followed, with all that was sent."""
    moved = Response(307, following=NEXT)
    world = World(moved, Response(body=NAMED), follows=True)
    assert _call_far(world).result[0].name == "a"
    assert [send.options for send in world.of(Send)] == [{"follow_redirects": False}] * 2
    assert world.of(Send)[1].request is NEXT
    assert world.of(Close) == [Close(moved)]


def test_redirects_to_another_origin() -> None:
    """To another origin goes nothing that was meant for this one."""
    world = World(Response(307, following=FAR), Response(), follows=True)
    _call_far(world)
    (_, second) = world.of(Send)
    assert second.options == {"follow_redirects": False, "auth": None}
    assert set(second.request.headers) == {"accept", "host"}


def test_redirects_without_end() -> None:
    """After some redirects the last one stands."""
    world = World(*[Response(307, following=NEXT)] * 21, follows=True)
    with pytest.raises(MixError, match="answered 307"):
        _call_far(world)
    assert world.outcomes == []


def _call_far(world: World) -> Any:
    hook = SimpleNamespace(before_request=lambda context, r: httpx.Request("GET", r.url))
    return call_with(world, hook)


class Lines:
    """A logger of the caller's."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def debug(self, msg: str, *args: Any, **kwargs: Any) -> None:
        self.lines.append(msg % args)


def test_log() -> None:
    """Each attempt is written: what is sent, what came or why nothing did, secrets masked."""
    lines = Lines()
    failed = httpx.ReadError("cut")
    answered = Response(201, b'{"name":"a","token":"s3cret"}', set_cookie="id=s3cret")
    world = World(failed, answered)
    make_call(
        world,
        "create",
        settings=Settings(logger=lines),
        values={"name": "a"},
        retries=RetryConfig("backoff", RETRIES.backoff, True, retry_unsafe=True),
        http_headers={"authorization": "Bearer s3cret"},
    )
    label = "things.create (POST /things) attempt"
    assert [line[: len(label) + 2] for line in lines.lines] == [
        f"{label} 1",
        f"{label} 1",
        f"{label} 1",
        f"{label} 2",
        f"{label} 2",
    ]
    request, failure, waits, _, response = lines.lines
    assert f": POST {URL}/things headers=" in request
    assert 'body={"name":' in request.replace(" ", "").replace("'", '"')
    assert ": no answer after 0 ms: ReadError: cut" in failure
    assert "failed; the next follows in 1000 ms" in waits
    assert ": 201 after 0 ms headers=" in response
    assert "s3cret" not in "".join(lines.lines)


def test_log_of_streams() -> None:
    """A stream, a download and an upload are not read for the log."""
    lines = Lines()
    settings = Settings(logger=lines)
    make_call(World(Response(kind="text/event-stream")), "watch", settings=settings)
    make_call(World(Response(204, b"")), "upload", settings=settings, values={"body": b"xyz"})
    assert "body=not read" in lines.lines[1]
    assert "body=<3 bytes, not read>" in lines.lines[2]


def test_log_by_level(caplog: pytest.LogCaptureFixture) -> None:
    """The logger `mixdyn` at level DEBUG does as well; otherwise nothing is written."""
    make_call(World(Response()))
    assert caplog.text == ""
    with caplog.at_level(logging.DEBUG, "mixdyn"):
        make_call(World(Response()))
    assert caplog.text.count("things.list (GET /things) attempt 1") == 2


def test_log_is_safe() -> None:
    """What a server sends cannot write lines of its own, nor control a terminal."""
    lines = Lines()
    wild = Response(200, b"[]", x_wild="a\x1b[31mb\nc", kind="application/json")
    make_call(World(wild), settings=Settings(logger=lines))
    assert lines.lines[1].isprintable()


def test_plan_of_hidden_errors() -> None:
    """A hook's error keeps its own class, and learns the call."""
    hook = SimpleNamespace(after_result=lambda context, result: RefusalError("no"))
    with pytest.raises(RefusalError) as caught:
        call_with(World(Response()), hook, plan=plan_of("list"))
    assert caught.value.__notes__ == ["in things.list (GET /things), attempt 1"]
