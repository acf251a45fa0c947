"""Clients of our own: requests spread over transports, which are lent, kept, and waited for."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from mixdyn import transport
from mixdyn.deadline import until
from mixdyn.errors import ClientClosedError
from mixdyn.network import Network
from mixdyn.transport import AsyncLease, AsyncSpread, BlockingLease, Spread, Stock, Turn
from tests.loopback import PATIENCE, Exchange, Loopback, serve

REQUEST = httpx.Request("GET", "http://things.test/")


def limits(calls: int | None = 1, spare: int | None = 1, keep: float | None = 5.0) -> httpx.Limits:
    """Give limits: of calls at once, of idle transports, of seconds that these are kept."""
    return httpx.Limits(
        max_connections=calls, max_keepalive_connections=spare, keepalive_expiry=keep
    )


class Fake(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A transport that answers at once, or fails; it tells whether it was closed."""

    def __init__(self, **options: Any) -> None:
        self.options = options
        self.requests = 0
        self.is_closed = False
        self.error: BaseException | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        if self.error is not None:
            raise self.error
        return httpx.Response(200, stream=httpx.ByteStream(b"hello"))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self.handle_request(request)

    def close(self) -> None:
        self.is_closed = True

    async def aclose(self) -> None:
        self.is_closed = True


class Makers:
    """Makes transports and remembers them."""

    def __init__(self) -> None:
        self.made: list[Fake] = []

    def __call__(self, *args: Any, **options: Any) -> Fake:
        self.made.append(Fake(**options))
        return self.made[-1]

    def spread(self, **options: Any) -> Spread:
        return Spread(self, (), {"limits": limits(**options)})

    def async_spread(self, **options: Any) -> AsyncSpread:
        return AsyncSpread(self, (), {"limits": limits(**options)})


@pytest.fixture
def makers() -> Makers:
    """An empty one."""
    return Makers()


def patient(pool: float | None) -> httpx.Request:
    """Give a request that waits for a transport for some seconds at most."""
    return httpx.Request("GET", "http://things.test/", extensions={"timeout": {"pool": pool}})


def test_installed_httpx_asks_for_transports() -> None:
    """The installed httpx makes its transports by the methods that are overridden here."""
    for is_stream in (False, True):
        with transport.make_client(is_stream=is_stream) as client:
            assert type(client._transport) is Spread
        client_ = transport.make_async_client(is_stream=is_stream)
        assert type(client_._transport) is AsyncSpread
        asyncio.run(client_.aclose())


def test_transports_share_tls_and_heed_deadlines() -> None:
    """Each transport has the one TLS context of the process, and a network that heeds deadlines."""
    with (
        transport.make_client(is_stream=False) as client,
        transport.make_client(is_stream=True) as other,
    ):
        pools = [c._transport._stock.take().transport._pool.pool for c in (client, client, other)]  # type: ignore[attr-defined]  # a Spread's
        assert len({id(pool) for pool in pools}) == 3
        assert len({id(pool._ssl_context) for pool in pools}) == 1
        assert all(isinstance(pool._network_backend, Network) for pool in pools)


def test_later_httpx(monkeypatch: pytest.MonkeyPatch) -> None:
    """A later httpx that makes its transports otherwise works all the same."""

    def answer(exchange: Exchange) -> None:
        exchange.send_json([])

    monkeypatch.delattr(transport.Client, "_init_transport")
    monkeypatch.delattr(transport.Client, "_init_proxy_transport")
    with serve(answer) as server, transport.make_client(is_stream=False) as client:
        assert type(client._transport) is httpx.HTTPTransport
        assert client.get(server.url).json() == []


def test_later_network(monkeypatch: pytest.MonkeyPatch, makers: Makers) -> None:
    """Without httpcore, whatever has taken its place is used as it is."""
    monkeypatch.setitem(sys.modules, "mixdyn.network", None)
    spread = makers.spread()
    assert spread.handle_request(REQUEST).status_code == 200


def test_options_of_transports(makers: Makers) -> None:
    """Transports get httpx's own options, and limits for one request at a time."""
    spread = Spread(makers, (), {"verify": 7, "limits": limits(keep=9.0)})
    spread.handle_request(REQUEST)
    options = makers.made[0].options
    assert options["verify"] == 7
    assert options["limits"] == limits(4, 4, 9.0)
    assert Spread(makers, (), {})._stock.take() is not None


