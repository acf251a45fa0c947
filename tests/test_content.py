"""
Bodies as they come over the wire: codings undone, limits kept, broken ones told.
"""

from __future__ import annotations

import gzip
import random
import zlib
from collections.abc import Callable

import pytest

from mixdyn.content import Collector, ContentDecoder, ContentError

LIMIT = 100_000
TEXT = b"".join(b"line %d of some text\n" % i for i in range(2000))


def deflate_raw(data: bytes) -> bytes:
    encoder = zlib.compressobj(wbits=-15)
    return encoder.compress(data) + encoder.flush()


ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "identity": bytes,
    "gzip": gzip.compress,
    "X-GZIP ": gzip.compress,
    "deflate": zlib.compress,
    "deflate, identity": deflate_raw,
    "deflate,gzip": lambda data: gzip.compress(zlib.compress(data)),
    "gzip, gzip": lambda data: gzip.compress(gzip.compress(data)),
}


def collect(coding: str, body: bytes, size: int | None = None, limit: int = LIMIT) -> bytes:
    collector = Collector(coding, limit)
    size = size or max(1, len(body))
    for start in range(0, len(body), size):
        collector.add(body[start : start + size])
    return collector.finish()


@pytest.mark.parametrize("size", [1, 2, 7, 1000, None])
@pytest.mark.parametrize("coding", ENCODERS)
def test_collect(coding: str, size: int | None) -> None:
    """A body is decoded to the same bytes, whatever its coding and however it is cut."""
    assert collect(coding, ENCODERS[coding](TEXT), size) == TEXT


@pytest.mark.parametrize("coding", ENCODERS)
def test_collect_nothing(coding: str) -> None:
    """An empty body is empty under any coding, as after a HEAD request."""
    collector = Collector(coding, LIMIT)
    collector.add(b"")
    assert collector.finish() == b""


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, br", "gzip, gzip, gzip", "x" * 1000])
def test_unsupported_coding(coding: str) -> None:
    """Codings that are unknown, or too many, are refused by name, before anything is read."""
    with pytest.raises(ContentError, match="is not supported") as caught:
        Collector(coding, LIMIT)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("size", [1, 1000, None])
@pytest.mark.parametrize("tail", [b"", b"\0" * 50, b"trailing garbage", b"\x1f", b"x"])
def test_gzip_members(tail: bytes, size: int | None) -> None:
    """Gzip members follow one another; padding after the last is passed over."""
    body = gzip.compress(TEXT) + gzip.compress(b"") + gzip.compress(b"end") + tail
    assert collect("gzip", body, size) == TEXT + b"end"


@pytest.mark.parametrize("size", [1, None])
def test_deflate_tail(size: int | None) -> None:
    """What follows the end of a deflate stream is passed over."""
    assert collect("deflate", zlib.compress(TEXT) + b"tail", size) == TEXT


@pytest.mark.parametrize("coding", ["gzip", "deflate", "deflate, identity", "deflate,gzip"])
@pytest.mark.parametrize("kept", [1, 3, 15, -9, -1])
def test_cut_off(coding: str, kept: int) -> None:
    """A coded body that ends too early is broken, and not taken for a shorter one."""
    with pytest.raises(ContentError, match="ends too early"):
        collect(coding, ENCODERS[coding](TEXT)[:kept])


def test_cut_off_in_second_member() -> None:
    """A later gzip member that ends too early is broken, too."""
    with pytest.raises(ContentError, match="ends too early"):
        collect("gzip", gzip.compress(TEXT) + gzip.compress(TEXT)[:-4])


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", b"not gzip at all"),
        ("gzip", zlib.compress(TEXT)),
        ("gzip", gzip.compress(TEXT)[:-8] + b"\0" * 8),
        ("deflate", b"\xff\xff\xff\xff"),
        ("deflate", zlib.compress(TEXT)[:-4] + b"\0" * 4),
    ],
)
def test_broken(coding: str, body: bytes) -> None:
    """Bytes that are not of their coding, or fail its checksum, are broken."""
    with pytest.raises(ContentError, match="is broken"):
        collect(coding, body)


@pytest.mark.parametrize("coding", ENCODERS)
def test_limit(coding: str) -> None:
    """A body may be as large as the limit, and not a byte larger."""
    body = ENCODERS[coding](TEXT)
    assert collect(coding, body, limit=len(TEXT)) == TEXT
    with pytest.raises(ContentError, match="larger than|more than the limit"):
        collect(coding, body, limit=len(TEXT) - 1)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "gzip, gzip", "deflate,gzip"])
def test_bomb(coding: str) -> None:
    """A bomb is refused as soon as it passes the limit, and never held."""
    body = ENCODERS[coding](bytes(50_000_000))
    with pytest.raises(ContentError, match="larger than|more than the limit"):
        collect(coding, body)


def test_endless_nothing() -> None:
    """A body that only ever unpacks to nothing ends at the limit, too."""
    with pytest.raises(ContentError, match="larger than"):
        collect("gzip", gzip.compress(b"") * 20_000, 64 * 1024)


def test_incompressible_body() -> None:
    """A body that its coding makes longer is still taken up to the limit."""
    noise = random.Random(1).randbytes(LIMIT)
    assert collect("gzip", gzip.compress(noise), 1000) == noise


@pytest.mark.parametrize("coding", ["gzip", "deflate", "gzip, gzip", "deflate,gzip"])
@pytest.mark.parametrize("size", [1000, None])
def test_pieces(coding: str, size: int | None) -> None:
    """However much a chunk unpacks to, it comes in pieces of at most 64 KB."""
    decoder = ContentDecoder(coding)
    body = ENCODERS[coding](bytes(5_000_000) + TEXT)
    size = size or len(body)
    chunks = [body[start : start + size] for start in range(0, len(body), size)]
    pieces = [piece for chunk in chunks for piece in decoder.decode(chunk)]
    decoder.finish()
    assert b"".join(pieces) == bytes(5_000_000) + TEXT
    assert max(map(len, pieces)) <= 64 * 1024
    assert decoder.taken >= len(body)


@pytest.mark.parametrize("more", range(-3, 4))
@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_full_last_piece(coding: str, more: int) -> None:
    """A body whose end falls on the end of a piece is whole, too."""
    data = bytes(2 * 64 * 1024 + more)
    assert collect(coding, ENCODERS[coding](data), limit=len(data)) == data


def test_no_coding() -> None:
    """Without a coding, chunks are given as they are."""
    decoder = ContentDecoder("identity")
    chunk = bytes(500_000)
    assert next(decoder.decode(chunk)) is chunk
    assert decoder.codings == decoder.taken == 0
    decoder.finish()


def test_nested_nothing() -> None:
    """Also where one coding unpacks to much that the next makes nothing of."""
    body = gzip.compress(gzip.compress(b"") * 100_000)
    with pytest.raises(ContentError, match="larger than"):
        collect("gzip, gzip", body, 64, 64 * 1024)
