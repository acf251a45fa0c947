"""Taking a document from the server itself: where it is looked for, and within which bounds."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import httpx
import httpx2
import pytest

from mixdyn import discovery
from mixdyn.connection import Connections
from mixdyn.discovery import PLACES, Mark, Served, discover, discover_async
from mixdyn.errors import ClientClosedError, DocumentError, RequestValidationError
from tests.loopback import Exchange, serve

DOCUMENT = {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {}}
CONTENT = json.dumps(DOCUMENT).encode()
SECRET = {"authorization": "Bearer s3cret-token"}

Find = Callable[..., Served | None]
Answer = Callable[[Exchange], None]


@pytest.fixture(params=["blocking", "async", "trio"])
def find(request: Any) -> Find:
    """Search with HTTP clients of our own, blocking or awaiting."""

    def search(*args: Any, **options: Any) -> Served | None:
        with closing(Connections()) as connections:
            return discover(connections, *args, **options)

    async def search_async(*args: Any, **options: Any) -> Served | None:
        connections = Connections()
        try:
            return await discover_async(connections, *args, **options)
        finally:
            await connections.aclose()

    if request.param == "blocking":
        return search
    if request.param == "async":
        return lambda *args, **options: asyncio.run(search_async(*args, **options))
    trio = pytest.importorskip("trio")
    return lambda *args, **options: trio.run(lambda: search_async(*args, **options))


def send_text(exchange: Exchange, content: bytes, *more: str, kind: str = "text/plain") -> None:
    """Answer 200 with a body."""
    exchange.send_head(200, kind, f"Content-Length: {len(content)}", *more)
    exchange.send(content)


def miss(exchange: Exchange) -> None:
    """Answer 404."""
    exchange.send(b"HTTP/1.1 404 X\r\nContent-Length: 2\r\n\r\nno")


def at(places: dict[str, Answer]) -> Answer:
    """Answer some places, and 404 elsewhere."""
    return lambda exchange: places.get(exchange.target, miss)(exchange)


def give(exchange: Exchange) -> None:
    """Serve the document."""
    exchange.send_json(DOCUMENT)


def targets(server: Any) -> list[str]:
    """Say what was asked for, in order."""
    return [exchange.target for exchange in server.exchanges]


@pytest.mark.parametrize("place", PLACES)
def test_usual_places(place: str) -> None:
    """Each usual place is found, after those before it."""
    seen: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.path)
        is_there = request.url.path == place
        return httpx.Response(200, content=CONTENT) if is_there else httpx.Response(404)

    with httpx.Client(transport=httpx.MockTransport(handle)) as client:
        served = discover(Connections(client), "https://api.test")
    assert seen == [*PLACES[: PLACES.index(place)], place]
    assert served is not None
    assert served.content == CONTENT
    assert served.url == f"https://api.test{place}" == served.document.location
    assert served.document.title == "T"


def test_yaml(find: Find) -> None:
    """A document may be YAML, of whatever media type."""
    content = b"\xef\xbb\xbfopenapi: 3.0.3\ninfo: {title: Y, version: '1'}\npaths: {}\n"
    with serve(at({"/openapi.yaml": lambda e: send_text(e, content)})) as server:
        served = find(server.url)
    assert served is not None
    assert served.document.version == (3, 0)


def test_utf16(find: Find) -> None:
    """A document may be in another encoding of Unicode."""
    content = CONTENT.decode().encode("utf-16")
    with serve(at({"/doc": lambda e: send_text(e, content)})) as server:
        served = find(server.url)
    assert served is not None
    assert served.document.title == "T"


@pytest.mark.parametrize("base", ["/api/v2", "/api/v2/", "/api/v2?x=1#y"])
def test_base_path(find: Find, base: str) -> None:
    """Below the path of the server a place is tried first, then at the root."""
    with serve(at({"/openapi.json": give})) as server:
        served = find(server.url + base)
        tried = ["/api/v2/doc", "/doc", "/api/v2/openapi.json", "/openapi.json"]
        assert targets(server) == tried
    assert served is not None
    assert served.url == f"{server.url}/openapi.json"


@pytest.mark.parametrize(
    ("path", "tried"),
    [
        ("spec?format=json#x", ["/api/spec?format=json", "/spec?format=json"]),
        ("/spec", ["/spec", "/api/spec"]),
        ("//evil.test/spec", ["/evil.test/spec", "/api/evil.test/spec"]),
        ("@evil.test", ["/api/@evil.test", "/@evil.test"]),
        ("{url}/x", ["/x"]),
    ],
)
def test_path(find: Find, path: str, tried: list[str]) -> None:
    """A given path is tried instead of the usual ones, as a reference reads first."""
    with serve(miss) as server:
        with pytest.raises(DocumentError, match="404"):
            find(f"{server.url}/api", path=path.replace("{url}", server.url))
        assert targets(server) == tried


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("https://evil.test/doc", "is of another origin than http://127.0.0.1:1; pass it as"),
        ("http://user:pw@127.0.0.1:2/doc", r"'http://\*\*\*@127.0.0.1:2/doc' is of another"),
        ("http://[/doc", "is of another origin"),
        ("/a\x1b[31m", r"path='/a\\x1b\[31m': expected a path or a URL"),
        ("a b", "expected a path"),
        ("a\\b", "expected a path"),
    ],
)
def test_path_refused(find: Find, path: str, message: str) -> None:
    """A path that leads elsewhere is refused before anything is sent."""
    with pytest.raises(DocumentError, match=message):
        find("http://127.0.0.1:1", path=path)


@pytest.mark.parametrize("url", ["", "h.test", "ftp://h.test", "http://", "http://[", "http://a b"])
def test_base_refused(find: Find, url: str) -> None:
    """A base URL must be one."""
    with pytest.raises(DocumentError, match="expected the complete http"):
        find(url)


def test_nothing_found(find: Find) -> None:
    """An error names every place that was tried, with what was there."""
    page = b"<!doctype html><title>openapi</title>"
    answers: dict[str, Answer] = {
        "/doc": lambda e: send_text(e, page, kind="text/html; charset=utf-8"),
        "/openapi.json": lambda e: send_text(e, b'{"hello": "world"}', kind="application/json"),
        "/openapi.yaml": lambda e: send_text(e, b"openapi: 4.0\n"),
        "/openapi.yml": lambda e: send_text(e, b'{"openapi": \n'),
        "/v3/api-docs": lambda e: e.send_head(500, "text/plain", "Content-Length: 0"),
        "/swagger.json": lambda e: e.send_json({"swagger": "2.0"}),
        "/api-docs": lambda e: e.send_json({}, 401),
        "/api-json": lambda e: send_text(e, b"\x1b[31mopenapi", kind="a\x1b[0m"),
        "/q/openapi": lambda e: send_text(e, b"openapi", kind=""),
    }
    with serve(at(answers)) as server, pytest.raises(DocumentError) as caught:
        find(server.url)
    message = str(caught.value)
    assert "\x1b" not in message
    assert message.startswith(f"{server.url} has no OpenAPI document where one was looked for; ")
    assert "it may want other credentials; pass path= if it is elsewhere. Tried:" in message
    assert "200, but no OpenAPI document (text/html): /doc\n" in message
    assert "200, but no OpenAPI document (application/json): /openapi.json\n" in message
    assert "200, but expected `openapi: 3.x`, got 4.0: /openapi.yaml\n" in message
    assert "line 2, column 1: not valid JSON: Expecting value: /openapi.yml\n" in message
    assert "Swagger 2.0 is not OpenAPI 3.x; convert it first" in message
    assert "  500: /v3/api-docs\n" in message
    assert "  401: /api-docs\n" in message
    assert all(place in message for place in PLACES)


def test_later_place_counts(find: Find) -> None:
    """What is no document at one place is no reason not to look at the next."""
    answers: dict[str, Answer] = {
        "/swagger.json": lambda e: e.send_json({"swagger": "2.0"}),
        "/openapi.json": lambda e: e.sock.close(),
        "/api-docs": give,
    }
    with serve(at(answers)) as server:
        served = find(server.url)
    assert served is not None
    assert served.url.endswith("/api-docs")


def test_unreachable(find: Find) -> None:
    """Where nobody answers, only one place is asked."""
    with serve(miss, is_open=False) as server, pytest.raises(DocumentError) as caught:
        find(server.url)
    assert "could not be asked for its document" in str(caught.value)
    assert "ConnectError: " in str(caught.value)
    assert "/openapi.json" not in str(caught.value)
    assert isinstance(caught.value.__cause__, httpx.ConnectError)


def test_headers(find: Find) -> None:
    """Credentials and conditions go along; what the caller says to accept counts."""
    with serve(at({"/doc": give})) as server:
        assert find(server.url, headers={**SECRET, "Accept": "application/json"}) is not None
        sent = server.exchanges[0].headers
    assert sent["authorization"] == SECRET["authorization"]
    assert sent["accept"] == "application/json"
    assert "if-none-match" not in sent


def test_headers_refused(find: Find) -> None:
    """Headers that would break the request are refused before anything is sent."""
    with pytest.raises(RequestValidationError, match="http_headers: a: "):
        find("http://127.0.0.1:1", headers={"a": "b\r\nc: d"})


def test_user_information(find: Find) -> None:
    """User information in the server's URL is sent, and shows nowhere."""
    with serve(at({"/doc": give})) as server:
        served = find(server.url.replace("://", "://me:s3cret@"))
        assert server.exchanges[0].headers["authorization"].startswith("Basic ")
    assert served is not None
    assert "s3cret" not in served.url + served.document.location
    with serve(miss) as server, pytest.raises(DocumentError) as caught:
        find(server.url.replace("://", "://me:s3cret@"))
    assert "s3cret" not in str(caught.value)


