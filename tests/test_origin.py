"""Where the bytes of an upload come from: the tests of `mixdyn.origin`."""

from __future__ import annotations

import asyncio
import bz2
import gzip
import io
import mmap
import os
import socket
import tempfile
import threading
import zipfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import pytest

from mixdyn.origin import (
    CHUNK_BYTES,
    AsyncFile,
    AsyncPieces,
    AsyncReader,
    Memory,
    OpenFile,
    Origin,
    PathFile,
    Pieces,
    measure,
    split,
)

BIG = os.urandom(CHUNK_BYTES * 2 + 1)
SIZES = [CHUNK_BYTES, CHUNK_BYTES, 1]


def read(origin: Origin) -> list[bytes]:
    """Give the chunks of what needs no awaiting."""
    chunks = origin.read("file")
    assert not isinstance(chunks, AsyncReader)
    return list(chunks)


async def aread(origin: Origin) -> list[bytes]:
    """Give the chunks of what is awaited."""
    chunks = origin.read("file")
    assert isinstance(chunks, AsyncReader)
    return [chunk async for chunk in chunks]


def facts(origin: Origin) -> tuple[int | None, bool, bool]:
    return origin.size, origin.can_rewind, origin.is_async


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of a few chunks."""
    made = tmp_path / "data.bin"
    made.write_bytes(BIG)
    return made


class Pipe:
    """A pipe of the system that holds some bytes, and ends after them."""

    def __init__(self, content: bytes) -> None:
        reading, writing = os.pipe()
        self.file = os.fdopen(reading, "rb")
        with os.fdopen(writing, "wb") as file:
            file.write(content)

    def __enter__(self) -> Any:
        return self.file

    def __exit__(self, *_: object) -> None:
        self.file.close()


@pytest.mark.parametrize(
    "content",
    [
        b"abcdef",
        bytearray(b"abcdef"),
        memoryview(b"abcdef"),
        memoryview(b"axbxcxdxexfx")[::2],
        memoryview(b"fedcba")[::-1],
        memoryview(b"abcdef").cast("H"),
        memoryview(b"abcdef").cast("B", (2, 3)),
        memoryview(b"abcdef").cast("B", (1, 2, 3)),
    ],
)
def test_bytes_of_any_kind(content: Any) -> None:
    """Bytes are read whatever their format, shape and order, and again."""
    origin = Memory(content)
    assert facts(origin) == (6, True, False)
    assert read(origin) == [b"abcdef"]
    origin.rewind()
    assert read(origin) == [b"abcdef"]


@pytest.mark.parametrize("content", [b"", bytearray(), memoryview(b""), memoryview(b"ab")[2:]])
def test_no_bytes(content: Any) -> None:
    """Nothing is no chunk."""
    origin = Memory(content)
    assert facts(origin) == (0, True, False)
    assert read(origin) == []


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_long_bytes_come_in_chunks(kind: Any) -> None:
    """Long bytes are not copied as a whole."""
    chunks = read(Memory(kind(BIG)))
    assert [len(chunk) for chunk in chunks] == SIZES
    assert b"".join(chunks) == BIG


def test_a_bytearray_is_locked_only_while_it_is_read() -> None:
    """A caller's buffer is not held before and after; one that shrinks is missed."""
    content = bytearray(BIG)
    origin = Memory(content)
    chunks = origin.read("file")
    assert isinstance(chunks, Iterator)
    next(chunks)
    with pytest.raises(BufferError):
        content.append(1)
    del chunks
    content.append(1)
    assert b"".join(read(origin)) == BIG
    content.clear()
    with pytest.raises(OSError, match="file: the file ended after 0 of"):
        read(origin)


def test_a_path_is_opened_for_each_reading(path: Path) -> None:
    """A path is opened when it is read, closed at its end, and can be read again."""
    origin = PathFile(path)
    assert facts(origin) == (len(BIG), True, False)
    for _ in range(2):
        chunks = read(origin)
        assert [len(chunk) for chunk in chunks] == SIZES
        assert b"".join(chunks) == BIG
        origin.rewind()


