"""One suite for the HTTP clients that a caller may pass: httpx, httpx2, and aiohttp under httpx."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from inspect import isawaitable
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from mixdyn.errors import ClientClosedError, MixError
from mixdyn.retry import BackoffStrategy, RetryConfig
from tests.loopback import PATIENCE, Exchange, Loopback, serve
from tests.things import make_client

RETRIES = RetryConfig("backoff", BackoffStrategy(1, 1, 1, 60_000), True)
TICKS = [f'event: tick\ndata: {{"n": {n}}}\n\n' for n in range(3)]


class Family(NamedTuple):
    """A kind of HTTP client: the module of its errors, and how one is made."""

    module: str
    is_async: bool
    needs: str

    def make(self) -> Any:
        """Make a client, as a caller would."""
        module: Any = pytest.importorskip(self.module)
        needed: Any = pytest.importorskip(self.needs)
        if self.needs == "httpx_aiohttp":
            return module.AsyncClient(transport=needed.AiohttpTransport())
        return module.AsyncClient() if self.is_async else module.Client()

    def error(self, name: str) -> type[Exception]:
        """Give a class of error."""
        kind: type[Exception] = getattr(sys.modules[self.module], name)
        return kind


FAMILIES = {
    "httpx": Family("httpx", False, "httpx"),
    "httpx-async": Family("httpx", True, "httpx"),
    "httpx2": Family("httpx2", False, "httpx2"),
    "httpx2-async": Family("httpx2", True, "httpx2"),
    "aiohttp": Family("httpx", True, "httpx_aiohttp"),
}


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest) -> Family:
    """Each family in turn, skipped where it is not installed."""
    found = FAMILIES[request.param]
    pytest.importorskip(found.needs)
    return found


class Face:
    """One way to use both kinds of client: everything is awaited, though some does not wait."""

    def __init__(self, api: Any, native: Any, family: Family) -> None:
        self.api = api
        self.native = native
        self.is_async = family.is_async

    async def call(self, name: str, /, **given: Any) -> Any:
        """Call a method, or its async twin."""
        return await settle(getattr(self.api.things, name + self.is_async * "_async")(**given))

    async def close(self, opened: Any) -> None:
        """Close a client, a stream or a download."""
        await settle(opened.aclose() if self.is_async else opened.close())


async def settle(value: Any) -> Any:
    """Wait for what has to be waited for."""
    return await value if isawaitable(value) else value


async def collect(items: Any) -> list[Any]:
    """List what an iterator of either kind gives."""
    return [item async for item in items] if hasattr(items, "__anext__") else list(items)


Use = Callable[[Face], Awaitable[None]]


def use_family(family: Family, url: str, use: Use, **options: Any) -> None:
    """Run a test with a client of a family, which mixdyn must leave open."""

    async def main() -> None:
        native = family.make()
        slot = {"async_client" if family.is_async else "client": native}
        face = Face(make_client(url, **slot, **options), native, family)
        try:
            await use(face)
            await face.close(face.api)
            assert not native.is_closed
        finally:
            await face.close(native)

    asyncio.run(main())


def refuse_once(exchange: Exchange, server: Loopback, fail: Callable[[Exchange], None]) -> None:
    """Fail the first time, then answer."""
    if len(server.exchanges) == 1:
        fail(exchange)
    else:
        exchange.send_json({"name": "a"}, 201 if exchange.method == "POST" else 200)


def hang_up(exchange: Exchange) -> None:
    exchange.sock.shutdown(2)


def test_call(family: Family) -> None:
    """A call gives its result, and several over one client theirs."""

    def answer(exchange: Exchange) -> None:
        exchange.send_json({"name": exchange.target.rpartition("/")[2]})

    async def use(face: Face) -> None:
        for name in "abc":
            assert (await face.call("get", id=name)).name == name

    with serve(answer) as server:
        use_family(family, server.url, use)


def test_json_error(family: Family) -> None:
    """An error that the server tells is raised with its status and message."""

    def answer(exchange: Exchange) -> None:
        exchange.send_json({"message": "no such thing"}, 404)

    async def use(face: Face) -> None:
        with pytest.raises(MixError, match="no such thing") as caught:
            await face.call("get", id="a")
        assert caught.value.status_code == 404

    with serve(answer) as server:
        use_family(family, server.url, use)


def test_retry_after_503(family: Family) -> None:
    """After 503 with `Retry-After` a call is repeated, also a POST."""

    def answer(exchange: Exchange) -> None:
        def fail(exchange: Exchange) -> None:
            exchange.send_json({"message": "later"}, 503, "Retry-After: 0")

        refuse_once(exchange, server, fail)

    async def use(face: Face) -> None:
        assert (await face.call("create", name="a")).name == "a"

    with serve(answer) as server:
        use_family(family, server.url, use, retry_config=RETRIES)
        assert len(server.exchanges) == 2


def test_retry_refused_connection(family: Family) -> None:
    """A connection that is refused is tried again, also for a POST."""

    def answer(exchange: Exchange) -> None:
        exchange.send_json({"name": "a"}, 201)

    class Opener:
        def before_request(self, context: Any, request: Any) -> None:
            if context.attempt == 2:
                server.open()

    async def use(face: Face) -> None:
        assert (await face.call("create", name="a")).name == "a"

    with serve(answer, is_open=False) as server:
        use_family(family, server.url, use, retry_config=RETRIES, hooks=Opener())


def test_retry_closed_connection(family: Family) -> None:
    """A connection that is closed without an answer is tried again for a GET."""

    async def use(face: Face) -> None:
        assert (await face.call("get", id="a")).name == "a"

    with serve(lambda exchange: refuse_once(exchange, server, hang_up)) as server:
        use_family(family, server.url, use, retry_config=RETRIES)
        assert len(server.exchanges) == 2


def test_no_retry_of_post(family: Family) -> None:
    """A POST that may have reached the server is not repeated."""

    async def use(face: Face) -> None:
        with pytest.raises(family.error("TransportError")):
            await face.call("create", name="a")

    with serve(lambda exchange: refuse_once(exchange, server, hang_up)) as server:
        use_family(family, server.url, use, retry_config=RETRIES)
        assert len(server.exchanges) == 1


def test_event_stream(family: Family) -> None:
    """Events come typed and in order, to the end of the stream."""

    def answer(exchange: Exchange) -> None:
        exchange.start_stream(*TICKS)
        exchange.send(b"0\r\n\r\n")

    async def use(face: Face) -> None:
        events = await collect(await face.call("watch"))
        assert [event.data.n for event in events] == [0, 1, 2]

    with serve(answer) as server:
        use_family(family, server.url, use)


def test_leaving_a_stream(family: Family) -> None:
    """A stream that is closed in the middle hangs up, and calls go on."""

    def answer(exchange: Exchange) -> None:
        if exchange.target == "/events":
            exchange.start_stream(*TICKS)
            exchange.stay()
        else:
            exchange.send_json([])

    async def use(face: Face) -> None:
        stream = await face.call("watch")
        assert (await settle(anext(stream) if face.is_async else next(stream))).data.n == 0
        await face.close(stream)
        assert await asyncio.to_thread(server.exchanges[0].closed.wait, PATIENCE)
        assert await face.call("list") == []

    with serve(answer) as server:
        use_family(family, server.url, use)


def test_closing_the_api_ends_streams(family: Family) -> None:
    """Closing mixdyn's client ends its open streams, though the client given stays open."""

    def answer(exchange: Exchange) -> None:
        exchange.start_stream(*TICKS)
        exchange.stay()

    async def use(face: Face) -> None:
        stream = await face.call("watch")
        await settle(anext(stream) if face.is_async else next(stream))
        await face.close(face.api)
        assert await asyncio.to_thread(server.exchanges[0].closed.wait, PATIENCE)
        with pytest.raises(ClientClosedError):
            await collect(stream)

    with serve(answer) as server:
        use_family(family, server.url, use)