ETAG, DATE = '"v1"', "Sun, 22 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("line", "condition"),
    [(f"ETag: {ETAG}", "if-none-match"), (f"Last-Modified: {DATE}", "if-modified-since")],
)
def test_not_modified(find: Find, line: str, condition: str) -> None:
    """A known document is asked for first, and only if it has changed."""

    def answer(exchange: Exchange) -> None:
        if condition in exchange.headers:
            exchange.send(b"HTTP/1.1 304 X\r\n\r\n")
        else:
            send_text(exchange, CONTENT, line)

    with serve(at({"/q/openapi": answer})) as server:
        served = find(server.url)
        assert served is not None
        server.exchanges.clear()
        assert find(server.url, known=served.mark) is None
        assert find(server.url, known=served) is None
        assert find(server.url, known=served.mark, path="q/openapi") is None
        assert targets(server) == ["/q/openapi"] * 3
        assert server.exchanges[0].headers[condition] == line.partition(": ")[2]


def test_same_content(find: Find) -> None:
    """A server that knows no conditions is asked all the same: equal bytes are no change."""
    with serve(at({"/api/openapi.json": give})) as server:
        served = find(server.url)
        assert served is not None
        assert (served.etag, served.last_modified) == (None, None)
        assert find(server.url, known=served.mark) is None
        changed = find(server.url, known=served.mark._replace(digest=""))
    assert changed == served._replace(document=changed.document if changed else served.document)


