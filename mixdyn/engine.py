"""
Two small drivers that perform a flow's effects with an HTTP client: blocking, and awaiting.

Nothing is decided here; the twins differ in nothing but `await`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from mixdyn.connection import Connections, close_async
from mixdyn.content import Collector, ContentError
from mixdyn.flow import Close, Effect, Flow, Open, Read, Send, Sleep
from mixdyn.request import Request
from mixdyn.rewind import Rest
from mixdyn.stream import AsyncEventStream, EventStream
from mixdyn.upload import Upload


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
        match effect:
            case Send():
                client = self.connections.client(is_stream=effect.is_stream)
                headers = self.connections.headers
                return client.send(build(client, effect, _chunks, headers), stream=True)
            case Read():
                return self.read(effect)
            case Close():
                return effect.response.close()
            case Sleep():
                return time.sleep(effect.seconds)
            case _:
                return hand_over(effect, self.connections, EventStream)

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
        match effect:
            case Send():
                client = self.connections.async_client(is_stream=effect.is_stream)
                headers = self.connections.headers
                return await client.send(build(client, effect, _achunks, headers), stream=True)
            case Read():
                return await self.read(effect)
            case Close():
                return await close_async(effect.response)
            case Sleep():
                import anyio  # httpx needs it too; asyncio and trio both know its sleep

                return await anyio.sleep(effect.seconds)
            case _:
                return hand_over(effect, self.connections, AsyncEventStream)

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
        self._check = effect.check
        self._has_begun = False

    def add(self, chunk: bytes) -> None:
        """Take the next raw chunk; raises where there are too many, too late or broken."""
        if self._has_begun:
            self._check()
        self._has_begun = True
        self._collector.add(chunk)

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


def build(
    client: Any, effect: Send, chunks: Callable[[Upload], Any], defaults: Mapping[str, str]
) -> Any:
    """Make the HTTP client's own request; `defaults` are headers that it may replace."""
    request: Request = effect.request
    headers = {**defaults, **{k: to_header(v) for k, v in request.headers.items()}}
    options: dict[str, Any] = {"headers": headers}
    if effect.timeout is not None:
        options["timeout"] = effect.timeout
    if request.content is not None:
        options["content"] = request.content
    elif request.files is not None:
        options["files"] = [(name, to_file(*part)) for name, part in request.files]
    elif request.upload is not None:
        size = request.upload.size
        if size is not None:
            headers["content-length"] = str(size)
        options["content"] = chunks(request.upload)
    url = to_url(type(client).__module__.partition(".")[0], request.url)
    return client.build_request(request.method, url, **options)


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


def to_file(name: str | None, content: Any, kind: str | None) -> tuple[str | None, Any, str | None]:
    """Give a multipart part as httpx takes it: a file is sent from where it stands."""
    return name, content if isinstance(content, bytes) else Rest(content), kind


def hand_over(effect: Open, owner: Connections, stream: Callable[..., Any]) -> Any:
    """Give what the caller gets for an open response; it keeps the client that it came from."""
    if effect.feed is not None:
        return stream(effect.response, effect.feed, owner)
    effect.response.extensions["mixdyn"] = owner
    return effect.response


def _chunks(upload: Upload) -> Iterator[bytes]:
    yield from upload.chunks()


async def _achunks(upload: Upload) -> AsyncIterator[bytes]:
    for chunk in upload.chunks():
        yield chunk
