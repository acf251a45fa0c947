"""
Undoes content codings as a body comes in, in bounded memory, and collects bodies. No I/O.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

_IS_GZIP = {"gzip": True, "x-gzip": True, "deflate": False}
_MAX_CODINGS = 2
_GZIP_MAGIC = b"\x1f\x8b"
_TAKEN_BYTES = 16 * 1024
_GIVEN_BYTES = 64 * 1024


class ContentError(ValueError):
    """The body is too large, or its content coding is unknown or broken."""


class ContentDecoder:
    """
    Undoes content codings, piece by piece.

    `codings` tells how many there are, `taken` how many bytes have gone into any of them.
    """

    def __init__(self, content_encoding: str) -> None:
        names = [n.strip().lower() for n in content_encoding.split(",") if n.strip()]
        names = [name for name in names if name != "identity"]
        if len(names) > _MAX_CODINGS or not _IS_GZIP.keys() >= set(names):
            raise ContentError(f"the content coding {content_encoding[:60]!r} is not supported")
        # Codings are listed in the order of their application (RFC 9110, 8.4): undo the last first.
        self._steps = [_Zlib(is_gzip=_IS_GZIP[name]) for name in reversed(names)]
        self.codings = len(names)
        self.taken = 0

    def decode(self, chunk: bytes) -> Iterator[bytes]:
        """
        Give what the next raw chunk stands for, in pieces of at most 64 KB; some may be empty.

        All of them must be taken before the next chunk; raises ContentError for broken codings.
        """
        pieces = iter((chunk,))
        for step in self._steps:
            pieces = self._undo(step, pieces)
        return pieces

    def finish(self) -> None:
        """Tell that the body has ended; raises ContentError where a coding is cut off."""
        if any(step.is_cut_off for step in self._steps):
            raise ContentError("the content coding is broken: the body ends too early")

    def _undo(self, step: _Zlib, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self.taken += len(piece)
            yield from step.decode(piece)


class Collector:
    """
    Takes a body's raw chunks and gives the decoded whole.

    Never holds more than `limit` decoded bytes and a little, whatever the codings would unpack to.
    """

    def __init__(self, content_encoding: str, limit: int) -> None:
        self._decoder = ContentDecoder(content_encoding)
        self._limit = limit
        # No coding makes a body much longer: one that only ever unpacks to nothing would not end.
        self._most_taken = (1 + self._decoder.codings) * limit + _TAKEN_BYTES
        self._size = 0
        self._pieces: list[bytes] = []

    def add(self, chunk: bytes) -> None:
        """Take the next raw chunk; raises ContentError past the limit and for broken codings."""
        for piece in self._decoder.decode(chunk):
            self._size += len(piece)
            if self._size > self._limit or self._decoder.taken > self._most_taken:
                raise ContentError(f"the body is larger than {self._limit} bytes")
            if piece:
                self._pieces.append(piece)

    def finish(self) -> bytes:
        """Give the decoded body; raises ContentError where a coding is cut off."""
        self._decoder.finish()
        return b"".join(self._pieces)


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

    def decode(self, data: bytes) -> Iterator[bytes]:
        """Undo the coding of the next bytes, in bounded pieces; what follows its end is dropped."""
        # Taken in slices, since zlib copies what it leaves for the next step.
        for start in range(0, len(data), _TAKEN_BYTES):
            rest = data[start : start + _TAKEN_BYTES]
            is_more = not self._is_over
            while is_more:
                piece, rest = self._step(rest)
                yield piece
                # A full piece may have left something inside zlib, with all input taken.
                is_more = not self._is_over and (rest != b"" or len(piece) == _GIVEN_BYTES)

    def _step(self, data: bytes) -> tuple[bytes, bytes]:
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
            piece = self._decoder.decompress(data, _GIVEN_BYTES)
        except zlib.error as error:
            raise ContentError(f"the content coding is broken: {error}") from error
        if not self._decoder.eof:
            return piece, self._decoder.unconsumed_tail
        rest, self._decoder = self._decoder.unused_data, None
        self._members += 1
        self._is_over = not self._is_gzip
        return piece, rest

    def _window_bits(self, head: bytes) -> int:
        """Tell zlib what to expect; its own wrapper shows by a checksum (RFC 1950, 2.2)."""
        if self._is_gzip:
            return 31
        return 15 if head[0] & 15 == 8 and int.from_bytes(head[:2]) % 31 == 0 else -15
