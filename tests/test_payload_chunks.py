"""
Bodies that are sent in pieces: the tests of `mixdyn.payload`.
"""

from __future__ import annotations

import email
import email.policy
import gc
import io
import os
import re
import threading
from collections.abc import AsyncIterator, Iterator
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import httpx
import pytest

from mixdyn.errors import Problem
from mixdyn.origin import CHUNK_BYTES
from mixdyn.payload import Part, Payload
from mixdyn.tools.mock.multipart import parse_multipart
from mixdyn.upload import Upload, to_upload

BACKENDS = ["asyncio", "trio"]
BIG = os.urandom(CHUNK_BYTES * 3 + 5)


def file_part(value: Any, name: str = "f", kind: str | None = "a/b", **more: Any) -> Part:
    """Give the part of a file."""
    upload = to_upload(value, name)
    return Part(name, upload, upload.file_name, kind, **more)


def send(payload: Payload) -> bytes:
    """Give all that is sent; its size is what was announced, its chunks are bounded."""
    chunks = list(payload.chunks())
    assert all(0 < len(chunk) <= CHUNK_BYTES + 1024 for chunk in chunks)
    content = b"".join(chunks)
    assert payload.size in (None, len(content))
    return content


async def asend(payload: Payload) -> bytes:
    """Do the same, awaiting."""
    content = b"".join([chunk async for chunk in payload.achunks()])
    assert payload.size in (None, len(content))
    return content


async def give(*pieces: bytes) -> AsyncIterator[bytes]:
    """Give pieces, awaiting."""
    for piece in pieces:
        yield piece


def parse(payload: Payload) -> list[tuple[str, str | None, str, bytes]]:
    """Read what is sent as a server would."""
    assert payload.content_type is not None
    return [tuple(part) for part in parse_multipart(send(payload), payload.content_type)]


def test_multipart_as_bytes() -> None:
    """The body is written as RFC 7578 has it."""
    parts = [
        Part("a", b"x", None, None),
        Part("f", Upload("n.txt", b"y"), "n.txt", "text/plain", (("X-A", "é"),)),
    ]
    payload = Payload.of_parts(parts, "b0")
    assert payload.content_type == "multipart/form-data; boundary=b0"
    assert payload.parts == tuple(parts)
    assert payload.files == (parts[1].content,)
    assert send(payload) == (
        b'--b0\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n'
        b'--b0\r\nContent-Disposition: form-data; name="f"; filename="n.txt"\r\n'
        b"Content-Type: text/plain\r\nX-A: \xc3\xa9\r\n\r\ny\r\n--b0--\r\n"
    )


def test_a_server_reads_what_is_sent() -> None:
    """Fields and files come back with names, types and bytes, in order, equal names too."""
    data = b"\r\n--not the boundary\r\n" + bytes(range(256))
    parts = [
        Part("tïtle", "é".encode(), None, None),
        Part("f", Upload('ü "b".bin', BIG), 'ü "b".bin', "image/png"),
        Part("f", Upload("c", io.BytesIO(data)), "c", "text/plain; charset=utf-8"),
        Part("f", Upload("empty", b""), "empty", None),
        Part("f", Upload("none", iter(())), "none", None),
        Part("long", BIG, None, "application/json"),
        Part("title", b"", None, None),
    ]
    assert parse(Payload.of_parts(parts)) == [
        ("tïtle", None, "", "é".encode()),
        ("f", 'ü "b".bin', "image/png", BIG),
        ("f", "c", "text/plain; charset=utf-8", data),
        ("f", "empty", "", b""),
        ("f", "none", "", b""),
        ("long", None, "application/json", BIG),
        ("title", None, "", b""),
    ]


def test_the_same_as_httpx() -> None:
    """What is sent is what httpx sends of the same parts, byte for byte."""
    given = [
        ("title", (None, "é".encode(), None)),
        ("f", ('ü "b" (1).bin', io.BytesIO(BIG), "image/png")),
        ("f", ("c", b"xyz", "text/plain", {"X-A": "b"})),
    ]
    parts = [
        Part("title", "é".encode(), None, None),
        file_part(io.BytesIO(BIG), kind="image/png")._replace(file_name='ü "b" (1).bin'),
        Part("f", Upload("c", b"xyz"), "c", "text/plain", (("X-A", "b"),)),
    ]
    theirs = httpx.Request("POST", "http://x", files=given)
    kind = theirs.headers["content-type"]
    payload = Payload.of_parts(parts, kind.partition("boundary=")[2])
    # httpx writes a part's own headers before its type.
    swapped = theirs.read().replace(
        b"X-A: b\r\nContent-Type: text/plain\r\n", b"Content-Type: text/plain\r\nX-A: b\r\n"
    )
    assert (payload.content_type, str(payload.size)) == (kind, theirs.headers["content-length"])
    assert send(payload) == swapped


