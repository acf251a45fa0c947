"""Downloads on real sockets: blocking, under asyncio and under trio, with httpx and httpx2."""

from __future__ import annotations

import asyncio
import copy
import gc
import gzip
import inspect
import os
import pickle
import threading
import tracemalloc
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import httpx
import httpx2
import pytest

from mixdyn.connection import Connections
from mixdyn.download import AsyncDownload, Download, open_download
from mixdyn.errors import ClientClosedError, ResponseValidationError
from tests.loopback import PATIENCE, Exchange, Loopback, serve

LABEL = "things.download (GET /file)"
DATA = b"".join(b"line %d of a file\n" % i for i in range(20_000))
PACKED = gzip.compress(DATA)

# Under trio, generators of httpx that are not read to their end say so when they are dropped.
trio_talks = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def answer_whole(exchange: Exchange) -> None:
    """Send the file, and a name that nobody should use."""
    more = (f"Content-Length: {len(DATA)}", 'Content-Disposition: attachment; filename="/tmp/evil"')
    exchange.send_head(200, "application/octet-stream", *more)
    if exchange.method != "HEAD":
        exchange.send(DATA)


def answer_chunked(exchange: Exchange) -> None:
    """Send the file in chunks, without its length."""
    exchange.send_head(200, "application/octet-stream", "Transfer-Encoding: chunked")
    exchange.send_chunk(DATA[:1000])
    exchange.send_chunk(DATA[1000:])
    exchange.send(b"0\r\n\r\n")


