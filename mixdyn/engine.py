"""
Two small drivers that perform a flow's effects with an HTTP client: blocking, and awaiting.

Nothing is decided here; the twins differ in nothing but `await`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator, Iterator
from functools import lru_cache
from typing import Any

from mixdyn.connection import Connections
from mixdyn.content import Collector
from mixdyn.flow import Close, Effect, Flow, Read, Send, Sleep
from mixdyn.request import Request
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
                return client.send(build(client, effect, _chunks), stream=True)
            case Read():
                return self.read(effect)
            case Close():
                return effect.response.close()
            case Sleep():
                return time.sleep(effect.seconds)
            case _:
                return EventStream(effect.response, effect.feed, self.connections)

    def read(self, effect: Read) -> bytes:
        """Read a body, at most `limit` bytes of it."""
        response = effect.response
        if response.is_stream_consumed:
            return bytes(response.content)
        collector = Collector(response.headers.get("content-encoding", ""), effect.limit)
        for chunk in response.iter_raw():
            collector.add(chunk)
        return keep_content(response, collector.finish())


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

    async def perform(self, effect: Any) -> Any:
        """Do what one effect says, and give its outcome."""
        match effect:
            case Send():
                client = self.connections.async_client(is_stream=effect.is_stream)
                return await client.send(build(client, effect, _achunks), stream=True)
            case Read():
                return await self.read(effect)
            case Close():
                return await effect.response.aclose()
            case Sleep():
                import anyio  # httpx needs it too; asyncio and trio both know its sleep

                return await anyio.sleep(effect.seconds)
            case _:
                return AsyncEventStream(effect.response, effect.feed, self.connections)

    async def read(self, effect: Read) -> bytes:
        """Read a body, at most `limit` bytes of it."""
        response = effect.response
        if response.is_stream_consumed:
            return bytes(response.content)
        collector = Collector(response.headers.get("content-encoding", ""), effect.limit)
        async for chunk in response.aiter_raw():
            collector.add(chunk)
        return keep_content(response, collector.finish())


def build(client: Any, effect: Send, chunks: Any) -> Any:
    """Make the HTTP client's own request."""
    request: Request = effect.request
    options: dict[str, Any] = {"headers": {k: to_header(v) for k, v in request.headers.items()}}
    if effect.timeout is not None:
        options["timeout"] = effect.timeout
    if request.content is not None:
        options["content"] = request.content
    elif request.files is not None:
        options["files"] = request.files
    elif request.upload is not None:
        size = request.upload.size
        if size is not None:
            options["headers"]["content-length"] = str(size)
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


def keep_content(response: Any, content: bytes) -> bytes:
    """Leave the body on the response, as its own `read()` does, for `.content` and `.text`."""
    response._content = content
    return content


def _chunks(upload: Upload) -> Iterator[bytes]:
    yield from upload.chunks()


async def _achunks(upload: Upload) -> AsyncIterator[bytes]:
    for chunk in upload.chunks():
        yield chunk
