"""
Row 8, and of row 13 what is about many streams: much at once over loopback, mixdyn's own clients
against one bare client of httpx.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import httpx

from mixdyn.transport import KEEP_SECONDS
from tests.benchmarks.measure import Benchmark, Figures, Line, Scale, Sides
from tests.benchmarks.process import run_fresh
from tests.benchmarks.server import raise_file_limit, run_server
from tests.things import make_client

THREADS = 32
EVENTS = 10

Call = Callable[[], Awaitable[Any]]


@contextmanager
def _tasks(scale: Scale, *, renews: bool) -> Generator[Sides]:
    """Compare validated calls of many tasks at once with bare ones, by new or by warm clients."""
    verify = httpx.create_ssl_context()  # made once for all of ours, too
    with run_server() as url, asyncio.Runner() as runner:
        pair: list[Any] = [make_client(url), httpx.AsyncClient(verify=verify)]

        def ours() -> Figures:
            if renews:
                runner.run(pair[0].aclose())
                pair[0] = make_client(url)
            return runner.run(_time_tasks(lambda: pair[0].things.get_async(id="a"), scale.tasks))

        def theirs() -> Figures:
            if renews:
                runner.run(pair[1].aclose())
                pair[1] = httpx.AsyncClient(verify=verify)
            return runner.run(_time_tasks(ask, scale.tasks))

        async def ask() -> Any:
            return (await pair[1].get(f"{url}/things/a")).json()

        yield ours, theirs
        for client in pair:
            runner.run(client.aclose())


async def _time_tasks(call: Call, count: int) -> Figures:
    start, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(call() for _ in range(count)))
    return time.perf_counter() - start, time.process_time() - cpu


@contextmanager
def _threads(_: Scale) -> Generator[Sides]:
    """Compare validated calls from many threads at once with bare ones."""
    with (
        run_server() as url,
        ThreadPoolExecutor(THREADS) as pool,
        make_client(url) as api,
        httpx.Client() as bare,
    ):

        def time_all(call: Callable[[int], object]) -> Figures:
            start = time.process_time()
            list(pool.map(call, range(THREADS * 5)))
            return (time.process_time() - start,)

        yield (
            lambda: time_all(lambda _: api.things.get(id="a")),
            lambda: time_all(lambda _: bare.get(f"{url}/things/a").json()),
        )


@contextmanager
def _streams(scale: Scale) -> Generator[Sides]:
    """
    Compare opening many streams at once, and reading ten events of each until they all end.

    What makes the bare client slow is that it keeps the connections of streams that have ended, and
    looks at all of them whenever one ends or begins. It is given the limits of our own clients.
    """
    raise_file_limit()
    with run_server() as url:
        yield (
            lambda: asyncio.run(_our_streams(url, scale.streams)),
            lambda: asyncio.run(_their_streams(url, scale.streams)),
        )


async def _our_streams(url: str, count: int) -> Figures:
    async with make_client(url) as api:

        async def open_one() -> Any:
            return await api.things.watch_async()

        return await _time_streams(url, count, open_one, anext)


async def _their_streams(url: str, count: int) -> Figures:
    from httpx_sse import EventSource

    limits = httpx.Limits(max_connections=None, keepalive_expiry=KEEP_SECONDS)
    async with httpx.AsyncClient(limits=limits, timeout=600) as client:

        async def open_one() -> Any:
            request = client.build_request("GET", f"{url}/events")
            return EventSource(await client.send(request, stream=True)).aiter_sse()

        async def read(events: Any) -> None:
            (await anext(events)).json()

        return await _time_streams(url, count, open_one, read)


async def _time_streams(
    url: str, count: int, open_one: Call, read: Callable[[Any], Awaitable[Any]]
) -> Figures:
    """Give the CPU seconds to open them all, to open them again, and to read every event."""
    async with httpx.AsyncClient(timeout=600) as control:
        opening: list[float] = []
        reading = 0.0
        for _ in range(2):
            start = time.process_time()
            opened = await asyncio.gather(*(open_one() for _ in range(count)))
            opening.append(time.process_time() - start)
            start = time.process_time()
            for _ in range(EVENTS):
                await control.get(f"{url}/tick")
                await asyncio.gather(*map(read, opened))
            await control.get(f"{url}/end")
            await asyncio.gather(*map(_end, opened))
            reading = time.process_time() - start
        return *opening, reading


async def _end(stream: Any) -> None:
    assert [event async for event in stream] == []


@contextmanager
def _memory(scale: Scale) -> Generator[Sides]:
    """Measure the memory of an open stream, in fresh processes."""
    with run_server() as url:
        code = _MEMORY.format(url=url, count=scale.streams)
        yield lambda: [run_fresh(code)[0] / scale.streams], None


_MEMORY = """
import asyncio
from tests.benchmarks.concurrency import resident
from tests.benchmarks.server import raise_file_limit
from tests.things import make_client

async def main():
    async with make_client({url!r}) as api:
        first = await api.things.watch_async()
        before = resident()
        opened = await asyncio.gather(*(api.things.watch_async() for _ in range({count})))
        print(resident() - before)

raise_file_limit()
asyncio.run(main())
"""


def resident() -> float:
    """Give the memory that this process holds, in KB."""
    with open("/proc/self/status", encoding="ascii") as status:
        return float(status.read().split("VmRSS:")[1].split()[0])


BARE = "httpx.AsyncClient"
SSE = "httpx.AsyncClient, httpx-sse"
BENCHMARKS = [
    Benchmark(
        (
            Line("8", "200 calls at once, new client", BARE, 0.35),
            Line("8", "200 calls at once, new client, CPU time", BARE, 0.35),
        ),
        partial(_tasks, renews=True),
    ),
    Benchmark(
        (
            Line("8", "200 calls at once, again", BARE, 0.35),
            Line("8", "200 calls at once, again, CPU time", BARE, 0.35),
        ),
        partial(_tasks, renews=False),
    ),
    Benchmark((Line("8", "32 threads at once, CPU time", "httpx.Client", None),), _threads),
]
STREAMS = [
    Benchmark(
        (
            Line("13", "1,000 streams at once opened, CPU time", SSE, 0.08),
            Line("13", "opened again when they have ended, CPU time", SSE, 0.08),
            Line("13", "per event of theirs, CPU time", SSE, 0.12),
        ),
        _streams,
        rounds=1,
        needs=("httpx_sse",),
        wants="streams",
        warms=0,
    ),
    Benchmark((Line("13", "memory of an open stream", "", 40, "KB"),), _memory, rounds=3),
]