def test_proxy_from_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy from the environment is used but for what the environment and loopback exempt."""
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.test:1")
    monkeypatch.setenv("NO_PROXY", "near.test")
    for client in (
        transport.make_client(is_stream=False),
        transport.make_async_client(is_stream=False),
    ):
        found = {
            host: client._transport_for_url(httpx.URL(f"http://{host}/"))
            for host in ("far.test", "near.test", "localhost", "127.0.0.1", "[::1]")
        }
        away = found.pop("far.test")
        assert set(found.values()) == {client._transport}
        assert away is not client._transport
        assert isinstance(away, Spread | AsyncSpread)
        lease = away._stock.take()
        assert "Proxy" in type(lease.transport._pool.pool).__name__


def test_one_after_the_other(makers: Makers) -> None:
    """Requests that follow one another use one transport."""
    spread = makers.spread(calls=None, spare=8)
    for _ in range(3):
        assert spread.handle_request(REQUEST).read() == b"hello"
    assert [made.requests for made in makers.made] == [3]


def test_last_used_first(makers: Makers) -> None:
    """Of idle transports the one used last is taken; the others cool down."""
    spread = makers.spread(calls=None, spare=8)
    responses = [spread.handle_request(REQUEST) for _ in range(3)]
    for response in responses:
        response.close()
    spread.handle_request(REQUEST).close()
    spread.handle_request(REQUEST).close()
    assert [made.requests for made in makers.made] == [1, 1, 3]


def test_too_many_idle(makers: Makers) -> None:
    """More idle transports than are to be spared are closed, those used longest ago first."""
    spread = makers.spread(calls=None, spare=1)
    for response in [spread.handle_request(REQUEST) for _ in range(3)]:
        response.close()
    assert [made.is_closed for made in makers.made] == [True, True, False]

    async def main() -> None:
        spread = makers.async_spread(calls=None, spare=1)
        for response in [await spread.handle_async_request(REQUEST) for _ in range(3)]:
            await response.aclose()

    asyncio.run(main())
    assert [made.is_closed for made in makers.made[3:]] == [True, True, False]


def test_idle_for_too_long(makers: Makers, monkeypatch: pytest.MonkeyPatch) -> None:
    """Transports that have been idle for too long are closed, one with each call."""
    now = 100.0
    monkeypatch.setattr(transport, "monotonic", lambda: now)
    spread = makers.spread(calls=None, spare=None, keep=30.0)
    for response in [spread.handle_request(REQUEST) for _ in range(3)]:
        response.close()
    now = 131.0
    spread.handle_request(REQUEST).close()
    assert [made.is_closed for made in makers.made] == [True, False, False]
    spread.handle_request(REQUEST).close()
    spread.handle_request(REQUEST).close()
    assert [made.is_closed for made in makers.made] == [True, True, False]


def test_kept_for_ever(makers: Makers, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a limit of time idle transports are kept."""
    now = 0.0
    monkeypatch.setattr(transport, "monotonic", lambda: now)
    spread = makers.spread(calls=None, spare=8, keep=None)
    for response in [spread.handle_request(REQUEST) for _ in range(2)]:
        response.close()
        now += 1e6
    assert not any(made.is_closed for made in makers.made)


def test_closed_twice(makers: Makers) -> None:
    """A response that is closed again gives back nothing: its transport may be lent again."""
    spread = makers.spread(calls=None, spare=8)
    lease: Any = spread.handle_request(REQUEST).stream
    lease.close()
    response = spread.handle_request(REQUEST)
    lease.close()
    spread.handle_request(REQUEST)
    assert len(makers.made) == 2
    response.close()


@pytest.mark.parametrize("error", [httpx.ConnectError("no"), KeyboardInterrupt()])
def test_failed_request(makers: Makers, error: BaseException) -> None:
    """A request that fails gives its transport back."""
    spread = makers.spread()
    spread.handle_request(REQUEST).close()
    makers.made[0].error = error
    with pytest.raises(type(error)):
        spread.handle_request(REQUEST)
    makers.made[0].error = None
    assert spread.handle_request(REQUEST).status_code == 200

    async def main() -> None:
        spread = makers.async_spread()
        await (await spread.handle_async_request(REQUEST)).aclose()
        makers.made[-1].error = error
        with pytest.raises(type(error)):
            await spread.handle_async_request(REQUEST)
        makers.made[-1].error = None
        assert (await spread.handle_async_request(REQUEST)).status_code == 200

    asyncio.run(main())