def test_a_path_that_is_half_read_is_closed(path: Path) -> None:
    """A reading that is closed or dropped leaves no file open, and no warning."""
    before = os.listdir("/proc/self/fd")
    chunks = PathFile(path).read("file")
    next(chunks)
    assert len(os.listdir("/proc/self/fd")) == len(before) + 1
    del chunks
    assert len(os.listdir("/proc/self/fd")) == len(before)


def test_a_path_keeps_its_meaning(path: Path, monkeypatch: Any) -> None:
    """A relative path means what it meant when the upload was made."""
    monkeypatch.chdir(path.parent)
    origin = PathFile(path.name)
    monkeypatch.chdir("/")
    assert b"".join(read(origin)) == BIG


def test_bad_paths(tmp_path: Path, monkeypatch: Any) -> None:
    """What is not there, a folder, and what may not be read are told at once, by name."""
    with pytest.raises(FileNotFoundError, match="gone"):
        PathFile(tmp_path / "gone")
    with pytest.raises(IsADirectoryError, match=f"{tmp_path.name} is a folder"):
        PathFile(os.fsencode(tmp_path))
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(PermissionError, match="may not be read"):
        PathFile(__file__)


def test_a_path_to_a_named_pipe(tmp_path: Path) -> None:
    """A named pipe is not opened before it is read: that would wait for who writes."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    origin = PathFile(path)
    assert facts(origin) == (None, False, False)
    writer = threading.Thread(target=path.write_bytes, args=(b"abc",))
    writer.start()
    assert b"".join(read(origin)) == b"abc"
    writer.join()


def test_files_that_only_seem_empty(tmp_path: Path) -> None:
    """Files of the kernel have no size; one that is empty has size 0."""
    assert PathFile("/proc/self/status").size is None
    assert b"Name:" in b"".join(read(PathFile("/proc/self/status")))
    (tmp_path / "empty").touch()
    origin = PathFile(tmp_path / "empty")
    assert (origin.size, read(origin)) == (0, [])


def test_a_file_that_grows_is_cut(path: Path) -> None:
    """Never more is sent than was announced."""
    origin, opened = PathFile(path), OpenFile(io.BytesIO(b"abc"))
    with path.open("ab") as file:
        file.write(b"more")
    assert b"".join(read(origin)) == BIG
    opened.file.getbuffer()[0] = ord("x")
    opened.file.seek(0, os.SEEK_END)
    opened.file.write(b"more")
    assert read(opened) == [b"xbc"]


def test_a_file_that_shrinks_is_told(path: Path) -> None:
    """Too few bytes are an error that names the file, and no endless wait."""
    origin = PathFile(path)
    path.write_bytes(b"abc")
    with pytest.raises(
        OSError, match=r"^file: the file ended after 3 of \d+ bytes: it was changed"
    ):
        read(origin)


def test_an_open_file_is_read_from_where_it_stands() -> None:
    """A file goes back to where it stood, not to its beginning, and stays open."""
    file = io.BytesIO(b"0123456789")
    file.seek(4)
    origin = OpenFile(file)
    assert facts(origin) == (6, True, False)
    assert file.tell() == 4
    assert read(origin) == [b"456789"]
    assert file.tell() == 10
    origin.rewind()
    assert file.tell() == 4
    assert read(OpenFile(file)) == read(origin) == [b"456789"]
    assert not file.closed


def test_a_file_past_its_end() -> None:
    """A file that stands past its end has nothing left."""
    file = io.BytesIO(b"abc")
    file.seek(10)
    origin = OpenFile(file)
    assert (origin.size, read(origin)) == (0, [])


def test_compressed_files(tmp_path: Path) -> None:
    """The size is of what is read, not of the file below."""
    with gzip.open(tmp_path / "a.gz", "wb") as file:
        file.write(BIG)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", BIG)
    with (
        gzip.open(tmp_path / "a.gz", "rb") as zipped,
        zipfile.ZipFile(tmp_path / "a.zip") as archive,
        archive.open("a") as member,
    ):
        for opened in (zipped, member):
            opened.read(3)
            origin = OpenFile(opened)
            assert facts(origin) == (len(BIG) - 3, True, False)
            assert b"".join(read(origin)) == BIG[3:]
            assert b"".join(read(origin)) == BIG[3:]


@pytest.mark.parametrize(
    ("pack", "unpack"), [(gzip.compress, gzip.GzipFile), (bz2.compress, bz2.BZ2File)]
)
def test_compressed_pipes(pack: Any, unpack: Any) -> None:
    """A compressed pipe cannot go back, though it may say so, and loses nothing."""
    with Pipe(pack(b"abc" * 100)) as pipe:
        wrapped = unpack(fileobj=pipe) if unpack is gzip.GzipFile else unpack(pipe)
        with wrapped as file:
            origin = OpenFile(file)
            assert facts(origin) == (None, False, False)
            assert b"".join(read(origin)) == b"abc" * 100


def test_pipes() -> None:
    """A pipe has no size and cannot go back."""
    with Pipe(b"abc") as pipe:
        origin = OpenFile(pipe)
        assert facts(origin) == (None, False, False)
        origin.rewind()
        assert read(origin) == [b"abc"]


def test_what_comes_through_a_pipe_is_passed_on_as_it_comes() -> None:
    """A chunk does not wait until it is full."""
    ours, theirs = socket.socketpair()
    with ours, theirs, ours.makefile("rb") as file:
        chunks = OpenFile(file).read("file")
        for sent in (b"one", b"two"):
            theirs.sendall(sent)
            assert next(chunks) == sent
        theirs.shutdown(socket.SHUT_WR)
        assert next(chunks, None) is None


def test_maps_and_spooled_files(path: Path) -> None:
    """Maps of memory and spooled files are files like others."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        mapped.seek(1)
        origin = OpenFile(mapped)
        assert facts(origin) == (len(BIG) - 1, True, False)
        assert b"".join(read(origin)) == b"".join(read(origin)) == BIG[1:]
    with tempfile.SpooledTemporaryFile(max_size=10) as spooled:
        spooled.write(b"abcdef")
        spooled.seek(2)
        origin = OpenFile(spooled)
        assert facts(origin) == (4, True, False)
        assert read(origin) == [b"cdef"]


