"""
The network under HTTP clients of our own: connections for one request at a time, with an eye on
the call's deadline. A server that sends a byte now and then resets the timeout of each read, but
not this. Knows httpcore, and no HTTP.
"""

from __future__ import annotations

from ssl import SSLContext
from time import monotonic
from typing import Any

import httpcore

from mixdyn.deadline import DEADLINE, PASSED

# ruff: noqa: ASYNC109  # httpcore's interface has the timeouts as parameters

# A write is sent in slices of this size, so that a server which takes them slowly is noticed; and
# httpcore copies what is left of a write each time that the socket takes a part of it.
_SLICE = 1 << 18


# Servers that one transport keeps a connection to.
_MAX_SERVERS = 4


def watch(transport: Any) -> Any:
    """
    Make a transport of httpx, for one request at a time, heed deadlines; give it back.

    One that is not built as they are today is left as it is.
    """
    pool = getattr(transport, "_pool", None)
    backend = getattr(pool, "_network_backend", None)
    if pool is None or backend is None:
        return transport
    if issubclass(type(pool), httpcore.ConnectionPool):
        pool._network_backend = Network(backend)
        transport._pool = Line(pool)
    elif issubclass(type(pool), httpcore.AsyncConnectionPool):
        pool._network_backend = AsyncNetwork(backend)
        transport._pool = AsyncLine(pool)
    return transport


class _Line:
    """
    Stands in for a pool of httpcore, which makes its connections, and keeps one to each server.

    A pool's own accounts, kept for many requests at once, are a fifth of a small call.
    """

    def __init__(self, pool: Any) -> None:
        self.pool = pool
        self._connections: dict[tuple[bytes, bytes, int | None], Any] = {}

    def _find(self, url: httpcore.URL) -> tuple[Any, list[Any]]:
        """Give the connection for a URL, and those that are to be closed."""
        key = url.scheme, url.host, url.port
        found = self._connections.get(key)
        if found is not None and found.is_idle() and not found.has_expired():
            return found, []
        if url.scheme not in (b"http", b"https"):
            raise httpcore.UnsupportedProtocol(f"cannot call {url.scheme!r} URLs, but http(s)")
        stale = [k for k, c in self._connections.items() if not c.is_idle() or c.has_expired()]
        if not stale and len(self._connections) == _MAX_SERVERS:
            stale = [next(iter(self._connections))]
        over = [self._connections.pop(k) for k in stale]
        found = self._connections[key] = self.pool.create_connection(url.origin)
        return found, over


class Line(_Line):
    """Connections for one blocking request at a time."""

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request by an idle connection or a new one."""
        connection, over = self._find(request.url)
        for one in over:
            one.close()
        response: httpcore.Response = connection.handle_request(request)
        return response

    def close(self) -> None:
        """Close all connections."""
        while self._connections:
            self._connections.popitem()[1].close()


class AsyncLine(_Line):
    """Connections for one async request at a time."""

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request by an idle connection or a new one."""
        connection, over = self._find(request.url)
        for one in over:
            await one.aclose()
        response: httpcore.Response = await connection.handle_async_request(request)
        return response

    async def aclose(self) -> None:
        """Close all connections."""
        while self._connections:
            await self._connections.popitem()[1].aclose()


class Network(httpcore.NetworkBackend):
    """Opens connections that heed the deadline of the call."""

    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        self._backend = backend

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *args: Any, **options: Any
    ) -> httpcore.NetworkStream:
        """Connect to a host."""
        limit = _clamp(timeout, httpcore.ConnectTimeout)
        try:
            stream = self._backend.connect_tcp(host, port, limit, *args, **options)
        except httpcore.ConnectTimeout as error:
            _explain(error, timeout, limit)
            raise
        return Stream(stream)

    def connect_unix_socket(self, *args: Any, **options: Any) -> httpcore.NetworkStream:
        """Connect to a socket of this machine, where nothing is waited for."""
        return Stream(self._backend.connect_unix_socket(*args, **options))

    def sleep(self, seconds: float) -> None:
        """Wait between attempts to connect."""
        self._backend.sleep(seconds)


