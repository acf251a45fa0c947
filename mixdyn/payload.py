"""
A request's body that is sent in pieces: one file, or `multipart/form-data` with files in it.

Writes RFC 7578 in constant memory; knows uploads, but neither documents nor HTTP clients.
"""

from __future__ import annotations

import os
import re
import weakref
from collections.abc import AsyncIterator, Generator, Iterable, Iterator
from contextlib import suppress
from typing import cast

from mixdyn.errors import Problem
from mixdyn.origin import AsyncReader, split
from mixdyn.record import NamedTuple
from mixdyn.settings import Progress
from mixdyn.upload import Upload

# What is small is joined: each piece that is sent is a call of the system.
_SMALL_BYTES = 16 * 1024
_ESCAPES = {'"': "%22", "\r": "%0D", "\n": "%0A"}  # as the WHATWG encodes forms
_ESCAPED = re.compile('["\r\n]')
_BREAKING = re.compile("[\0\r\n]")


class Part(NamedTuple):
    """One part of a multipart body: a field of a form, or a file."""

    name: str
    content: bytes | Upload
    file_name: str | None
    content_type: str | None
    headers: tuple[tuple[str, str], ...] = ()


class Payload:
    """
    A request body that is sent in pieces: one file, or multipart parts with files among them.

    `parts` are those of multipart, and `content_type` its media type with the boundary; where a
    file is the whole body there are none, and the request's own header tells the type. `files` are
    the files in it. `is_async` tells that one of them can only be read by awaiting, `can_rewind`
    that all can be sent a second time, `is_untouched` that none has been read yet.
    """

    def __init__(
        self,
        files: Iterable[Upload],
        segments: Iterable[bytes | Upload],
        parts: tuple[Part, ...] = (),
        content_type: str | None = None,
    ) -> None:
        self.files = tuple(files)
        self.parts = parts
        self.content_type = content_type
        self.is_async = any(f.is_async for f in self.files)
        self.can_rewind = all(f.can_rewind for f in self.files)
        self.is_untouched = True
        self._segments = tuple(segments)
        # Weak, so that what is dropped half way is closed at once, and not when cycles are found.
        self._steps: weakref.ref[Generator[bytes | AsyncReader]] | None = None

    @classmethod
    def of_file(cls, upload: Upload) -> Payload:
        """Give the payload that is a file and nothing else."""
        return cls((upload,), (upload,))

    @classmethod
    def of_parts(cls, parts: Iterable[Part], boundary: str | None = None) -> Payload:
        """Give the payload that is `multipart/form-data`; its boundary is random if not given."""
        parts = tuple(parts)
        boundary = boundary or os.urandom(16).hex()
        files = (p.content for p in parts if isinstance(p.content, Upload))
        kind = f"multipart/form-data; boundary={boundary}"
        return cls(files, _join(_write_parts(parts, boundary)), parts, kind)

    def __repr__(self) -> str:
        kind = f"{len(self.parts)} parts" if self.content_type else "a file"
        size = "of unknown size" if self.size is None else f"{self.size} bytes"
        return f"<Payload: {kind}, {size}>"

    @property
    def size(self) -> int | None:
        """How many bytes are sent in all, or None where that cannot be known."""
        total = 0
        for segment in self._segments:
            size = len(segment) if isinstance(segment, bytes) else segment.size
            if size is None:
                return None
            total += size
        return total

    def refuse_async(self) -> Problem | None:
        """Say why a call that does not await cannot send this; None where it can."""
        found = next((f for f in self.files if f.is_async), None)
        if found is None:
            return None
        text = "this is read by awaiting: call the `_async` method, or give an ordinary file"
        return Problem(found.argument, text)

    def chunks(self, on_progress: Progress | None = None) -> Iterator[bytes]:
        """
        Give the body in pieces of bounded size; TypeError where it has to be awaited.

        `on_progress` is told after each piece how many bytes were taken, and how many there are.
        """
        problem = self.refuse_async()
        if problem is not None:
            raise TypeError(str(problem))
        chunks = cast("Iterator[bytes]", self._begin())
        return chunks if on_progress is None else _count(chunks, _Tally(self.size, on_progress))

    def achunks(self, on_progress: Progress | None = None) -> AsyncChunks:
        """Do the same, awaiting."""
        tally = None if on_progress is None else _Tally(self.size, on_progress)
        return AsyncChunks(self._begin(), tally)

    def rewind(self) -> None:
        """Bring everything back to where it stood; OSError where that cannot be."""
        self.close()
        if not (self.can_rewind or self.is_untouched):
            lost = ", ".join(f.label for f in self.files if not f.can_rewind)
            raise OSError(f"{lost}: this has been read, and cannot be read again")
        for file in self.files:
            file.rewind()

    def close(self) -> None:
        """Close what was opened to send this; files of the caller's stay open."""
        steps = self._steps() if self._steps is not None else None
        # What another thread is just reading closes itself at its end.
        with suppress(ValueError):
            if steps is not None:
                steps.close()

    def _begin(self) -> Generator[bytes | AsyncReader]:
        self.close()
        steps = self._run()
        self._steps = weakref.ref(steps)
        return steps

    def _run(self) -> Generator[bytes | AsyncReader]:
        """Give pieces, and readers for the pieces that have to be awaited."""
        self.is_untouched = False
        for segment in self._segments:
            if isinstance(segment, bytes):
                yield from split(segment)
                continue
            content = segment.read()
            if isinstance(content, AsyncReader):
                yield content
            else:
                yield from content


