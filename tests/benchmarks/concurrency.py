"""
Many calls and many streams at once over loopback: mixdyn's own clients against one bare client of
httpx, in the same run and interleaved. The server is another process, so that only the client's
CPU time counts.
"""

from __future__ import annotations

import asyncio
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from mixdyn.transport import KEEP_SECONDS
from tests.benchmarks.measure import Row, compare
from tests.things import make_client

BODY = b'{"name": "a"}'
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
EVENT = b'event: tick\ndata: {"n": 1}\n\n'
STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
EVENTS = 10
MEMORY_KB = 40
ROOT = Path(__file__).parents[2]


def measure_concurrency(rounds: int, streams: int = 1000) -> list[Row]:
    """
    Measure all rows of many at once; those on streams need httpx-sse for the bare side.

    With 1,000 streams the bare side takes two minutes, with 300 some twenty seconds.
    """
    raise_file_limit()
    with run_server() as url:
        rows = [
            measure_tasks(url, 200, 0.35, rounds, is_new=True),
            measure_tasks(url, 200, None, rounds, is_new=False),
            measure_threads(url, 32, None, rounds),
        ]
        with suppress(ImportError):  # the bare side reads events by httpx-sse
            rows += measure_streams(url, streams, 1)
        return [*rows, measure_memory(url, 1000, 3)]


def measure_tasks(url: str, tasks: int, limit: float | None, rounds: int, *, is_new: bool) -> Row:
    """Compare validated calls of many tasks at once with bare ones, by new or by warm clients."""
    target = f"{url}/things/a"
    limits = httpx.Limits(max_connections=tasks)
    verify = httpx.create_ssl_context()  # made once for all of ours, too

    async def main() -> Row:
        api = make_client(url)
        bare = httpx.AsyncClient(limits=limits, verify=verify)

        async def ours() -> float:
            nonlocal api
            if is_new:
                await api.aclose()
                api = make_client(url)
            return await _time_tasks(lambda: api.things.get_async(id="a"), tasks)

        async def theirs() -> float:
            nonlocal bare
            if is_new:
                await bare.aclose()
                bare = httpx.AsyncClient(limits=limits, verify=verify)
            return await _time_tasks(ask, tasks)

        async def ask() -> None:
            (await bare.get(target)).json()

        pairs = [(await ours(), await theirs()) for _ in range(rounds + 1)]
        await api.aclose()
        await bare.aclose()
        name = f"{tasks} calls at once, {'new client' if is_new else 'again'}"
        return _row(name, f"httpx.AsyncClient, limits={tasks}", limit, pairs[1:])

    return asyncio.run(main())


def measure_threads(url: str, threads: int, limit: float | None, rounds: int) -> Row:
    """Compare validated calls from many threads at once with bare ones."""
    target = f"{url}/things/a"
    with ThreadPoolExecutor(threads) as pool, make_client(url) as api, httpx.Client() as bare:

        def run(call: Callable[[int], object]) -> float:
            start = time.process_time()
            list(pool.map(call, range(threads * 5)))
            return time.process_time() - start

        sides = (
            lambda: run(lambda _: api.things.get(id="a")),
            lambda: run(lambda _: bare.get(target).json()),
        )
        return compare(f"{threads} threads at once", "httpx.Client", limit, sides, rounds)


async def _time_tasks(call: Callable[[], Awaitable[Any]], tasks: int) -> float:
    start = time.process_time()
    await asyncio.gather(*(call() for _ in range(tasks)))
    return time.process_time() - start


class Streams(NamedTuple):
    """CPU seconds to open one of many streams, again when they have ended, and per event."""

    opening: float
    again: float
    event: float


