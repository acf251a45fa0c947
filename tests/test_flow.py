"""One call's decisions, driven by hand: no I/O, no waiting, and a clock that stands still."""

from __future__ import annotations

import io
import json
import logging
import pickle
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from mixdyn.content import ContentError
from mixdyn.effect import Build, Open, Read, Send
from mixdyn.errors import MixError, RequestValidationError, ResponseValidationError
from mixdyn.retry import BackoffStrategy, RetryConfig
from mixdyn.settings import UNSET, Settings, Timeouts
from tests.documents import answers, param
from tests.things import PATHS, SCHEMAS, THING, operation
from tests.world import URL, Response, Time, World, begin, make_call, plan_of

BACKOFF = BackoffStrategy(1000, 60_000, 2, 100_000)
ALWAYS = RetryConfig("backoff", BACKOFF, True)
UNSAFE = RetryConfig("backoff", BACKOFF, True, True)
SHY = RetryConfig("backoff", BACKOFF, False)
NEVER = RetryConfig("none", BACKOFF, True)
BRIEF = RetryConfig("backoff", BackoffStrategy(1000, 60_000, 2, 1), True)

DECLARED = {"strategy": "backoff", "backoff": {"initialInterval": 250, "exponent": 2}}
KEYED: dict[str, Any] = {
    "/things": {
        "post": operation(
            "create", answers(THING, "201"), parameters=[param("Idempotency-Key", "header")]
        )
    }
}
MADE = b'{"name":"a"}'
SECURED = {
    "components": {
        "schemas": SCHEMAS,
        "securitySchemes": {
            "key": {"type": "apiKey", "in": "query", "name": "key"},
            "token": {"type": "http", "scheme": "bearer"},
        },
    },
}


def test_success() -> None:
    """A call sends one request, reads the body, and gives the typed result and what it took."""
    response = Response(body=b'[{"name":"a"}]')
    world = World(response)
    outcome = make_call(world)
    (build, send, read) = world.effects
    assert (build.request.method, build.request.url) == ("GET", f"{URL}/things")
    assert (build.is_stream, build.timeouts) == (False, Timeouts())
    assert (send.is_stream, send.deadline, send.options) == (False, 600.0, {})
    assert read.response is response
    assert outcome.result[0].name == "a"
    assert outcome[1:] == (200, response.headers, 1, timedelta(0), response)


def test_error() -> None:
    """An error status raises the class of its schema, which knows the call."""
    with pytest.raises(MixError, match="no such thing") as caught:
        make_call(World(Response(404, b'{"message":"no such thing"}', x_request_id="r1")))
    assert type(caught.value).__name__ == "Failure"
    assert (caught.value.status_code, caught.value.attempts) == (404, 1)
    assert (caught.value.retry_after, caught.value.request_id) == (None, "r1")


def test_error_after_attempts() -> None:
    """An error tells how often it was tried and what the server asked for, also when unpickled."""
    busy = Response(503, b'{"message":"busy"}', retry_after="30")
    world = World(*[busy] * 4)
    with pytest.raises(MixError) as caught:
        make_call(world, retries=ALWAYS)
    assert world.waits == [30, 30, 30]
    error = pickle.loads(pickle.dumps(caught.value))
    assert (error.attempts, error.retry_after) == (4, 30.0)


def test_errors_of_the_network_know_the_call() -> None:
    """The HTTP client's own errors stay what they are, and learn where they happened."""
    cut = httpx.ReadError("cut")
    with pytest.raises(httpx.ReadError) as caught:
        make_call(World(cut), retries=None)
    error: Any = caught.value
    assert (error.operation, error.attempts) == ("things.list (GET /things)", 1)
    with pytest.raises(httpx.ReadError):
        make_call(World(cut), retries=None)
    assert error.__notes__ == ["in things.list (GET /things), attempt 1"]


def test_no_answer_at_all() -> None:
    """A client that gives nothing is told of as such."""
    with pytest.raises(MixError, match="no response received"):
        make_call(World(None))


def test_error_bodies_are_short() -> None:
    """Less is read of an error than of a result."""
    world = World(Response(200), Response(500))
    make_call(world)
    with pytest.raises(MixError):
        make_call(world)
    assert [read.limit for read in world.of(Read)] == [64 * 1024 * 1024, 1024 * 1024]


