"""
Where the bytes of an upload come from: memory, a path, an open file or an iterator, also awaited.

Knows how many there are, where they begin and whether they can be read again; knows no HTTP.
"""

from __future__ import annotations

import io
import os
import stat
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
)
from typing import Any

from mixdyn.errors import excerpt

# Measured: larger reads cost fewer calls, but from 128 KiB on each makes the C library map memory
# anew, and a socket that takes less at once makes HTTP clients copy the rest.
CHUNK_BYTES = 112 * 1024


class Memory:
    """Bytes that are there already; they are looked at, and copied a chunk at a time."""

    is_async = False
    can_rewind = True

    def __init__(self, content: bytes | bytearray | memoryview) -> None:
        with memoryview(content) as view:
            self.size: int = view.nbytes
            self.content = content if view.c_contiguous else view.tobytes()

    def read(self, label: str) -> Iterator[bytes]:
        """Give the bytes in chunks."""
        if isinstance(self.content, bytes) and self.size <= CHUNK_BYTES:
            if self.content:
                yield self.content
            return
        meter = Meter(self.size, label)
        with memoryview(self.content) as whole:
            # An empty view cannot be cast.
            view = whole.cast("B") if whole.nbytes else whole
            with view:
                yield from _read_on(_slicer(view), meter)

    def rewind(self) -> None:
        """Do nothing: each reading begins at the start."""


class PathFile:
    """
    A file that is opened by its path for each reading, and closed at the end of it.

    Raises OSError at once where it is not there, is a folder or may not be read. It is only
    opened then if that cannot wait for someone to write, as with a named pipe.
    """

    is_async = False

    def __init__(self, path: str | bytes | os.PathLike[Any]) -> None:
        # What the path means is settled now, whatever the working directory is later.
        self.path = os.path.abspath(path)
        status = os.stat(self.path)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(f"{self._shown} is a folder, expected a file")
        if not os.access(self.path, os.R_OK):
            raise PermissionError(f"{self._shown} may not be read; look at its permissions")
        self.can_rewind = stat.S_ISREG(status.st_mode)
        self.size = self._find_size(status.st_size) if self.can_rewind else None

    @property
    def _shown(self) -> str:
        return excerpt(os.fsdecode(self.path), 200)

    def _find_size(self, size: int) -> int | None:
        """Files of the kernel (`/proc`) say that they are empty, and are not."""
        if size:
            return size
        with open(self.path, "rb", buffering=0) as file:
            return None if file.read(1) else 0

    def read(self, label: str) -> Iterator[bytes]:
        """Open the file and give its bytes in chunks."""
        with open(self.path, "rb", buffering=0) as file:
            yield from _read_on(file.read, Meter(self.size, label))

    def rewind(self) -> None:
        """Do nothing: each reading opens the file anew."""


class OpenFile:
    """A file of the caller's, which is read from where it stood when this was made."""

    is_async = False

    def __init__(self, file: Any) -> None:
        self.file = file
        self._place, self.size = measure(file)
        self.can_rewind = self._place is not None

    def read(self, label: str) -> Iterator[bytes]:
        """Read from where the file stood; also if another part has read the same file before."""
        self.rewind()
        read: Callable[[int], Any] = self.file.read
        if self.size is None and isinstance(self.file, io.BufferedReader):
            # What comes through a pipe is passed on as it comes.
            read = self.file.read1  # pyright: ignore[reportUnknownMemberType]  # Any
        yield from _read_on(read, Meter(self.size, label))

    def rewind(self) -> None:
        """Move the file back to where it stood, if it can be moved."""
        if self._place is not None:
            self.file.seek(self._place)


class Pieces:
    """An iterator of bytes: nobody knows how many come, and they come once."""

    is_async = False
    can_rewind = False
    size = None

    def __init__(self, pieces: Iterable[Any]) -> None:
        self._pieces = pieces

    def read(self, label: str) -> Iterator[bytes]:
        """Give what the iterator gives; what is too large in several chunks."""
        meter = Meter(None, label)
        for piece in self._pieces:
            yield from split(meter.take(piece))

    def rewind(self) -> None:
        """Do nothing: what is gone is gone."""


class AsyncFile:
    """
    A file that is read by awaiting, from where it stood.

    The size is known where it tells which ordinary file it wraps, as those of anyio and trio do.
    """

    is_async = True

    def __init__(self, file: Any) -> None:
        self.file = file
        self._wrapped = getattr(file, "wrapped", None)
        self._place, self.size = measure(self._wrapped)
        self.can_rewind = self._place is not None

    def read(self, label: str) -> AsyncReader:
        """Read from where the file stood."""
        self.rewind()
        return AsyncReader(self.file.read, Meter(self.size, label))

    def rewind(self) -> None:
        """Move the file back to where it stood, if it can be moved without awaiting."""
        if self._wrapped is not None and self._place is not None:
            self._wrapped.seek(self._place)


