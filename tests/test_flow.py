"""One call's decisions, driven by hand: no I/O, no waiting, and a clock that stands still."""

from __future__ import annotations

import io
import logging
from pathlib import Path
from typing import Any

import httpx
import pytest

from mixdyn.binding import Bound
from mixdyn.catalog import build_catalog
from mixdyn.content import ContentError
from mixdyn.errors import MixError, NoResponseError, RequestValidationError, ResponseValidationError
from mixdyn.flow import Clock, Close, Flow, Open, Read, Send, Sleep, call
from mixdyn.operation import parse_operation, parse_security_schemes
from mixdyn.plan import Plan, make_plan
from mixdyn.results import Types
from mixdyn.retry import BackoffStrategy, RetryConfig
from mixdyn.schema import Schemas
from mixdyn.settings import UNSET, Settings
from tests.documents import make_document
from tests.things import PATHS, SCHEMAS

BACKOFF = BackoffStrategy(1000, 60_000, 2, 100_000)
ALWAYS = RetryConfig("backoff", BACKOFF, True)
UNSAFE = RetryConfig("backoff", BACKOFF, True, True)
SHY = RetryConfig("backoff", BACKOFF, False)
NEVER = RetryConfig("none", BACKOFF, True)
BRIEF = RetryConfig("backoff", BackoffStrategy(1000, 60_000, 2, 1), True)

DECLARED = {"strategy": "backoff", "backoff": {"initialInterval": 250, "exponent": 2}}
SECURED = {
    "components": {
        "schemas": SCHEMAS,
        "securitySchemes": {
            "key": {"type": "apiKey", "in": "query", "name": "key"},
            "token": {"type": "http", "scheme": "bearer"},
        },
    },
}


class Time:
    """Time that passes only where the test says so, and no chance."""

    def __init__(self) -> None:
        self.now = 0.0
        self.clock = Clock(lambda: self.now, lambda: 1_700_000_000.0, lambda: 0.0)


class Response:
    """An answer, as far as a flow looks at it."""

    def __init__(self, status: int = 200, kind: str = "application/json", **headers: str) -> None:
        self.status_code = status
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        self.headers = {"content-type": kind, **given}


def plan_of(name: str, **parts: Any) -> Plan:
    """Give the plan of one operation of the API of things."""
    document = make_document(PATHS, **{"components": {"schemas": SCHEMAS}, **parts})
    entries = {entry.name: entry for entry in build_catalog(document, frozenset()).entries}
    schemas = Schemas(document)
    schemes = parse_security_schemes(document)
    return make_plan(parse_operation(schemas, entries[name]), Types(schemas), schemes, "test")


PLANS = {name: plan_of(name) for name in ("list", "create", "watch", "download", "upload")}


def begin(
    name: str = "list",
    values: dict[str, Any] | None = None,
    settings: Settings | None = None,
    time: Time | None = None,
    plan: Plan | None = None,
    **options: Any,
) -> tuple[Flow, Send]:
    """Start a call, and give it with its first effect."""
    settings = settings or Settings(server_url="http://things.test")
    bound = Bound(values or {}, options)
    flow = call(plan or PLANS[name], settings, bound, (time or Time()).clock)
    effect = next(flow)
    assert isinstance(effect, Send)
    return flow, effect


def end(flow: Flow, outcome: Any) -> Any:
    """Give the last outcome, and take the call's result."""
    with pytest.raises(StopIteration) as caught:
        flow.send(outcome)
    return caught.value.value


def test_success() -> None:
    """A call sends one request, reads the body, and gives the typed result."""
    flow, send = begin()
    assert (send.request.method, send.request.url) == ("GET", "http://things.test/things")
    assert (send.is_stream, send.timeout) == (False, None)
    response = Response()
    effect = flow.send(response)
    assert isinstance(effect, Read)
    assert effect.response is response
    assert end(flow, b'[{"name":"a"}]')[0].name == "a"


