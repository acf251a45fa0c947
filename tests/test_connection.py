"""Which HTTP clients there are, for whom, for how long; on real sockets."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import threading
import weakref
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import SimpleNamespace
from typing import Any

import anyio
import httpx
import pytest

from mixdyn.connection import Connections, abandon, hang_up, running_loop
from mixdyn.errors import ClientClosedError
from tests.loopback import PATIENCE, Exchange, serve
from tests.things import make_client


def answer_empty(exchange: Exchange) -> None:
    exchange.send_json([])


def test_client_given() -> None:
    """A caller's clients are used for everything, and never closed."""
    with httpx.Client() as client:
        given = httpx.AsyncClient()
        connections = Connections(client, given)
        assert connections.client(is_stream=False) is client
        assert connections.client(is_stream=True) is client
        assert connections.async_client(is_stream=True) is given
        connections.close()
        assert not client.is_closed
        assert not given.is_closed
        asyncio.run(given.aclose())


def test_client_made() -> None:
    """Calls share one client, and streams another, which follow no redirects."""
    connections = Connections()
    client = connections.client(is_stream=False)
    assert connections.client(is_stream=False) is client
    assert connections.client(is_stream=True) is not client
    assert client.follow_redirects is False
    connections.close()
    assert client.is_closed


def test_client_closed() -> None:
    """A closed client refuses calls until it is opened again, and closes as often as one likes."""
    connections = Connections()
    connections.close()
    connections.close()
    with pytest.raises(ClientClosedError, match="enter it again"):
        connections.client(is_stream=False)
    connections.reopen()
    assert not connections.client(is_stream=False).is_closed
    connections.close()


def test_client_goes_with_owner() -> None:
    """Clients are closed when their owner is let go of, without waiting for a garbage collector."""
    connections = Connections()
    client = connections.client(is_stream=False)
    del connections
    assert client.is_closed


def test_client_released_with_api_client() -> None:
    """Letting go of an API client closes its connections at once: there are no cycles."""
    with serve(answer_empty) as server:
        gc.disable()
        try:
            api = make_client(server.url)
            api.things.list()
            client = api._connections.client(is_stream=False)
            del api
            assert client.is_closed
        finally:
            gc.enable()


def test_client_of_other_process() -> None:
    """A forked process makes clients of its own, and does not close its parent's."""
    connections = Connections()
    client = connections.client(is_stream=False)
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            own = connections.client(is_stream=False)
            connections.close()
            told = f"{own is client} {own.is_closed} {client.is_closed}"
        except BaseException as error:  # noqa: BLE001  # told to the parent
            told = repr(error)
        os.write(write, told.encode())
        os._exit(0)
    os.waitpid(pid, 0)
    assert os.read(read, 1000) == b"False True False"
    os.close(read)
    os.close(write)
    connections.close()


def answer_port(exchange: Exchange) -> None:
    """Answer calls by the client's port, and streams by their first event."""
    if exchange.target == "/events":
        exchange.start_stream('event: tick\ndata: {"n": 1}\n\n')
        exchange.stay()
    else:
        exchange.send_json([{"name": str(exchange.sock.getpeername()[1])}])


def test_connections_of_other_process() -> None:
    """A forked process calls over connections of its own, and leaves its parent's alone."""
    with serve(answer_port) as server, make_client(server.url) as api:
        port = api.things.list()[0].name
        stream = api.things.watch()
        next(stream)
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                told = api.things.list()[0].name
                stream.close()
                api.close()
            except BaseException as error:  # noqa: BLE001  # told to the parent
                told = repr(error)
            os.write(write, told.encode())
            os._exit(0)
        os.waitpid(pid, 0)
        told = os.read(read, 1000).decode()
        os.close(read)
        os.close(write)
        assert told.isdecimal()
        assert told != port
        assert api.things.list()[0].name == port
        assert not server.exchanges[1].closed.is_set()
        stream.close()


def test_client_of_parent_process() -> None:
    """A client that was made before a fork is let go of, but not closed, in the child."""
    connections = Connections()
    connections._clients[os.getpid() + 1, False] = object()
    connections.close()
    assert not connections._clients


def test_client_of_threads() -> None:
    """Many threads that begin at once share one client, and no answer goes astray."""

    def answer(exchange: Exchange) -> None:
        exchange.send_json({"name": exchange.target.rpartition("/")[2]})

    with serve(answer) as server, make_client(server.url) as api:
        gate = threading.Barrier(32, timeout=PATIENCE)

        def ask(number: int) -> tuple[str, int]:
            gate.wait()
            return api.things.get(id=number).name, id(api._connections.client(is_stream=False))

        with ThreadPoolExecutor(32) as pool:
            told = list(pool.map(ask, map(str, range(32))))
        assert [name for name, _ in told] == [str(n) for n in range(32)]
        assert len({client for _, client in told}) == 1


