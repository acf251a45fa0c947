"""
What may be passed where a file goes.
"""

from __future__ import annotations

import gzip
import io
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest

from mixdyn.upload import CHUNK_BYTES, Upload, to_upload


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A small file."""
    made = tmp_path / "data.csv"
    made.write_bytes(b"a,b\n")
    return made


class Named(io.BytesIO):
    """A file whose name is anything."""

    def __init__(self, name: Any) -> None:
        super().__init__(b"xyz")
        self.name = name


def read(upload: Upload) -> bytes:
    return b"".join(upload.chunks())


@pytest.mark.parametrize(
    ("value", "name", "kind"),
    [
        (b"abc", "fallback", None),
        (bytearray(b"abc"), "fallback", None),
        (memoryview(b"abc"), "fallback", None),
        (io.BytesIO(b"abc"), "fallback", None),
        (("n.txt", b"abc"), "n.txt", None),
        (("n.txt", b"abc", "text/plain"), "n.txt", "text/plain"),
        (("n.txt", io.BytesIO(b"abc"), None), "n.txt", None),
        ((None, b"abc"), "fallback", None),
        (("", b"abc"), "fallback", None),
        ((Path("dir/n.txt"), b"abc"), "n.txt", None),
        ({"content": b"abc"}, "fallback", None),
        ({"file_name": "n.txt", "content": b"abc", "content_type": "a/b"}, "n.txt", "a/b"),
        ({"fileName": "n.txt", "content": b"abc", "contentType": "a/b"}, "n.txt", "a/b"),
        (MappingProxyType({"file_name": "n.txt", "content": b"abc"}), "n.txt", None),
        (SimpleNamespace(file_name="n.txt", content=b"abc"), "n.txt", None),
        (SimpleNamespace(file_name="n", content=b"abc", content_type="a/b"), "n", "a/b"),
        (Upload("n.txt", b"abc", "a/b"), "n.txt", "a/b"),
    ],
)
def test_forms(value: Any, name: str, kind: str | None) -> None:
    """Bytes, files, tuples, mappings and the SDK's objects all make an upload."""
    upload = to_upload(value, "fallback")
    assert (upload.file_name, upload.content_type) == (name, kind)
    assert upload.size == 3
    assert read(upload) == b"abc"
    assert upload.is_ours is False


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("text", "got str"),
        (None, "got NoneType"),
        (["a"], "got list"),
        ((b"abc",), "got tuple"),
        (("a", b"b", "c", {}), "got tuple"),
        (("a", "text"), "got str"),
        (("a", ("b", b"c")), "got tuple"),
        ((5, b"abc"), "file name, got int"),
        (("a", b"abc", 5), "media type, got int"),
        ({"file_name": "a"}, "got file_name"),
        ({"content": b"", "size": 3, 4: 5}, "got content, size, 4"),
        (io.StringIO("abc"), "text mode"),
        (SimpleNamespace(read=lambda size: None), "reads bytes, got SimpleNamespace"),
    ],
)
def test_refused(value: Any, message: str) -> None:
    """Anything else is a TypeError that says what was expected."""
    with pytest.raises(TypeError, match=message):
        to_upload(value, "fallback")


def test_async_file_refused() -> None:
    """A file that has to be awaited is refused, without a warning of its own."""

    class AsyncFile:
        async def read(self, size: int) -> bytes:
            return b""

    with pytest.raises(TypeError, match="reads bytes, got AsyncFile"):
        to_upload(AsyncFile(), "fallback")


def test_text_file_refused(path: Path) -> None:
    """A file opened in text mode is refused with the way to open it."""
    with path.open(encoding="utf-8") as file, pytest.raises(TypeError, match="mode 'rb'"):
        to_upload(file, "fallback")


def test_closed_file_refused(path: Path) -> None:
    """A closed file is refused before anything is sent."""
    with path.open("rb") as file:
        pass
    with pytest.raises(TypeError, match="is closed"):
        to_upload(("a", file), "fallback")


def test_path_is_opened_and_closed(path: Path) -> None:
    """A path is opened for the call, under its own name, and closed after it."""
    upload = to_upload(path, "fallback")
    assert (upload.file_name, upload.size, upload.is_ours) == ("data.csv", 4, True)
    assert read(upload) == b"a,b\n"
    upload.close()
    assert not isinstance(upload.content, bytes)
    assert upload.content.closed
    assert upload.size is None


def test_path_keeps_its_owner(path: Path) -> None:
    """A path inside a tuple is ours to close, under the name that was given."""
    upload = to_upload(("other.csv", path, "text/csv"), "fallback")
    assert (upload.file_name, upload.content_type) == ("other.csv", "text/csv")
    assert to_upload(upload, "again") is upload
    upload.close()
    assert not isinstance(upload.content, bytes)
    assert upload.content.closed


def test_bytes_path(path: Path) -> None:
    """A path-like that gives bytes is a path, too."""

    class BytesPath:
        def __fspath__(self) -> bytes:
            return os.fsencode(path)

    upload = to_upload(BytesPath(), "fallback")
    assert upload.file_name == "data.csv"
    upload.close()


def test_missing_path(tmp_path: Path) -> None:
    """A path that is not there is an OSError."""
    with pytest.raises(FileNotFoundError):
        to_upload(tmp_path / "none", "fallback")


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("dir/sub/a.txt", "a.txt"),
        (b"dir/b.txt", "b.txt"),
        (5, "fallback"),
        (None, "fallback"),
        ("", "fallback"),
        ("dir/", "fallback"),
        ("bell\x07.txt", "bell\x07.txt"),
    ],
)
def test_file_names(given: Any, name: str) -> None:
    """A file's own name is used without its folders, and none where it has none."""
    assert to_upload(Named(given), "fallback").file_name == name


def test_callers_file_stays_open(path: Path) -> None:
    """A file that the caller opened is read from where it stands, and left open."""
    with path.open("rb") as file:
        file.seek(2)
        upload = to_upload(file, "fallback")
        assert upload.size == 2
        assert read(upload) == b"b\n"
        upload.close()
        assert not file.closed
    assert to_upload(b"abc", "fallback").close() is None


def test_file_opened_by_number(path: Path) -> None:
    """A file opened by its number has that number for a name, which is no file name."""
    with os.fdopen(os.open(path, os.O_RDONLY), "rb") as file:
        assert to_upload(file, "fallback").file_name == "fallback"


def test_size_is_of_what_is_read(tmp_path: Path) -> None:
    """The size is that of the bytes that will be read, not of the file below."""
    with gzip.open(tmp_path / "a.gz", "wb") as file:
        file.write(bytes(10_000))
    with gzip.open(tmp_path / "a.gz", "rb") as file:
        upload = to_upload(file, "fallback")
        assert upload.size == 10_000
        assert len(read(upload)) == 10_000


def test_size_past_the_end() -> None:
    """A file that stands past its end has nothing left."""
    file = io.BytesIO(b"abc")
    file.seek(10)
    assert to_upload(file, "fallback").size == 0


def test_size_unknown() -> None:
    """A pipe, and what can only be read, has no size."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as file, os.fdopen(writing, "wb"):
        assert Upload("a", file, None).size is None
    assert to_upload(SimpleNamespace(read=lambda size: b""), "fallback").size is None


def test_chunks() -> None:
    """A long file comes in pieces."""
    with tempfile.TemporaryFile() as file:
        file.write(bytes(CHUNK_BYTES * 2 + 1))
        file.seek(0)
        chunks: Iterator[bytes] = to_upload(file, "fallback").chunks()
        assert [len(chunk) for chunk in chunks] == [CHUNK_BYTES, CHUNK_BYTES, 1]