def measure_streams(url: str, streams: int, rounds: int) -> list[Row]:
    """
    Compare opening many streams at once, and reading ten events of each until they all end.

    What makes the bare client slow is that it keeps the connections of streams that have ended, and
    looks at all of them whenever one ends or begins. It is given the limits of our own clients.
    """
    sides = (_our_streams, _their_streams)
    pairs = [[asyncio.run(side(url, streams)) for side in sides] for _ in range(rounds)]
    name, baseline = f"{streams:,} streams at once", "httpx.AsyncClient, httpx-sse"
    return [
        _row(f"{name}: first opened", baseline, None, [(a.opening, b.opening) for a, b in pairs]),
        _row(f"{name}: opened again", baseline, 0.08, [(a.again, b.again) for a, b in pairs]),
        _row(f"{name}: per event", baseline, 0.12, [(a.event, b.event) for a, b in pairs]),
    ]


async def _our_streams(url: str, count: int) -> Streams:
    async with make_client(url) as api:

        async def open_one() -> Any:
            return await api.things.watch_async()

        return await _time_streams(url, count, open_one, anext)


async def _their_streams(url: str, count: int) -> Streams:
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
    url: str, count: int, open_one: Callable[[], Awaitable[Any]], read: Callable[[Any], Any]
) -> Streams:
    async with httpx.AsyncClient(timeout=600) as control:
        took = []
        for _ in range(2):
            start = time.process_time()
            opened = await asyncio.gather(*(open_one() for _ in range(count)))
            took.append((time.process_time() - start) / count)
            start = time.process_time()
            for _ in range(EVENTS):
                await control.get(f"{url}/tick")
                await asyncio.gather(*map(read, opened))
            await control.get(f"{url}/end")
            await asyncio.gather(*map(_end, opened))
            event = (time.process_time() - start) / count / EVENTS
        return Streams(took[0], took[1], event)


async def _end(stream: Any) -> None:
    assert [event async for event in stream] == []


def measure_memory(url: str, streams: int, rounds: int) -> Row:
    """Measure the memory of an open stream, in fresh processes."""
    code = _MEMORY.format(url=url, count=streams)
    grown = []
    for _ in range(rounds):
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, capture_output=True, check=True, cwd=ROOT)
        grown.append((float(done.stdout) / streams, float(MEMORY_KB)))
    return _row(f"{streams:,} streams: memory of each", f"{MEMORY_KB} KB", 1.0, grown)


_MEMORY = """
import asyncio
from tests.benchmarks.concurrency import raise_file_limit, resident
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


def raise_file_limit() -> None:
    """Allow as many open files as the machine does: each stream is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _row(name: str, baseline: str, limit: float | None, pairs: list[tuple[float, float]]) -> Row:
    ratios = sorted(a / b for a, b in pairs)
    ratio = statistics.median(a for a, _ in pairs) / statistics.median(b for _, b in pairs)
    return Row(name, baseline, ratio, ratios[0], ratios[-1], limit)


@contextmanager
def run_server() -> Iterator[str]:
    """Run the server in a process of its own, for the length of a block."""
    command = [sys.executable, "-m", "tests.benchmarks.concurrency"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"  # type: ignore[union-attr]  # it is a pipe
        finally:
            process.terminate()


class _Server(asyncio.Protocol):
    """Answers each request at once, and sends an event to every stream when asked to."""

    streams: set[asyncio.Transport] = set()  # noqa: RUF012  # of all connections

    def connection_made(self, transport: Any) -> None:
        self.transport: asyncio.Transport = transport
        self.data = b""

    def connection_lost(self, _: Exception | None) -> None:
        self.streams.discard(self.transport)

    def data_received(self, data: bytes) -> None:
        *requests, self.data = (self.data + data).split(b"\r\n\r\n")
        for request in requests:
            self.answer(request)

    def answer(self, request: bytes) -> None:
        """Answer one request."""
        if request.startswith(b"GET /events"):
            self.streams.add(self.transport)
            self.transport.write(STREAM)
            return
        if request.startswith(b"GET /tick"):
            self.send_all(b"%x\r\n%s\r\n" % (len(EVENT), EVENT))
        if request.startswith(b"GET /end"):
            self.send_all(b"0\r\n\r\n")
            self.streams.clear()
        self.transport.write(ANSWER % (len(BODY), BODY))

    def send_all(self, data: bytes) -> None:
        """Send the same to every stream."""
        for stream in self.streams:
            stream.write(data)


async def _serve() -> None:
    raise_file_limit()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Server, "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
