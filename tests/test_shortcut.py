"""What is done in less time than httpx takes comes to the same as what httpx does."""

from __future__ import annotations

import asyncio
import importlib
import logging
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixdyn import shortcut
from mixdyn.effect import Build
from mixdyn.native import build, to_header
from mixdyn.payload import Payload
from mixdyn.request import Request
from mixdyn.settings import Timeouts
from mixdyn.shortcut import assemble, find_plain, send, send_async, to_url
from mixdyn.transport import make_async_client, make_client

FAMILIES = ["httpx", "httpx2"]
SIDES = ["Client", "AsyncClient"]
URL = "http://things.test:8080/a%2Fb?x=%20y&z"

CLIENTS: list[dict[str, Any]] = [
    {},
    {"headers": {"Accept": "text/plain", "X-Own": "1"}},
    {"headers": [("x-twice", "1"), ("X-Twice", "2"), ("AUTHORIZATION", "Bearer own")]},
    {"headers": {"x-latin": "é".encode("latin-1"), "x-utf8": "ö".encode()}},
    {"headers": {"content-type": "text/own"}, "base_url": "http://other.test/base"},
    {"timeout": 3.5, "follow_redirects": True, "default_encoding": "latin-1"},
    {"timeout": None, "auth": ("user", "word"), "event_hooks": {"request": [print]}},
    {"params": {"a": "b"}},
    {"cookies": {"a": "b"}},
    {"headers": {"Host": "other.test"}},
    {"headers": {"transfer-encoding": "chunked"}},
]
UNUSUAL = CLIENTS[7:]
OURS = {"accept": "application/json", "user-agent": "ours/1"}
REQUESTS = [
    Request("GET", URL, OURS),
    Request("GET", "https://user:word@things.test/", {}),
    Request("GET", "http://[::1]:80/a", OURS),
    Request("GET", "http://bücher.test/ä", OURS),
    Request("DELETE", URL, {**OURS, "authorization": "Bearer call", "cookie": "c=d"}),
    Request("HEAD", URL, {**OURS, "x-twice": "é", "x-empty": ""}),
    Request("OPTIONS", URL, OURS, b"body"),
    Request("POST", URL, {**OURS, "content-type": "application/json"}, b'{"a": 1}'),
    Request("PUT", URL, {**OURS, "content-type": "a/b; boundary=x"}, b"x" * 70_000),
    Request("GET", URL, OURS, b""),
    Request("POST", URL, OURS, b""),
    Request("PATCH", URL, OURS),
    Request("QUERY", URL, OURS),
]
LIMITS: list[Any] = [None, (1.0, 2.0, 2.0, 1.0), (None, 5, None, None)]
BODILESS = ("PATCH", "POST", "QUERY")


def describe(native: Any) -> dict[str, Any]:
    """Give all that a request holds."""
    found = dict(vars(native))
    headers, stream = found.pop("headers"), found.pop("stream")
    return {
        **found,
        "url": (found["url"], str(found["url"]), found["url"].raw_path),
        "headers": headers.raw,
        "encoding": headers.encoding,
        "stream": (type(stream), list(stream)),
    }


def build_by_client(client: Any, request: Request, limits: Any) -> Any:
    """Make a request by the client's own method."""
    options: dict[str, Any] = {} if limits is None else {"timeout": limits}
    headers = {"accept-encoding": "gzip", **request.headers}
    raw: Any = {name: to_header(value) for name, value in headers.items()}
    url = to_url(type(client).__module__.partition(".")[0], request.url)
    options["content"] = request.content
    return client.build_request(request.method, url, headers=raw, **options)


@pytest.mark.parametrize("options", CLIENTS, ids=str)
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("family", FAMILIES)
def test_assemble(family: str, side: str, options: dict[str, Any]) -> None:
    """Requests are the same as those that the client makes, down to the order of headers."""
    client = getattr(pytest.importorskip(family), side)(**options)
    for request in REQUESTS:
        for limits in LIMITS:
            made = assemble(client, request, {"accept-encoding": "gzip"}, limits)
            is_left = options in UNUSUAL or (request.method in BODILESS and not request.content)
            assert (made is None) == is_left
            if made is not None:
                expected = build_by_client(client, request, limits)
                assert type(made) is type(expected)
                assert describe(made) == describe(expected)