def test_made_once_by_racing_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that comes while another makes the client gets that one."""
    connections = Connections()
    made: list[Any] = []
    is_making, may_go_on = threading.Event(), threading.Event()

    def make(*, is_async: bool, is_stream: bool) -> Any:
        made.append(SimpleNamespace(close=lambda: None))
        is_making.set()
        may_go_on.wait(PATIENCE)
        return made[-1]

    monkeypatch.setattr("mixdyn.connection._make", make)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(connections.client, is_stream=False)
        is_making.wait(PATIENCE)
        second = pool.submit(connections.client, is_stream=False)
        may_go_on.set()
        assert first.result() is second.result() is made[0]
    assert len(made) == 1


def test_async_client_of_loops() -> None:
    """One object serves several runs of an event loop, with a client for each."""
    with serve(answer_empty) as server:
        api = make_client(server.url)
        clients = []

        async def main() -> None:
            assert await api.things.list_async() == []
            clients.append(api._connections.async_client(is_stream=False))

        for _ in range(3):
            asyncio.run(main())
        assert len({id(client) for client in clients}) == 3
        assert all(client.is_closed for client in clients)
        assert len(api._connections._loops) == 1


def test_async_client_of_loops_in_threads() -> None:
    """A loop whose client is being made keeps it, whichever loop begins meanwhile."""
    opened, go_on = threading.Event(), threading.Event()

    class Slow(Connections):
        def _made(self, clients: Any, **options: Any) -> Any:
            if not opened.is_set():
                opened.set()
                assert go_on.wait(PATIENCE)
            return super()._made(clients, **options)

    connections = Slow()

    async def main() -> bool:
        client = connections.async_client(is_stream=False)
        await asyncio.sleep(0)
        is_same = connections.async_client(is_stream=False) is client
        return is_same and not client.is_closed

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(asyncio.run, main())
        assert opened.wait(PATIENCE)
        assert asyncio.run(main())
        go_on.set()
        assert first.result(PATIENCE)


def test_async_client_closed() -> None:
    """Closing closes both kinds of client, in any order and number, and entering again works."""
    with serve(answer_empty) as server:

        async def main() -> None:
            async with make_client(server.url) as api:
                assert api.things.list() == await api.things.list_async() == []
                client = api._connections.async_client(is_stream=False)
                blocking = api._connections.client(is_stream=False)
            assert client.is_closed
            assert blocking.is_closed
            await api.aclose()
            api.close()
            with pytest.raises(ClientClosedError):
                await api.things.list_async()
            with api:
                assert api.things.list() == []
            async with api:
                assert await api.things.list_async() == []

        asyncio.run(main())


def test_async_client_let_go_of() -> None:
    """An object that is let go of while its loop runs on leaves no connection behind."""
    with serve(answer_empty) as server:

        async def main() -> None:
            api = make_client(server.url)
            await api.things.list_async()
            del api
            assert await asyncio.to_thread(server.exchanges[0].closed.wait, PATIENCE)

        asyncio.run(main())


def test_async_client_under_trio() -> None:
    """Calls and their end work the same under trio."""
    trio = pytest.importorskip("trio")

    with serve(answer_empty) as server:
        api = make_client(server.url)

        async def main() -> Any:
            assert await api.things.list_async() == []
            return api._connections.async_client(is_stream=False)

        assert trio.run(main).is_closed
        assert asyncio.run(main()).is_closed


def test_with_options_shares() -> None:
    """A client with other options uses the same connections."""
    with make_client() as api:
        other = api.with_options(timeout_ms=5)
        client = api._connections.client(is_stream=False)
        assert other._connections.client(is_stream=False) is client


def test_cookies_are_not_kept() -> None:
    """What a response sets is not sent with the next call."""

    def answer(exchange: Exchange) -> None:
        exchange.send_json([], 200, "Set-Cookie: a=b")

    with serve(answer) as server, make_client(server.url) as api:
        api.things.list()
        api.things.list()
        assert [e.headers.get("cookie") for e in server.exchanges] == [None, None]


def test_loopback_past_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy from the environment is not asked for loopback addresses."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with serve(answer_empty) as server, make_client(server.url) as api:
        assert api.things.list() == []


@pytest.mark.parametrize(
    ("client", "added"),
    [
        (None, None),
        (SimpleNamespace(), "gzip, deflate"),
        (SimpleNamespace(headers={"accept-encoding": "gzip, deflate"}), None),
        (SimpleNamespace(headers={"accept-encoding": "gzip, deflate, br"}), "gzip, deflate"),
    ],
)
def test_headers(client: Any, added: str | None) -> None:
    """Only content codings that can be undone here are offered, whatever a caller's client can."""
    assert Connections(client).headers.get("accept-encoding") == added
    assert Connections(None, client).headers.get("accept-encoding") == added


