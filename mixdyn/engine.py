"""
Two small drivers that perform a flow's effects with an HTTP client: blocking, and awaiting.

Nothing is decided here; the twins differ in nothing but `await`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from functools import lru_cache
from inspect import isawaitable
from typing import Any

from mixdyn.connection import Connections, close_async
from mixdyn.content import Collector, ContentError
from mixdyn.deadline import PASSED, until
from mixdyn.download import open_download
from mixdyn.effect import Build, Built, Close, Effect, Flow, Open, Read, Send, Sleep
from mixdyn.hook import Run
from mixdyn.payload import Payload
from mixdyn.request import Request
from mixdyn.settings import Progress, Timeouts, Unset
from mixdyn.stream import AsyncEventStream, EventStream

_CONNECT_SECONDS = 10.0
_READ_SECONDS = 60.0
_IDLE_SECONDS = 600.0


class Engine:
    """Performs effects in the calling thread."""

    def __init__(self, connections: Connections) -> None:
        self.connections = connections

    def run(self, flow: Flow) -> Any:
        """Drive a flow to its end and give its value."""
        try:
            effect = next(flow)
            while True:
                try:
                    outcome = self.perform(effect)
                except BaseException as error:  # noqa: BLE001  # the flow decides, and cleans up
                    effect = flow.throw(error)
                else:
                    effect = flow.send(outcome)
        except StopIteration as stop:
            return stop.value

    def perform(self, effect: Effect) -> Any:
        """Do what one effect says, and give its outcome."""
        outcome: Any = None
        match effect:
            case Build():
                client = self.connections.client(is_stream=effect.is_stream)
                outcome = build(client, effect, self.connections.headers, is_async=False)
            case Send():
                client = self.connections.client(is_stream=effect.is_stream)
                with until(effect.deadline):
                    outcome = client.send(effect.request, stream=True, **effect.options)
            case Read():
                with until(effect.deadline):
                    outcome = self.read(effect)
            case Close():
                effect.response.close()
            case Sleep():
                time.sleep(effect.seconds)
            case Run():
                outcome = run(effect)
            case _:
                outcome = self.open(effect)
        return outcome

    def open(self, effect: Open) -> Any:
        """Give what the caller gets for an open response; it keeps the client that it came from."""
        response, feed, on_progress, label = effect
        if feed is not None:
            return EventStream(response, feed, self.connections)
        return open_download(response, self.connections, on_progress, label, is_async=False)

    def read(self, effect: Read) -> bytes:
        """Read a body, at most `limit` bytes of it; the response is closed in any case."""
        response = effect.response
        if response.is_stream_consumed:
            return take_whole(effect)
        try:
            intake = Intake(effect)
            for chunk in response.iter_raw():
                intake.add(chunk)
            return intake.finish()
        except BaseException:
            response.close()
            raise


class AsyncEngine:
    """Performs effects in the running event loop."""

    def __init__(self, connections: Connections) -> None:
        self.connections = connections

    async def run(self, flow: Flow) -> Any:
        """Drive a flow to its end and give its value."""
        try:
            effect = next(flow)
            while True:
                try:
                    outcome = await self.perform(effect)
                except BaseException as error:  # noqa: BLE001  # the flow decides, and cleans up
                    effect = flow.throw(error)
                else:
                    effect = flow.send(outcome)
        except StopIteration as stop:
            return stop.value

    async def perform(self, effect: Effect) -> Any:
        """Do what one effect says, and give its outcome."""
        outcome: Any = None
        match effect:
            case Build():
                client = self.connections.async_client(is_stream=effect.is_stream)
                outcome = build(client, effect, self.connections.headers, is_async=True)
            case Send():
                client = self.connections.async_client(is_stream=effect.is_stream)
                with until(effect.deadline):
                    outcome = await client.send(effect.request, stream=True, **effect.options)
            case Read():
                with until(effect.deadline):
                    outcome = await self.read(effect)
            case Close():
                await close_async(effect.response)
            case Sleep():
                import anyio  # httpx needs it too; asyncio and trio both know its sleep

                await anyio.sleep(effect.seconds)
            case Run():
                outcome = effect.function(*effect.arguments)
                outcome = await outcome if isawaitable(outcome) else outcome
            case _:
                outcome = self.open(effect)
        return outcome

    def open(self, effect: Open) -> Any:
        """Give what the caller gets for an open response; it keeps the client that it came from."""
        response, feed, on_progress, label = effect
        if feed is not None:
            return AsyncEventStream(response, feed, self.connections)
        return open_download(response, self.connections, on_progress, label, is_async=True)

    async def read(self, effect: Read) -> bytes:
        """Read a body, at most `limit` bytes of it; the response is closed in any case."""
        response = effect.response
        if response.is_stream_consumed:
            return take_whole(effect)
        try:
            intake = Intake(effect)
            async for chunk in response.aiter_raw():
                intake.add(chunk)
            return intake.finish()
        except GeneratorExit:
            raise  # the coroutine is being thrown away: nobody is left to wait for a close
        except BaseException:
            await close_async(response)
            raise


class Intake:
    """A body as it comes in, kept within bounds of size and time."""

    def __init__(self, effect: Read) -> None:
        coding = effect.response.headers.get("content-encoding", "")
        self._response = effect.response
        self._collector = Collector(coding, effect.limit)
        self._deadline = effect.deadline
        self._on_progress = effect.on_progress
        self._received = 0
        self._has_begun = False

    def add(self, chunk: bytes) -> None:
        """Take the next raw chunk; raises where there are too many, too late or broken."""
        if self._has_begun and self._deadline is not None and time.monotonic() > self._deadline:
            raise time_error(self._response)
        self._has_begun = True
        self._collector.add(chunk)
        if self._on_progress is not None:
            self._received += len(chunk)
            self._on_progress(self._received, content_length(self._response.headers))

    def finish(self) -> bytes:
        """Give the body, and leave it on the response, as its own `read()` does."""
        content = self._collector.finish()
        self._response._content = content
        return content


def take_whole(effect: Read) -> bytes:
    """Give a body that the client has read and closed already, as mock transports do."""
    content: bytes = effect.response.content
    if len(content) > effect.limit:
        raise ContentError(f"the body is larger than {effect.limit} bytes")
    return content


def build(client: Any, effect: Build, defaults: Mapping[str, str], *, is_async: bool) -> Built:
    """Make the HTTP client's own request; `defaults` are headers that it may replace."""
    request: Request = effect.request
    headers = {**defaults, **{k: to_header(v) for k, v in request.headers.items()}}
    options: dict[str, Any] = {"headers": headers}
    timeout = step_timeouts(effect.timeouts, client, is_stream=effect.is_stream)
    if timeout is not None:
        options["timeout"] = timeout
    if isinstance(request.content, Payload):
        options["content"] = feed(request.content, headers, effect.on_progress, is_async=is_async)
    elif request.content is not None:
        options["content"] = request.content
    url = to_url(type(client).__module__.partition(".")[0], request.url)
    native = client.build_request(request.method, url, **options)
    return Built(native, getattr(client, "follow_redirects", False) is True)


