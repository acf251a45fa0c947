"""
What plain clients of httpx and httpx2 do with every request, in less time: without what is known
not to matter to the request at hand. Where anything is unusual, the client's own methods are used.

Imports neither package; what it needs of their inner parts it looks for, and does without.
"""

from __future__ import annotations

import re
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from functools import lru_cache
from operator import attrgetter, is_
from time import perf_counter
from types import FunctionType
from typing import Any

from mixdyn.record import NamedTuple
from mixdyn.request import Request

Limits = tuple[float | None, ...]

_FAMILIES = ("httpx", "httpx2")
# The methods of which httpx says no length where there is no body (RFC 9110, 8.6).
_WITHOUT_BODY = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})
# Headers that httpx adds where the client has none of them.
_FRAMING = frozenset({b"host", b"content-length", b"transfer-encoding"})
# What makes and sends requests in a client: who changes any of it has no plain client.
_MAKING = (
    "_merge_cookies",
    "_merge_headers",
    "_merge_queryparams",
    "_merge_url",
    "build_request",
    "cookies",
    "headers",
    "params",
    "timeout",
)
_SENDING = (
    "_build_redirect_request",
    "_build_request_auth",
    "_send_handling_auth",
    "_send_handling_redirects",
    "_send_single_request",
    "_transport_for_url",
    "auth",
    "event_hooks",
    "send",
)
_OWN_METHODS = frozenset((*_MAKING, *_SENDING))
_get_making: Callable[[Any], tuple[Any, ...]] = attrgetter(*_MAKING)
_get_sending: Callable[[Any], tuple[Any, ...]] = attrgetter(*_SENDING)
_kind: Callable[[Any], Any] = type  # of which checkers conclude nothing

_LONG_URL = 8192  # far below what httpx refuses
_PARTS_OF_URL = ("scheme", "userinfo", "host", "port", "path", "query", "fragment")
# Segments that begin with a dot may be collapsed.
_PLAIN_TARGET = re.compile(
    r"((?:/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)+/?)(?:\?([A-Za-z0-9_.~=&-]*))?"
).fullmatch
# What is needed of the package's inner module.
_PARTS = {"ClientState", "logger"}
_OWN = "mixdyn.transport"
_INFO = 20  # logging's; httpx writes a line for each request


class Plain(NamedTuple):
    """
    A class of clients that does all as its package does, and the methods that it had then.

    Some tools replace them later, in the class or in one client. What they put there may pass
    itself off as the method that it stands for: only identity tells.
    """

    family: Any
    inner: Any
    making: tuple[Any, ...]
    sending: tuple[Any, ...]

    def makes(self, client: Any) -> bool:
        """Tell whether requests are still made as they were."""
        is_same = all(map(is_, _get_making(_kind(client)), self.making))
        return is_same and _OWN_METHODS.isdisjoint(client.__dict__)

    def sends(self, client: Any) -> bool:
        """Tell whether requests are still sent as they were."""
        is_same = all(map(is_, _get_sending(_kind(client)), self.sending))
        return is_same and _OWN_METHODS.isdisjoint(client.__dict__)


@lru_cache(maxsize=64)
def find_plain(kind: type) -> Plain | None:
    """Give what is known of a class of clients; None for one that is no plain one."""
    name = next((n for n in _FAMILIES if _is_client(kind, sys.modules.get(n))), None)
    inner = sys.modules.get(f"{name}._client")
    if name is None or not vars(inner).keys() >= _PARTS:
        return None
    own = (f"{name}._client", _OWN)
    if not all(_is_from(own, getattr(kind, n, None)) for n in _OWN_METHODS):
        return None
    return Plain(sys.modules[name], inner, _get_making(kind), _get_sending(kind))


def assemble(client: Any, request: Request, defaults: Any, timeout: Limits | None) -> Any:
    """
    Make the request that a client's `build_request` would make, in a third of the time.

    What that works out for each request, whether the URL is relative, what the client adds to query
    and cookies, which headers a body needs, is known here. None where that is not so: for clients
    that are not plain or are set to add something, and for bodies that are sent in pieces.
    """
    plain = find_plain(_kind(client))
    content = request.content
    if not (content is None or isinstance(content, bytes)):
        return None
    if plain is None or not plain.makes(client):
        return None
    if client.params or client.cookies:
        return None
    url = to_url(plain.family.__name__, request.url)
    given = {**defaults, **request.headers}
    ours = [(name.encode("ascii"), value.encode("latin-1")) for name, value in given.items()]
    names = {name for name, _ in ours}
    lines = [(b"Host", url.netloc)]
    if content:
        ours.append((b"Content-Length", b"%d" % len(content)))
    elif request.method not in _WITHOUT_BODY:
        return None
    for line in client.headers.raw:
        name = line[0].lower()
        if name in _FRAMING:
            return None
        if name not in names:
            lines.append(line)
    native = plain.family.Request(
        request.method,
        url,
        headers=lines + ours,
        stream=plain.family.ByteStream(content or b""),
        extensions={"timeout": _name_limits(timeout) if timeout else client.timeout.as_dict()},
    )
    native.read()
    return native