def test_known_place_is_gone(find: Find) -> None:
    """A document that has moved is looked for at the other places, without conditions."""
    with serve(at({"/openapi.json": give})) as server:
        known = Mark(f"{server.url}/old", ETAG, None, "")
        served = find(server.url, known=known)
        assert targets(server) == ["/old", "/doc", "/openapi.json"]
        assert "if-none-match" in server.exchanges[0].headers
        assert "if-none-match" not in server.exchanges[2].headers
    assert served is not None


@pytest.mark.parametrize("url", ["http://other.test/doc", "http://["])
def test_known_of_another_server(find: Find, url: str) -> None:
    """What another server has served says nothing about this one."""
    with serve(at({"/doc": give})) as server:
        assert find(server.url, known=Mark(url, ETAG, None, "")) is not None
        assert targets(server) == ["/doc"]
        assert "if-none-match" not in server.exchanges[0].headers


def test_unasked_304(find: Find) -> None:
    """A 304 that nothing was asked for is no document."""
    answer = serve(lambda e: e.send(b"HTTP/1.1 304 X\r\n\r\n"))
    with answer as server, pytest.raises(DocumentError, match="304: /doc"):
        find(server.url)


@pytest.mark.parametrize("line", ["ETag: \xff\xfe", f"ETag: {'x' * 2000}", "ETag: "])
def test_unusable_validator(find: Find, line: str) -> None:
    """An ETag that cannot be sent back is none."""
    head = f"HTTP/1.1 200 X\r\nContent-Length: {len(CONTENT)}\r\n{line}\r\n\r\n"
    with serve(lambda e: e.send(head.encode("latin-1") + CONTENT)) as server:
        served = find(server.url)
    assert served is not None
    assert served.etag is None