class AsyncPieces:
    """An async iterator of bytes: nobody knows how many come, and they come once."""

    is_async = True
    can_rewind = False
    size = None

    def __init__(self, pieces: AsyncIterable[Any]) -> None:
        self._pieces = pieces

    def read(self, label: str) -> AsyncReader:
        """Give what the iterator gives; what is too large in several chunks."""
        iterator = aiter(self._pieces)

        async def fetch(_: int) -> bytes:
            try:
                # An empty piece is no end.
                while not (piece := to_bytes(await anext(iterator), label)):
                    pass
            except StopAsyncIteration:
                return b""
            return piece

        return AsyncReader(fetch, Meter(None, label), getattr(iterator, "aclose", None))

    def rewind(self) -> None:
        """Do nothing: what is gone is gone."""


Origin = Memory | PathFile | OpenFile | Pieces | AsyncFile | AsyncPieces


class Meter:
    """Counts what is read: holds back what is more than was announced, and misses what is less."""

    def __init__(self, size: int | None, label: str) -> None:
        self._size = size
        self._label = label
        self._done = 0

    @property
    def wanted(self) -> int:
        """How many bytes to read next; 0 where there is enough."""
        return CHUNK_BYTES if self._size is None else min(CHUNK_BYTES, self._size - self._done)

    def take(self, piece: Any) -> bytes:
        """Give what is to be sent of it; OSError where a file has become shorter."""
        data = to_bytes(piece, self._label)
        if self._size is not None:
            if not data:
                raise OSError(
                    f"{self._label}: the file ended after {self._done} of {self._size} bytes: "
                    "it was changed while it was sent"
                )
            data = data[: self._size - self._done]
        self._done += len(data)
        return data


class AsyncReader:
    """
    An async iterator of chunks, which is no generator: it leaves nothing open where it is dropped.
    """

    def __init__(
        self,
        fetch: Callable[[int], Awaitable[Any]],
        meter: Meter,
        close: Callable[[], Awaitable[Any]] | None = None,
    ) -> None:
        self._fetch = fetch
        self._meter = meter
        self._close = close
        self._ready: Iterator[bytes] = iter(())

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        while (chunk := next(self._ready, None)) is None:
            wanted = self._meter.wanted
            piece = self._meter.take(await self._fetch(wanted)) if wanted else b""
            if not piece:
                raise StopAsyncIteration
            self._ready = split(piece)
        return chunk

    async def aclose(self) -> None:
        """Close the iterator that this reads, if it can be closed."""
        if self._close is not None:
            await self._close()


def measure(file: Any) -> tuple[int | None, int | None]:
    """
    Give where a file stands and how many bytes follow; None for what cannot be known.

    The file itself is asked: the one below it may be of compressed bytes.
    """
    place = size = None
    try:
        if _is_seekable(file):
            start = file.tell()
            file.seek(start)
            place = int(start)
            file.seek(0, os.SEEK_END)
            size = max(0, file.tell() - place)
    except Exception:  # noqa: BLE001  # each kind of file has an error of its own
        size = None
    if place is not None:
        file.seek(place)
        # Devices say that they are empty, and are not.
        if size == 0 and file.read(1):
            size = None
            file.seek(place)
    return place, size


def _is_seekable(file: Any) -> bool:
    """Ask a file, and the one below a `GzipFile`: that answers for itself alone."""
    files: tuple[Any, ...] = (file, getattr(file, "fileobj", None))
    return all(f.seekable() for f in files if hasattr(f, "seekable"))


def split(piece: bytes) -> Iterator[bytes]:
    """Give bytes in chunks; none where there are none."""
    if len(piece) <= CHUNK_BYTES:
        return iter((piece,) if piece else ())
    return (piece[i : i + CHUNK_BYTES] for i in range(0, len(piece), CHUNK_BYTES))


def to_bytes(piece: Any, label: str) -> bytes:
    """Give what a file or iterator gave; TypeError where it is no bytes."""
    if isinstance(piece, bytes):
        return piece
    if isinstance(piece, (bytearray, memoryview)):
        return bytes(piece)  # pyright: ignore[reportUnknownArgumentType]  # of a memoryview
    if piece is None:
        raise BlockingIOError(f"{label}: nothing is there to read yet; open it in blocking mode")
    raise TypeError(f"{label}: expected to read bytes from it, got {type(piece).__name__}")


def _read_on(read: Callable[[int], Any], meter: Meter) -> Iterator[bytes]:
    while wanted := meter.wanted:
        chunk = meter.take(read(wanted))
        if not chunk:
            return
        yield chunk


def _slicer(view: memoryview) -> Callable[[int], bytes]:
    """Give a function that reads a view on."""
    place = 0

    def read(size: int) -> bytes:
        nonlocal place
        place += size
        return bytes(view[place - size : place])

    return read
