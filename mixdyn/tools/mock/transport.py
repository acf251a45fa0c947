"""
The stand-in server as an httpx transport, for clients of both kinds and without a port.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator

import httpx

from mixdyn.tools.mock.feed import DroppedError, Subscription
from mixdyn.tools.mock.reply import MockRequest, MockResponse

_DROPPED = "the stand-in server has dropped the connection"


class _Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A live body, read by blocking and by async clients alike."""

    def __init__(self, reader: Subscription) -> None:
        self._reader = reader

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._reader
        except DroppedError as error:
            raise httpx.RemoteProtocolError(_DROPPED) from error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._reader:
                yield chunk
        except DroppedError as error:
            raise httpx.RemoteProtocolError(_DROPPED) from error

    def close(self) -> None:
        self._reader.close()

    async def aclose(self) -> None:
        self._reader.close()


def make_transport(handle: Callable[[MockRequest], MockResponse]) -> httpx.MockTransport:
    """Give a transport that answers every request by calling a function."""

    def respond(request: httpx.Request) -> httpx.Response:
        pairs = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in request.headers.raw]
        target = request.url.raw_path.decode("latin-1")
        answer = handle(MockRequest(request.method, target, tuple(pairs), request.content))
        headers = list(answer.headers)
        if isinstance(answer.body, Subscription):
            return httpx.Response(answer.status, headers=headers, stream=_Body(answer.body))
        return httpx.Response(answer.status, headers=headers, content=answer.body)

    return httpx.MockTransport(respond)