def redirect(exchange: Exchange, url: str, status: int = 302) -> None:
    """Send a client elsewhere."""
    exchange.send_head(status, "text/plain", f"Location: {url}", "Content-Length: 0")


def test_redirect(find: Find) -> None:
    """A redirect within the origin is followed, with what was given for it."""
    answers: dict[str, Answer] = {
        "/doc": lambda e: redirect(e, "/docs/"),
        "/docs/": lambda e: redirect(e, "openapi.json", 308),
        "/docs/openapi.json": give,
    }
    with serve(at(answers)) as server:
        served = find(server.url, headers=SECRET)
        assert [e.headers.get("authorization") for e in server.exchanges] == 3 * [
            SECRET["authorization"]
        ]
    assert served is not None
    assert served.url == f"{server.url}/doc"
    assert served.document.location == f"{server.url}/docs/openapi.json"


@pytest.mark.parametrize("kind", ["own", "httpx", "httpx2"])
def test_redirect_to_another_origin(kind: str) -> None:
    """A redirect to another origin is named and not followed, whatever the client would do."""
    family = {"httpx": httpx, "httpx2": httpx2}.get(kind)
    client = family.Client(follow_redirects=True) if family is not None else None
    with serve(give) as other, closing(Connections(client)) as connections:
        away = f"{other.url}/doc?token=s3cret"
        with serve(lambda e: redirect(e, away)) as server, pytest.raises(DocumentError) as caught:
            discover(connections, server.url, headers=SECRET)
        assert other.exchanges == []
    assert f"302 to another origin, {other.url}/doc?token=" in str(caught.value)
    assert "s3cret" not in str(caught.value)
    if client is not None:
        client.close()


@pytest.mark.parametrize("url", ["/doc", "http://[", "data:,x", "", "http://u:s3cret@[x/"])
def test_redirect_loop(find: Find, url: str) -> None:
    """Redirects that lead nowhere are a place without a document."""
    answers: dict[str, Answer] = {"/doc": lambda e: redirect(e, url), "/openapi.json": give}
    with serve(at(answers)) as server:
        served = find(server.url)
        assert len(server.exchanges) <= 1 + discovery.MAX_REDIRECTS + 1
    assert served is not None


