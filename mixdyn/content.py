"""
Collects a response body within bounds, undoing content codings as it grows. No I/O.
"""

from __future__ import annotations

import zlib
from typing import Any

_IS_GZIP = {"gzip": True, "x-gzip": True, "deflate": False}
_MAX_CODINGS = 2
_GZIP_MAGIC = b"\x1f\x8b"
_PIECE_BYTES = 16 * 1024


class ContentError(ValueError):
    """The body is too large, or its content coding is unknown or broken."""


class Collector:
    """
    Takes a body's raw chunks and gives the decoded whole.

    Never holds more than `limit` decoded bytes and a little, whatever the codings would unpack to.
    """

    def __init__(self, content_encoding: str, limit: int) -> None:
        names = [n.strip().lower() for n in content_encoding.split(",") if n.strip()]
        names = [name for name in names if name != "identity"]
        if len(names) > _MAX_CODINGS or not _IS_GZIP.keys() >= set(names):
            raise ContentError(f"the content coding {content_encoding[:60]!r} is not supported")
        # Codings are listed in the order of their application (RFC 9110, 8.4): undo the last first.
        self._codings = [_Zlib(is_gzip=_IS_GZIP[name]) for name in reversed(names)]
        self._limit = limit
        self._received = 0
        self._size = 0
        self._chunks: list[bytes] = []

    def add(self, chunk: bytes) -> None:
        """Take the next raw chunk; raises ContentError past the limit and for broken codings."""
        self._received += len(chunk)
        for coding in self._codings:
            chunk = coding.decode(chunk, self._limit - self._size)
        self._size += len(chunk)
        # No coding makes a body much longer: one that only ever unpacks to nothing would not end.
        if self._size > self._limit or self._received > 2 * self._limit + _PIECE_BYTES:
            raise ContentError(f"the body is larger than {self._limit} bytes")
        self._chunks.append(chunk)

    def finish(self) -> bytes:
        """Give the decoded body; raises ContentError where a coding is cut off."""
        if any(coding.is_cut_off for coding in self._codings):
            raise ContentError("the content coding is broken: the body ends too early")
        return b"".join(self._chunks)


class _Zlib:
    """
    Gzip and deflate.

    Gzip may hold several members, one after another (RFC 1952, 2.2), and padding after them.
    Deflate comes with zlib's wrapper, but from some servers without (RFC 9110, 8.4.1.2).
    """

    def __init__(self, *, is_gzip: bool) -> None:
        self._is_gzip = is_gzip
        self._decoder: Any = None
        self._head = b""  # the first bytes of a member, until there are enough to tell what it is
        self._members = 0
        self._is_over = False

    @property
    def is_cut_off(self) -> bool:
        """Whether a member has begun and not ended."""
        return self._decoder is not None or bool(self._head and not self._members)

    def decode(self, data: bytes, limit: int) -> bytes:
        """Undo the coding of the next bytes; raises ContentError for more than `limit` bytes."""
        decoded: list[bytes] = []
        for start in range(0, len(data), _PIECE_BYTES):
            rest = data[start : start + _PIECE_BYTES]
            while rest and not self._is_over:
                piece, rest = self._step(rest, limit + 1)
                decoded.append(piece)
                limit -= len(piece)
                if limit < 0:
                    raise ContentError("the body unpacks to more than the limit")
        return b"".join(decoded)

    def _step(self, data: bytes, most: int) -> tuple[bytes, bytes]:
        """Decode up to the end of a member at most; give what came out and what is left."""
        if self._decoder is None:
            data, self._head = self._head + data, b""
            if len(data) < len(_GZIP_MAGIC):
                self._head = data
                return b"", b""
            if self._members and data[:2] != _GZIP_MAGIC:
                self._is_over = True
                return b"", b""
            self._decoder = zlib.decompressobj(self._window_bits(data))
        try:
            piece = self._decoder.decompress(data, most)
        except zlib.error as error:
            raise ContentError(f"the content coding is broken: {error}") from error
        if not self._decoder.eof:
            return piece, b""
        rest, self._decoder = self._decoder.unused_data, None
        self._members += 1
        self._is_over = not self._is_gzip
        return piece, rest

    def _window_bits(self, head: bytes) -> int:
        """Tell zlib what to expect; its own wrapper shows by a checksum (RFC 1950, 2.2)."""
        if self._is_gzip:
            return 31
        return 15 if head[0] & 15 == 8 and int.from_bytes(head[:2]) % 31 == 0 else -15