NAMES = st.text("abcdefghijklmnopqrstuvwxyz-ACH", min_size=1, max_size=6)
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=8)


@given(st.dictionaries(NAMES, VALUES.filter(str.isascii)), st.dictionaries(NAMES, VALUES))
def test_assemble_headers(own: dict[str, str], ours: dict[str, str]) -> None:
    """Whatever headers a client and a call have, they are merged as the client merges them."""
    client = httpx.Client(headers=own)
    ours = {name.lower(): value for name, value in ours.items()}
    made: Any = assemble(client, Request("GET", URL, ours, b"body"), {}, None)
    raw: Any = {name: to_header(value) for name, value in ours.items()}
    assert describe(made) == describe(
        client.build_request("GET", to_url("httpx", URL), headers=raw, content=b"body")
    )


class Own(httpx.Client):
    """A client with something of its own, which changes no request."""

    def close(self) -> None:
        super().close()


class OwnHeaders(httpx.Client):
    """A client with headers that depend on the moment."""

    @property
    def headers(self) -> Any:
        return httpx.Headers({"x-now": "1"})

    @headers.setter
    def headers(self, headers: Any) -> None:
        pass


class OwnUrls(httpx.AsyncClient):
    """A client with its own way to join URLs."""

    def _merge_url(self, url: Any) -> Any:
        return super()._merge_url(url)


class Wrapper:
    """Another kind of client."""


def test_find_plain() -> None:
    """Plain is what changes nothing of how requests are made and sent; ours are, too."""
    plain = [httpx.Client, httpx.AsyncClient, Own]
    plain += [type(make_client(is_stream=False)), type(make_async_client(is_stream=True))]
    assert [find_plain(kind).family for kind in plain] == [httpx] * len(plain)  # type: ignore[union-attr]  # none is None
    for kind in (OwnHeaders, OwnUrls, Wrapper):
        assert find_plain(kind) is None


def test_find_plain_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that is built otherwise has no plain clients."""
    monkeypatch.delattr("httpx._client.ClientState")
    find_plain.cache_clear()
    assert find_plain(httpx.Client) is None
    find_plain.cache_clear()


def test_build_leaves_the_unusual(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no plain client, was patched or has its body in pieces builds by itself."""
    payload = Payload.of_parts([])
    assert assemble(httpx.Client(), Request("POST", URL, OURS, payload), {}, None) is None
    assert assemble(OwnHeaders(), REQUESTS[0], {}, None) is None
    effect = Build(REQUESTS[0], False, Timeouts(), None)
    assert build(OwnHeaders(), effect, {}, is_async=False).request.headers["x-now"] == "1"
    effect = Build(REQUESTS[7], False, Timeouts(read=2.0), None)
    native = build(httpx.Client(params={"a": "b"}), effect, {}, is_async=False).request
    assert (native.content, native.extensions["timeout"]["read"]) == (b'{"a": 1}', 2.0)
    client = httpx.Client()
    own = client.build_request
    monkeypatch.setattr(client, "build_request", lambda *args, **options: own("PUT", "http://x"))
    assert build(client, effect, {}, is_async=False).request.method == "PUT"
    monkeypatch.setattr(httpx.Client, "build_request", lambda *args, **options: "patched")
    assert build(httpx.Client(), effect, {}, is_async=False).request == "patched"


def answer(request: Any) -> Any:
    """Answer by what the path says."""
    family = importlib.import_module(type(request).__module__.partition(".")[0])
    status, _, what = request.url.path.strip("/").partition("/")
    if status == "error":
        raise family.ReadTimeout("slow")
    if status == "bug":
        raise LookupError
    headers = {"cookie": {"set-cookie": "a=b"}, "moved": {"location": "/there"}}
    headers["nowhere"] = {"location": "http://there:port"}
    return family.Response(int(status), headers=headers.get(what, {}), stream=Chunks(family).it)