def feed(
    payload: Payload, headers: dict[str, Any], on_progress: Progress | None, *, is_async: bool
) -> Any:
    """Give the chunks of a body that is sent in pieces, and say in its headers what is to come."""
    size = payload.size
    if size is not None:
        headers["content-length"] = str(size)
    if payload.content_type is not None:
        headers["content-type"] = payload.content_type
    if is_async:
        sent = payload.achunks()
        return sent if on_progress is None else acounted(sent, size, on_progress)
    chunks = payload.chunks()
    return chunks if on_progress is None else counted(chunks, size, on_progress)


def counted(chunks: Iterator[bytes], total: int | None, on_progress: Progress) -> Iterator[bytes]:
    """Tell how much has been sent, after each chunk."""
    done = 0
    for chunk in chunks:
        yield chunk
        done += len(chunk)
        on_progress(done, total)


async def acounted(
    chunks: AsyncIterator[bytes], total: int | None, on_progress: Progress
) -> AsyncIterator[bytes]:
    """Tell how much has been sent, after each chunk."""
    done = 0
    async for chunk in chunks:
        yield chunk
        done += len(chunk)
        on_progress(done, total)


def content_length(headers: Mapping[str, str]) -> int | None:
    """Give the size that a response says its body has, or None."""
    stated = headers.get("content-length", "")
    return int(stated) if stated.isdecimal() else None


def time_error(response: Any) -> Exception:
    """Make the HTTP client's own error for an answer that takes too long."""
    family = sys.modules.get(type(response).__module__.partition(".")[0])
    kind = getattr(family, "ReadTimeout", TimeoutError)
    error: Exception = kind(PASSED)
    return error


def step_timeouts(
    timeouts: Timeouts, client: Any, *, is_stream: bool
) -> tuple[float | None, ...] | None:
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


def run(effect: Run) -> Any:
    """Call a function of the caller's, which must not need awaiting here."""
    outcome = effect.function(*effect.arguments)
    if isawaitable(outcome):
        getattr(outcome, "close", str)()  # a coroutine that nobody awaits would warn
        name = getattr(effect.function, "__qualname__", type(effect.function).__name__)
        raise TypeError(f"{name} is async: use the method's _async twin, or give a plain function")
    return outcome


@lru_cache(maxsize=512)
def to_url(family: str, url: str) -> Any:
    """
    Give the URL as the client's own type, parsed once: parsing is a fifth of a small call.

    Clients of other families than httpx and httpx2, and wrappers, get it as text.
    """
    kind = getattr(sys.modules[family], "URL", str) if family in ("httpx", "httpx2") else str
    return kind(url)


def to_header(value: str) -> str | bytes:
    """Give a header value as httpx takes it: bytes where it is not ASCII (RFC 9110, 5.5)."""
    return value if value.isascii() else value.encode("latin-1")