def test_content_error() -> None:
    """A body that cannot be unpacked is an answer that does not fit, with its status."""
    with pytest.raises(ResponseValidationError, match="answered 200, but it bursts") as caught:
        make_call(World(Response(body=ContentError("it bursts"))), retries=ALWAYS)
    assert caught.value.status_code == 200
    assert caught.value.problems[0].message == "it bursts"


def test_content_error_of_an_error() -> None:
    """A failure whose body cannot be unpacked is still a failure that may pass."""
    world = World(Response(503, ContentError("it bursts")), Response())
    assert make_call(world, retries=ALWAYS).attempts == 2


def test_download() -> None:
    """A binary answer is handed over open."""
    response = Response(200, kind="application/octet-stream")
    world = World(response)
    assert make_call(world, "download").result is response
    assert world.of(Open) == [Open(response, None, None, None, "things.download (GET /file)")]


def test_stream() -> None:
    """An event stream is opened with a feed of its events; only its answer has a deadline."""
    world = World(Response(200, kind="text/event-stream"))
    make_call(world, "watch")
    (send,), (opened,) = world.of(Send), world.of(Open)
    assert (send.is_stream, send.deadline) == (True, None)
    assert opened.feed is not None
    assert opened.feed.label == "things.watch (GET /events)"


def test_drift_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """In mode `warn` what does not fit comes back as it is, with a line in the log."""
    with caplog.at_level(logging.WARNING, "mixdyn"):
        outcome = make_call(World(Response(body=b'[{"name":5}]')), validate="warn")
    assert outcome.result[0]["name"] == 5
    assert "the response does not fit" in caplog.text


TABLE = json.loads((Path(__file__).parent / "data" / "retry.json").read_text())["failures"]
ERRORS = {
    "refused": httpx.ConnectError("x"),
    "connect timeout": httpx.ConnectTimeout("x"),
    "pool timeout": httpx.PoolTimeout("x"),
    "read timeout": httpx.ReadTimeout("x"),
    "write timeout": httpx.WriteTimeout("x"),
    "closed without an answer": httpx.RemoteProtocolError("x"),
    "reset": httpx.ReadError("x"),
    "half an answer": Response(body=httpx.RemoteProtocolError("x")),
    "unsupported protocol": httpx.UnsupportedProtocol("x"),
    "our own error": ValueError("x"),
    "503 with Retry-After in seconds": Response(503, retry_after="7"),
    "503 with Retry-After as a date": Response(503, retry_after="Tue, 14 Nov 2023 22:13:27 GMT"),
    "503 with retry-after-ms": Response(503, retry_after_ms="7000"),
    "503 with nonsense in Retry-After": Response(503, retry_after="soon"),
    "500 with Retry-After in seconds": Response(500, retry_after="7"),
}
OWN_RETRIES = {**PATHS["/things"]["post"], "x-speakeasy-retries": DECLARED}
OWN = plan_of("create", {"/things": {"post": OWN_RETRIES}})


@pytest.mark.parametrize(
    ("column", "name", "given"),
    [
        ("safe", "list", {"retries": ALWAYS}),
        ("unsafe", "create", {"retries": ALWAYS}),
        ("shy", "list", {"retries": SHY}),
        ("safe", "create", {"retries": UNSAFE}),
        ("safe", "create", {"retries": ALWAYS, "plan": OWN}),
        ("safe", "create", {"retries": ALWAYS, "http_headers": {"Idempotency-Key": "1"}}),
        ("safe", "create", {"retries": ALWAYS, "plan": plan_of("create", KEYED), "values": {}}),
    ],
)
@pytest.mark.parametrize("failure", TABLE)
def test_retry(column: str, name: str, given: dict[str, Any], failure: str) -> None:
    """A failed attempt is repeated after a wait, or stands."""
    failed = ERRORS[failure] if failure in ERRORS else Response(int(failure))
    then = Response(201, MADE) if name == "create" else Response()
    world = World(failed, then)
    given = {"values": {"name": "a"} if name == "create" else {}, **given}
    if TABLE[failure][column]:
        assert make_call(world, name, **given).attempts == 2
        has_asked = " with " in failure and "nonsense" not in failure
        assert world.waits == [7.0 if has_asked else 1.0]
    else:
        kind = type(failed) if isinstance(failed, Exception) else Exception
        with pytest.raises(kind):
            make_call(world, name, **given)
        assert world.waits == []