def test_the_same_to_a_mail_reader() -> None:
    """The standard library's reader of MIME finds the parts as well."""
    payload = Payload.of_parts([file_part(b"a\r\nb\r\n"), Part("t", b"x", None, None)])
    head = f"Content-Type: {payload.content_type}\r\n\r\n".encode()
    message = email.message_from_bytes(head + send(payload), policy=email.policy.HTTP)
    assert isinstance(message, EmailMessage)
    file, text = message.iter_parts()
    assert file.get_payload(decode=True) == b"a\r\nb\r\n"
    assert (file.get_filename(), file.get_content_type()) == ("f", "a/b")
    assert text.get_payload(decode=True) == b"x"


def test_no_parts() -> None:
    """A form without fields is its end."""
    payload = Payload.of_parts([], "b0")
    assert send(payload) == b"--b0--\r\n"
    assert parse(payload) == []


def test_boundaries_are_random() -> None:
    """Nobody can know a boundary before, to write it into a file."""
    kinds = {Payload.of_parts([]).content_type for _ in range(10)}
    assert len(kinds) == 10
    assert all(re.search(r"boundary=[0-9a-f]{32}$", kind or "") for kind in kinds)


def test_names_are_escaped() -> None:
    """Quotes and line ends in names are escaped as in the WHATWG's forms, backslashes are not."""
    part = Part('a"\r\nX: y', b"", 'b"\r\n\\c', None)
    expected = b'form-data; name="a%22%0D%0AX: y"; filename="b%22%0D%0A\\c"\r\n\r\n'
    assert expected in send(Payload.of_parts([part]))


@pytest.mark.parametrize(
    "part",
    [
        Part("a", b"", None, "a/b\r\nX: y"),
        Part("a", b"", None, None, (("X", "a\nb"),)),
        Part("a", b"", None, None, (("X\r\nY", "a"),)),
        Part("a\0", b"", None, None),
        Part("\ud800", b"", None, None),
    ],
)
def test_lines_cannot_be_broken(part: Part) -> None:
    """What would break a line, or has no bytes, is refused even here."""
    with pytest.raises(ValueError, match="break its line|surrogates"):
        Payload.of_parts([part])


def test_a_file_as_the_whole_body() -> None:
    """A file alone is sent as its bytes; its type is the request's to tell."""
    payload = Payload.of_file(Upload("f", io.BytesIO(BIG)))
    assert (payload.content_type, payload.parts, len(payload.files)) == (None, (), 1)
    assert send(payload) == BIG
    assert list(Payload.of_file(Upload("f", b"")).chunks()) == []


def test_what_is_small_is_one_piece() -> None:
    """Fields and small files that follow each other are sent at once."""
    parts = [Part(str(i), b"x", None, None) for i in range(50)]
    payload = Payload.of_parts([*parts, file_part(b"small"), file_part(io.BytesIO(b"f")), *parts])
    assert [len(chunk) > 1 for chunk in payload.chunks()] == [True, False, True]


def test_unknown_sizes() -> None:
    """One file without a size makes the whole without, and it is sent all the same."""
    payload = Payload.of_parts([file_part(b"a"), file_part(iter([b"b", b"c"]))])
    assert payload.size is None
    assert [part[3] for part in parse(payload)] == [b"a", b"bc"]


def test_reprs() -> None:
    """A payload shows what it is, and nothing of what is in it."""
    file = Upload("secret", iter([b"secret"]))
    assert repr(Payload.of_file(file)) == "<Payload: a file, of unknown size>"
    assert repr(Payload.of_parts([], "b")) == "<Payload: 0 parts, 7 bytes>"


