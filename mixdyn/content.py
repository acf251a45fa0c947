"""
Collects a response body within bounds, undoing content codings as it grows. No I/O.
"""

from __future__ import annotations

import zlib
from typing import Protocol

_SUPPORTED = {"gzip": 31, "x-gzip": 31, "deflate": 15}  # zlib's window bits
_MAX_CODINGS = 2


class ContentError(ValueError):
    """The body is too large, or its content coding is unknown or broken."""


class _Coding(Protocol):
    def decode(self, data: bytes, limit: int) -> bytes: ...


class Collector:
    """
    Takes a body's raw chunks and gives the decoded whole.

    Never holds more than `limit` decoded bytes and a little, whatever the codings would unpack to.
    """

    def __init__(self, content_encoding: str, limit: int) -> None:
        names = [n.strip().lower() for n in content_encoding.split(",") if n.strip()]
        names = [name for name in names if name != "identity"]
        unknown = [name for name in names if name not in _SUPPORTED]
        if unknown or len(names) > _MAX_CODINGS:
            raise ContentError(f"the content coding {content_encoding[:60]!r} is not supported")
        # Codings are listed in the order of their application (RFC 9110, 8.4): undo the last first.
        self._codings: list[_Coding] = [_Zlib(_SUPPORTED[name]) for name in reversed(names)]
        self._limit = limit
        self._size = 0
        self._chunks: list[bytes] = []

    def add(self, chunk: bytes) -> None:
        """Take the next raw chunk; raises ContentError past the limit and for broken codings."""
        for coding in self._codings:
            chunk = coding.decode(chunk, self._limit - self._size + 1)
        self._size += len(chunk)
        if self._size > self._limit:
            raise ContentError(f"the body is larger than {self._limit} bytes")
        self._chunks.append(chunk)

    def finish(self) -> bytes:
        """Give the decoded body."""
        return b"".join(self._chunks)


class _Zlib:
    """Gzip and deflate; some servers send deflate without its zlib wrapper."""

    def __init__(self, window_bits: int) -> None:
        self._window_bits = window_bits
        self._decoder = zlib.decompressobj(window_bits)
        self._is_first = True

    def decode(self, data: bytes, limit: int) -> bytes:
        try:
            decoded = self._decoder.decompress(data, limit)
        except zlib.error as error:
            if not (self._is_first and self._window_bits == _SUPPORTED["deflate"]):
                raise ContentError(f"the content coding is broken: {error}") from error
            self._decoder = zlib.decompressobj(-_SUPPORTED["deflate"])
            self._window_bits = -_SUPPORTED["deflate"]
            return self.decode(data, limit)
        self._is_first = self._is_first and not data
        if self._decoder.unconsumed_tail:
            raise ContentError("the body unpacks to more than the limit")
        return decoded