@pytest.mark.parametrize("config", [None, NEVER, BRIEF, UNSET])
@pytest.mark.parametrize("failed", [Response(503), httpx.ConnectError("x")])
def test_no_retry(config: Any, failed: Any) -> None:
    """Without a policy, or without time for another attempt, the first one stands."""
    world = World(failed)
    with pytest.raises(type(failed) if isinstance(failed, Exception) else MixError):
        make_call(world, retries=config)
    assert world.waits == []


def test_what_takes_too_long_is_not_waited_for() -> None:
    """No attempt starts after the time for retries: an answer that asks for more stands."""
    world = World(Response(503, retry_after="99999"))
    with pytest.raises(MixError) as caught:
        make_call(world, retries=ALWAYS)
    assert (caught.value.attempts, caught.value.retry_after, world.waits) == (1, 99999.0, [])


def test_retry_backs_off_and_gives_up() -> None:
    """Waits grow, the last answer stands once the time for retries is over."""
    world = World(*[Response(503)] * 7)
    with pytest.raises(MixError) as caught:
        make_call(world, retries=ALWAYS)
    assert world.waits == [1, 2, 4, 8, 16, 32]
    assert caught.value.attempts == 7


def test_elapsed_is_of_all_attempts() -> None:
    """The time that a call took begins with its first attempt."""
    outcome = make_call(World(Response(503), Response()), retries=ALWAYS)
    assert (outcome.attempts, outcome.elapsed) == (2, timedelta(seconds=1))


@pytest.mark.parametrize(
    ("declared", "settings", "waits"),
    [
        ({"x-speakeasy-retries": DECLARED}, UNSET, [0.25]),
        ({"x-speakeasy-retries": DECLARED}, None, []),
        ({"x-speakeasy-retries": DECLARED}, ALWAYS, [1.0]),
        ({"x-speakeasy-retries": {"strategy": "none"}}, UNSET, []),
        ({"x-speakeasy-retries": {**DECLARED, "statusCodes": ["404"]}}, UNSET, []),
        ({"x-speakeasy-retries": {**DECLARED, "statusCodes": ["404"]}}, ALWAYS, []),
    ],
)
def test_retry_as_declared(declared: Any, settings: Any, waits: list[float]) -> None:
    """The document's policy holds unless the client has one; its statuses hold for both."""
    world = World(Response(503), Response())
    flow = begin(world, plan=plan_of("list", **declared), settings=Settings(retry_config=settings))
    if waits:
        world.run(flow)
    else:
        with pytest.raises(MixError):
            world.run(flow)
    assert world.waits == waits


def test_retries_of_a_wrong_kind() -> None:
    """Anything but a configuration is refused before something is sent."""
    world = World()
    with pytest.raises(TypeError, match="expected a RetryConfig, or None for never"):
        make_call(world, retries=3)
    assert world.effects == []


def test_one_idempotency_key_for_all_attempts() -> None:
    """Where the document has such a header, a call names itself, each attempt the same."""
    plan = plan_of("create", KEYED)
    keys = set()
    for _ in range(2):
        world = World(httpx.ReadTimeout("x"), Response(201, MADE))
        make_call(world, plan=plan, retries=ALWAYS)
        first, second = (request.headers["idempotency-key"] for request in world.requests)
        assert first == second
        keys.add(first)
    assert len(keys) == 2


def test_idempotency_key_of_the_caller() -> None:
    """A key that the caller gives is the one that is sent; without retries none is made."""
    plan = plan_of("create", KEYED)
    world = World(Response(201, MADE), Response(201, MADE))
    make_call(world, plan=plan, retries=ALWAYS, values={"idempotency_key": "mine"})
    make_call(world, plan=plan, retries=None)
    first, second = world.requests
    assert first.headers["idempotency-key"] == "mine"
    assert "idempotency-key" not in second.headers


class Pipe:
    """A file that can only be read on."""

    def read(self, size: int = -1) -> bytes:
        return b""