def test_given_client() -> None:
    """A caller's client is used as it is set, with its own authentication and transport."""
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if request.url.path == "/doc":
            return httpx.Response(301, headers={"location": "/openapi.json"})
        return httpx.Response(200, json=DOCUMENT)

    transport = httpx.MockTransport(handle)
    with httpx.Client(transport=transport, auth=("me", "pw"), follow_redirects=True) as client:
        served = discover(Connections(client), "https://api.test", timeout_ms=None)
    assert served is not None
    assert [str(request.url) for request in seen] == [
        "https://api.test/doc",
        "https://api.test/openapi.json",
    ]
    assert all(request.headers["authorization"].startswith("Basic") for request in seen)
    assert seen[0].extensions["timeout"]["read"] == 5.0


def test_closed_client() -> None:
    """A closed client says so, not that there is no document."""
    connections = Connections()
    connections.close()
    with pytest.raises(ClientClosedError):
        discover(connections, "http://127.0.0.1:1")


@pytest.fixture
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "MAX_SERVED_BYTES", 100_000)


@pytest.mark.usefixtures("_small")
def test_endless_body(find: Find) -> None:
    """A body without end is given up at the limit, and the next place tried."""

    def pour(exchange: Exchange) -> None:
        exchange.send_head(200, "application/json", "Transfer-Encoding: chunked")
        while True:
            exchange.send_chunk(b" " * 10_000)

    with serve(at({"/doc": pour, "/openapi.json": give})) as server:
        assert find(server.url) is not None


@pytest.mark.usefixtures("_small")
@pytest.mark.parametrize("coding", ["gzip", "br"])
def test_bomb(find: Find, coding: str) -> None:
    """What unpacks to more than the limit, or cannot be unpacked, is no document."""
    bomb = gzip.compress(bytes(10_000_000))
    answer = at({"/doc": lambda e: send_text(e, bomb, f"Content-Encoding: {coding}")})
    with serve(answer) as server, pytest.raises(DocumentError) as caught:
        find(server.url, path="/doc")
    wanted = {"gzip": "the body is larger than 100000 bytes: /doc", "br": "'br' is not supported"}
    assert wanted[coding] in str(caught.value)


def test_compressed(find: Find) -> None:
    """A document may come compressed."""
    packed = gzip.compress(CONTENT)
    with serve(at({"/doc": lambda e: send_text(e, packed, "Content-Encoding: gzip")})) as server:
        served = find(server.url)
    assert served is not None
    assert served.content == CONTENT


@pytest.fixture
def release() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


@pytest.mark.parametrize("status", [200, 404])
def test_slow_drip(find: Find, status: int, release: threading.Event) -> None:
    """One time limit holds for all places, however slowly the bytes come."""

    def drip(exchange: Exchange) -> None:
        exchange.send_head(status, "application/json", "Content-Length: 60000")
        while not release.wait(0.01):
            exchange.send(b" ")

    with serve(drip) as server:
        with pytest.raises(DocumentError, match="within 200 ms|could not be asked") as caught:
            find(server.url, timeout_ms=200)
        assert len(server.exchanges) == 1
        release.set()
    assert "/doc" in str(caught.value)


def test_silence(find: Find) -> None:
    """A server that never answers is given up at the limit, with its error below."""
    with serve(lambda e: e.stay()) as server, pytest.raises(DocumentError, match="Timeout"):
        find(server.url, timeout_ms=100)


def test_time_is_up_between_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the time is up, no further place is asked."""
    times = iter([0.0, 0.0])
    monkeypatch.setattr(discovery, "monotonic", lambda: next(times, 100.0))
    message = "gave no OpenAPI document within 1000 ms"
    client = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(404)))
    with client, pytest.raises(DocumentError, match=message) as error:
        discover(Connections(client), "http://api.test", timeout_ms=1000)
    assert "404: /doc" in str(error.value)
    assert "/openapi.json" not in str(error.value)


@pytest.mark.parametrize("timeout", [0, -1, 2**40])
def test_timeout_refused(find: Find, timeout: int) -> None:
    """The limit is a sensible number of milliseconds."""
    with pytest.raises(ValueError, match="timeout_ms="):
        find("http://127.0.0.1:1", timeout_ms=timeout)