class AsyncChunks:
    """
    The pieces of a payload as an async iterator.

    It is no generator, so that nothing is left open where it is dropped in the middle, unless the
    caller's own async generator is: `aclose` closes that.
    """

    def __init__(self, steps: Generator[bytes | AsyncReader], tally: _Tally | None = None) -> None:
        self._steps = steps
        self._tally = tally
        self._reader: AsyncReader | None = None

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._tally is None:
            return await self._next()
        self._tally.tell()
        return self._tally.take(await self._next())

    async def _next(self) -> bytes:
        while True:
            if self._reader is None:
                step = next(self._steps, None)
                if step is None:
                    raise StopAsyncIteration
                if isinstance(step, bytes):
                    return step
                self._reader = step
            try:
                return await anext(self._reader)
            except StopAsyncIteration:
                self._reader = None

    async def aclose(self) -> None:
        """Close what is open: files by their paths, and async generators of the caller's."""
        self._steps.close()
        reader, self._reader = self._reader, None
        if reader is not None:
            await reader.aclose()


class _Tally:
    """Counts what is taken, and tells it when the next piece is asked for: when it is sent."""

    def __init__(self, size: int | None, on_progress: Progress) -> None:
        self._size = size
        self._on_progress = on_progress
        self._done = 0
        self._told = 0

    def take(self, chunk: bytes) -> bytes:
        self._done += len(chunk)
        return chunk

    def tell(self) -> None:
        if self._told < self._done:
            self._told = self._done
            self._on_progress(self._done, self._size)


def _count(chunks: Iterator[bytes], tally: _Tally) -> Iterator[bytes]:
    for chunk in chunks:
        yield tally.take(chunk)
        tally.tell()


def _write_parts(parts: tuple[Part, ...], boundary: str) -> Iterator[bytes | Upload]:
    """Give what stands between the files as bytes, and the files."""
    for part in parts:
        yield f"--{boundary}\r\n{_write_head(part)}\r\n".encode()
        yield part.content
        yield b"\r\n"
    yield f"--{boundary}--\r\n".encode()


def _write_head(part: Part) -> str:
    """Give a part's header lines; names are escaped, what else would break a line is refused."""
    place = f'form-data; name="{_escape(part.name)}"'
    if part.file_name is not None:
        place += f'; filename="{_escape(part.file_name)}"'
    kind = (("Content-Type", part.content_type),) if part.content_type is not None else ()
    lines = [f"{n}: {v}" for n, v in (("Content-Disposition", place), *kind, *part.headers)]
    if any(map(_BREAKING.search, lines)):
        raise ValueError("a header of a part would break its line")
    return "".join(f"{line}\r\n" for line in lines)


def _escape(name: str) -> str:
    return _ESCAPED.sub(lambda found: _ESCAPES[found[0]], name)


def _join(segments: Iterable[bytes | Upload]) -> Iterator[bytes | Upload]:
    """Join small bytes that follow each other."""
    pending: list[bytes] = []
    for segment in segments:
        small = segment if isinstance(segment, bytes) else segment.held
        if small is not None and len(small) <= _SMALL_BYTES:
            pending.append(small)
            continue
        yield b"".join(pending)
        pending.clear()
        yield segment
    yield b"".join(pending)