class Chunks:
    """A body in two pieces."""

    def __init__(self, family: Any) -> None:
        class Stream(family.SyncByteStream, family.AsyncByteStream):  # type: ignore[misc]  # Any
            def __iter__(self) -> Iterator[bytes]:
                return iter((b"some", b"thing"))

            async def __aiter__(self) -> Any:
                for piece in self:
                    yield piece

        self.it = Stream()


def observe(family: Any, side: str, path: str, call: Callable[..., Any] | None) -> Any:
    """Send a request by a client, or by `call`, and give all that can be seen of the answer."""

    async def run() -> Any:
        is_async = side == "AsyncClient"
        client = getattr(family, side)(transport=family.MockTransport(answer))
        request = client.build_request("GET", f"http://things.test/{path}")
        first = client.build_request("GET", "http://things.test/200")
        await settle(client.send(first), is_async=is_async)  # a client is opened by it
        try:
            sent = client.send(request, stream=True) if call is None else call(client, request, {})
            response = await settle(sent, is_async=is_async)
        except Exception as error:  # noqa: BLE001  # it is what is compared
            return type(error), str(error), getattr(error, "_request", None) is request
        assert response.request is request
        with pytest.raises(RuntimeError):
            _ = response.elapsed
        body = await response.aread() if is_async else response.read()
        assert response.elapsed.total_seconds() >= 0
        following = response.next_request
        where = following and (following.method, following.url, following.headers.raw)
        kept = dict(client.cookies), response.history, response.default_encoding
        return response.status_code, body, where, kept, response.is_closed

    return asyncio.run(run())


async def settle(outcome: Any, *, is_async: bool) -> Any:
    return await outcome if is_async else outcome