class Reader(World):
    """A world in which a request's body is read when it is sent."""

    def perform(self, effect: Any) -> Any:
        if isinstance(effect, Build) and hasattr(effect.request.content, "chunks"):
            for _ in effect.request.content.chunks():
                pass
        return super().perform(effect)


def test_files_go_back() -> None:
    """Before a further attempt a file is moved back to where it stood."""
    file = io.BytesIO(b"0123456789")
    file.seek(3)
    places = []

    class Noting(Reader):
        def perform(self, effect: Any) -> Any:
            places.append(file.tell())
            return super().perform(effect)

    world = Noting(Response(503), Response(204, b""))
    make_call(world, "upload", values={"body": file}, retries=ALWAYS)
    starts = [p for p, e in zip(places, world.effects, strict=True) if isinstance(e, Build)]
    assert starts == [3, 3]
    assert not file.closed


@pytest.mark.parametrize("failed", [Response(503), httpx.ReadError("x")])
def test_pipes_do_not_go_back(failed: Any) -> None:
    """What has been read and cannot be read again is sent once."""
    world = Reader(failed)
    with pytest.raises(Exception, match=r"x|503"):
        make_call(world, "upload", values={"body": Pipe()}, retries=ALWAYS)
    assert world.waits == []


def test_pipes_that_were_not_read() -> None:
    """A request that never left can be sent again, whatever its body."""
    world = World(httpx.ConnectError("x"), Response(204, b""))
    assert make_call(world, "upload", values={"body": Pipe()}, retries=ALWAYS).attempts == 2


@pytest.mark.parametrize("outcome", [httpx.ReadError("x"), KeyboardInterrupt()])
def test_bodies_are_closed(monkeypatch: Any, outcome: BaseException) -> None:
    """What was opened for a body is closed when the call fails or is given up."""
    closed = []
    flow = begin(World(), "upload", {"body": b"x"}, retries=None)
    effect = next(flow)
    assert isinstance(effect, Build)
    monkeypatch.setattr(type(effect.request.content), "close", lambda self: closed.append(1))
    with pytest.raises(type(outcome)):
        flow.throw(outcome)
    assert closed


@pytest.mark.parametrize(
    ("given", "setting", "timeouts", "deadline"),
    [
        (UNSET, UNSET, Timeouts(), 600.0),
        (UNSET, 5000, Timeouts(5.0, 5.0, 5.0, 5.0), 5.0),
        (2000, 5000, Timeouts(2.0, 2.0, 2.0, 2.0), 2.0),
        (None, 5000, Timeouts(None, None, None, None), None),
        ({"total": 1000}, UNSET, Timeouts(total=1.0), 1.0),
        ({"total": None}, 5000, Timeouts(5.0, 5.0, None, 5.0), None),
        ({"read": 7000}, {"read": 1, "connect": None}, Timeouts(None, 7.0), 600.0),
    ],
)
def test_timeouts(given: Any, setting: Any, timeouts: Timeouts, deadline: float | None) -> None:
    """A timeout limits each step and the whole of an attempt; without one there is still an end."""
    world = World(Response())
    settings = Settings(timeouts=Timeouts().changed(setting))
    make_call(world, settings=settings, timeout_ms=given)
    (build, send, read) = world.effects
    assert build.timeouts == timeouts
    assert (send.deadline, read.deadline) == (deadline, deadline)


def test_each_attempt_has_its_time() -> None:
    """What earlier attempts took does not count."""
    world = World(Response(503), Response(), time=Time())
    make_call(world, retries=ALWAYS, timeout_ms=500)
    assert [send.deadline for send in world.of(Send)] == [0.5, 1.5]


def test_progress_of_a_wrong_kind() -> None:
    """Progress is told to a plain function: another kind is refused before something is sent."""

    async def awaited(done: int, total: int | None) -> None:
        """Never called."""

    for wrong in (awaited, 5):
        with pytest.raises(TypeError, match="on_progress=.*: expected a plain function"):
            make_call(World(), on_progress=wrong)