def test_abandon_keeps_out_of_locks() -> None:
    """Garbage only closes the socket; the response is closed by the next call, come what may."""
    log: list[str] = []
    stream = SimpleNamespace(close=lambda: log.append("socket"))

    def close() -> None:
        log.append("response")
        raise RuntimeError

    response = SimpleNamespace(extensions={"network_stream": stream}, close=close)
    connections = Connections(SimpleNamespace())
    abandon(response, iter(()), connections.abandoned)
    assert log == ["socket"]
    connections.client(is_stream=False)
    assert log == ["socket", "response"]
    connections.client(is_stream=False)
    assert log == ["socket", "response"]


def test_abandoned_before_an_async_call() -> None:
    """What was abandoned is let go of by the next async call, too."""
    connections = Connections(None, SimpleNamespace())
    response = SimpleNamespace(extensions={}, close=lambda: None)
    abandon(response, iter(()), connections.abandoned)
    connections.async_client(is_stream=False)
    assert not connections.abandoned


def test_abandoned_while_another_thread_closes() -> None:
    """Two threads that close what was abandoned do not take it from each other."""
    connections = Connections(SimpleNamespace())
    closed: list[int] = []
    for number in range(2_000):
        close = partial(closed.append, number)
        response = SimpleNamespace(extensions={}, close=close)
        abandon(response, iter(()), connections.abandoned)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: connections.client(is_stream=False), range(64)))
    finally:
        sys.setswitchinterval(interval)
    assert sorted(closed) == list(range(2_000))


def test_abandon_shared_connection() -> None:
    """A connection that other responses share, as in HTTP/2, is left alone."""
    response = SimpleNamespace(extensions={"network_stream": None, "stream_id": 1})
    abandoned: deque[Any] = deque()
    abandon(response, iter(()), abandoned)
    hang_up(response)
    assert len(abandoned) == 1


def test_hang_up_of_closed_socket() -> None:
    """Hanging up on a socket that is gone already, or that cannot be had, does nothing."""

    class Gone:
        def shutdown(self, how: int) -> None:
            raise OSError

    for sock in (Gone(), None):
        stream = SimpleNamespace(get_extra_info=lambda name, sock=sock: sock)
        hang_up(SimpleNamespace(extensions={"network_stream": stream}))


def test_running_loop() -> None:
    """The loop that runs is found under asyncio, also where trio is loaded, and under trio."""
    trio = pytest.importorskip("trio")

    async def main() -> Any:
        return running_loop()

    assert isinstance(asyncio.run(main()), asyncio.AbstractEventLoop)
    assert type(trio.run(main)).__name__ == "TrioToken"