def test_rewind() -> None:
    """All goes back to where it stood when the payload was made, and is sent again."""
    file = io.BytesIO(b"0123456789")
    file.seek(4)
    payload = Payload.of_parts([file_part(file), file_part(b"a"), file_part(file, "again")])
    assert (payload.can_rewind, payload.is_untouched) == (True, True)
    first = send(payload)
    assert (file.tell(), payload.is_untouched) == (10, False)
    payload.rewind()
    assert file.tell() == 4
    assert send(payload) == first
    assert [part[3] for part in parse(payload)] == [b"456789", b"a", b"456789"]


def test_rewind_of_what_cannot_go_back() -> None:
    """One iterator among the parts is enough to be sent once, unless nothing was read yet."""
    payload = Payload.of_parts([file_part(b"a"), file_part(iter([b"b"]), "doc")])
    assert not payload.can_rewind
    payload.rewind()
    assert b"\r\nb\r\n" in send(payload)
    with pytest.raises(OSError, match="^doc: this has been read, and cannot be read again"):
        payload.rewind()


def count_open() -> int:
    """Give how many files this process has open."""
    return len(os.listdir("/proc/self/fd"))


def test_paths_are_open_only_while_they_are_read(tmp_path: Path) -> None:
    """A payload that is not sent opens nothing; one that is sent in part is closed."""
    path = tmp_path / "a"
    path.write_bytes(BIG)
    before = count_open()
    payload = Payload.of_parts([file_part(path), file_part(path)])
    assert count_open() == before
    for end in (payload.close, payload.rewind, payload.chunks):
        chunks = payload.chunks()
        next(chunks), next(chunks)
        assert count_open() == before + 1
        end()
        assert count_open() == before
    payload.close()
    payload.close()
    chunks = payload.chunks()
    next(chunks), next(chunks)
    del chunks, payload
    gc.collect()
    assert count_open() == before


def test_callers_files_stay_open() -> None:
    """What the caller opened is the caller's to close."""
    file = io.BytesIO(b"a")
    payload = Payload.of_file(to_upload(file, "f"))
    send(payload)
    payload.close()
    assert not file.closed


def test_files_that_change_are_told_by_name(tmp_path: Path) -> None:
    """A file that became shorter is named with its argument."""
    path = tmp_path / "data.csv"
    path.write_bytes(b"abcdef")
    payload = Payload.of_parts([file_part(path, "doc")])
    path.write_bytes(b"abc")
    with pytest.raises(OSError, match=r"^doc \(data\.csv\): the file ended after 3 of 6 bytes"):
        send(payload)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_call_that_awaits_sends_the_same(tmp_path: Path, backend: str) -> None:
    """What needs no awaiting is sent to the byte as in a call that blocks."""
    path = tmp_path / "a"
    path.write_bytes(BIG)
    payload = Payload.of_parts([Part("t", b"x", None, None), file_part(path), file_part(b"y")])
    assert anyio.run(asend, payload, backend=backend) == send(payload)
    assert anyio.run(asend, Payload.of_parts([], "b"), backend=backend) == b"--b--\r\n"


@pytest.mark.parametrize("backend", BACKENDS)
def test_async_content(backend: str) -> None:
    """Async iterators stand among other parts, each in its place."""
    parts = [file_part(give(b"a", b"", BIG)), file_part(b"b"), file_part(give(), "last")]
    payload = Payload.of_parts(parts)
    assert (payload.is_async, payload.can_rewind, payload.size) == (True, False, None)
    content = anyio.run(asend, payload, backend=backend)
    found = parse_multipart(content, payload.content_type or "")
    assert [part.content for part in found] == [b"a" + BIG, b"b", b""]