class Route(NamedTuple):
    """The transport by which a plain client would send a request without doing more than that."""

    client: Any
    plain: Plain
    transport: Any
    start: float

    def finish(self, request: Any, response: Any) -> None:
        """Leave on a response what the client leaves there."""
        client, family = self.client, self.plain.family
        response.request = request
        response.stream = bound_stream(family)(response, self.start)
        response.default_encoding = client._default_encoding
        if "set-cookie" in response.headers:
            client.cookies.extract_cookies(response)
        if response.has_redirect_location:
            self._find_next(request, response)

    def _find_next(self, request: Any, response: Any) -> None:
        """Note what a redirect leads to; where that is no URL, httpx2 leaves it at that."""
        family = self.plain.family
        try:
            response.next_request = self.client._build_redirect_request(request, response)
        except family.RemoteProtocolError:
            if family.__name__ == "httpx":
                raise


def find_route(client: Any, request: Any, kind: str) -> Route | None:
    """
    Give the way on which a client would send a request; None where it would do more on it.

    That is to authenticate, to call hooks, to write to the log; also where it is new or closed.
    `kind` names the class of bodies that it can send.
    """
    plain = find_plain(_kind(client))
    if plain is None or not plain.sends(client) or type(request) is not plain.family.Request:
        return None
    hooks = client.event_hooks
    if (
        client._state is not plain.inner.ClientState.OPENED
        or client.auth is not None
        or hooks["request"]
        or hooks["response"]
        or request.url.userinfo
        or "timeout" not in request.extensions
        or plain.inner.logger.isEnabledFor(_INFO)
        or not isinstance(request.stream, getattr(plain.family, kind))
    ):
        return None
    return Route(client, plain, client._transport_for_url(request.url), perf_counter())


def send(client: Any, request: Any, options: dict[str, Any]) -> Any:
    """Send a request as `client.send` does, and give the open response."""
    route = None if options else find_route(client, request, "SyncByteStream")
    if route is None:
        return client.send(request, stream=True, **options)
    try:
        response = route.transport.handle_request(request)
    except route.plain.family.RequestError as error:
        error.request = request
        raise
    try:
        route.finish(request, response)
    except BaseException:
        response.close()
        raise
    return response


async def send_async(client: Any, request: Any, options: dict[str, Any]) -> Any:
    """Send a request as an async `client.send` does, and give the open response."""
    route = None if options else find_route(client, request, "AsyncByteStream")
    if route is None:
        return await client.send(request, stream=True, **options)
    try:
        response = await route.transport.handle_async_request(request)
    except route.plain.family.RequestError as error:
        error.request = request
        raise
    try:
        route.finish(request, response)
    except BaseException:
        await response.aclose()
        raise
    return response


@lru_cache(maxsize=8)
def bound_stream(family: Any) -> Any:
    """Give the class of streams that tell their response, once closed, how long it took."""

    class Bound(family.SyncByteStream, family.AsyncByteStream):  # type: ignore[misc]  # httpx's or httpx2's
        def __init__(self, response: Any, start: float) -> None:
            self._stream = response.stream
            self._response = response
            self._start = start

        def __iter__(self) -> Iterator[bytes]:
            return iter(self._stream)

        def __aiter__(self) -> AsyncIterator[bytes]:
            return aiter(self._stream)

        def close(self) -> None:
            self._tell()
            self._stream.close()

        async def aclose(self) -> None:
            self._tell()
            await self._stream.aclose()

        def _tell(self) -> None:
            self._response.elapsed = timedelta(seconds=perf_counter() - self._start)

    return Bound


def family_of(native: Any) -> Any:
    """Give the package that an HTTP client's object comes from."""
    return sys.modules.get(type(native).__module__.partition(".")[0])


def to_url(family: str, url: str) -> Any:
    """
    Give the URL as the client's own type: parsing one is a sixth of a small call.

    So the server's is parsed once, and the usual path and query, in which nothing is escaped or to
    be escaped, take their places in it. Clients of other families than httpx and httpx2, and
    wrappers, get it as text.
    """
    kind = getattr(sys.modules[family], "URL", None) if family in _FAMILIES else None
    if kind is None:
        return url
    place = url.find("/", len("https://"))
    found = _PLAIN_TARGET(url, place) if place > 0 and len(url) < _LONG_URL else None
    server = _parse_server(kind, url[:place]) if found is not None else None
    if found is None or server is None:
        return kind(url)
    made = kind.__new__(kind)
    path, query = found.groups()
    made._uri_reference = server._make((*server[:4], path, query, None))
    return made


@lru_cache(maxsize=64)
def _parse_server(kind: Any, url: str) -> Any:
    """Give the parts of a server's URL as httpx keeps them; None where there are others."""
    parts: Any = getattr(kind(url), "_uri_reference", None)
    is_known = getattr(parts, "_fields", ()) == _PARTS_OF_URL
    return parts if is_known and parts.query is None and parts.fragment is None else None


def _is_client(kind: type, family: Any) -> bool:
    return family is not None and issubclass(kind, (family.Client, family.AsyncClient))


def _is_from(modules: tuple[str, ...], method: Any) -> bool:
    """Tell whether a method or property is of one of the modules, and no wrapper of one."""
    function = method.fget if isinstance(method, property) else method
    return type(function) is FunctionType and function.__globals__.get("__name__") in modules


def _name_limits(timeout: Limits) -> dict[str, float | None]:
    return dict(zip(("connect", "read", "write", "pool"), timeout, strict=True))