PATHS = ["200", "404", "200/cookie", "302/moved", "302/nowhere", "error", "bug"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("family", FAMILIES)
def test_send(family: str, side: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers, errors and what they leave on the client are those of the client's own `send`."""
    package = pytest.importorskip(family)
    call: Any = send if side == "Client" else send_async
    expected = observe(package, side, path, None)
    routes: list[Any] = []
    find_route = shortcut.find_route

    def watch(*args: Any) -> Any:
        routes.append(find_route(*args))
        return routes[-1]

    monkeypatch.setattr(shortcut, "find_route", watch)
    assert observe(package, side, path, call) == expected
    assert [route is not None for route in routes] == [True]


class Impostor:
    """Stands for another object and passes itself off as that, as tools' wrappers do."""

    def __init__(self, real: Any) -> None:
        self.__dict__["real"] = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def __call__(self, *args: Any, **options: Any) -> Any:
        return self.real(*args, **options)

    def __eq__(self, other: object) -> bool:
        return bool(self.real == other)

    __hash__ = None  # type: ignore[assignment]  # it is for calls

    @property
    def __class__(self) -> Any:  # type: ignore[override]  # that is what it pretends
        return self.real.__class__


def disguise(owner: Any, name: str) -> None:
    """Put an impostor in the place of a method."""
    setattr(owner, name, Impostor(getattr(owner, name)))


UNTOLD: dict[str, Callable[[Any, Any], object]] = {
    "new": lambda client, request: setattr(client, "_state", type(client._state)(1)),
    "auth": lambda client, request: setattr(client, "auth", ("user", "word")),
    "asking": lambda client, request: client.event_hooks["request"].append(print),
    "answered": lambda client, request: client.event_hooks["response"].append(print),
    "user": lambda client, request: setattr(request, "url", httpx.URL("http://user@things.test")),
    "untimed": lambda client, request: request.extensions.clear(),
    "written": lambda client, request: logging.getLogger("httpx").setLevel(logging.INFO),
    "async": lambda client, request: setattr(request, "stream", object()),
    "patched": lambda client, request: setattr(client, "send", print),
    "single": lambda client, request: setattr(client, "_send_single_request", print),
    "disguised": lambda client, request: disguise(client, "send"),
    "building": lambda client, request: disguise(client, "build_request"),
    "inner": lambda client, request: disguise(client, "_send_handling_auth"),
}


@pytest.mark.parametrize("case", UNTOLD)
def test_find_route_leaves_the_unusual(case: str) -> None:
    """Where the client would do more than send, it does so by itself."""
    client = httpx.Client(transport=httpx.MockTransport(answer))
    client.get("http://things.test/200")
    request = client.build_request("GET", "http://things.test/200")
    assert shortcut.find_route(client, request, "SyncByteStream") is not None
    try:
        UNTOLD[case](client, request)
        assert shortcut.find_route(client, request, "SyncByteStream") is None
    finally:
        logging.getLogger("httpx").setLevel(logging.NOTSET)


def test_find_route_patched_class(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tools that replace a method of the class, to watch calls or to record them, see all calls."""
    client = httpx.Client(transport=httpx.MockTransport(answer))
    client.get("http://things.test/200")
    request = client.build_request("GET", "http://things.test/200")
    assert find_plain(httpx.Client) is not None
    for name in ("send", "_send_single_request", "_send_handling_redirects"):
        for stand_in in (print, Impostor(getattr(httpx.Client, name))):
            with monkeypatch.context() as patch:
                patch.setattr(httpx.Client, name, stand_in)
                assert shortcut.find_route(client, request, "SyncByteStream") is None
    with monkeypatch.context() as patch:
        patch.setattr(httpx.Client, "build_request", Impostor(httpx.Client.build_request))
        assert assemble(client, REQUESTS[0], {}, None) is None
    assert shortcut.find_route(Impostor(client), request, "SyncByteStream") is None
    assert shortcut.find_route(client, "another", "SyncByteStream") is None
    assert shortcut.find_route(OwnHeaders(), request, "SyncByteStream") is None


def test_send_with_options() -> None:
    """Options are the client's to heed, and a closed one says so."""
    client = httpx.Client(transport=httpx.MockTransport(answer))
    request = client.build_request("GET", "http://things.test/302/moved")
    assert send(client, request, {"follow_redirects": False}).status_code == 302
    client.close()
    with pytest.raises(RuntimeError, match="closed"):
        send(client, request, {})


TARGETS = [
    *("", "/", "/a", "/a/", "/a//b", "//a", "/a/./b", "/a/../b", "/.a", "/a.b", "/a?", "/a?b=c&d"),
    *("/a%2Fb", "/a%2fb", "/ä", "/a b", "/a?b=%20", "/a?b=ä", "/a?b?c", "?a/b", "/a?b=a/b", "/a#b"),
    *("/a:b", "/a@b", "/-_~.", "/a?b=c/d", "/a\u00ad", "/a%", "/" + "a" * 3000),
    "/" + "a" * 70_000,
]
SERVERS = [
    *("http://things.test", "https://things.test", "http://a", "https://a:443", "http://a:80"),
    *("http://u:p@things.test:1", "http://[::1]:8", "http://bücher.test", "HTTP://Things.TEST"),
    *("http://things.test/base", "https://a%20b", "http://a?b=c"),
]


def url_parts(kind: Any, url: str, make: Callable[[str], Any]) -> Any:
    """Give all that a URL is, or the error that it is none."""
    try:
        made = make(url)
    except ValueError as error:
        return type(error)
    except importlib.import_module(kind.__module__).InvalidURL as error:
        return type(error)
    assert type(made) is kind
    return made, str(made), made.raw_path, made.netloc, vars(made)


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("family", FAMILIES)
def test_to_url(family: str, server: str) -> None:
    """URLs are what the package itself makes of them, whichever way they are made."""
    kind = pytest.importorskip(family).URL
    for target in TARGETS:
        expected = url_parts(kind, server + target, kind)
        assert url_parts(kind, server + target, lambda url: to_url(family, url)) == expected


@given(st.text(st.sampled_from("/.?%aA0~_-=&#:@ ä"), max_size=12))
def test_to_url_targets(target: str) -> None:
    """That holds for whatever comes after the server's URL."""
    url = f"http://things.test{target}"
    expected = url_parts(httpx.URL, url, httpx.URL)
    assert url_parts(httpx.URL, url, lambda url: to_url("httpx", url)) == expected
    assert to_url("another", url) == url