def test_async_content_in_a_call_that_blocks() -> None:
    """What has to be awaited is refused by its argument before anything is sent."""
    upload = to_upload(("a.txt", give()), "doc-s", "docs[1]")
    payload = Payload.of_parts([Part("x", b"", None, None), Part("doc-s", upload, "a", None)])
    problem = payload.refuse_async()
    assert isinstance(problem, Problem)
    assert problem.path == "docs[1]"
    with pytest.raises(TypeError, match=r"^docs\[1\]: this is read by awaiting: call the `_async`"):
        payload.chunks()
    assert payload.is_untouched
    assert Payload.of_file(Upload("a", b"")).refuse_async() is None


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("is_closed", [True, False])
def test_a_call_that_awaits_can_be_dropped(tmp_path: Path, backend: str, is_closed: bool) -> None:
    """A body that is dropped half way leaves no file open and no warning, closed or not."""
    path = tmp_path / "a"
    path.write_bytes(BIG)
    before = count_open()

    async def use() -> None:
        chunks = Payload.of_parts([file_part(path)]).achunks()
        await anext(chunks)
        await anext(chunks)
        inside = count_open()
        if is_closed:
            await chunks.aclose()
        del chunks
        assert count_open() == inside - 1

    anyio.run(use, backend=backend)
    gc.collect()
    assert count_open() == before


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_callers_async_generator_is_closed(backend: str) -> None:
    """Closing the chunks runs the end of the caller's generator at once."""
    ended: list[str] = []

    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"a"
        finally:
            ended.append("closed")

    async def use() -> None:
        chunks = Payload.of_file(Upload("a", endless())).achunks()
        assert [await anext(chunks) for _ in range(3)] == [b"a"] * 3
        await chunks.aclose()
        await chunks.aclose()
        assert ended == ["closed"]
        with pytest.raises(StopAsyncIteration):
            await anext(chunks)

    anyio.run(use, backend=backend)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_cancelled_upload_closes_what_is_open(tmp_path: Path, backend: str) -> None:
    """Cancelling while a piece is awaited ends the caller's generator."""
    ended: list[str] = []

    async def slow() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            await anyio.sleep_forever()
        finally:
            ended.append("closed")

    async def use() -> None:
        chunks = Payload.of_file(Upload("a", slow())).achunks()
        assert await anext(chunks) == b"a"
        with anyio.CancelScope() as scope:
            scope.cancel()
            await anext(chunks)

    anyio.run(use, backend=backend)
    assert ended == ["closed"]


def test_memory_is_constant() -> None:
    """Of a file without end a chunk at a time is read, and no more before it is sent."""
    reads: list[int] = []

    def read(size: int) -> bytes:
        reads.append(size)
        return bytes(size)

    chunks = Payload.of_parts([file_part(SimpleNamespace(read=read))]).chunks()
    reads.clear()
    next(chunks)
    for i in range(1, 1000):
        assert len(next(chunks)) == CHUNK_BYTES
        assert reads == [CHUNK_BYTES] * i


def test_a_pipe_is_sent_while_it_is_written() -> None:
    """What comes through a pipe goes out before its end is known."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as file:
        chunks = Payload.of_file(to_upload(file, "f")).chunks()
        os.write(writing, b"first")
        assert next(chunks) == b"first"
        os.close(writing)
        assert next(chunks, None) is None


def test_a_close_while_another_thread_reads() -> None:
    """Closing does not fail where the body is just being read elsewhere."""
    reached, go = threading.Event(), threading.Event()

    def slow() -> Iterator[bytes]:
        reached.set()
        go.wait()
        yield b"a"

    payload = Payload.of_file(Upload("a", slow()))
    sent: list[bytes] = []
    thread = threading.Thread(target=lambda: sent.extend(payload.chunks()))
    thread.start()
    reached.wait()
    payload.close()
    go.set()
    thread.join()
    assert sent == [b"a"]


@pytest.mark.parametrize("backend", [None, *BACKENDS])
def test_progress(backend: str | None) -> None:
    """Progress is told after each piece, once it has been sent, with the whole if it is known."""
    for content, total in ((BIG, len(BIG)), (iter([BIG]), None)):
        told: list[tuple[int, int | None]] = []
        payload = Payload.of_file(Upload("f", content))

        def on_progress(done: int, total: int | None, told: Any = told) -> None:
            told.append((done, total))

        async def use(payload: Payload = payload, tell: Any = on_progress) -> list[int]:
            return [len(chunk) async for chunk in payload.achunks(tell)]

        if backend is None:
            chunks = payload.chunks(on_progress)
            sizes = [len(next(chunks))]
            assert told == []
            sizes += map(len, chunks)
        else:
            sizes = anyio.run(use, backend=backend)
        sums = [sum(sizes[: i + 1]) for i in range(len(sizes))]
        assert told == [(done, total) for done in sums]
        assert told[-1][0] == len(BIG)