def test_devices_have_no_size() -> None:
    """A device says that it is empty; it is not, and its chunks are bounded."""
    with open("/dev/zero", "rb", buffering=0) as file:
        origin = OpenFile(file)
        assert origin.size is None
        chunks = origin.read("file")
        assert [len(next(chunks)) for _ in range(3)] == [CHUNK_BYTES] * 3
    assert PathFile("/dev/null").size is None


def test_reads_are_bounded() -> None:
    """Of a file without end only a chunk at a time is asked for."""
    asked: list[int] = []

    def give(size: int) -> bytes:
        asked.append(size)
        return bytes(size)

    chunks = OpenFile(SimpleNamespace(read=give)).read("file")
    assert [len(next(chunks)) for _ in range(100)] == asked == [CHUNK_BYTES] * 100


def test_files_that_do_not_do_as_told() -> None:
    """A file that gives more than asked is cut; one with other bytes is read, one with none not."""
    fixed = {"tell": lambda: 0, "seek": lambda *_: None}
    greedy = OpenFile(SimpleNamespace(read=lambda size: b"abcdef", **fixed))
    assert (greedy.size, greedy.can_rewind) == (None, True)
    given = iter([bytearray(b"a"), memoryview(b"b"), b""])
    assert read(OpenFile(SimpleNamespace(read=lambda size: next(given)))) == [b"a", b"b"]
    with pytest.raises(BlockingIOError, match="file: nothing is there to read yet"):
        read(OpenFile(SimpleNamespace(read=lambda size: None)))
    with pytest.raises(TypeError, match="file: expected to read bytes from it, got str"):
        read(OpenFile(SimpleNamespace(read=lambda size: "text")))


