"""
HTTP clients of our own, for many calls at once: connections spread over many transports of httpx,
since each of those looks at all its connections for every request. Imported when first needed.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from functools import cache
from time import monotonic
from typing import Any, cast

import httpx

from mixdyn.deadline import DEADLINE
from mixdyn.errors import ClientClosedError

# Calls at once; those beyond wait for one to end, at most for the pool timeout.
MAX_CALLS = 512
# Transports that are kept while nothing is under way, each with its connection, so that the next
# burst of calls finds them warm.
MAX_SPARE = 512
# How long an idle connection is kept. Common load balancers hang up after 60 s, the Mix server
# after 900: well below that, a connection is hardly ever lost while a call is sent on it.
KEEP_SECONDS = 30.0

_LOOPBACK = ("all://localhost", "all://127.0.0.1", "all://[::1]")


def make_client(*, is_stream: bool) -> httpx.Client:
    """Make a blocking client for calls, or one for streams."""
    return Client(**_options(is_stream=is_stream))


def make_async_client(*, is_stream: bool) -> httpx.AsyncClient:
    """Make an async client for calls, or one for streams; it belongs to one event loop."""
    return AsyncClient(**_options(is_stream=is_stream))


class Client(httpx.Client):
    """A client of httpx with spread transports; one that no longer asks here is only slower."""

    def _init_transport(self, *args: Any, **options: Any) -> httpx.BaseTransport:
        return Spread(super()._init_transport, args, options)

    def _init_proxy_transport(self, *args: Any, **options: Any) -> httpx.BaseTransport:
        return Spread(super()._init_proxy_transport, args, options)


class AsyncClient(httpx.AsyncClient):
    """An async client of httpx with spread transports."""

    def _init_transport(self, *args: Any, **options: Any) -> httpx.AsyncBaseTransport:
        return AsyncSpread(super()._init_transport, args, options)

    def _init_proxy_transport(self, *args: Any, **options: Any) -> httpx.AsyncBaseTransport:
        return AsyncSpread(super()._init_proxy_transport, args, options)


class Lease:
    """A transport in use for one request: from its start until its response is closed."""

    def __init__(self, stock: Stock, transport: Any) -> None:
        self.transport = transport  # None when the lease is over
        self.stream: Any = None
        self._stock = stock

    def hold(self, response: httpx.Response) -> httpx.Response:
        """Stand between the response and its stream, to learn of the end."""
        self.stream = response.stream
        response.stream = cast("Any", self)  # its subclasses are streams
        return response


class BlockingLease(Lease, httpx.SyncByteStream):
    """A lease that is the stream of a blocking response."""

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.stream)

    def close(self) -> None:
        """End the response and the lease; again does nothing."""
        try:
            if self.stream is not None:
                self.stream.close()
        finally:
            surplus = self._stock.give(self)
            if surplus is not None:
                surplus.close()


class AsyncLease(Lease, httpx.AsyncByteStream):
    """A lease that is the stream of an async response."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self.stream)

    async def aclose(self) -> None:
        """End the response and the lease; again does nothing."""
        try:
            if self.stream is not None:
                await self.stream.aclose()
        finally:
            surplus = self._stock.give(self)
            if surplus is not None:
                await surplus.aclose()


class Turn:
    """A place in the queue for a transport; `event` says that `lease` is there, or will not be."""

    def __init__(self, event: Any) -> None:
        self.event = event
        self.lease: Any = None


class Stock:
    """
    The transports of a client, made on demand, each for one request at a time; it does no I/O.

    The one used last goes first, so that few connections are kept warm and the others expire.
    Its lock may be entered again: garbage is collected anywhere, and may end a lease.
    """

    def __init__(self, lease: type[Lease], make: Callable[[], Any], limits: httpx.Limits) -> None:
        self._lease = lease
        self._make: Callable[[], Any] | None = make  # None when closed, since it holds the client
        self._limit = limits.max_connections
        self._spare = limits.max_keepalive_connections
        self._keep = limits.keepalive_expiry
        self._idle: deque[tuple[float, Any]] = deque()
        self._leases: set[Lease] = set()
        self._turns: deque[Turn] = deque()
        self._lock = threading.RLock()

    def take(self, turn: Turn | None = None) -> Any:
        """Lease a transport; None where all are in use, and then `turn` waits for one."""
        with self._lock:
            if self._make is None:
                raise ClientClosedError("the client is closed; make a new one, or enter it again")
            if self._idle:
                transport = self._idle.pop()[1]
            elif self._limit is None or len(self._leases) < self._limit:
                transport = self._make()
            else:
                if turn is not None:
                    self._turns.append(turn)
                return None
            return self._let(transport)

    def give(self, lease: Lease) -> Any:
        """End a lease; gives a transport that is to be closed, or None."""
        with self._lock:
            transport, lease.transport = lease.transport, None
            self._leases.discard(lease)
            if transport is None or self._make is None:
                return transport
            if self._turns:
                turn = self._turns.popleft()
                turn.lease = self._let(transport)
                turn.event.set()
                return None
            return self._put(transport)

    def leave(self, turn: Turn) -> Any:
        """Stop waiting; gives the lease that came, or None."""
        with self._lock:
            with suppress(ValueError):  # it is its turn already
                self._turns.remove(turn)
            return turn.lease

    def close(self) -> list[Any]:
        """Lease no more, and send away those who wait; gives all transports, to be closed."""
        with self._lock:
            self._make = None
            found = [transport for _, transport in self._idle]
            self._idle.clear()
            while self._leases:
                lease = self._leases.pop()
                found.append(lease.transport)
                lease.transport = None
            while self._turns:
                self._turns.popleft().event.set()
            return found

    def _let(self, transport: Any) -> Lease:
        lease = self._lease(self, transport)
        self._leases.add(lease)
        return lease

    def _put(self, transport: Any) -> Any:
        """Keep an idle transport; gives one that is too many or has been idle for too long."""
        now = monotonic()
        self._idle.append((now, transport))
        is_stale = self._keep is not None and self._idle[0][0] + self._keep < now
        is_full = self._spare is not None and len(self._idle) > self._spare
        return self._idle.popleft()[1] if is_stale or is_full else None