def test_stream_passes_through(makers: Makers) -> None:
    """Bodies are read from the client's own stream."""

    async def main() -> list[bytes]:
        response = await makers.async_spread().handle_async_request(REQUEST)
        return [chunk async for chunk in response.aiter_raw()]

    assert asyncio.run(main()) == [b"hello"]
    assert list(makers.spread().handle_request(REQUEST).iter_raw()) == [b"hello"]


@pytest.mark.parametrize("pool", [0.01, None])
def test_all_in_use(makers: Makers, pool: float | None) -> None:
    """Where all are in use a request waits, but not for ever: no longer than it or its call may."""
    spread = makers.spread()
    held = spread.handle_request(REQUEST)
    with until(time.monotonic() + 0.05), pytest.raises(httpx.PoolTimeout, match="fewer calls"):
        spread.handle_request(patient(pool))
    held.close()
    assert spread.handle_request(REQUEST).status_code == 200

    async def main() -> None:
        spread = makers.async_spread()
        held = await spread.handle_async_request(REQUEST)
        with until(time.monotonic() + 0.05), pytest.raises(httpx.PoolTimeout, match="in time"):
            await spread.handle_async_request(patient(pool))
        await held.aclose()
        assert (await spread.handle_async_request(REQUEST)).status_code == 200

    asyncio.run(main())


def test_pool_timeout_without_deadline(makers: Makers) -> None:
    """Without a deadline the pool timeout counts."""
    spread = makers.spread()
    spread.handle_request(REQUEST)
    with pytest.raises(httpx.PoolTimeout):
        spread.handle_request(patient(0.01))


def test_turns(makers: Makers) -> None:
    """Those who wait get the transport in the order in which they came, whoever closes."""
    spread = makers.spread()
    held = spread.handle_request(REQUEST)
    with ThreadPoolExecutor(3) as pool:
        waiting = []
        for count in range(1, 4):
            waiting.append(pool.submit(spread.handle_request, patient(PATIENCE)))
            while len(spread._stock._turns) < count:
                time.sleep(0)
        for number in range(3):
            held.close()
            held = waiting[number].result(PATIENCE)
            assert not any(one.done() for one in waiting[number + 1 :])
    assert len(makers.made) == 1


def test_async_turns(makers: Makers) -> None:
    """The same for tasks; one that is cancelled while it waits takes nothing with it."""

    async def main() -> None:
        spread = makers.async_spread()
        held = await spread.handle_async_request(REQUEST)
        first, second, third = (
            asyncio.create_task(spread.handle_async_request(patient(PATIENCE))) for _ in range(3)
        )
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await held.aclose()
        second.cancel()  # just when its turn has come
        await asyncio.gather(second, return_exceptions=True)
        assert second.cancelled()
        assert (await third).status_code == 200
        assert not spread._stock._turns

    asyncio.run(main())
    assert len(makers.made) == 1