def test_progress_counts_one_way() -> None:
    """Progress is that of the upload where there is one, else that of the answer."""
    seen = lambda done, total: None  # noqa: E731
    world = World(Response(), Response(204, b""), Response(kind="application/octet-stream"))
    make_call(world, on_progress=seen)
    make_call(world, "upload", values={"body": b"x"}, on_progress=seen)
    make_call(world, "download", on_progress=seen)
    assert [build.on_progress for build in world.of(Build)] == [None, seen, None]
    assert [read.on_progress for read in world.of(Read)] == [seen, None]
    assert [opened.on_progress for opened in world.of(Open)] == [seen]


def test_credentials() -> None:
    """Credentials go where their schemes say: into headers, or the query."""
    settings = Settings(security={"key": "k", "token": lambda: "t"})
    plan = plan_of("list", security=[{"key": [], "token": []}], **SECURED)
    world = World(Response())
    make_call(world, plan=plan, settings=settings)
    (request,) = world.requests
    assert request.url == f"{URL}/things?key=k"
    assert request.headers["authorization"] == "Bearer t"


def test_credentials_are_asked_for_once_a_call() -> None:
    """A function that gives a credential is asked when all else is in order, once for a call."""
    asked: list[int] = []

    def ask() -> str:
        asked.append(1)
        return f"t{len(asked)}"

    settings = Settings(security={"token": ask})
    plan = plan_of("create", security=[{"token": []}], **SECURED)
    world = World(Response(429), Response(201, MADE))
    with pytest.raises(RequestValidationError):
        make_call(world, plan=plan, settings=settings, values={"name": 5})
    assert asked == []
    make_call(world, plan=plan, settings=settings, values={"name": "a"}, retries=ALWAYS)
    assert [r.headers["authorization"] for r in world.requests] == ["Bearer t1", "Bearer t1"]


def test_credentials_that_cannot_be_sent(monkeypatch: Any) -> None:
    """Where a credential is refused, what was opened for the call is closed."""
    closed = []
    monkeypatch.setattr("mixdyn.payload.Payload.close", lambda self: closed.append(1))
    settings = Settings(security={"token": "a\nb"})
    plan = plan_of("upload", security=[{"token": []}], **SECURED)
    with pytest.raises(RequestValidationError, match="token"):
        make_call(World(), plan=plan, values={"body": b"x"}, settings=settings)
    assert closed
    with pytest.raises(RequestValidationError, match="token"):
        make_call(
            World(), plan=plan_of("list", security=[{"token": []}], **SECURED), settings=settings
        )


def test_secrets_that_a_server_repeats() -> None:
    """A credential that the server's own words hold is masked in the message, not in the data."""
    body = b'{"message":"no such key: sk-12345678"}'
    settings = Settings(security={"token": "sk-12345678"})
    plan = plan_of("list", security=[{"token": []}], **SECURED)
    with pytest.raises(MixError) as caught:
        make_call(World(Response(401, body)), plan=plan, settings=settings)
    assert "sk-12345678" not in str(caught.value)
    assert caught.value.data.message == "no such key: sk-12345678"


def test_server_urls_are_kept() -> None:
    """A server is worked out once for the same settings, within bounds."""
    plan = plan_of("list")
    for number in (*range(70), 1):
        world = World(Response())
        make_call(world, plan=plan, server_url=f"http://{number}.test")
        assert world.requests[0].url == f"http://{number}.test/things"
    assert len(plan.server_urls) == 64


def test_accept_override() -> None:
    """A caller may ask for one media type; an enumeration's member stands for its value."""

    class Kind:
        value = "application/json"

    for given in ("application/json", Kind()):
        world = World(Response())
        make_call(world, accept_header_override=given)
        assert world.requests[0].headers["accept"] == "application/json"


def test_redirects_stay_as_they_are() -> None:
    """Where the HTTP client does not follow redirects, one is an answer like any other."""
    world = World(Response(302, b"", following=object()))
    with pytest.raises(MixError, match="answered 302"):
        make_call(world)
    assert len(world.of(Send)) == 1


def test_uploads_have_time() -> None:
    """A file may take longer to send than other calls in all, unless the caller sets a total."""
    world = World(Response(204, b""), Response(204, b""))
    make_call(world, "upload", values={"body": b"x"})
    make_call(world, "upload", values={"body": b"x"}, timeout_ms=5000)
    assert [send.deadline for send in world.of(Send)] == [None, 5.0]
    assert [read.deadline for read in world.of(Read)] == [600.0, 5.0]
