"""
What may be passed where a file goes.
"""

from __future__ import annotations

import io
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import anyio
import pytest

from mixdyn.upload import Upload, to_upload


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
    chunks = upload.read()
    assert isinstance(chunks, Iterator)
    return b"".join(chunks)


def content_of(value: Any) -> bytes:
    return b"xyz" if isinstance(value, tuple) and isinstance(value[1], Named) else b"abc"


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
        (("n.txt", b"abc", "a/b", {}), "n.txt", "a/b"),
        (("n.txt", b"abc", None, {"Content-type": "a/b", "X-A": None}), "n.txt", "a/b"),
        (("n.txt", memoryview(b"abc")), "n.txt", None),
        ((None, Named("dir/own.txt")), "own.txt", None),
        ({"content": b"abc", "content_type": "a/b", "headers": None}, "fallback", "a/b"),
        (Upload("n.txt", b"abc", "a/b"), "n.txt", "a/b"),
    ],
)
def test_forms(value: Any, name: str, kind: str | None) -> None:
    """Bytes, files, tuples, mappings and the SDK's objects all make an upload."""
    upload = to_upload(value, "fallback")
    assert (upload.file_name, upload.content_type) == (name, kind)
    assert upload.size == 3
    assert read(upload) == read(upload) == content_of(value)
    assert (upload.is_async, upload.can_rewind, upload.headers) == (False, True, ())


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("text", "got str"),
        (None, "got NoneType"),
        (["a"], "got list"),
        ((b"abc",), "got tuple"),
        (("a", b"b", "c", {}, 5), "got tuple"),
        (("a", b"b", "c", [("X", "y")]), "names to values as headers, got list"),
        (("a", b"b", "c", {"content-type": "d/e"}), "another among the headers"),
        ({b"": 1, "content": b""}, "got b'', content"),
        ({1, 2}, "got set"),
        (range(3), "got range"),
        (("a", "text"), "got str"),
        (("a", ("b", b"c")), "got tuple"),
        ((5, b"abc"), "file name, got int"),
        (("a", b"abc", 5), "media type, got int"),
        ({"file_name": "a"}, "got file_name"),
        ({"content": b"", "size": 3, 4: 5}, "got content, size, 4"),
        (io.StringIO("abc"), "text mode"),
        (SimpleNamespace(read=lambda size: None), "reads bytes, got SimpleNamespace"),
        (SimpleNamespace(read=lambda size: b"too much"), "reads bytes, got SimpleNamespace"),
        (SimpleNamespace(read=lambda: b""), "can be read: .* takes 0 positional arguments"),
    ],
)
def test_refused(value: Any, message: str) -> None:
    """Anything else is a TypeError that says what was expected."""
    with pytest.raises(TypeError, match=message):
        to_upload(value, "fallback")


class AsyncFile:
    """A file that is awaited."""

    name = "dir/async.txt"

    async def read(self, size: int) -> bytes:
        return b""


async def pieces() -> AsyncIterator[bytes]:
    """Some bytes, awaited."""
    yield b"abc"


def test_async_sources() -> None:
    """Files and iterators that have to be awaited are told from others, without being read."""
    upload = to_upload(AsyncFile(), "fallback")
    assert upload.held is None
    assert (upload.file_name, upload.is_async, upload.size) == ("async.txt", True, None)
    upload = to_upload(("a", pieces()), "fallback")
    assert (upload.file_name, upload.is_async, upload.can_rewind) == ("a", True, False)

    async def use() -> bytes:
        chunks = upload.read()
        assert not isinstance(chunks, Iterator)
        return b"".join([chunk async for chunk in chunks])

    assert anyio.run(use) == b"abc"
    upload.rewind()


@pytest.mark.parametrize(
    "value", [iter([b"a", b"bc"]), (c for c in (b"ab", b"c")), {b"abc": 1}.keys()]
)
def test_iterators(value: Any) -> None:
    """Iterators of bytes are files of unknown size; collections of other things are none."""
    if isinstance(value, Iterator):
        upload = to_upload(value, "fallback")
        assert (upload.file_name, upload.size, upload.can_rewind) == ("fallback", None, False)
        assert read(upload) == b"abc"
    else:
        with pytest.raises(TypeError, match="got dict_keys"):
            to_upload(value, "fallback")


def test_file_open_for_writing_refused(path: Path) -> None:
    """A file that cannot be read is refused."""
    with (
        path.open("wb") as file,
        pytest.raises(TypeError, match="expected a file that can be read"),
    ):
        to_upload(file, "fallback")


def test_headers_of_a_file() -> None:
    """A file may have headers of its own, in each form that has names."""
    headers = {"X-A": "b", "X-N": 5, "X-None": None}
    forms = [
        ("a", b"", None, headers),
        {"content": b"", "headers": headers},
        SimpleNamespace(file_name="a", content=b"", headers=headers),
    ]
    for form in forms:
        assert to_upload(form, "a").headers == (("X-A", "b"), ("X-N", 5))


def test_names_in_messages() -> None:
    """A file is called by its argument, and by its own name; its content is not shown."""
    assert to_upload(b"secret", "doc").label == "doc"
    upload = to_upload(("a\nb", b"secret"), "doc", "docs[1]")
    assert (upload.argument, upload.label) == ("docs[1]", "docs[1] (a\\nb)")
    assert "secret" not in repr(upload)


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


def test_path(path: Path) -> None:
    """A path has the file's own name and size; nothing is opened before it is read."""
    upload = to_upload(path, "fallback")
    assert (upload.file_name, upload.size) == ("data.csv", 4)
    assert read(upload) == b"a,b\n"
    upload = to_upload(("other.csv", path, "text/csv"), "fallback")
    assert (upload.file_name, upload.content_type) == ("other.csv", "text/csv")
    assert to_upload(upload, "again") is upload


def test_bytes_path(path: Path) -> None:
    """A path-like that gives bytes is a path, too."""

    class BytesPath:
        def __fspath__(self) -> bytes:
            return os.fsencode(path)

    upload = to_upload(BytesPath(), "fallback")
    assert upload.file_name == "data.csv"


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
    """A file that the caller opened is read from where it stands, again too, and left open."""
    with path.open("rb") as file:
        file.seek(2)
        upload = to_upload(file, "fallback")
        assert upload.size == 2
        assert read(upload) == b"b\n"
        upload.rewind()
        assert file.tell() == 2
        assert not file.closed


def test_file_opened_by_number(path: Path) -> None:
    """A file opened by its number has that number for a name, which is no file name."""
    with os.fdopen(os.open(path, os.O_RDONLY), "rb") as file:
        assert to_upload(file, "fallback").file_name == "fallback"