def test_error() -> None:
    """An error status raises the class of its schema."""
    flow, _ = begin()
    flow.send(Response(404))
    with pytest.raises(MixError, match="no such thing") as caught:
        flow.send(b'{"message":"no such thing"}')
    assert type(caught.value).__name__ == "Failure"
    assert caught.value.status_code == 404


def test_error_bodies_are_short() -> None:
    """Less is read of an error than of a result."""
    limits = []
    for status in (200, 500):
        flow, _ = begin()
        limits.append(flow.send(Response(status)).limit)
    assert limits == [64 * 1024 * 1024, 1024 * 1024]


def test_content_error() -> None:
    """A body that cannot be unpacked is an answer that does not fit, with its status."""
    flow, _ = begin()
    flow.send(Response())
    with pytest.raises(ResponseValidationError, match="answered 200, but it bursts") as caught:
        flow.throw(ContentError("it bursts"))
    assert caught.value.status_code == 200
    assert caught.value.problems[0].message == "it bursts"


def test_download() -> None:
    """A binary answer is handed over open."""
    flow, send = begin("download")
    response = Response(200, "application/octet-stream")
    assert flow.send(response) == Open(response, None)
    assert not send.is_stream
    assert end(flow, response) is response


def test_stream() -> None:
    """An event stream is opened with a feed of its events."""
    flow, send = begin("watch")
    assert send.is_stream
    effect = flow.send(Response(200, "text/event-stream"))
    assert isinstance(effect, Open)
    assert effect.feed is not None
    assert effect.feed.label == "things.watch (GET /events)"
    assert end(flow, "stream") == "stream"


def test_drift_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """In mode `warn` what does not fit comes back as it is, with a line in the log."""
    flow, _ = begin(validate="warn")
    flow.send(Response())
    with caplog.at_level(logging.WARNING, "mixdyn"):
        assert end(flow, b'[{"name":5}]')[0]["name"] == 5
    assert "the response does not fit" in caplog.text


CONNECT, POOL = httpx.ConnectError("x"), httpx.PoolTimeout("x")
TIMEOUT, CUT = httpx.ReadTimeout("x"), httpx.RemoteProtocolError("x")
BUSY, LIMITED, FAILED, MISSING = 503, 429, 500, 404


@pytest.mark.parametrize(
    ("name", "config", "outcome", "waits"),
    [
        # what is safe to repeat is
        ("list", ALWAYS, BUSY, 1.0),
        ("list", ALWAYS, FAILED, 1.0),
        ("list", ALWAYS, LIMITED, 1.0),
        ("list", ALWAYS, MISSING, None),
        ("list", ALWAYS, TIMEOUT, 1.0),
        ("list", ALWAYS, CUT, 1.0),
        ("list", ALWAYS, ValueError("ours"), None),
        # a POST only where it cannot have been processed, or where the caller says so
        ("create", ALWAYS, CONNECT, 1.0),
        ("create", ALWAYS, POOL, 1.0),
        ("create", ALWAYS, TIMEOUT, None),
        ("create", ALWAYS, CUT, None),
        ("create", ALWAYS, FAILED, None),
        ("create", ALWAYS, LIMITED, 1.0),
        ("create", UNSAFE, TIMEOUT, 1.0),
        ("create", UNSAFE, FAILED, 1.0),
        # configurations that say no
        ("list", None, BUSY, None),
        ("list", None, CONNECT, None),
        ("list", NEVER, BUSY, None),
        ("list", SHY, CONNECT, None),
        ("list", SHY, BUSY, 1.0),
        ("list", BRIEF, BUSY, None),
        ("list", BRIEF, CONNECT, None),
        ("list", UNSET, BUSY, None),
    ],
)
def test_retry(name: str, config: Any, outcome: Any, waits: float | None) -> None:
    """A failed attempt is repeated after a wait, or stands."""
    values = {"name": "a"} if name == "create" else {}
    flow, send = begin(name, values, retries=config)
    if isinstance(outcome, Exception):
        if waits is None:
            with pytest.raises(type(outcome)):
                flow.throw(outcome)
            return
        effect = flow.throw(outcome)
    else:
        response = Response(outcome)
        effect = flow.send(response)
        if waits is None:
            assert isinstance(effect, Read)
            return
        assert effect == Close(response)
        effect = flow.send(None)
    assert effect == Sleep(waits)
    assert flow.send(None) == send