class Spread(httpx.BaseTransport):
    """Hands each request to a transport that no other request is using."""

    def __init__(self, make: Callable[..., Any], args: Any, options: dict[str, Any]) -> None:
        self._stock = _stock(BlockingLease, make, args, options)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request by a transport of its own, waiting for one if need be."""
        lease = self._stock.take() or self._wait(request)
        try:
            return lease.hold(lease.transport.handle_request(request))
        except BaseException:
            lease.close()
            raise

    def close(self) -> None:
        """Close all connections."""
        for transport in self._stock.close():
            transport.close()

    def _wait(self, request: httpx.Request) -> BlockingLease:
        turn = Turn(threading.Event())
        lease = self._stock.take(turn)
        try:
            if lease is None:
                turn.event.wait(_patience(request))
        except BaseException:
            late = self._stock.leave(turn)
            if late is not None:
                late.close()
            raise
        found: BlockingLease = lease or self._stock.leave(turn) or _refuse(turn)
        return found


class AsyncSpread(httpx.AsyncBaseTransport):
    """Hands each request to a transport that no other request is using."""

    def __init__(self, make: Callable[..., Any], args: Any, options: dict[str, Any]) -> None:
        self._stock = _stock(AsyncLease, make, args, options)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request by a transport of its own, waiting for one if need be."""
        lease = self._stock.take() or await self._wait(request)
        try:
            return lease.hold(await lease.transport.handle_async_request(request))
        except BaseException:
            await lease.aclose()
            raise

    async def aclose(self) -> None:
        """Close all connections."""
        for transport in self._stock.close():
            await transport.aclose()

    async def _wait(self, request: httpx.Request) -> AsyncLease:
        import anyio  # httpx needs it too; asyncio and trio both know its events

        turn = Turn(anyio.Event())
        lease = self._stock.take(turn)
        try:
            if lease is None:
                with anyio.move_on_after(_patience(request)):
                    await turn.event.wait()
        except BaseException:
            late = self._stock.leave(turn)
            if late is not None:
                await late.aclose()
            raise
        found: AsyncLease = lease or self._stock.leave(turn) or _refuse(turn)
        return found


def _stock(
    lease: type[Lease], make: Callable[..., Any], args: Any, options: dict[str, Any]
) -> Stock:
    limits: httpx.Limits = options.get("limits", httpx.Limits())
    # One request at a time needs one connection, and a warm one for each server that is called.
    each = httpx.Limits(
        max_connections=4, max_keepalive_connections=4, keepalive_expiry=limits.keepalive_expiry
    )
    options = {**options, "limits": each}
    return Stock(lease, lambda: _watch(make(*args, **options)), limits)


def _watch(transport: Any) -> Any:
    """Make a transport heed deadlines; where httpx has another network layer, it does not."""
    with suppress(ImportError):
        from mixdyn.network import watch

        watch(transport)
    return transport


def _patience(request: httpx.Request) -> float | None:
    """Give for how many seconds a request may wait for a transport."""
    limit: float | None = request.extensions.get("timeout", {}).get("pool")
    deadline = DEADLINE.get()
    if deadline is None:
        return limit
    left = max(0.0, deadline - monotonic())
    return left if limit is None else min(left, limit)


def _refuse(turn: Turn) -> Any:
    if turn.event.is_set():
        raise ClientClosedError("the client was closed, and the calls that waited with it")
    raise httpx.PoolTimeout(
        "all connections are in use, and none became free in time: make fewer calls at once, or "
        "pass a client with higher limits"
    )


def _options(*, is_stream: bool) -> dict[str, Any]:
    timeout = httpx.Timeout(600.0, connect=10.0, pool=10.0)
    return {
        "verify": _tls_context(),
        "timeout": timeout if is_stream else httpx.Timeout(60.0, connect=10.0),
        "limits": httpx.Limits(
            max_connections=None if is_stream else MAX_CALLS,
            max_keepalive_connections=MAX_SPARE,
            keepalive_expiry=KEEP_SECONDS,
        ),
        "follow_redirects": False,
        "cookies": _no_cookies(),
        # Loopback addresses never go through a proxy from the environment.
        "mounts": dict.fromkeys(_LOOPBACK),
    }


@cache
def _tls_context() -> Any:
    """Make the TLS context once for the process: it takes some 24 ms."""
    return httpx.create_ssl_context()


def _no_cookies() -> Any:
    """A jar that takes nothing: what a response sets is not kept for later calls."""
    from http.cookiejar import CookieJar, DefaultCookiePolicy

    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))