def test_upload(family: Family, tmp_path: Path) -> None:
    """A file is sent whole, with its size, as the body and as a part of a form."""
    path = tmp_path / "a.txt"
    content = b"line\n" * 50_000
    path.write_bytes(content)

    def answer(exchange: Exchange) -> None:
        exchange.send_head(204, "text/plain")

    async def use(face: Face) -> None:
        await face.call("upload", body=path)
        await face.call("upload", body=BytesIO(content))
        await face.call("attach", file=path)

    with serve(answer) as server:
        use_family(family, server.url, use)
        assert [e.body for e in server.exchanges[:2]] == [content, content]
        form = server.exchanges[2]
        assert form.headers["content-type"].startswith("multipart/form-data; boundary=")
        assert len(form.body) == int(form.headers["content-length"])
        assert b'filename="a.txt"' in form.body
        assert content in form.body


def test_download(family: Family, tmp_path: Path) -> None:
    """A file comes as an open response, which saves itself."""
    content = bytes(range(256)) * 2000

    def answer(exchange: Exchange) -> None:
        exchange.send_head(200, "application/octet-stream", f"Content-Length: {len(content)}")
        exchange.send(content)

    async def use(face: Face) -> None:
        response = await face.call("download")
        assert await settle(response.save(tmp_path / "a")) == len(content)
        assert (tmp_path / "a").read_bytes() == content
        response = await face.call("download")
        assert await settle(response.aread() if face.is_async else response.read()) == content

    with serve(answer) as server:
        use_family(family, server.url, use)