def test_a_file_whose_end_cannot_be_found() -> None:
    """A file that only moves to places that are known can be read again, its size is unknown."""

    class Odd(io.BytesIO):
        def seek(self, offset: int, whence: int = 0, /) -> int:
            if whence:
                raise NotImplementedError
            return super().seek(offset)

    origin = OpenFile(Odd(b"abc"))
    assert facts(origin) == (None, True, False)
    assert read(origin) == read(origin) == [b"abc"]
    assert measure(None) == (None, None)


def test_iterators() -> None:
    """An iterator's pieces are passed on, without empty ones, and large ones in several."""
    origin = Pieces(iter([b"", b"a", bytearray(b"b"), b"", BIG]))
    assert facts(origin) == (None, False, False)
    chunks = read(origin)
    assert [len(chunk) for chunk in chunks] == [1, 1, *SIZES]
    assert b"".join(chunks) == b"ab" + BIG
    origin.rewind()
    assert read(origin) == []


@pytest.mark.parametrize("bad", ["text", 5, [1]])
def test_iterators_of_other_things(bad: Any) -> None:
    """A piece that is no bytes is a TypeError when it comes."""
    chunks = Pieces([b"a", bad]).read("file")
    assert next(chunks) == b"a"
    with pytest.raises(TypeError, match="file: expected to read bytes from it, got"):
        next(chunks)


async def give(*pieces: Any) -> AsyncIterator[Any]:
    """Give pieces, awaiting."""
    for piece in pieces:
        await anyio.lowlevel.checkpoint()
        yield piece


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_async_iterators(backend: str) -> None:
    """An async iterator's pieces are passed on as those of others."""
    origin = AsyncPieces(give(b"", b"a", bytearray(b"b"), b"", BIG))
    assert facts(origin) == (None, False, True)
    chunks = anyio.run(aread, origin, backend=backend)
    assert [len(chunk) for chunk in chunks] == [1, 1, *SIZES]
    origin.rewind()
    assert anyio.run(aread, AsyncPieces(give()), backend=backend) == []
    with pytest.raises(TypeError, match="file: expected to read bytes from it, got str"):
        anyio.run(aread, AsyncPieces(give("a")), backend=backend)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_async_generator_is_closed(backend: str) -> None:
    """Closing the reading closes the caller's generator; a plain iterator has nothing to close."""
    ended: list[str] = []

    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"a"
        finally:
            ended.append("closed")

    class Plain:
        def __aiter__(self) -> Any:
            return self

        async def __anext__(self) -> bytes:
            return b"a"

    async def use() -> None:
        for pieces in (endless(), Plain()):
            reader = AsyncPieces(pieces).read("file")
            assert await anext(reader) == b"a"
            await reader.aclose()

    anyio.run(use, backend=backend)
    assert ended == ["closed"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_async_files(path: Path, backend: str) -> None:
    """A file of anyio is read from where it stands, and again; its size is known."""

    async def use() -> None:
        async with await anyio.open_file(path, "rb") as file:
            await file.read(1)
            origin = AsyncFile(file)
            assert facts(origin) == (len(BIG) - 1, True, True)
            for _ in range(2):
                assert b"".join(await aread(origin)) == BIG[1:]
                origin.rewind()
            assert await file.tell() == 1

    anyio.run(use, backend=backend)


def test_async_files_that_tell_nothing() -> None:
    """What can only be read by awaiting has no size and cannot go back."""

    async def use() -> None:
        stream = asyncio.StreamReader()
        stream.feed_data(b"abc")
        stream.feed_eof()
        origin = AsyncFile(stream)
        assert facts(origin) == (None, False, True)
        origin.rewind()
        assert await aread(origin) == [b"abc"]

    asyncio.run(use())


def test_split() -> None:
    """Bytes are parted without copies where they are short, and nothing gives nothing."""
    assert list(split(b"")) == []
    assert next(split(short := b"abc")) is short
    assert [len(chunk) for chunk in split(BIG)] == SIZES