@pytest.mark.parametrize(
    ("headers", "waits"),
    [
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": "0"}, 0.0),
        ({"retry_after_ms": "250"}, 0.25),
        ({"retry_after": "Tue, 14 Nov 2023 22:13:30 GMT"}, 10.0),
        ({"retry_after": "99999"}, None),
    ],
)
def test_retry_after(headers: dict[str, str], waits: float | None) -> None:
    """What the server asks for replaces the backoff; what takes too long is not waited for."""
    flow, _ = begin(retries=ALWAYS)
    response = Response(503, **headers)
    effect = flow.send(response)
    if waits is None:
        assert isinstance(effect, Read)
    else:
        assert effect == Close(response)
        assert flow.send(None) == Sleep(waits)


def test_retry_backs_off_and_gives_up() -> None:
    """Waits grow, the last answer stands once the time for retries is over."""
    time = Time()
    flow, _ = begin(time=time, retries=ALWAYS)
    waits = []
    effect = flow.send(Response(503))
    while isinstance(effect, Close):
        sleep = flow.send(None)
        assert isinstance(sleep, Sleep)
        waits.append(sleep.seconds)
        time.now += sleep.seconds
        flow.send(None)
        effect = flow.send(Response(503))
    assert waits == [1, 2, 4, 8, 16, 32]
    assert isinstance(effect, Read)


@pytest.mark.parametrize(
    ("declared", "settings", "waits"),
    [
        ({"x-speakeasy-retries": DECLARED}, UNSET, 0.25),
        ({"x-speakeasy-retries": DECLARED}, None, None),
        ({"x-speakeasy-retries": DECLARED}, ALWAYS, 1.0),
        ({"x-speakeasy-retries": {"strategy": "none"}}, UNSET, None),
        ({"x-speakeasy-retries": {**DECLARED, "statusCodes": ["404"]}}, UNSET, None),
        ({"x-speakeasy-retries": {**DECLARED, "statusCodes": ["404"]}}, ALWAYS, None),
    ],
)
def test_retry_as_declared(declared: Any, settings: Any, waits: float | None) -> None:
    """The document's policy holds unless the client has one; its statuses hold for both."""
    plan = plan_of("list", **declared)
    given = Settings(server_url="http://things.test", retry_config=settings)
    flow, _ = begin(plan=plan, settings=given, retries=UNSET)
    effect = flow.send(Response(503))
    assert isinstance(effect, Read if waits is None else Close)
    if waits is not None:
        assert flow.send(None) == Sleep(waits)


def test_retries_of_a_wrong_kind() -> None:
    """Anything but a configuration is refused before something is sent."""
    with pytest.raises(TypeError, match="expected a RetryConfig, or None for never"):
        begin(retries=3)


class Pipe:
    """A file that can only be read on."""

    def read(self, size: int = -1) -> bytes:
        return b""


def test_files_go_back() -> None:
    """Before a further attempt a file is moved back to where it stood."""
    file = io.BytesIO(b"0123456789")
    file.seek(3)
    flow, _ = begin("upload", {"body": file}, retries=ALWAYS)
    file.read()
    flow.send(Response(503))
    assert isinstance(flow.send(None), Sleep)
    assert isinstance(flow.send(None), Send)
    assert file.tell() == 3
    assert not file.closed
    flow.close()


def test_bytes_are_sent_again() -> None:
    """Bytes need not be moved back."""
    flow, send = begin("upload", {"body": b"abc"}, retries=ALWAYS)
    assert isinstance(flow.throw(httpx.ReadError("x")), Sleep)
    assert flow.send(None) == send