@pytest.mark.parametrize("limits", [{"read": 100}, {"read": 200, "total": 100}])
def test_timeout(family: Family, limits: dict[str, int]) -> None:
    """A server that does not answer is waited for no longer than the caller allows."""

    async def use(face: Face) -> None:
        with pytest.raises(family.error("ReadTimeout")):
            await face.call("list")

    with serve(Exchange.stay) as server:
        use_family(family, server.url, use, timeout_ms=limits, retry_config=None)


def test_cancellation(family: Family) -> None:
    """A call that is cancelled hangs up, and the client goes on."""
    if not family.is_async:
        pytest.skip("blocking calls are not cancelled")
    asked = asyncio.Event()
    loop: Any = None

    def answer(exchange: Exchange) -> None:
        if len(server.exchanges) > 1:
            exchange.send_json([])
            return
        loop.call_soon_threadsafe(asked.set)
        exchange.stay()

    async def use(face: Face) -> None:
        nonlocal loop
        loop = asyncio.get_running_loop()
        task = asyncio.create_task(face.call("list"))
        await asyncio.wait_for(asked.wait(), PATIENCE)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert task.cancelled()
        assert await asyncio.to_thread(server.exchanges[0].closed.wait, PATIENCE)
        assert await face.call("list") == []

    with serve(answer) as server:
        use_family(family, server.url, use)


WITHOUT_HTTPX = """
import asyncio, sys
import httpx2
from mixdyn.retry import BackoffStrategy, RetryConfig
from tests.things import make_client

retries = RetryConfig("backoff", BackoffStrategy(1, 1, 1, 60000), True)
with httpx2.Client() as client:
    api = make_client({url!r}, client=client, retry_config=retries)
    print(api.things.get(id="a").name)
    with api.things.watch() as events:
        print(next(events).data.n)
    api.close()

async def main():
    async with httpx2.AsyncClient() as client:
        async with make_client({url!r}, async_client=client) as api:
            print((await api.things.get_async(id="a")).name)
            async with await api.things.watch_async() as events:
                print((await anext(events)).data.n)

asyncio.run(main())
print("httpx" in sys.modules, "httpcore" in sys.modules)
"""


def test_httpx2_without_httpx() -> None:
    """With clients of httpx2, retries and streams included, httpx is not imported."""
    pytest.importorskip("httpx2")

    def answer(exchange: Exchange) -> None:
        if exchange.target == "/events":
            exchange.start_stream(*TICKS)
            exchange.stay()
        else:
            refuse_once(exchange, server, hang_up)

    with serve(answer) as server:
        code = WITHOUT_HTTPX.format(url=server.url)
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.stdout.split(), done.stderr) == (["a", "0", "a", "0", "False", "False"], "")
