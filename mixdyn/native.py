"""
The HTTP client's own form of things: requests, bodies, URLs, headers, timeouts, errors.

Knows httpx and what is like it by what they can do; imports neither, and sends nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from mixdyn.deadline import PASSED
from mixdyn.effect import Build, Built
from mixdyn.request import Request
from mixdyn.settings import Progress, Timeouts, Unset
from mixdyn.shortcut import Limits, assemble, family_of, to_url

if TYPE_CHECKING:
    from mixdyn.payload import AsyncChunks, Payload

_CONNECT_SECONDS = 10.0
_READ_SECONDS = 60.0
_IDLE_SECONDS = 600.0
_MAX_DIGITS = 18


def build(client: Any, effect: Build, defaults: Mapping[str, str], *, is_async: bool) -> Built:
    """Make the HTTP client's own request; `defaults` are headers that it may replace."""
    timeout = step_timeouts(effect.timeouts, client, is_stream=effect.is_stream)
    native = assemble(client, effect.request, defaults, timeout)
    if native is None:
        native = _build_by_client(client, effect, defaults, timeout, is_async=is_async)
    return Built(native, getattr(client, "follow_redirects", False) is True)


def _build_by_client(
    client: Any,
    effect: Build,
    defaults: Mapping[str, str],
    timeout: Limits | None,
    *,
    is_async: bool,
) -> Any:
    request: Request = effect.request
    headers = {**defaults, **{k: to_header(v) for k, v in request.headers.items()}}
    options: dict[str, Any] = {"headers": headers}
    if timeout is not None:
        options["timeout"] = timeout
    chunks: Any = None
    if request.payload is not None:
        chunks = feed(request.payload, headers, effect.on_progress, is_async=is_async)
        options["content"] = chunks
    elif request.content is not None:
        options["content"] = request.content
    url = to_url(type(client).__module__.partition(".")[0], request.url)
    native = client.build_request(request.method, url, **options)
    if chunks is not None and is_async:
        pass_on(native, chunks)
    return native


def feed(
    payload: Payload, headers: dict[str, Any], on_progress: Progress | None, *, is_async: bool
) -> Any:
    """Give the chunks of a body that is sent in pieces, and say in its headers what is to come."""
    size = payload.size
    if size is not None:
        headers["content-length"] = str(size)
    if payload.content_type is not None:
        headers["content-type"] = payload.content_type
    return payload.achunks(on_progress) if is_async else payload.chunks(on_progress)


def pass_on(native: Any, chunks: AsyncChunks) -> None:
    """
    Give a request its body without the async generator that httpx puts around it.

    That is left open where a server answers before it has read all, which trio warns of.
    """
    family = family_of(native)
    if hasattr(family, "AsyncByteStream"):
        native.stream = body_class(family)(chunks)


@lru_cache(maxsize=8)
def body_class(family: Any) -> Any:
    """Give the class of async bodies for a family of HTTP clients."""

    class Body(family.AsyncByteStream):  # type: ignore[misc]  # httpx's or httpx2's
        def __init__(self, chunks: AsyncChunks) -> None:
            self.chunks = chunks
            self._has_begun = False

        def __aiter__(self) -> AsyncChunks:
            if self._has_begun:
                raise family.StreamConsumed
            self._has_begun = True
            return self.chunks

    return Body


async def close_body(native: Any) -> None:
    """Close what a request was sent from, where an answer or an error came before its end."""
    chunks = getattr(getattr(native, "stream", None), "chunks", None)
    if chunks is None:
        return
    from mixdyn.payload import AsyncChunks

    if isinstance(chunks, AsyncChunks):
        import anyio

        with anyio.CancelScope(shield=True):
            await chunks.aclose()


def content_length(headers: Mapping[str, str]) -> int | None:
    """Give the size that a response says its body has, or None where that is no size."""
    stated = headers.get("content-length", "")
    is_size = stated.isascii() and stated.isdigit() and len(stated) <= _MAX_DIGITS
    return int(stated) if is_size else None


def time_error(response: Any) -> Exception:
    """Make the HTTP client's own error for an answer that takes too long."""
    kind = getattr(family_of(response), "ReadTimeout", TimeoutError)
    error: Exception = kind(PASSED)
    return error


def step_timeouts(timeouts: Timeouts, client: Any, *, is_stream: bool) -> Limits | None:
    """
    Give httpx's timeouts: connect, read, write, pool; in seconds.

    None leaves them all to the client: the caller's own, or the defaults of those that we make.
    """
    connect, read = timeouts.connect, timeouts.idle if is_stream else timeouts.read
    if isinstance(connect, Unset) and isinstance(read, Unset):
        return None
    own = getattr(client, "timeout", None)
    if isinstance(connect, Unset):
        connect = getattr(own, "connect", _CONNECT_SECONDS)
    if isinstance(read, Unset):
        read = getattr(own, "read", _IDLE_SECONDS if is_stream else _READ_SECONDS)
    return connect, read, read, connect


def to_header(value: str) -> str | bytes:
    """Give a header value as httpx takes it: bytes where it is not ASCII (RFC 9110, 5.5)."""
    return value if value.isascii() else value.encode("latin-1")