def answer_half(exchange: Exchange) -> None:
    """Send half of the file, and nothing more."""
    exchange.send_head(200, "application/octet-stream", f"Content-Length: {len(DATA)}")
    exchange.send(DATA[: len(DATA) // 2])
    exchange.stay()


def answer_cut(exchange: Exchange) -> None:
    """Send half of the file, and hang up."""
    exchange.send_head(200, "application/octet-stream", f"Content-Length: {len(DATA)}")
    exchange.send(DATA[: len(DATA) // 2])
    exchange.sock.shutdown(2)


def answer_until_close(exchange: Exchange) -> None:
    """Send a body that ends with its connection, and do not end it."""
    exchange.send_head(200, "application/octet-stream", "Connection: close")
    exchange.send(DATA)
    exchange.stay()


def answer_coded(coding: str, body: bytes) -> Callable[[Exchange], None]:
    """Send a body with a content coding."""

    def answer(exchange: Exchange) -> None:
        more = (f"Content-Length: {len(body)}", f"Content-Encoding: {coding}")
        exchange.send_head(200, "application/octet-stream", *more)
        exchange.send(body)

    return answer


async def done(value: Any) -> Any:
    """Wait for what must be waited for."""
    return await value if inspect.isawaitable(value) else value


async def each(chunks: Any) -> AsyncIterator[bytes]:
    """Iterate over both kinds of iterator."""
    if hasattr(chunks, "__aiter__"):
        async for chunk in chunks:
            yield chunk
    else:
        for chunk in chunks:
            yield chunk


class Site(SimpleNamespace):
    """A server, a client of it, and ways to call it that both kinds of client share."""

    server: Loopback
    client: Any
    owner: Any
    is_async: bool

    async def open(self, on_progress: Any = None, method: str = "GET") -> Any:
        """Begin a download."""
        request = self.client.build_request(method, f"{self.server.url}/file")
        response = await done(self.client.send(request, stream=True))
        return open_download(response, self.owner, on_progress, LABEL, is_async=self.is_async)

    def raw(self, download: Any) -> Any:
        """Read it raw."""
        return download.aiter_raw() if self.is_async else download.iter_raw()

    def decoded(self, download: Any) -> Any:
        """Read it decoded."""
        return download.aiter_bytes() if self.is_async else download.iter_bytes()

    async def read(self, download: Any) -> Any:
        """Read it whole."""
        return await (download.aread() if self.is_async else done(download.read()))

    async def close(self, thing: Any) -> None:
        """Close it."""
        await (thing.aclose() if self.is_async else done(thing.close()))


class Runner:
    """Runs a scenario with one family of clients, blocking or in an event loop."""

    def __init__(self, family: Any, mode: str) -> None:
        self.family = family
        self.mode = mode
        self.is_async = mode != "blocking"

    def __call__(self, answer: Callable[[Exchange], None], use: Any) -> None:
        """Run `use` with a site that answers so."""
        with serve(answer) as server:
            if self.is_async:
                anyio.run(self.go, server, use, backend=self.mode)
                return
            going = self.go(server, use)
            with pytest.raises(StopIteration):  # it never waits
                going.send(None)

    async def go(self, server: Loopback, use: Any) -> None:
        client = self.family.AsyncClient() if self.is_async else self.family.Client()
        pair = (None, client) if self.is_async else (client, None)
        site = Site(server=server, client=client, owner=Connections(*pair), is_async=self.is_async)
        try:
            await use(site)
        finally:
            await site.close(client)


@pytest.fixture(params=["blocking", "asyncio", "trio"])
def mode(request: Any) -> str:
    """Name the way in which to call."""
    return str(request.param)


@pytest.fixture(params=[httpx, httpx2], ids=["httpx", "httpx2"])
def run(request: Any, mode: str) -> Runner:
    """Give what runs a scenario."""
    return Runner(request.param, mode)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with a file in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").write_bytes(b"old")
    return tmp_path


def is_untouched(folder: Path) -> bool:
    return os.listdir(folder) == ["data"] and (folder / "data").read_bytes() == b"old"


@pytest.mark.parametrize("answer", [answer_whole, answer_chunked, answer_coded("gzip", PACKED)])
def test_save(run: Runner, folder: Path, answer: Any) -> None:
    """A download saves itself under the name it is given; the connection is used again."""

    async def use(site: Site) -> None:
        for _ in range(2):
            download = await site.open()
            assert isinstance(download, run.family.Response)
            assert isinstance(download, AsyncDownload if run.is_async else Download)
            assert repr(download) == f"<Response [200] of {LABEL}, open>"
            assert await done(download.save("data")) == len(DATA)
            assert repr(download) == f"<Response [200] of {LABEL}, closed>"
            assert download.is_closed
            assert download.elapsed.total_seconds() > 0
            assert os.listdir(folder) == ["data"]
            assert (folder / "data").read_bytes() == DATA
        assert len(site.server.connections) == 1

    run(answer, use)


def test_asave(run: Runner, folder: Path) -> None:
    """The async one is also there under the name that tells so."""

    async def use(site: Site) -> None:
        download = await site.open()
        assert hasattr(download, "asave") is run.is_async
        await getattr(download, "asave" if run.is_async else "save")(str(folder / "new"))

    if run.is_async:
        run(answer_whole, use)
        assert (folder / "new").read_bytes() == DATA


def test_read_as_ever(run: Runner) -> None:
    """The response is still the client's own: it can be read in every way that it knows."""

    async def use(site: Site) -> None:
        download = await site.open()
        assert await site.read(download) == download.content == DATA
        assert download.text == DATA.decode()
        assert download.url == f"{site.server.url}/file"
        assert download.num_bytes_downloaded == len(DATA)
        for read in (site.raw, site.decoded):
            assert b"".join([c async for c in each(read(await site.open()))]) == DATA
        assert len(site.server.connections) == 1

    run(answer_whole, use)


def test_one_class_for_each(run: Runner) -> None:
    """Downloads of one kind are of one class."""

    async def use(site: Site) -> None:
        first, second = await site.open(), await site.open()
        assert type(first) is type(second)
        await site.close(first)
        await site.close(second)

    run(answer_whole, use)


@pytest.mark.parametrize(
    ("answer", "total"),
    [
        (answer_whole, len(DATA)),
        (answer_chunked, None),
        (answer_coded("gzip", PACKED), len(PACKED)),
    ],
)
@pytest.mark.parametrize("how", ["save", "read", "raw", "decoded"])
def test_progress(run: Runner, folder: Path, answer: Any, total: int | None, how: str) -> None:
    """Progress is told in bytes as they come over the wire, however they are read."""
    seen: list[tuple[int, int | None]] = []

    async def use(site: Site) -> None:
        download = await site.open(lambda *step: seen.append(step))
        if how == "save":
            await done(download.save("data"))
        elif how == "read":
            await site.read(download)
        else:
            assert [chunk async for chunk in each(getattr(site, how)(download))]

    run(answer, use)
    assert [step[0] for step in seen] == sorted({step[0] for step in seen})
    assert seen[-1] == (total or len(DATA), total)
    assert {step[1] for step in seen} == {total}


def test_progress_of_save(run: Runner, folder: Path) -> None:
    """What is given to `save` is told instead of what was given to the call."""
    seen: list[int] = []

    async def use(site: Site) -> None:
        download = await site.open(lambda *step: pytest.fail("not to be called"))
        await done(download.save("data", on_progress=lambda count, total: seen.append(count)))

    run(answer_whole, use)
    assert seen[-1] == len(DATA)


@trio_talks
@pytest.mark.parametrize("how", ["save", "read", "decoded"])
def test_progress_fails(run: Runner, folder: Path, how: str) -> None:
    """An error of the callback ends the download, and is raised; nothing stays open."""

    def fail(count: int, total: int | None) -> None:
        raise KeyError(count)

    async def use(site: Site) -> None:
        download = await site.open(fail)
        ways = {
            "save": lambda: download.save("data"),
            "read": lambda: site.read(download),
            "decoded": lambda: anext(each(site.decoded(download))),
        }
        with pytest.raises(KeyError):
            await done(ways[how]())
        assert download.is_closed
        assert site.server.exchanges[0].closed.wait(PATIENCE)

    run(answer_half, use)
    assert is_untouched(folder)


def test_cut(run: Runner, folder: Path) -> None:
    """A connection that breaks raises the client's own error; the target stays as it is."""

    async def use(site: Site) -> None:
        download = await site.open()
        with pytest.raises(run.family.RemoteProtocolError):
            await done(download.save("data"))
        assert download.is_closed

    run(answer_cut, use)
    assert is_untouched(folder)


@trio_talks
@pytest.mark.parametrize(
    ("body", "words"),
    [(PACKED[:-20], "the body ends too early"), (b"not packed" * 100, "content coding is broken")],
)
def test_broken_coding(run: Runner, folder: Path, body: bytes, words: str) -> None:
    """A content coding that is cut off or broken is an error; the target stays as it is."""

    async def use(site: Site) -> None:
        download = await site.open()
        with pytest.raises(ResponseValidationError, match=words) as caught:
            await done(download.save("data"))
        assert str(caught.value).startswith(f"{LABEL} answered 200, but ")
        assert caught.value.raw_response is download
        assert caught.value.status_code == 200
        assert download.is_closed

    run(answer_coded("gzip", body), use)
    assert is_untouched(folder)


def test_unknown_coding(run: Runner, folder: Path) -> None:
    """A content coding that we cannot undo is told before reading; the bytes can still be had."""

    async def use(site: Site) -> None:
        download = await site.open()
        with pytest.raises(ResponseValidationError, match="'br' is not supported"):
            await done(download.save("data"))
        assert b"".join([c async for c in each(site.raw(download))]) == b"??"

    run(answer_coded("br", b"??"), use)
    assert is_untouched(folder)


def test_bomb(folder: Path) -> None:
    """What unpacks to very much is written without ever being held."""

    async def use(site: Site) -> None:
        download = await site.open()
        tracemalloc.start()
        try:
            assert download.save("data") == 100_000_000
            assert tracemalloc.get_traced_memory()[1] < 1_000_000
        finally:
            tracemalloc.stop()

    Runner(httpx, "blocking")(answer_coded("gzip", gzip.compress(bytes(100_000_000))), use)


def test_bad_path(run: Runner, folder: Path) -> None:
    """A path that cannot be written to is told before anything is read: try another one."""

    async def use(site: Site) -> None:
        download = await site.open()
        for path in (".", "none/data"):
            with pytest.raises(OSError, match="folder"):
                await done(download.save(path))
        with pytest.raises(TypeError, match="PathLike"):
            await done(download.save(None))
        assert not download.is_closed
        assert await done(download.save(Path("data"))) == len(DATA)

    run(answer_whole, use)


def test_save_after_read(run: Runner, folder: Path) -> None:
    """What was read as a whole can be saved, also decoded and more than once, and so can copies."""

    async def use(site: Site) -> None:
        download = await site.open()
        await site.read(download)
        twins = [copy.copy(download), pickle.loads(pickle.dumps(download))]
        for response in [download, download, *twins]:
            assert type(response) is type(download)
            assert response.content == DATA
            assert repr(response) == f"<Response [200] of {LABEL}, closed>"
            (folder / "data").unlink()
            assert await done(response.save("data")) == len(DATA)
            assert (folder / "data").read_bytes() == DATA
            await site.close(download)

    run(answer_coded("gzip", PACKED), use)


def test_copy_of_open(run: Runner, folder: Path) -> None:
    """A copy of an open one has nothing to read, and does not disturb it."""

    async def use(site: Site) -> None:
        download = await site.open()
        twin = copy.copy(download)
        assert twin.is_closed
        with pytest.raises(ClientClosedError, match="nothing to save"):
            await done(twin.save("data"))
        with pytest.raises(run.family.StreamError):
            await site.read(twin)
        assert await site.read(download) == DATA

    run(answer_whole, use)
    assert is_untouched(folder)


def test_nothing_left(run: Runner, folder: Path) -> None:
    """What was read in pieces, or closed, cannot be saved, and says so; nor read again."""

    async def use(site: Site) -> None:
        consumed, closed, begun = [await site.open() for _ in range(3)]
        assert [chunk async for chunk in each(site.raw(consumed))]
        await site.close(closed)
        going = site.raw(begun)
        first = await done(anext(going) if run.is_async else next(going))
        for download in (consumed, closed, begun):
            with pytest.raises(ClientClosedError, match="read in pieces or closed before"):
                await done(download.save("data"))
            with pytest.raises(run.family.StreamError):
                await site.read(download)
        assert first + b"".join([chunk async for chunk in each(going)]) == DATA

    run(answer_whole, use)
    assert is_untouched(folder)


def test_block(run: Runner) -> None:
    """Leaving its block closes a download."""

    async def use(site: Site) -> None:
        download = await site.open()
        if run.is_async:
            async with download as same:
                assert same is download
        else:
            with download as same:
                assert same is download
        assert download.is_closed
        assert site.server.exchanges[0].closed.wait(PATIENCE)

    run(answer_half, use)


def test_close_again(run: Runner) -> None:
    """Closing again does nothing, also from below."""

    async def use(site: Site) -> None:
        download = await site.open()
        for thing in (download, download.stream, download):
            await site.close(thing)

    run(answer_half, use)


def test_head(run: Runner, folder: Path) -> None:
    """The answer to a HEAD request has no body, whatever length it states."""

    async def use(site: Site) -> None:
        download = await site.open(method="HEAD")
        assert await done(download.save("data")) == 0

    run(answer_whole, use)
    assert (folder / "data").read_bytes() == b""


def test_client_closed(run: Runner, folder: Path) -> None:
    """Closing the client closes its downloads, and they say so."""

    async def use(site: Site) -> None:
        download = await site.open()
        await site.close(site.owner)
        assert download.is_closed
        for attempt in (lambda: download.save("data"), lambda: site.read(download)):
            with pytest.raises(ClientClosedError, match="client was closed, and the download with"):
                await done(attempt())
        assert site.server.exchanges[0].closed.wait(PATIENCE)

    run(answer_half, use)
    assert is_untouched(folder)


@trio_talks
@pytest.mark.parametrize("answer", [answer_half, answer_until_close, answer_chunked])
@pytest.mark.parametrize("is_client", [True, False])
def test_closed_while_read(run: Runner, folder: Path, answer: Any, is_client: bool) -> None:
    """Closing the client or the download while it is read ends the reading with an error."""

    async def use(site: Site) -> None:
        download = await site.open()
        going = site.raw(download)
        await done(anext(going) if run.is_async else next(going))
        await site.close(site.owner if is_client else download)
        words = "the client was closed, and" if is_client else "was closed while it was read"
        with pytest.raises(ClientClosedError, match=words):
            assert [chunk async for chunk in each(going)]

    run(answer, use)


@pytest.mark.parametrize("is_client", [True, False])
@pytest.mark.parametrize("answer", [answer_half, answer_until_close])
def test_close_wakes_a_reader(folder: Path, answer: Any, is_client: bool) -> None:
    """Closing in another thread wakes one that waits, and no part is taken for the whole."""

    async def use(site: Site) -> None:
        begun = threading.Event()
        download = await site.open(lambda *step: begun.set())
        closed = site.owner if is_client else download
        closer = threading.Thread(target=lambda: begun.wait(PATIENCE) and closed.close())
        closer.start()
        with pytest.raises(ClientClosedError, match="closed"):
            download.save("data")
        closer.join()

    Runner(httpx, "blocking")(answer, use)
    assert is_untouched(folder)


def test_hang_up_before_close(folder: Path) -> None:
    """A body of unknown length is not whole where the client has hung up, not yet closed."""

    async def use(site: Site) -> None:
        def hang_up(*step: Any) -> None:
            if not site.owner.is_closed:
                site.owner.is_closed = True
                site.server.connections[0].shutdown(2)

        download = await site.open(hang_up)
        with pytest.raises(ClientClosedError, match="the client was closed"):
            download.save("data")

    Runner(httpx, "blocking")(answer_until_close, use)
    assert is_untouched(folder)


def test_abandoned(run: Runner) -> None:
    """A download that is let go of frees its connection at once, read or not."""

    async def use(site: Site) -> None:
        await site.open()
        assert await is_over(site, 0)
        if run.mode == "trio":
            return  # it warns of httpx's own generators where they are left in the middle
        download = await site.open()
        going = each(site.decoded(download))
        await anext(going)
        await going.aclose()
        del download
        assert await is_over(site, 1)

    gc.disable()  # it is not needed for this
    try:
        run(answer_half, use)
    finally:
        gc.enable()


async def is_over(site: Site, number: int) -> bool:
    """Wait until the server sees that the client has hung up."""
    closed = site.server.exchanges[number].closed
    if not site.is_async:
        return closed.wait(PATIENCE)
    return await anyio.to_thread.run_sync(closed.wait, PATIENCE)


def test_abandoned_reader(folder: Path) -> None:
    """Letting go of the iterator frees the connection too, and waits for no lock of the client."""

    async def use(site: Site) -> None:
        download = await site.open()
        next(download.iter_bytes())
        assert site.server.exchanges[0].closed.wait(PATIENCE)
        assert len(site.owner.abandoned) == 1
        download.close()

    Runner(httpx, "blocking")(answer_half, use)


def test_keeps_the_owner(run: Runner) -> None:
    """A download goes on where all else of the client was let go of, and then lets go itself."""

    async def use(site: Site) -> None:
        download = await site.open()
        gone = threading.Event()
        weakref.finalize(site.owner, gone.set)
        site.owner = None
        gc.collect()
        assert not gone.is_set()
        assert await site.read(download) == DATA
        del download
        gc.collect()
        assert gone.is_set()

    run(answer_whole, use)


def test_interrupted(folder: Path) -> None:
    """An interrupt from the keyboard leaves nothing."""

    def interrupt(count: int, total: int | None) -> None:
        raise KeyboardInterrupt

    async def use(site: Site) -> None:
        download = await site.open(interrupt)
        with pytest.raises(KeyboardInterrupt):
            download.save("data")
        assert download.is_closed

    Runner(httpx, "blocking")(answer_half, use)
    assert is_untouched(folder)


@pytest.mark.parametrize("mode", ["asyncio", "trio"])
def test_cancelled(run: Runner, folder: Path) -> None:
    """A save that is cancelled leaves nothing, and hangs up."""

    async def use(site: Site) -> None:
        with anyio.CancelScope() as scope:
            download = await site.open(lambda *step: scope.cancel())
            await download.save("data")
        assert scope.cancelled_caught
        assert download.is_closed
        assert is_untouched(folder)
        assert site.server.exchanges[0].closed.wait(PATIENCE)

    run(answer_half, use)


def test_cancelled_task(folder: Path) -> None:
    """The same holds for a task of asyncio that is cancelled as such."""

    async def use(site: Site) -> None:
        begun = asyncio.Event()
        download = await site.open(lambda *step: begun.set())
        task = asyncio.create_task(download.save("data"))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert download.is_closed
        assert is_untouched(folder)

    Runner(httpx, "asyncio")(answer_half, use)


def test_portions(run: Runner, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where another thread writes, it is given several chunks at a time, and all of them."""
    monkeypatch.setattr("mixdyn.download._PORTION_BYTES", 100_000)

    async def use(site: Site) -> None:
        download = await site.open()
        assert await done(download.save("data")) == len(DATA)

    run(answer_whole, use)
    assert (folder / "data").read_bytes() == DATA


class Stream(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that stops to come."""

    def __iter__(self) -> Iterator[bytes]:
        yield b"part"

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"part"
        await asyncio.Future()


def mock(is_async: bool, **options: Any) -> Any:
    """Give the response of a mock transport."""
    make = httpx.AsyncClient if is_async else httpx.Client
    transport = httpx.MockTransport(lambda request: httpx.Response(200, **options))
    client = make(transport=transport)
    return client.send(client.build_request("GET", "http://things.test/file"), stream=True)


def open_mock(on_progress: Any = None, **options: Any) -> Any:
    response = mock(is_async=False, **options)
    return open_download(response, Connections(), on_progress, LABEL, is_async=False)


def test_short_body(folder: Path) -> None:
    """A body that is shorter than stated is an error also where the transport does not see it."""
    download = open_mock(stream=Stream(), headers={"content-length": "5"})
    with pytest.raises(ResponseValidationError, match="the body ended after 4 of 5 bytes"):
        download.save("data")
    assert is_untouched(folder)


@pytest.mark.parametrize("length", ["-4", "x", "٤", "4" * 5000, ""])
def test_no_length(folder: Path, length: str) -> None:
    """A length that is none is not taken for one."""
    seen: list[Any] = []
    headers = {"content-length": length.encode()}
    open_mock(lambda *step: seen.append(step), stream=Stream(), headers=headers).save("data")
    assert seen == [(4, None)]


@pytest.mark.parametrize(
    ("options", "step"),
    [
        ({"content": b"whole"}, (5, 5)),
        ({"content": iter([b"who", b"le"])}, (5, None)),
        ({"content": PACKED, "headers": {"content-encoding": "gzip"}}, (len(PACKED), len(PACKED))),
    ],
)
def test_mock(folder: Path, options: Any, step: Any) -> None:
    """What a mock transport gives as a whole can be saved as well, and its progress is told."""
    seen: list[Any] = []
    download = open_mock(lambda *step: seen.append(step), **options)
    download.save("data")
    assert seen[-1] == step
    assert (folder / "data").read_bytes() in (b"whole", DATA)


def test_thrown_away(folder: Path) -> None:
    """A save whose coroutine is thrown away leaves nothing, and waits for nothing."""

    async def main() -> None:
        response = await mock(is_async=True, stream=Stream())
        download = open_download(response, Connections(), None, LABEL, is_async=True)
        going = download.save("data")
        going.send(None)
        assert len(os.listdir(folder)) == 2
        going.close()
        assert is_untouched(folder)

    asyncio.run(main())


@pytest.mark.parametrize("response", [object(), SimpleNamespace(stream=[b"x"], extensions={})])
@pytest.mark.parametrize("is_async", [True, False])
def test_other_make(response: Any, is_async: bool) -> None:
    """A response that is not made as httpx's are is given back as it is."""
    assert open_download(response, Connections(), None, LABEL, is_async=is_async) is response