def test_interrupted_while_waiting(makers: Makers, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupt while waiting gives up the place in the queue, or the transport that came."""
    spread = makers.spread()
    held = spread.handle_request(REQUEST)

    class Interrupt(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            if interrupted:
                held.close()
            interrupted.append(self)
            raise KeyboardInterrupt

    interrupted: list[Interrupt] = []
    monkeypatch.setattr(threading, "Event", Interrupt)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            spread.handle_request(REQUEST)
    assert not spread._stock._turns
    assert spread.handle_request(REQUEST).status_code == 200


def test_free_at_the_last_moment(makers: Makers, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transport that comes free before one queues for it is taken without waiting."""
    stock, async_stock = makers.spread(), makers.async_spread()
    for spread in (stock, async_stock):
        own = spread._stock.take
        monkeypatch.setattr(spread._stock, "take", lambda turn=None, own=own: turn and own(turn))
    assert stock.handle_request(REQUEST).status_code == 200

    async def main() -> int:
        return (await async_stock.handle_async_request(REQUEST)).status_code

    assert asyncio.run(main()) == 200


def test_close(makers: Makers) -> None:
    """Closing closes idle transports and those in use; then nothing is lent any more."""
    spread = makers.spread(calls=None, spare=8)
    one, two = spread.handle_request(REQUEST), spread.handle_request(REQUEST)
    one.close()
    spread.close()
    spread.close()
    assert [made.is_closed for made in makers.made] == [True, True]
    two.close()
    with pytest.raises(ClientClosedError, match="closed"):
        spread.handle_request(REQUEST)


def test_async_close(makers: Makers) -> None:
    """The same for async ones."""

    async def main() -> None:
        spread = makers.async_spread(calls=None, spare=8)
        one, two = [await spread.handle_async_request(REQUEST) for _ in range(2)]
        await one.aclose()
        await spread.aclose()
        assert [made.is_closed for made in makers.made] == [True, True]
        await two.aclose()
        with pytest.raises(ClientClosedError):
            await spread.handle_async_request(REQUEST)

    asyncio.run(main())


def test_closed_while_waiting(makers: Makers) -> None:
    """Closing sends away those who wait for a transport."""
    spread = makers.spread()
    spread.handle_request(REQUEST)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(spread.handle_request, patient(PATIENCE))
        while not spread._stock._turns:
            time.sleep(0)
        spread.close()
        with pytest.raises(ClientClosedError, match="waited"):
            waiting.result(PATIENCE)


def test_lease_after_close() -> None:
    """A transport that comes back after the close is to be closed."""
    stock = Stock(BlockingLease, Fake, limits())
    lease = stock.take()
    transport_ = lease.transport
    stock._leases.clear()
    stock.close()
    assert stock.give(lease) is transport_
    assert AsyncLease(stock, None).stream is None


def test_garbage_while_locked() -> None:
    """Ending a request while the same thread is about another one waits for nothing."""
    stock = Stock(BlockingLease, Fake, limits(calls=2))
    lease = stock.take()

    def make() -> Fake:
        lease.close()  # as a finalizer might
        return Fake()

    stock._make = make
    assert stock.take() is not None


def test_leave_in_time() -> None:
    """Who leaves the queue gets nothing; who leaves too late gets what came."""
    stock = Stock(BlockingLease, Fake, limits())
    lease, turns = stock.take(), [Turn(threading.Event()) for _ in range(2)]
    assert [stock.take(turn) for turn in turns] == [None, None]
    assert stock.leave(turns[0]) is None
    stock.give(lease)
    assert stock.leave(turns[1]).transport is not None


@pytest.fixture
def counter() -> Iterator[Loopback]:
    """A server that tells each connection apart, and answers calls only when let to."""

    def answer(exchange: Exchange) -> None:
        if exchange.target == "/events":
            exchange.start_stream("data: 1\n\n")
            exchange.stay()
        else:
            exchange.send_json(exchange.sock.getpeername()[1])

    with serve(answer) as server:
        yield server


def test_sequential_calls_keep_a_connection(counter: Loopback) -> None:
    """Calls one after the other go over one connection, blocking and async."""
    with transport.make_client(is_stream=False) as client:
        assert len({client.get(counter.url).text for _ in range(5)}) == 1

    async def main() -> int:
        async with transport.make_async_client(is_stream=False) as client:
            return len({(await client.get(counter.url)).text for _ in range(5)})

    assert asyncio.run(main()) == 1


def test_network_stream_stays_in_reach(counter: Loopback) -> None:
    """The connection of a response can be ended, as for the client's own transports."""
    with transport.make_client(is_stream=True) as client:
        request = client.build_request("GET", f"{counter.url}/events")
        response = client.send(request, stream=True)
        stream = response.extensions["network_stream"]
        assert counter.url.endswith(str(stream.get_extra_info("socket").getpeername()[1]))
        assert next(response.iter_raw()).startswith(b"data")
        response.close()


def test_many_threads(counter: Loopback) -> None:
    """Threads at once have a connection each, at most; and no more later."""
    gate = threading.Barrier(8, timeout=PATIENCE)
    with transport.make_client(is_stream=False) as client, ThreadPoolExecutor(8) as pool:

        def ask(_: int) -> set[str]:
            gate.wait()
            return {client.get(counter.url).text for _ in range(10)}

        ports = set().union(*pool.map(ask, range(8)))
    assert 1 <= len(ports) <= 8
    assert len(counter.connections) == len(ports)


def test_deadline_of_other_context(makers: Makers) -> None:
    """A deadline is of its own thread or task only."""
    spread = makers.spread()
    held = spread.handle_request(REQUEST)
    with ThreadPoolExecutor(1) as pool, until(0.0):
        waiting = pool.submit(contextvars.Context().run, spread.handle_request, patient(PATIENCE))
        while not spread._stock._turns:
            time.sleep(0)
        held.close()
        assert waiting.result(PATIENCE).status_code == 200


def test_closed_client_is_no_cycle() -> None:
    """A closed client is gone as soon as it is let go of."""
    gc.collect()
    gc.disable()
    try:
        client = transport.make_client(is_stream=False)
        gone = weakref.ref(client)
        client.close()
        del client
        assert gone() is None
    finally:
        gc.enable()