def test_running_loop_without_trio(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where trio is not loaded, it is not asked for."""
    monkeypatch.delitem(sys.modules, "trio", raising=False)

    async def main() -> Any:
        return running_loop() is asyncio.get_running_loop()

    assert asyncio.run(main())
    assert "trio" not in sys.modules


def test_streams_take_nothing_from_calls() -> None:
    """While more streams are open than a pool of httpx has connections, calls go on."""
    with serve(answer_port) as server:

        async def main() -> int:
            async with make_client(server.url) as api:
                streams = [await api.things.watch_async() for _ in range(150)]
                assert (await anext(streams[0])).event == "tick"
                return len({(await api.things.list_async())[0].name for _ in range(3)})

        assert asyncio.run(main()) == 1

        with make_client(server.url) as api:
            streams = [api.things.watch() for _ in range(150)]
            assert len({api.things.list()[0].name for _ in range(3)}) == 1
            for stream in streams:
                stream.close()


def answer_open(exchange: Exchange) -> None:
    """Begin a file, and never end it."""
    exchange.send_head(200, "application/octet-stream", "Content-Length: 100")
    exchange.send(b"begin")
    exchange.stay()


@pytest.mark.parametrize("is_given", [False, True])
def test_close_ends_what_is_open(is_given: bool) -> None:
    """Closing ends open downloads, also one that another thread waits for, and given clients."""
    with serve(answer_open) as server, httpx.Client() as given, ThreadPoolExecutor(1) as pool:
        api = make_client(server.url, client=given if is_given else None)
        response = api.things.download()
        begun = threading.Event()

        def read() -> None:
            for _ in response.iter_bytes():
                begun.set()

        reading = pool.submit(read)
        assert begun.wait(PATIENCE)
        api.close()
        with pytest.raises(ClientClosedError):
            reading.result(PATIENCE)
        assert response.is_closed
        assert server.exchanges[0].closed.wait(PATIENCE)
        assert given.is_closed is False


@pytest.mark.parametrize("library", ["asyncio", "trio"])
@pytest.mark.parametrize("is_given", [False, True])
def test_aclose_ends_what_is_open(is_given: bool, library: str) -> None:
    """So does closing with `aclose`, for what belongs to the running event loop."""
    pytest.importorskip(library)

    async def main() -> None:
        async with httpx.AsyncClient() as given:
            api = make_client(server.url, async_client=given if is_given else None)
            response = await api.things.download_async()
            api.close()
            assert not response.is_closed
            await api.aclose()
            assert response.is_closed
            assert given.is_closed is False

    with serve(answer_open) as server:
        anyio.run(main, backend=library)
        assert server.exchanges[0].closed.wait(PATIENCE)


def test_track_lets_go() -> None:
    """What was open is forgotten with the response, and when it is over before the close."""
    connections = Connections()
    done, gone = httpx.Response(200), httpx.Response(200)
    connections.track(done, is_async=False)
    connections.track(gone, is_async=False)
    del gone
    assert len(connections._open) == 1
    connections.close()
    assert not connections._open


def test_track_odd_response() -> None:
    """Responses that cannot be watched are used all the same."""

    class Odd:
        __slots__ = ("extensions",)

    connections = Connections()
    connections.track(Odd(), is_async=False)
    assert not connections._open


def test_track_keeps_other_loops() -> None:
    """Closing in one event loop, or in none, leaves what is open in another."""
    connections = Connections()
    response = httpx.Response(200, stream=httpx.ByteStream(b""))

    async def main() -> None:
        connections.track(response, is_async=True)

    asyncio.run(main())
    connections.close()
    assert len(connections._open) == 1
    asyncio.run(connections.aclose())
    assert not response.is_closed


def test_track_forgets_parent() -> None:
    """A forked process does not close what its parent has open."""
    connections = Connections()
    response = httpx.Response(200, stream=httpx.ByteStream(b""))
    connections.track(response, is_async=False)
    key, known = connections._open.popitem()
    connections._open[key] = known._replace(process=os.getpid() + 1)
    connections.close()
    assert not response.is_closed
    assert not connections._open


def test_hang_up_in_other_process() -> None:
    """A connection that was made before a fork is not ended in the child."""
    log: list[str] = []
    sock = SimpleNamespace(shutdown=lambda how: log.append("shut"))
    stream = SimpleNamespace(get_extra_info=lambda name: sock)
    for process in (os.getpid() + 1, os.getpid()):
        hang_up(SimpleNamespace(extensions={"network_stream": stream, "mixdyn.process": process}))
    assert log == ["shut"]


SILENT = """
import asyncio
from tests.things import make_client
api = make_client({url!r})
api.things.list()
stream = api.things.watch()
next(stream)
other = api.things.watch()
file = api.things.download()
next(file.iter_bytes())
lost = api.things.download()
del lost
asyncio.run(api.things.list_async())
async def main():
    global kept, kept_file
    kept = await api.things.watch_async()
    kept_file = await api.things.download_async()
    await anext(kept_file.aiter_bytes())
    print((await anext(kept)).event)
asyncio.run(main())
del other
"""


def test_exit_is_silent() -> None:
    """A program that closes nothing ends without a word, with all of Python's warnings on."""

    def answer(exchange: Exchange) -> None:
        if exchange.target == "/things":
            exchange.send_json([])
        elif exchange.target == "/file":
            answer_open(exchange)
        else:
            exchange.start_stream('event: tick\ndata: {"n": 1}\n\n')
            exchange.stay()

    with serve(answer) as server:
        done = subprocess.run(
            [sys.executable, "-X", "dev", "-W", "error", "-c", SILENT.format(url=server.url)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stdout, done.stderr) == (0, "tick\n", "")


def test_finalizer_in_the_middle_of_a_call() -> None:
    """Garbage that is collected while a client works, locks and all, stops nothing."""

    def answer(exchange: Exchange) -> None:
        if exchange.target == "/things":
            exchange.send_json([])
        else:
            exchange.start_stream('event: tick\ndata: {"n": 1}\n\n')
            exchange.stay()

    with serve(answer) as server, make_client(server.url) as api:
        threshold = gc.get_threshold()
        gc.set_threshold(1)
        try:
            for _ in range(20):
                stream = api.things.watch()
                next(stream)
                stream.cycle = stream
                gone = weakref.ref(stream)
                del stream
                api.things.list()
        finally:
            gc.set_threshold(*threshold)
        gc.collect()
        assert gone() is None