@pytest.mark.parametrize("outcome", [BUSY, CONNECT])
def test_pipes_do_not_go_back(outcome: Any) -> None:
    """What cannot be read again is sent once."""
    flow, _ = begin("upload", {"body": Pipe()}, retries=ALWAYS)
    if isinstance(outcome, Exception):
        with pytest.raises(httpx.ConnectError):
            flow.throw(outcome)
    else:
        assert isinstance(flow.send(Response(outcome)), Read)


@pytest.mark.parametrize("outcome", [httpx.ReadError("x"), KeyboardInterrupt(), GeneratorExit()])
def test_opened_files_are_closed(tmp_path: Path, outcome: BaseException) -> None:
    """A file that was opened for the call is closed when it fails or is given up."""
    path = tmp_path / "data.bin"
    path.write_bytes(b"x")
    flow, send = begin("upload", {"body": path}, retries=None)
    (upload,) = send.request.opened
    with pytest.raises(type(outcome)):
        flow.throw(outcome)
    assert not isinstance(upload.content, bytes)
    assert upload.content.closed


@pytest.mark.parametrize(
    ("given", "setting", "steps", "total"),
    [
        (UNSET, UNSET, None, 600.0),
        (UNSET, 5000, (5.0,) * 4, 5.0),
        (2000, 5000, (2.0,) * 4, 2.0),
        (None, 5000, (None,) * 4, None),
    ],
)
def test_timeouts(given: Any, setting: Any, steps: Any, total: float | None) -> None:
    """A timeout limits each step and the whole of an attempt; without one there is still an end."""
    time = Time()
    settings = Settings(server_url="http://things.test", timeout_ms=setting)
    flow, send = begin(settings=settings, time=time, timeout_ms=given)
    assert send.timeout == steps
    effect = flow.send(Response())
    assert isinstance(effect, Read)
    time.now = 1e9 if total is None else total
    effect.check()
    if total is not None:
        time.now += 0.001
        with pytest.raises(NoResponseError, match=rf"not complete after {total:g} s"):
            effect.check()


def test_each_attempt_has_its_time() -> None:
    """What earlier attempts took does not count."""
    time = Time()
    flow, _ = begin(time=time, retries=ALWAYS, timeout_ms=1000)
    flow.send(Response(503))
    flow.send(None)
    time.now = 50.0
    flow.send(None)
    effect = flow.send(Response())
    assert isinstance(effect, Read)
    effect.check()


def test_credentials() -> None:
    """Credentials go where their schemes say: into headers, or the query."""
    settings = Settings(server_url="http://things.test", security={"key": "k", "token": "t"})
    plan = plan_of("list", security=[{"key": [], "token": []}], **SECURED)
    _, send = begin(plan=plan, settings=settings)
    assert send.request.url == "http://things.test/things?key=k"
    assert send.request.headers["authorization"] == "Bearer t"


def test_credentials_that_cannot_be_sent(tmp_path: Path) -> None:
    """Where a credential is refused, the files that were opened for the call are closed."""
    path = tmp_path / "data.bin"
    path.write_bytes(b"x")
    settings = Settings(server_url="http://things.test", security={"token": "a\nb"})
    plan = plan_of("upload", security=[{"token": []}], **SECURED)
    with pytest.raises(RequestValidationError, match="token"):
        begin(plan=plan, values={"body": path}, settings=settings)


def test_server_urls_are_kept() -> None:
    """A server is worked out once for the same settings, within bounds."""
    plan = plan_of("list")
    for number in range(70):
        _, send = begin(plan=plan, server_url=f"http://{number}.test")
        assert send.request.url == f"http://{number}.test/things"
    begin(plan=plan, server_url="http://1.test")
    assert len(plan.server_urls) == 64


def test_accept_override() -> None:
    """A caller may ask for one media type; an enumeration's member stands for its value."""

    class Kind:
        value = "application/json"

    for given in ("application/json", Kind()):
        _, send = begin(accept_header_override=given)
        assert send.request.headers["accept"] == "application/json"