class Stream(httpcore.NetworkStream):
    """A connection that heeds the deadline of the call."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Receive some bytes."""
        limit = _clamp(timeout, httpcore.ReadTimeout)
        try:
            return self._stream.read(max_bytes, limit)
        except httpcore.ReadTimeout as error:
            _explain(error, timeout, limit)
            raise

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all bytes."""
        for start in range(0, len(buffer), _SLICE):
            limit = _clamp(timeout, httpcore.WriteTimeout)
            try:
                self._stream.write(buffer[start : start + _SLICE], limit)
            except httpcore.WriteTimeout as error:
                _explain(error, timeout, limit)
                raise

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Begin to encrypt."""
        limit = _clamp(timeout, httpcore.ConnectTimeout)
        try:
            return Stream(self._stream.start_tls(ssl_context, server_hostname, limit))
        except httpcore.ConnectTimeout as error:
            _explain(error, timeout, limit)
            raise

    def get_extra_info(self, info: str) -> Any:
        """Give what is known of the connection, such as its `socket`."""
        return self._stream.get_extra_info(info)


class AsyncNetwork(httpcore.AsyncNetworkBackend):
    """Opens connections that heed the deadline of the call."""

    def __init__(self, backend: httpcore.AsyncNetworkBackend) -> None:
        self._backend = backend

    async def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *args: Any, **options: Any
    ) -> httpcore.AsyncNetworkStream:
        """Connect to a host."""
        limit = _clamp(timeout, httpcore.ConnectTimeout)
        try:
            stream = await self._backend.connect_tcp(host, port, limit, *args, **options)
        except httpcore.ConnectTimeout as error:
            _explain(error, timeout, limit)
            raise
        return AsyncStream(stream)

    async def connect_unix_socket(self, *args: Any, **options: Any) -> httpcore.AsyncNetworkStream:
        """Connect to a socket of this machine, where nothing is waited for."""
        return AsyncStream(await self._backend.connect_unix_socket(*args, **options))

    async def sleep(self, seconds: float) -> None:
        """Wait between attempts to connect."""
        await self._backend.sleep(seconds)


class AsyncStream(httpcore.AsyncNetworkStream):
    """A connection that heeds the deadline of the call."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Receive some bytes."""
        limit = _clamp(timeout, httpcore.ReadTimeout)
        try:
            return await self._stream.read(max_bytes, limit)
        except httpcore.ReadTimeout as error:
            _explain(error, timeout, limit)
            raise

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all bytes."""
        for start in range(0, len(buffer), _SLICE):
            limit = _clamp(timeout, httpcore.WriteTimeout)
            try:
                await self._stream.write(buffer[start : start + _SLICE], limit)
            except httpcore.WriteTimeout as error:
                _explain(error, timeout, limit)
                raise

    async def aclose(self) -> None:
        """Close the connection."""
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Begin to encrypt."""
        limit = _clamp(timeout, httpcore.ConnectTimeout)
        try:
            return AsyncStream(await self._stream.start_tls(ssl_context, server_hostname, limit))
        except httpcore.ConnectTimeout as error:
            _explain(error, timeout, limit)
            raise

    def get_extra_info(self, info: str) -> Any:
        """Give what is known of the connection, such as its `socket`."""
        return self._stream.get_extra_info(info)


def _clamp(timeout: float | None, kind: type[Exception]) -> float | None:
    """Give how long a wait may take: `timeout`, or what is left of the call if that is less."""
    deadline = DEADLINE.get()
    if deadline is None:
        return timeout
    left = deadline - monotonic()
    if left <= 0:
        raise kind(PASSED)
    return left if timeout is None or left < timeout else timeout


def _explain(error: Exception, timeout: float | None, limit: float | None) -> None:
    """Raise for a wait that took longer than the call may: the error says so then."""
    if limit is not timeout:
        raise type(error)(PASSED) from error
